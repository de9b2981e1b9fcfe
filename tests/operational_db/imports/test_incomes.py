"""Published incomes around certification: which rows are taken, repeats, corrections, undo, rights; the real table."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import ImportRefusedError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.incomes import SOURCE, TRADES, run_income_import
from operational_db.imports.report import ImportResult
from operational_db.imports.service import undo_import
from operational_db.tables.roi import IncomeContext
from operational_db.types import OrganizationKind, Role
from tests import builders
from tests.operational_db.imports.test_real_records import _folder
from tests.operational_db.principals import create_member

HEADER = "certification_year,geography,sex,trade,certification_mode,indicator_code,indicator,value,status_flag\n"
KEY = "2015,Ontario,Both sexes,Construction electrician,Completed apprenticeship programs"
MEDIAN = "median_employment_income"
ROWS = (
    f"{KEY},1,cohort_size,1225,\n"
    f"{KEY},4,{MEDIAN}_minus4y_incl_self_employed,31200,\n"
    f"{KEY},6,{MEDIAN}_cert_year_incl_self_employed,61250.00,\n"
    f"{KEY},8,{MEDIAN}_plus4y_incl_self_employed,,..\n"
    f"{KEY},12,{MEDIAN}_minus4y_excl_self_employed,31000,\n"
    f"{KEY.replace('Both sexes', 'Females')},6,{MEDIAN}_cert_year_incl_self_employed,58000,\n"
    f"{KEY.replace('Construction electrician', 'Cook')},6,{MEDIAN}_cert_year_incl_self_employed,28000,\n"
    f"{KEY.replace('Completed apprenticeship programs', 'Trade qualifiers')},6,"
    f"{MEDIAN}_cert_year_incl_self_employed,66000,\n"
)


def _import(
    engine: Engine, tmp_path: Path, now: datetime, rows: str = ROWS, *, is_dry_run: bool = False
) -> ImportResult:
    path = tmp_path / "income_before_after_certification.csv"
    path.write_text(HEADER + rows)
    return run_income_import(engine, SYSTEM_PRINCIPAL, path=tmp_path, is_dry_run=is_dry_run, now=now)


def _kept(engine: Engine) -> list[tuple[int, Decimal, int | None]]:
    with Session(engine) as session:
        statement = select(IncomeContext).order_by(IncomeContext.years_from_certification)
        return [(r.years_from_certification, r.median_income, r.person_count) for r in session.scalars(statement)]


class TestIncomes:
    def test_medians_of_completed_apprenticeships_in_our_trades_are_taken(
        self, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, tmp_path, now)
        assert (result.total("read"), result.total("added"), result.total("refused")) == (3, 2, 0)
        assert result.report["notes"][0]["code"] == "not_published"
        assert _kept(committed_engine) == [(-4, Decimal(31200), 1225), (0, Decimal(61250), 1225)]
        with Session(committed_engine) as session:
            row = session.scalars(select(IncomeContext)).first()
            assert row is not None
            assert (row.source, row.trade, row.jurisdiction, row.cohort_year, row.currency) == (
                SOURCE, "Construction electrician", "Ontario", 2015, "CAD",
            )  # fmt: skip

    def test_a_dry_run_writes_nothing_a_repeat_changes_nothing_and_an_undo_restores(
        self, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        assert _import(committed_engine, tmp_path, now, is_dry_run=True).total("added") == 2
        assert _kept(committed_engine) == []
        _import(committed_engine, tmp_path, now)
        assert _import(committed_engine, tmp_path, now + timedelta(days=1)).total("unchanged") == 2
        revised = _import(committed_engine, tmp_path, now + timedelta(days=2), ROWS.replace("31200", "31350"))
        assert revised.total("changed") == 1
        assert revised.import_id is not None
        with unit_of_work(committed_engine) as session:
            undo_import(session, SYSTEM_PRINCIPAL, import_id=revised.import_id, now=now + timedelta(days=3))
        assert _kept(committed_engine)[0] == (-4, Decimal(31200), 1225)

    def test_a_cut_table_is_stopped(self, committed_engine: Engine, tmp_path: Path, now: datetime) -> None:
        _import(committed_engine, tmp_path, now)
        with pytest.raises(ImportRefusedError, match="gone"):
            _import(committed_engine, tmp_path, now, "".join(ROWS.splitlines(keepends=True)[:2]))

    def test_only_the_platform_brings_statistics_in_from_a_file_that_is_there(
        self, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        with unit_of_work(committed_engine) as session:
            school = builders.create_organization(session, OrganizationKind.TRADE_SCHOOL)
            admin = create_member(session, school, Role.SCHOOL_ADMIN)
        with pytest.raises(NotAuthorizedError):
            run_income_import(committed_engine, admin, path=tmp_path, is_dry_run=True, now=now)
        with pytest.raises(NotFoundError):
            run_income_import(committed_engine, SYSTEM_PRINCIPAL, path=tmp_path, is_dry_run=True, now=now)
        with pytest.raises(InvalidInputError):
            run_income_import(
                committed_engine, SYSTEM_PRINCIPAL, path=tmp_path, format_="other", is_dry_run=True, now=now
            )

    @pytest.mark.slow
    def test_the_real_table_arrives_whole_and_only_once(self, committed_engine: Engine, now: datetime) -> None:
        folder = _folder("statcan_rais")
        first = run_income_import(committed_engine, SYSTEM_PRINCIPAL, path=folder, is_dry_run=False, now=now)
        assert first.total("refused") == 0
        # 9 trades, 13 jurisdictions; cohorts of which five, four or three of the five years are in the table.
        assert first.total("read") == 9 * 13 * (12 * 5 + 2 * 4 + 2 * 3)
        again = run_income_import(committed_engine, SYSTEM_PRINCIPAL, path=folder, is_dry_run=False, now=now)
        assert (again.total("added"), again.total("changed")) == (0, 0)
        with Session(committed_engine) as session:
            assert set(session.scalars(select(IncomeContext.trade).distinct())) == set(TRADES)
            kept = session.scalar(select(func.count()).select_from(IncomeContext))
            assert kept == first.total("added")

"""The importer of job results: the layout, row-level refusals, repeats, corrections, undo, tenants and a kill."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import (
    ConflictError,
    ImportRefusedError,
    InvalidInputError,
    NotAuthorizedError,
    NotFoundError,
)
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.imports.layout import layout_as_text
from operational_db.imports.outcomes import OUTCOME_LAYOUT
from operational_db.imports.outcomes_service import (
    MOST_ROWS_OF_DATA,
    OutcomeRequest,
    import_outcome_rows,
    run_outcome_import,
)
from operational_db.imports.report import ImportResult
from operational_db.imports.service import list_imports, undo_import
from operational_db.tables.identity import Organization
from operational_db.tables.imports import ImportBatch
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.roi import JobOutcome, OutcomeMonth
from operational_db.types import ImportState, Role
from tests import builders
from tests.operational_db.principals import body_of, create_member

ROOT = Path(__file__).resolve().parents[3]
HEADER = "person,job_number,finished_on,first_time_fix,callback,rework,incidents,hours,units_maintained\n"
JOBS = (
    "ana@example.org,J-1,2026-09-03,yes,no,no,0,2.5,1\n"
    "ANA@example.org,J-2,2026-09-20,no,yes,,1,,2\n"
    "ana@example.org,J-3,2026-10-01,true,false,false,,1.25,\n"
    "ben@example.org,J-4,2026-09-30,0,0,1,0,8,3\n"
)


@dataclass(frozen=True)
class World:
    company: Organization
    manager: Principal
    ana: UUID
    ben: UUID


@pytest.fixture
def world(committed_engine: Engine) -> World:
    with unit_of_work(committed_engine) as session:
        company = builders.create_organization(session, slug="lifts")
        people = [builders.create_person(session, email=f"{name}@example.org") for name in ("ana", "ben")]
        for person in people:
            builders.create_membership(session, person, company)
        return World(company, create_member(session, company, Role.COMPANY_MANAGER), people[0].id, people[1].id)


@pytest.fixture
def reader(committed_engine: Engine) -> Iterator[Session]:
    with Session(committed_engine) as session:
        yield session


def _import(
    engine: Engine, world: World, tmp_path: Path, rows: str, now: datetime, *, is_dry_run: bool = False
) -> ImportResult:
    path = tmp_path / "jobs.csv"
    path.write_text(HEADER + rows)
    request = OutcomeRequest(path=path, organization_slug="lifts")
    return run_outcome_import(engine, world.manager, request, is_dry_run=is_dry_run, now=now)


def _months(session: Session) -> dict[tuple[UUID, date], OutcomeMonth]:
    session.expire_all()
    return {(each.person_id, each.month): each for each in session.scalars(select(OutcomeMonth))}


def _told(session: Session) -> list[tuple[UUID | None, object, object, object]]:
    statement = select(LedgerEvent).where(LedgerEvent.kind == "outcome.month_recorded").order_by(LedgerEvent.id)
    bodies = [(event.subject_id, body_of(event)) for event in session.scalars(statement)]
    return [(subject, body["month"], body["month_version"], body["job_count"]) for subject, body in bodies]


def _codes(result: ImportResult, key: str = "reasons") -> dict[str, int]:
    return {entry["code"]: entry["count"] for entry in result.report[key]}


@pytest.mark.requirement("CMP-06", "US-TC020")
class TestImport:
    def test_jobs_come_in_and_are_summed_by_technician_and_month(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, world, tmp_path, JOBS, now)
        assert (result.total("read"), result.total("added"), result.total("refused")) == (4, 4, 0)
        months = _months(reader)
        assert set(months) == {
            (world.ana, date(2026, 9, 1)), (world.ana, date(2026, 10, 1)), (world.ben, date(2026, 9, 1)),
        }  # fmt: skip
        ana = months[(world.ana, date(2026, 9, 1))]
        assert (ana.version, ana.job_count, ana.first_time_fix_count, ana.first_time_fix_known_count) == (1, 2, 1, 2)
        assert (ana.callback_count, ana.callback_known_count, ana.rework_count, ana.rework_known_count) == (1, 2, 0, 1)
        assert (ana.incident_count, ana.hours, ana.hours_known_count) == (1, Decimal("2.50"), 1)
        assert ana.units_maintained == 3

    def test_the_ledger_tells_each_month_with_the_hash_of_its_jobs(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, world, tmp_path, JOBS, now)
        statement = select(LedgerEvent).where(
            LedgerEvent.kind == "outcome.month_recorded", LedgerEvent.subject_id == world.ana
        )
        september = next(e for e in reader.scalars(statement) if body_of(e)["month"] == "2026-09-01")
        lines = "J-1|2026-09-03|true|false|false|0|2.50|1\nJ-2|2026-09-20|false|true||1||2\n"
        body = body_of(september)
        assert body["jobs_sha256"] == hashlib.sha256(lines.encode()).hexdigest()
        assert body["import_id"] == str(result.import_id)
        assert body["hours"] == "2.5"
        assert "J-1" not in september.body

    def test_a_dry_run_shows_the_same_and_writes_nothing(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, world, tmp_path, JOBS, now, is_dry_run=True)
        assert result.total("added") == 4
        assert result.report["kinds"]["outcomes"]["listed"]["added"] == ["J-1", "J-2", "J-3", "J-4"]
        for table in (JobOutcome, OutcomeMonth, ImportBatch, LedgerEvent):
            assert reader.scalar(select(func.count()).select_from(table)) == 0

    def test_the_same_file_again_changes_nothing_whichever_way_people_are_named(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, world, tmp_path, JOBS, now)
        by_id = JOBS.replace("ben@example.org", str(world.ben))
        again = _import(committed_engine, world, tmp_path, by_id, now + timedelta(days=1))
        assert (again.total("unchanged"), again.total("added"), again.total("changed")) == (4, 0, 0)
        assert {month.version for month in _months(reader).values()} == {1}
        assert len(_told(reader)) == 3

    def test_another_part_of_the_time_leaves_the_rest_as_it_is(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, world, tmp_path, JOBS, now)
        more = _import(committed_engine, world, tmp_path, "ben@example.org,J-9,2026-10-09,yes,no,no,0,3,0\n", now)
        assert (more.total("added"), more.total("missing")) == (1, 0)
        assert reader.scalar(select(func.count()).select_from(JobOutcome)) == 5

    def test_one_technician_is_enough(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, world, tmp_path, "ana@example.org,J-1,2026-09-03,,,,,,\n", now)
        (month,) = _months(reader).values()
        assert (month.job_count, month.first_time_fix_known_count, month.hours) == (1, 0, Decimal(0))


class TestBadRows:
    def test_each_bad_row_has_its_line_column_and_remedy_and_takes_no_good_one_down(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        rows = (
            "ana@example.org,J-1,2026-09-03,yes,no,no,0,2.5,1\n"
            "carl@example.org,J-2,2026-09-03,yes,no,no,0,2.5,1\n"
            "ana@example.org,J-3,2026-11-03,yes,no,no,0,2.5,1\n"
            "ana@example.org,J-4,03.09.2026,yes,no,no,0,2.5,1\n"
            "ana@example.org,J-5,2026-09-03,perhaps,no,no,0,2.5,1\n"
            "ana@example.org,J-6,2026-09-03,yes,no,no,-1,2.5,1\n"
            "ana@example.org,J-7,2026-09-03,yes,no,no,0,800,1\n"
            "ana@example.org,,2026-09-03,yes,no,no,0,2.5,1\n"
            "ana@example.org,J-8,2026-09-03\n"
        )
        result = _import(committed_engine, world, tmp_path, rows, now)
        assert (result.total("read"), result.total("added"), result.total("refused")) == (9, 1, 8)
        found = {row["line"]: (row["column"], row["code"]) for row in result.report["refused_rows"]}
        assert found == {
            3: ("person", "unknown_person"),
            4: ("finished_on", "in_the_future"),
            5: ("finished_on", "unreadable_value"),
            6: ("first_time_fix", "unreadable_value"),
            7: ("incidents", "out_of_range"),
            8: ("hours", "out_of_range"),
            9: ("job_number", "value_missing"),
            10: (None, "ragged_line"),
        }
        assert all(row["remedy"] for row in result.report["refused_rows"])
        assert "carl" not in repr(result.report)

    def test_today_has_come_and_tomorrow_has_not(
        self, committed_engine: Engine, world: World, tmp_path: Path, now: datetime
    ) -> None:
        rows = "ana@example.org,J-1,2026-11-02,,,,,,\nana@example.org,J-2,2026-11-03,,,,,,\n"
        result = _import(committed_engine, world, tmp_path, rows, now)
        assert (result.total("added"), _codes(result)) == (1, {"in_the_future": 1})

    def test_of_equal_rows_the_first_stands_and_of_contradictory_ones_none(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        first = "ana@example.org,J-1,2026-09-03,yes,no,no,0,2.5,1\n"
        second = "ana@example.org,J-2,2026-09-04,yes,no,no,0,2.5,1\n"
        result = _import(committed_engine, world, tmp_path, first + first + second + second.replace("2.5", "3"), now)
        assert _codes(result) == {"duplicate_row": 1, "contradictory_rows": 2}
        assert reader.scalars(select(JobOutcome.job_number)).all() == ["J-1"]

    def test_people_of_other_organizations_and_erased_ones_are_unknown(
        self, committed_engine: Engine, world: World, tmp_path: Path, now: datetime
    ) -> None:
        with unit_of_work(committed_engine) as session:
            stranger = create_member(session, builders.create_organization(session))
            gone = builders.create_person(session, erased_at=now)
            builders.create_membership(session, gone, world.company)
        rows = "".join(f"{person},J-{n},2026-09-03,,,,,,\n" for n, person in enumerate((stranger.person_id, gone.id)))
        assert _codes(_import(committed_engine, world, tmp_path, rows, now)) == {"unknown_person": 2}

    def test_a_job_both_fixed_and_called_back_is_kept_and_noted(
        self, committed_engine: Engine, world: World, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, world, tmp_path, "ana@example.org,J-1,2026-09-03,1,1,,,,\n", now)
        assert (result.total("added"), _codes(result, "notes")) == (1, {"fixed_and_called_back": 1})

    def test_a_job_that_no_import_brought_in_is_not_overwritten(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        with unit_of_work(committed_engine) as session:
            session.add(
                JobOutcome(
                    organization_id=world.company.id,
                    person_id=world.ben,
                    job_number="J-1",
                    finished_on=date(2026, 1, 5),
                )
            )
        result = _import(committed_engine, world, tmp_path, JOBS, now)
        assert (result.total("added"), _codes(result)) == (3, {"job_of_another_origin": 1})
        assert _import(committed_engine, world, tmp_path, JOBS, now).total("unchanged") == 3

    def test_a_file_without_a_needed_column_is_refused_whole_and_leaves_its_report(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        path = tmp_path / "jobs.csv"
        path.write_text("person,job\nana@example.org,J-1\n")
        request = OutcomeRequest(path=path, organization_slug="lifts")
        with pytest.raises(ImportRefusedError, match="job_number"):
            run_outcome_import(committed_engine, world.manager, request, is_dry_run=False, now=now)
        batch = reader.scalars(select(ImportBatch)).one()
        assert (batch.state, batch.importer, batch.organization_id) == (
            ImportState.REFUSED, "outcomes", world.company.id,
        )  # fmt: skip

    def test_neither_a_missing_file_nor_another_kind_is_read(
        self, committed_engine: Engine, world: World, tmp_path: Path, now: datetime
    ) -> None:
        (tmp_path / "jobs.xlsx").write_bytes(b"PK")
        for name, error in (("absent.csv", NotFoundError), ("jobs.xlsx", InvalidInputError)):
            request = OutcomeRequest(path=tmp_path / name, organization_slug="lifts")
            with pytest.raises(error):
                run_outcome_import(committed_engine, world.manager, request, is_dry_run=False, now=now)

    def test_the_layout_names_every_column(self) -> None:
        text = layout_as_text(OUTCOME_LAYOUT)
        assert all(name in text for name in HEADER.strip().split(","))


class TestCorrections:
    def test_a_correction_is_the_next_version_of_its_months_alone(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, world, tmp_path, JOBS, now)
        corrected = JOBS.replace("J-2,2026-09-20,no,yes,", "J-2,2026-09-20,yes,no,")
        result = _import(committed_engine, world, tmp_path, corrected, now + timedelta(days=1))
        assert (result.total("changed"), result.total("unchanged")) == (1, 3)
        months = _months(reader)
        assert months[(world.ana, date(2026, 9, 1))].version == 2
        assert months[(world.ana, date(2026, 9, 1))].first_time_fix_count == 2
        assert months[(world.ben, date(2026, 9, 1))].version == 1
        assert _told(reader)[-1] == (world.ana, "2026-09-01", 2, 2)

    def test_a_job_given_to_somebody_else_leaves_the_former_months(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, world, tmp_path, JOBS, now)
        moved = "ben@example.org,J-3,2026-09-29,true,false,false,,1.25,\n"
        _import(committed_engine, world, tmp_path, moved, now + timedelta(days=1))
        months = _months(reader)
        left = months[(world.ana, date(2026, 10, 1))]
        assert (left.version, left.job_count, left.hours) == (2, 0, Decimal(0))
        assert months[(world.ben, date(2026, 9, 1))].job_count == 2


class TestUndo:
    def test_taking_back_writes_the_next_version_of_every_month(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, world, tmp_path, JOBS, now)
        changed = JOBS.replace("J-4,2026-09-30,0", "J-4,2026-09-30,1") + "ben@example.org,J-5,2026-08-01,,,,,,\n"
        second = _import(committed_engine, world, tmp_path, changed, now + timedelta(days=1))
        assert second.import_id is not None
        with unit_of_work(committed_engine) as session:
            undo_import(session, world.manager, import_id=second.import_id, now=now + timedelta(days=2))
        months = _months(reader)
        restored = months[(world.ben, date(2026, 9, 1))]
        assert (restored.version, restored.first_time_fix_count, restored.job_count) == (3, 0, 1)
        emptied = months[(world.ben, date(2026, 8, 1))]
        assert (emptied.version, emptied.job_count) == (2, 0)
        assert reader.scalar(select(func.count()).select_from(JobOutcome)) == 4
        events = reader.scalars(
            select(LedgerEvent).where(LedgerEvent.kind == "outcome.month_recorded").order_by(LedgerEvent.id)
        ).all()
        assert all("import_id" not in body_of(event) for event in events[-2:])

    def test_after_an_undo_the_file_comes_in_again(
        self, committed_engine: Engine, world: World, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        first = _import(committed_engine, world, tmp_path, JOBS, now)
        assert first.import_id is not None
        with unit_of_work(committed_engine) as session:
            undo_import(session, world.manager, import_id=first.import_id, now=now)
        assert reader.scalar(select(func.count()).select_from(JobOutcome)) == 0
        assert _import(committed_engine, world, tmp_path, JOBS, now + timedelta(days=1)).total("added") == 4
        assert {month.version for month in _months(reader).values()} == {3}

    def test_what_a_later_import_corrected_is_undone_first(
        self, committed_engine: Engine, world: World, tmp_path: Path, now: datetime
    ) -> None:
        first = _import(committed_engine, world, tmp_path, JOBS, now)
        _import(committed_engine, world, tmp_path, JOBS.replace("2.5", "3.5"), now + timedelta(days=1))
        assert first.import_id is not None
        with unit_of_work(committed_engine) as session, pytest.raises(ConflictError, match="later import"):
            undo_import(session, world.manager, import_id=first.import_id, now=now)


class TestRights:
    def test_only_who_manages_the_companys_costs_imports_sees_and_undoes(
        self, committed_engine: Engine, world: World, tmp_path: Path, now: datetime
    ) -> None:
        done = _import(committed_engine, world, tmp_path, JOBS, now)
        assert done.import_id is not None
        request = OutcomeRequest(path=tmp_path / "jobs.csv", organization_slug="lifts")
        with unit_of_work(committed_engine) as session:
            auditor = create_member(session, world.company, Role.AUDITOR)
            other = create_member(session, builders.create_organization(session), Role.COMPANY_MANAGER)
        for principal, error in ((auditor, NotAuthorizedError), (other, NotFoundError)):
            with pytest.raises(error):
                run_outcome_import(committed_engine, principal, request, is_dry_run=True, now=now)
        with unit_of_work(committed_engine) as session:
            assert [batch.id for batch in list_imports(session, world.manager)] == [done.import_id]
            assert list_imports(session, other) == []
            for principal in (auditor, other):
                with pytest.raises(NotAuthorizedError):
                    undo_import(session, principal, import_id=done.import_id, now=now)
            with pytest.raises(NotAuthorizedError):
                list_imports(session, auditor)
            with pytest.raises(NotAuthorizedError):
                import_outcome_rows(session, other, organization_id=world.company.id, rows=[], now=now)


class TestRowsOfData:
    def test_data_and_files_are_the_same_jobs(
        self, committed_engine: Engine, world: World, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, world, tmp_path, JOBS, now)
        rows: list[dict[str, object]] = [
            {
                "person": str(world.ana), "job_number": "J-1", "finished_on": date(2026, 9, 3), "first_time_fix": True,
                "callback": False, "rework": False, "incidents": 0, "hours": Decimal("2.5"), "units_maintained": 1,
            },
            {"person": "ana@example.org", "job_number": "J-2", "finished_on": date(2026, 9, 20), "hours": 4},
            {"person": "ana@example.org", "job_number": "J-7", "finished_on": date(2027, 9, 20)},
        ]  # fmt: skip
        with unit_of_work(committed_engine) as session:
            result = import_outcome_rows(
                session, world.manager, organization_id=world.company.id, rows=rows, now=now + timedelta(days=1)
            )
        assert (result.total("unchanged"), result.total("changed"), result.total("refused")) == (1, 1, 1)
        assert result.report["refused_rows"][0]["line"] == 3

    def test_too_many_at_once_are_refused(self, session: Session, now: datetime) -> None:
        company = builders.create_organization(session)
        with pytest.raises(InvalidInputError):
            import_outcome_rows(
                session, SYSTEM_PRINCIPAL, organization_id=company.id, rows=[{}] * (MOST_ROWS_OF_DATA + 1), now=now
            )


class TestKilled:
    @pytest.mark.parametrize("stop_at", ["checking", "writing"])
    def test_nothing_is_left_and_a_rerun_brings_all_in(
        self, committed_engine: Engine, committed_url: str, world: World, reader: Session, tmp_path: Path,
        now: datetime, stop_at: str,
    ) -> None:  # fmt: skip
        path = tmp_path / "jobs.csv"
        path.write_text(HEADER + JOBS)
        process = subprocess.Popen(
            [
                sys.executable, "-m", "tests.operational_db.imports.killed_outcomes",
                committed_url, str(path), "lifts", now.isoformat(), stop_at,
            ],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "reached\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        process.stdout.close()
        for table in (JobOutcome, OutcomeMonth, ImportBatch, LedgerEvent):
            assert reader.scalar(select(func.count()).select_from(table)) == 0
        reader.rollback()
        assert _import(committed_engine, world, tmp_path, JOBS, now).total("added") == 4

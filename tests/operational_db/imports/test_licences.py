"""A register of licences as held certificates: first import, repeat, renewal, oddities, refusals, undo."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import ImportRefusedError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.report import ImportResult
from operational_db.imports.service import LicenceRequest, run_licence_import, undo_import
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Membership, Person
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import CertificationSource, EarnedThrough, Role, VerificationStatus

HEADER = (
    "holder_id,business_type,city,state,zip5,county,issue_date,expiration_date,last_updated,classifications,status\n"
)
FIRST = "aaaa1111bbbb2222,Sole Owner,X,CA,90000,,2001-05-02,2026-05-31,2024-05-01,C-10|C-20,CLEAR\n"
SECOND = "cccc3333dddd4444,Corporation,X,CA,90000,Y,2020-01-15,2027-01-31,2025-01-10,C-11,CLEAR\n"


@pytest.fixture
def reader(committed_engine: Engine) -> Iterator[Session]:
    with Session(committed_engine) as session:
        yield session


def _import(
    engine: Engine, tmp_path: Path, rows: str, now: datetime, *, is_dry_run: bool = False, **options: str | float
) -> ImportResult:
    path = tmp_path / "register.csv"
    path.write_text(HEADER + rows)
    request = LicenceRequest(file=path, **options)  # type: ignore[arg-type]  # the options' types are the request's
    return run_licence_import(engine, SYSTEM_PRINCIPAL, request, is_dry_run=is_dry_run, now=now)


def _kinds(session: Session) -> dict[str, int]:
    session.rollback()
    rows = session.execute(select(LedgerEvent.kind, func.count()).group_by(LedgerEvent.kind))
    return {kind: count for kind, count in rows}


class TestRunLicenceImport:
    def test_each_classification_is_a_certificate_of_a_registry_entry(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, tmp_path, FIRST + SECOND, now)
        assert result.total("read") == 2
        entries = reader.scalars(select(Certification).order_by(Certification.code)).all()
        assert [(e.code, e.trade, e.validity_period_months) for e in entries] == [
            ("CSLB-C-10", "electrical", 24),
            ("CSLB-C-11", "elevators", 24),
            ("CSLB-C-20", "hvac", 24),
        ]
        assert {e.source for e in entries} == {CertificationSource.GOVERNMENT}
        held = reader.scalars(select(Certificate)).all()
        assert {(c.issued_on, c.expires_on, c.earned_through, c.verification_status) for c in held} == {
            (date(2001, 5, 2), date(2026, 5, 31), EarnedThrough.EXTERNAL, VerificationStatus.VERIFIED),
            (date(2020, 1, 15), date(2027, 1, 31), EarnedThrough.EXTERNAL, VerificationStatus.VERIFIED),
        }
        names = set(reader.scalars(select(Person.display_name)))
        assert names == {"Licence holder aaaa1111", "Licence holder cccc3333"}
        assert _kinds(reader) == {"certificate.issued": 3, "import.applied": 1}

    def test_repeating_changes_nothing(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, FIRST + SECOND, now)
        result = _import(committed_engine, tmp_path, FIRST + SECOND, now + timedelta(days=1))
        assert (result.total("added"), result.total("changed")) == (0, 0)
        assert _kinds(reader) == {"certificate.issued": 3, "import.applied": 1}

    def test_a_dry_run_writes_nothing(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        shown = _import(committed_engine, tmp_path, FIRST, now, is_dry_run=True)
        assert shown.report["kinds"]["certificates"]["added"] == 2
        assert _kinds(reader) == {}

    @pytest.mark.parametrize(
        ("updated", "begins"), [("2026-06-20", date(2026, 6, 1)), ("2026-03-03", date(2026, 3, 3))]
    )
    def test_a_later_expiry_is_a_renewal_with_a_new_row(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime, updated: str, begins: date
    ) -> None:
        _import(committed_engine, tmp_path, FIRST + SECOND, now)
        later = FIRST.replace("2026-05-31,2024-05-01", f"2028-05-31,{updated}")
        result = _import(committed_engine, tmp_path, later + SECOND, now)
        assert result.report["kinds"]["certificates"]["added"] == 2
        assert result.total("missing") == 0
        reader.rollback()
        renewals = reader.scalars(select(Certificate).where(Certificate.renews_id.is_not(None))).all()
        assert {(c.issued_on, c.expires_on, c.first_earned_on) for c in renewals} == {
            (begins, date(2028, 5, 31), date(2001, 5, 2))
        }
        assert len(reader.scalars(select(Certificate)).all()) == 5
        assert _kinds(reader)["certificate.renewed"] == 2
        assert _import(committed_engine, tmp_path, later + SECOND, now).total("added") == 0

    def test_an_undone_renewal_leaves_the_former_certificate(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, FIRST, now)
        result = _import(committed_engine, tmp_path, FIRST.replace("2026-05-31", "2028-05-31"), now)
        assert result.import_id is not None
        with unit_of_work(committed_engine) as session:
            undo_import(session, SYSTEM_PRINCIPAL, import_id=result.import_id, now=now)
        reader.rollback()
        assert {c.expires_on for c in reader.scalars(select(Certificate))} == {date(2026, 5, 31)}

    def test_a_licence_that_is_not_clear_is_kept_unverified_and_noted(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, tmp_path, SECOND.replace("CLEAR", "SUSPENDED"), now)
        assert [n["code"] for n in result.report["noted_rows"]] == ["status_not_clear"]
        assert reader.scalars(select(Certificate)).one().verification_status is VerificationStatus.PENDING
        cleared = _import(committed_engine, tmp_path, SECOND, now)
        assert cleared.report["kinds"]["certificates"]["changed"] == 1
        reader.rollback()
        assert reader.scalars(select(Certificate)).one().verification_status is VerificationStatus.VERIFIED
        assert _kinds(reader)["certificate.verified"] == 1

    @pytest.mark.parametrize(
        ("rows", "code"),
        [
            (FIRST + FIRST.replace("2026-05-31", "2027-05-31"), "ambiguous_holder"),
            (FIRST.replace("2026-05-31", "2000-05-31"), "end_before_start"),
            (FIRST.replace("2001-05-02", "2026-11-03").replace("2026-05-31", "2027-05-31"), "in_the_future"),
            (FIRST.replace("C-10|C-20", "C-10|Q"), "unknown_classification"),
            (FIRST.replace("2026-05-31", "31.05.2026"), "unreadable_value"),
        ],
    )
    def test_rows_that_cannot_be_right_are_refused_and_the_others_kept(
        self, committed_engine: Engine, tmp_path: Path, now: datetime, rows: str, code: str
    ) -> None:
        result = _import(committed_engine, tmp_path, rows + SECOND, now)
        assert {r["code"] for r in result.report["refused_rows"]} == {code}
        assert result.report["kinds"]["certificates"]["added"] >= 1

    def test_an_earlier_expiry_than_held_is_refused(
        self, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, SECOND, now)
        result = _import(committed_engine, tmp_path, SECOND.replace("2027-01-31", "2025-01-31"), now)
        assert [r["code"] for r in result.report["refused_rows"]] == ["expires_earlier_than_held"]

    def test_holders_become_technicians_of_the_named_company(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(
            committed_engine, tmp_path, FIRST + SECOND, now, organization_slug="lifts", organization_name="Lifts Ltd"
        )
        memberships = reader.scalars(select(Membership)).all()
        assert [(m.role, m.started_on) for m in memberships] == [(Role.TECHNICIAN, now.date())] * 2
        again = _import(committed_engine, tmp_path, FIRST + SECOND, now + timedelta(days=3), organization_slug="lifts")
        assert again.total("added") == 0

    def test_a_register_that_lost_more_than_a_fifth_is_stopped(
        self, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, FIRST + SECOND, now)
        with pytest.raises(ImportRefusedError, match="1 of 3 certificates"):
            _import(committed_engine, tmp_path, FIRST, now)

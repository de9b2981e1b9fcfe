"""A register as a standing source: what it says is kept, changes verify, flag and revoke, and an undo puts it back."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, ImportRefusedError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.report import ImportResult
from operational_db.imports.service import LicenceRequest, run_licence_import, undo_import
from operational_db.registers.rules import REVOKED_BY_REGISTER, revoked_from, standing_of
from operational_db.tables.credentials import Certificate, RegisterEntry
from operational_db.tables.imports import ImportedRecord
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import RegisterStanding, VerificationStatus
from tests.operational_db.imports.test_licences import HEADER

# Six licences, so that one may vanish within the share.
ROWS = "".join(
    f"{n}aaa1111bbbb2222,Sole Owner,X,CA,90000,,2001-05-02,2027-05-31,2026-05-01,C-11,CLEAR\n" for n in range(6)
)
FIRST = ROWS.splitlines(keepends=True)[0]


@pytest.fixture
def reader(committed_engine: Engine) -> Iterator[Session]:
    with Session(committed_engine) as session:
        yield session


def _import(engine: Engine, tmp_path: Path, rows: str, now: datetime, *, is_dry_run: bool = False) -> ImportResult:
    path = tmp_path / "register.csv"
    path.write_text(HEADER + rows)
    return run_licence_import(engine, SYSTEM_PRINCIPAL, LicenceRequest(file=path), is_dry_run=is_dry_run, now=now)


def _undo(engine: Engine, import_id: UUID | None, now: datetime) -> None:
    assert import_id is not None
    with unit_of_work(engine) as session:
        undo_import(session, SYSTEM_PRINCIPAL, import_id=import_id, now=now)


def _state(session: Session) -> list[tuple[object, ...]]:
    """Entries with their certificates, as they stand."""
    session.rollback()
    rows = session.execute(
        select(
            RegisterEntry.external_id,
            RegisterEntry.standing,
            RegisterEntry.status_text,
            RegisterEntry.expires_on,
            RegisterEntry.changed_on,
            RegisterEntry.seen_at,
            Certificate.id,
            Certificate.expires_on,
            Certificate.verification_status,
            Certificate.revoked_from,
            Certificate.revoked_at,
        )
        .outerjoin(Certificate, Certificate.register_entry_id == RegisterEntry.id)
        .order_by(RegisterEntry.external_id, Certificate.id)
    )
    return [tuple(row) for row in rows]


def _events(session: Session, kind: str) -> list[dict[str, object]]:
    session.rollback()
    bodies = session.scalars(select(LedgerEvent.body).where(LedgerEvent.kind == kind).order_by(LedgerEvent.id))
    return [orjson.loads(body) for body in bodies]


def _with_first(row: str) -> str:
    return ROWS.replace(FIRST, row)


def _changed(status: str, changed_on: str = "2026-09-15") -> str:
    return _with_first(FIRST.replace("2026-05-01,C-11,CLEAR", f"{changed_on},C-11,{status}"))


class TestStanding:
    @pytest.mark.parametrize(
        ("status", "expires_on", "standing"),
        [
            ("CLEAR", date(2026, 5, 31), RegisterStanding.CLEAR),
            ("clear ", date(2026, 5, 30), RegisterStanding.CLEAR),
            ("CLEAR", date(2026, 5, 29), RegisterStanding.CONTRADICTORY),
            ("CLEAR", None, RegisterStanding.CLEAR),
            ("REVOKED", date(2026, 5, 29), RegisterStanding.REVOKED),
            ("Work Comp Susp", date(2027, 5, 29), RegisterStanding.SUSPENDED),
            ("CANCELLED", date(2027, 5, 29), RegisterStanding.SUSPENDED),
        ],
    )
    def test_it_follows_from_the_status_and_the_day_the_register_was_read(
        self, status: str, expires_on: date | None, standing: RegisterStanding
    ) -> None:
        assert standing_of(status, expires_on, date(2026, 5, 30)) is standing

    def test_a_revocation_counts_from_the_registers_day_and_never_before_issue_or_after_today(self) -> None:
        issued, today = date(2026, 1, 1), date(2026, 6, 1)
        assert revoked_from(date(2026, 3, 4), issued, today) == date(2026, 3, 4)
        assert revoked_from(date(2025, 3, 4), issued, today) == issued
        assert revoked_from(date(2027, 3, 4), issued, today) == today
        assert revoked_from(None, issued, today) == today


class TestEntries:
    def test_each_licence_and_classification_has_an_entry_its_certificate_names(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, tmp_path, ROWS.replace("C-11", "C-10|C-11"), now)
        assert result.report["kinds"]["entries"]["added"] == 12
        state = _state(reader)
        assert {row[1] for row in state} == {RegisterStanding.CLEAR}
        assert all(row[6] is not None for row in state)
        assert _events(reader, "register.entry_changed") == []

    def test_a_contradictory_entry_is_kept_flagged_and_told(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, tmp_path, _with_first(FIRST.replace("2027-05-31", "2026-04-30")), now)
        assert [note["code"] for note in result.report["notes"]] == ["clear_although_expired"]
        assert _state(reader)[0][1] is RegisterStanding.CONTRADICTORY
        assert _state(reader)[0][8] is VerificationStatus.VERIFIED
        assert [event["standing"] for event in _events(reader, "register.entry_changed")] == ["contradictory"]

    @pytest.mark.parametrize("status", ["CLEAR", "SUSPENDED", "REVOKED"])
    def test_the_same_register_twice_changes_nothing(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime, status: str
    ) -> None:
        _import(committed_engine, tmp_path, _changed(status), now)
        before, count = _state(reader), reader.scalar(select(func.count()).select_from(LedgerEvent))
        again = _import(committed_engine, tmp_path, _changed(status), now + timedelta(days=400))
        assert (again.total("added"), again.total("changed")) == (0, 0)
        assert _state(reader) == before
        assert reader.scalar(select(func.count()).select_from(LedgerEvent)) == count

    def test_an_installation_without_entries_gets_them_with_the_next_import(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        first = _import(committed_engine, tmp_path, ROWS, now)
        with unit_of_work(committed_engine) as session:
            unlinked = {"register_entry_id": None, "updated_at": Certificate.updated_at}
            session.execute(update(Certificate).values(unlinked))
            session.execute(delete(ImportedRecord).where(ImportedRecord.kind == "entries"))
            session.execute(delete(RegisterEntry))
        second = _import(committed_engine, tmp_path, ROWS, now)
        counts = second.report["kinds"]
        assert (counts["entries"]["added"], counts["certificates"]["added"]) == (6, 0)
        assert all(row[6] is not None for row in _state(reader))
        with pytest.raises(ConflictError, match="register_entries"):
            _undo(committed_engine, first.import_id, now)
        _undo(committed_engine, second.import_id, now)
        assert _state(reader) == []
        assert reader.scalar(select(func.count()).select_from(Certificate)) == 6
        _undo(committed_engine, first.import_id, now)
        assert reader.scalar(select(func.count()).select_from(Certificate)) == 0


class TestChanges:
    def test_a_suspension_is_flagged_and_leaves_the_certificate_as_it_is(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, ROWS, now)
        later = _import(committed_engine, tmp_path, _changed("SUSPENDED"), now)
        assert later.report["kinds"]["certificates"]["changed"] == 0
        entry = _state(reader)[0]
        assert (entry[1], entry[8], entry[9]) == (RegisterStanding.SUSPENDED, VerificationStatus.VERIFIED, None)
        assert [note["code"] for note in later.report["notes"]] == ["status_not_clear"]
        events = _events(reader, "register.entry_changed")
        assert [(e["standing"], e["certificate_id"]) for e in events] == [("suspended", str(entry[6]))]

    def test_a_revocation_in_the_register_revokes_the_certificate_with_both_days(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        first = _import(committed_engine, tmp_path, ROWS, now - timedelta(days=30))
        before = _state(reader)
        second = _import(committed_engine, tmp_path, _changed("REVOKED"), now)
        entry = _state(reader)[0]
        assert (entry[1], entry[9], entry[10]) == (RegisterStanding.REVOKED, date(2026, 9, 15), now)
        reasons = reader.scalars(select(Certificate.revocation_reason).where(Certificate.revoked_at.is_not(None)))
        assert reasons.all() == [REVOKED_BY_REGISTER]
        (event,) = _events(reader, "certificate.revoked")
        assert event["revoked_from"] == "2026-09-15"
        assert event["import_id"] == str(second.import_id)
        assert len(_events(reader, "register.entry_changed")) == 1
        _undo(committed_engine, second.import_id, now)
        assert _state(reader) == before
        _undo(committed_engine, first.import_id, now)
        assert _state(reader) == []

    def test_a_revoked_licence_whose_last_day_was_moved_revokes_the_cycle_that_is_held(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, ROWS, now)
        moved = _changed("REVOKED").replace("2027-05-31,2026-09-15", "2026-09-15,2026-09-15")
        result = _import(committed_engine, tmp_path, moved, now)
        assert result.total("refused") == 0
        state = _state(reader)
        assert len(state) == 6
        assert (state[0][3], state[0][7], state[0][9]) == (date(2026, 9, 15), date(2027, 5, 31), date(2026, 9, 15))

    def test_what_is_cleared_after_a_revocation_stays_revoked_and_is_flagged(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, _changed("REVOKED"), now)
        for _ in range(2):
            result = _import(committed_engine, tmp_path, _changed("CLEAR", "2026-10-01"), now)
            assert "cleared_after_revocation" in {note["code"] for note in result.report["notes"]}
        assert result.total("changed") == 0
        assert (_state(reader)[0][1], _state(reader)[0][9]) == (RegisterStanding.CLEAR, date(2026, 9, 15))

    def test_a_suspended_licence_is_verified_again_when_it_is_cleared(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, _changed("SUSPENDED"), now)
        assert _state(reader)[0][8] is VerificationStatus.PENDING
        result = _import(committed_engine, tmp_path, _changed("CLEAR", "2026-10-01"), now)
        assert result.report["kinds"]["certificates"]["changed"] == 1
        assert (_state(reader)[0][1], _state(reader)[0][8]) == (RegisterStanding.CLEAR, VerificationStatus.VERIFIED)
        assert [event["is_verified"] for event in _events(reader, "certificate.verified")] == [True]

    def test_a_licence_that_is_no_longer_listed_is_flagged_and_comes_back(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, ROWS, now)
        before = _state(reader)
        gone = _import(committed_engine, tmp_path, _with_first(""), now)
        assert gone.report["kinds"]["entries"]["changed"] == 1
        assert (_state(reader)[0][1], _state(reader)[0][8]) == (RegisterStanding.MISSING, VerificationStatus.VERIFIED)
        assert "no_longer_listed" in {note["code"] for note in gone.report["notes"]}
        assert _import(committed_engine, tmp_path, _with_first(""), now).total("changed") == 0
        _undo(committed_engine, gone.import_id, now)
        assert _state(reader) == before
        _import(committed_engine, tmp_path, _with_first(""), now)
        _import(committed_engine, tmp_path, ROWS, now)
        assert _state(reader)[0][1] is RegisterStanding.CLEAR

    def test_nothing_is_concluded_from_a_row_that_cannot_be_read(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, ROWS, now)
        before = _state(reader)
        result = _import(committed_engine, tmp_path, _with_first(FIRST.replace("2001-05-02", "unknown")), now)
        assert "perhaps_no_longer_listed" in {note["code"] for note in result.report["notes"]}
        assert _state(reader) == before

    def test_a_register_that_lost_too_many_flags_none(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, ROWS, now)
        before = _state(reader)
        with pytest.raises(ImportRefusedError):
            _import(committed_engine, tmp_path, FIRST, now)
        assert _state(reader) == before


class TestOrderOfFiles:
    @pytest.mark.parametrize("status", ["REVOKED", "SUSPENDED"])
    def test_an_older_file_after_a_newer_one_overwrites_nothing(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime, status: str
    ) -> None:
        _import(committed_engine, tmp_path, ROWS, now)
        _import(committed_engine, tmp_path, _changed(status), now)
        before = _state(reader)
        older = _import(committed_engine, tmp_path, ROWS, now + timedelta(days=1))
        assert [reason["code"] for reason in older.report["reasons"]] == ["older_than_held"]
        assert _state(reader) == before

    def test_the_same_register_imported_twice_then_reversed(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        first = _import(committed_engine, tmp_path, ROWS, now)
        second = _import(committed_engine, tmp_path, ROWS, now)
        state = _state(reader)
        _undo(committed_engine, second.import_id, now)
        assert _state(reader) == state
        _undo(committed_engine, first.import_id, now)
        assert _state(reader) == []
        third = _import(committed_engine, tmp_path, ROWS, now)
        assert third.report["kinds"]["entries"]["added"] == 6

    def test_a_renewal_after_a_suspension_and_its_undo(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, ROWS, now)
        _import(committed_engine, tmp_path, _changed("SUSPENDED"), now)
        before = _state(reader)
        renewed = _changed("CLEAR", "2026-10-20").replace("2027-05-31,2026-10-20", "2029-05-31,2026-10-20")
        result = _import(committed_engine, tmp_path, renewed, now)
        assert len(_state(reader)) == 7
        assert {row[3] for row in _state(reader)[:2]} == {date(2029, 5, 31)}
        _undo(committed_engine, result.import_id, now)
        assert _state(reader) == before

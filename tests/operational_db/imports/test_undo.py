"""Taking an import back: added rows go, changed ones return, and nothing that others built on is torn away."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text

from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.service import list_imports, undo_import
from operational_db.tables.catalog import Course
from operational_db.tables.identity import Person
from operational_db.tables.imports import ImportBatch
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import ImportState
from tests import builders
from tests.operational_db.imports.history_files import (
    ACTIVITY,
    ATTEMPTS,
    ENROLLMENTS,
    LEARNERS,
    MODULES,
    run,
    write_history,
)

TABLES = (
    "people",
    "memberships",
    "courses",
    "course_modules",
    "course_assessments",
    "course_enrollments",
    "assessment_attempts",
    "daily_engagement",
    "imported_records",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_history(tmp_path / "in")


def undo(engine: Engine, import_id: UUID | None, now: datetime) -> None:
    assert import_id is not None
    with unit_of_work(engine) as session:
        undo_import(session, SYSTEM_PRINCIPAL, import_id=import_id, now=now)


def contents(engine: Engine) -> dict[str, list[str]]:
    """Every row of every table an import writes, as text."""
    with engine.connect() as connection:
        return {
            table: sorted(connection.scalars(text(f"select to_jsonb(t)::text from {table} as t"))) for table in TABLES
        }


class TestUndoImport:
    def test_everything_the_import_added_goes_and_the_ledger_says_so(
        self, committed_engine: Engine, folder: Path, now: datetime
    ) -> None:
        before = contents(committed_engine)
        result = run(committed_engine, folder, now)
        undo(committed_engine, result.import_id, now)
        assert contents(committed_engine) == before
        with unit_of_work(committed_engine) as session:
            (batch,) = list_imports(session, SYSTEM_PRINCIPAL)
            assert (batch.state, batch.undone_at) == (ImportState.UNDONE, now)
            bodies = session.scalars(select(LedgerEvent.body).where(LedgerEvent.kind == "import.undone")).all()
        assert bodies == [f'{{"undone_import_id":"{result.import_id}"}}']

    def test_changed_rows_get_their_former_values_back(
        self, committed_engine: Engine, folder: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        before = contents(committed_engine)
        write_history(
            folder,
            learners=LEARNERS.replace("Learner two", "Learner 2") + "L5,Learner five,\n",
            enrollments=ENROLLMENTS.replace("L4,C2,,enrolled,2025-04-01,,", "L4,C2,,failed,2025-04-01,2025-05-05,"),
            attempts=ATTEMPTS.replace("83.5", "60"),
            modules=MODULES.replace("Ropes,1", "Ropes,2").replace("Brakes,2", "Brakes,1"),
            activity=ACTIVITY.replace("2025-04-02,2,", "2025-04-02,9,"),
        )
        result = run(committed_engine, folder, now + timedelta(days=1))
        assert result.total("changed") == 6
        assert contents(committed_engine) != before
        undo(committed_engine, result.import_id, now + timedelta(days=2))
        assert contents(committed_engine) == before

    def test_the_same_files_come_in_again_after_an_undo(
        self, committed_engine: Engine, folder: Path, now: datetime
    ) -> None:
        first = run(committed_engine, folder, now)
        undo(committed_engine, first.import_id, now)
        assert run(committed_engine, folder, now).total("added") == first.total("added")

    def test_a_later_import_must_be_undone_first_and_is_named(
        self, committed_engine: Engine, folder: Path, now: datetime
    ) -> None:
        first = run(committed_engine, folder, now)
        write_history(folder, learners=LEARNERS.replace("Learner two", "Learner 2"))
        second = run(committed_engine, folder, now)
        with pytest.raises(ConflictError, match=str(second.import_id)):
            undo(committed_engine, first.import_id, now)
        undo(committed_engine, second.import_id, now)
        undo(committed_engine, first.import_id, now)

    def test_what_others_built_on_it_is_named_and_nothing_goes(
        self, committed_engine: Engine, folder: Path, now: datetime
    ) -> None:
        result = run(committed_engine, folder, now)
        with unit_of_work(committed_engine) as session:
            course = session.scalars(select(Course).where(Course.title == "Wiring basics")).one()
            builders.create_enrollment(session, course=course)
        before = contents(committed_engine)
        with pytest.raises(ConflictError, match=r"1 in course_enrollments \(course_id\) refer to its courses"):
            undo(committed_engine, result.import_id, now)
        assert contents(committed_engine) == before

    def test_a_record_edited_since_is_not_lost(self, committed_engine: Engine, folder: Path, now: datetime) -> None:
        result = run(committed_engine, folder, now)
        with unit_of_work(committed_engine) as session:
            person = session.scalars(select(Person).where(Person.display_name == "Learner four")).one()
            person.display_name = "Somebody by hand"
        with pytest.raises(ConflictError, match="1 of its learners were changed here since"):
            undo(committed_engine, result.import_id, now)

    def test_an_import_is_undone_once(self, committed_engine: Engine, folder: Path, now: datetime) -> None:
        result = run(committed_engine, folder, now)
        undo(committed_engine, result.import_id, now)
        with pytest.raises(ConflictError, match="undone"):
            undo(committed_engine, result.import_id, now)

    def test_an_unknown_import_is_not_found(self, committed_engine: Engine, now: datetime) -> None:
        with pytest.raises(NotFoundError):
            undo(committed_engine, UUID(int=1), now)
        with unit_of_work(committed_engine) as session:
            assert session.scalars(select(ImportBatch)).all() == []

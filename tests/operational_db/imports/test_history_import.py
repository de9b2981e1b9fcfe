"""A school's history in the database: applied once, repeated without effect, changed, refused, stopped."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ImportRefusedError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Grant, Principal
from operational_db.imports.reading import ReadingLimits
from operational_db.tables.catalog import Course, CourseModule
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.tables.imports import ImportBatch, ImportedRecord
from operational_db.tables.learning import AssessmentAttempt, DailyEngagement, Enrollment
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import EnrollmentStatus, ImportState, OrganizationKind, Role
from tests.operational_db.imports.history_files import (
    ACTIVITY,
    ATTEMPTS,
    ENROLLMENTS,
    LEARNERS,
    MODULES,
    run,
    write_history,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_history(tmp_path / "in")


@pytest.fixture
def reader(committed_engine: Engine) -> Iterator[Session]:
    with Session(committed_engine) as session:
        yield session


def _count(session: Session, entity: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(entity)) or 0


def _event_counts(session: Session) -> dict[str, int]:
    session.rollback()
    rows = session.execute(select(LedgerEvent.kind, func.count()).group_by(LedgerEvent.kind))
    return {kind: count for kind, count in rows}


class TestRunHistoryImport:
    def test_all_kinds_arrive_with_their_events(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        result = run(committed_engine, folder, now)
        assert {kind: counts["added"] for kind, counts in result.report["kinds"].items()} == {
            "courses": 2,
            "modules": 2,
            "assessments": 3,
            "learners": 4,
            "enrollments": 5,
            "attempts": 5,
            "activity": 3,
        }
        school = reader.scalars(select(Organization)).one()
        assert school.kind is OrganizationKind.TRADE_SCHOOL
        assert _event_counts(reader) == {
            "membership.started": 4,
            "enrollment.opened": 5,
            "attempt.graded": 5,
            "enrollment.completed": 1,
            "enrollment.failed": 1,
            "enrollment.dropped": 1,
            "import.applied": 1,
        }
        assert all(f'"import_id":"{result.import_id}"' in body for body in reader.scalars(select(LedgerEvent.body)))
        memberships = reader.scalars(select(Membership)).all()
        assert {(m.role, m.organization_id, m.ended_on) for m in memberships} == {(Role.STUDENT, school.id, None)}
        days = {(d.interaction_count, d.minutes) for d in reader.scalars(select(DailyEngagement))}
        assert days == {(12, None), (1, 30), (2, None)}

    def test_scores_pass_from_the_threshold_and_unscored_ones_neither_pass_nor_fail(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        attempts = reader.scalars(select(AssessmentAttempt)).all()
        assert {(a.score, a.passed, a.is_banked) for a in attempts} == {
            (Decimal("40.00"), True, False),
            (Decimal("83.50"), True, False),
            (Decimal("39.99"), False, False),
            (Decimal("70.00"), True, True),
            (None, None, False),
        }

    def test_a_dry_run_shows_the_same_counts_and_writes_nothing(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        shown = run(committed_engine, folder, now, is_dry_run=True)
        assert [_count(reader, entity) for entity in (Organization, ImportBatch, Person, LedgerEvent)] == [0, 0, 0, 0]
        applied = run(committed_engine, folder, now)
        assert shown.report == applied.report
        assert shown.import_id is None

    def test_repeating_the_same_files_changes_nothing(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        before = [
            _count(reader, e) for e in (Person, Course, Enrollment, AssessmentAttempt, DailyEngagement, LedgerEvent)
        ]
        result = run(committed_engine, folder, now + timedelta(days=1))
        assert (result.total("added"), result.total("changed"), result.total("unchanged")) == (0, 0, 24)
        after = [
            _count(reader, e) for e in (Person, Course, Enrollment, AssessmentAttempt, DailyEngagement, LedgerEvent)
        ]
        assert after == before
        assert _count(reader, ImportBatch) == 2

    def test_a_changed_row_is_written_and_told_again(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        ended = ENROLLMENTS.replace("L4,C2,,enrolled,2025-04-01,,", "L4,C2,,completed,2025-04-01,2025-05-05,77")
        swapped = MODULES.replace("Ropes,1", "Ropes,2").replace("Brakes,2", "Brakes,1")
        write_history(
            folder,
            enrollments=ended,
            modules=swapped,
            learners=LEARNERS.replace("Learner two", "Learner 2"),
            activity=ACTIVITY.replace("2025-04-02,2,", "2025-04-02,9,"),
        )
        result = run(committed_engine, folder, now + timedelta(days=1))
        changed = {kind: counts["changed"] for kind, counts in result.report["kinds"].items()}
        assert changed == {
            "courses": 0,
            "modules": 2,
            "assessments": 0,
            "learners": 1,
            "enrollments": 1,
            "attempts": 0,
            "activity": 1,
        }
        assert result.total("added") == 0
        reader.rollback()
        enrollment = reader.scalars(select(Enrollment).where(Enrollment.final_score == Decimal(77))).one()
        assert enrollment.status is EnrollmentStatus.COMPLETED
        places = {module.title: module.order_index for module in reader.scalars(select(CourseModule))}
        assert places == {"Ropes": 2, "Brakes": 1}
        assert _event_counts(reader)["enrollment.completed"] == 2

    def test_a_bad_row_is_refused_and_the_good_ones_arrive(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        write_history(folder, attempts=ATTEMPTS + "L1,A2,,2,2025-05-02,101,\nL1,A2,,3\n")
        result = run(committed_engine, folder, now)
        assert result.report["kinds"]["attempts"] == {
            **result.report["kinds"]["attempts"],
            "read": 7,
            "added": 5,
            "refused": 2,
        }
        stored = reader.scalars(select(ImportBatch)).one().report
        assert [(r["line"], r["code"]) for r in stored["refused_rows"]] == [(8, "ragged_line"), (7, "out_of_range")]

    def test_a_file_of_the_wrong_form_changes_nothing_and_leaves_its_report(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        write_history(folder, attempts=ATTEMPTS.encode("utf-16"))
        with pytest.raises(ImportRefusedError, match="UTF-8"):
            run(committed_engine, folder, now)
        batch = reader.scalars(select(ImportBatch)).one()
        assert batch.state is ImportState.REFUSED
        assert batch.report["refused_rows"][0]["code"] == "wrong_encoding"
        assert _count(reader, Person) == 0

    def test_missing_rows_are_reported_and_stay(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        write_history(folder, attempts=ATTEMPTS.rsplit("L3", 1)[0])
        result = run(committed_engine, folder, now)
        assert result.report["kinds"]["attempts"]["missing"] == 1
        assert result.report["kinds"]["attempts"]["listed"]["missing"] == ["A1|L3|1|1"]
        assert _count(reader, AssessmentAttempt) == 5

    def test_a_file_that_lost_more_than_a_fifth_is_stopped_unless_overridden(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        cut = "".join(ATTEMPTS.splitlines(keepends=True)[:4])
        write_history(folder, attempts=cut, learners=LEARNERS + "L5,Learner five,\n")
        with pytest.raises(ImportRefusedError, match=r"2 of 5 attempts imported before are gone \(40%\)"):
            run(committed_engine, folder, now)
        assert _count(reader, Person) == 4
        result = run(committed_engine, folder, now, max_removal_share=0.4)
        assert result.total("missing") == 2
        assert _count(reader, Person) == 5
        assert _count(reader, AssessmentAttempt) == 5

    def test_a_file_of_its_own_may_name_records_of_an_earlier_import(
        self, committed_engine: Engine, folder: Path, tmp_path: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        later = tmp_path / "later"
        later.mkdir()
        header = ATTEMPTS.splitlines()[0]
        (later / "attempts.csv").write_text(f"{header}\nL4,A3,,,2025-04-20,71,\nL9,A3,,,2025-04-20,71,\n")
        result = run(committed_engine, later, now, max_removal_share=1.0)
        assert result.report["kinds"]["attempts"]["added"] == 1
        assert result.report["kinds"]["attempts"]["refused"] == 1

    def test_an_address_of_somebody_else_is_ambiguous_and_refused(
        self, committed_engine: Engine, folder: Path, now: datetime
    ) -> None:
        with unit_of_work(committed_engine) as session:
            session.add(Person(display_name="Somebody", email="one@example.org"))
        result = run(committed_engine, folder, now)
        assert [r["code"] for r in result.report["refused_rows"] if r["file"] == "learners.csv"] == ["ambiguous_person"]
        assert result.report["kinds"]["learners"]["added"] == 3

    def test_an_enrollment_the_platform_opened_is_not_overwritten(
        self, committed_engine: Engine, folder: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        with unit_of_work(committed_engine) as session:
            course = session.scalars(select(Course).where(Course.title == "Wiring basics")).one()
            record = ImportedRecord.external_id == "L1"
            person_id = session.scalars(select(ImportedRecord.record_id).where(record)).first()
            session.add(Enrollment(person_id=person_id, course_id=course.id, cycle_number=1, enrolled_at=now))
        write_history(folder, enrollments=ENROLLMENTS + "L1,C2,1,dropped,2025-01-01,2025-02-01,\n")
        result = run(committed_engine, folder, now)
        assert [r["code"] for r in result.report["refused_rows"]] == ["cycle_taken"]

    def test_what_has_ended_is_not_opened_again(self, committed_engine: Engine, folder: Path, now: datetime) -> None:
        run(committed_engine, folder, now)
        write_history(
            folder,
            enrollments=ENROLLMENTS.replace("L3,C1,,dropped,2025-01-12,2025-03-01,", "L3,C1,,enrolled,2025-01-12,,"),
        )
        result = run(committed_engine, folder, now)
        assert [(r["line"], r["code"]) for r in result.report["refused_rows"]] == [(5, "reopened_enrollment")]

    def test_two_schools_may_use_the_same_ids(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        write_history(folder, learners=LEARNERS.replace("one@example.org", ""))
        run(committed_engine, folder, now)
        result = run(committed_engine, folder, now, organization_slug="other", organization_name="Other School")
        assert result.total("added") == 24
        assert _count(reader, Person) == 8

    def test_an_unknown_school_without_a_name_is_not_found(
        self, committed_engine: Engine, folder: Path, now: datetime
    ) -> None:
        with pytest.raises(NotFoundError, match="hoist-school"):
            run(committed_engine, folder, now, organization_name=None)

    def test_a_history_belongs_to_a_school(self, committed_engine: Engine, folder: Path, now: datetime) -> None:
        with unit_of_work(committed_engine) as session:
            session.add(Organization(name="Hoist", slug="hoist-school", kind=OrganizationKind.SERVICE_COMPANY))
        with pytest.raises(InvalidInputError, match="trade school"):
            run(committed_engine, folder, now)

    def test_a_school_admin_may_import_into_no_other_school(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        stranger = Principal(UUID(int=5), "Stranger", frozenset({Grant(UUID(int=6), Role.SCHOOL_ADMIN)}))
        for is_dry_run in (True, False):
            with pytest.raises(NotAuthorizedError):
                run(committed_engine, folder, now, principal=stranger, is_dry_run=is_dry_run)
        assert _count(reader, ImportBatch) == 1

    def test_ten_times_the_expected_rows_stop_with_the_limit_and_change_nothing(
        self, committed_engine: Engine, reader: Session, folder: Path, now: datetime
    ) -> None:
        rows = "".join(f"L1{i},Learner,\n" for i in range(50))
        write_history(folder, learners=LEARNERS + rows)
        with pytest.raises(ImportRefusedError, match="At most 5 rows"):
            run(committed_engine, folder, now, limits=ReadingLimits(held_rows=5))
        assert _count(reader, Person) == 0

    def test_activity_recorded_by_the_platform_is_not_overwritten(
        self, committed_engine: Engine, folder: Path, now: datetime
    ) -> None:
        run(committed_engine, folder, now)
        with unit_of_work(committed_engine) as session:
            day = session.scalars(select(DailyEngagement)).first()
            assert day is not None
            person_id, course_id = day.person_id, day.course_id
            session.add(
                DailyEngagement(person_id=person_id, course_id=course_id, on_date=date(2025, 3, 1), interaction_count=4)
            )
            owner = session.scalars(
                select(ImportedRecord.external_id).where(
                    ImportedRecord.record_id == person_id, ImportedRecord.kind == "learners"
                )
            ).one()
            course = session.scalars(
                select(ImportedRecord.external_id).where(ImportedRecord.record_id == course_id)
            ).one()
        write_history(folder, activity=ACTIVITY + f"{owner},{course},2025-03-01,1,\n")
        result = run(committed_engine, folder, now)
        assert [r["code"] for r in result.report["refused_rows"]] == ["activity_recorded_here"]
        with read_only_session(committed_engine) as session:
            kept = session.scalars(select(DailyEngagement).where(DailyEngagement.on_date == date(2025, 3, 1))).one()
            assert kept.interaction_count == 4

"""A checked learning history as rows of our tables and as ledger events, ready to be written.

Pure: frames in, frames and events out. The rules are those of the services (`learning.rules`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

import polars as pl
from slugify import slugify

from operational_db.imports.check import CheckedHistory
from operational_db.imports.diff import Action, with_action, with_fingerprint
from operational_db.imports.history import HELD_KINDS, KEY_SEPARATOR, KnownHistory
from operational_db.imports.layout import HISTORY_LAYOUT
from operational_db.learning.rules import is_passing
from operational_db.ledger.events import (
    AttemptGraded,
    EnrollmentCompleted,
    EnrollmentDropped,
    EnrollmentFailed,
    EnrollmentOpened,
    Event,
    MembershipEnded,
    MembershipStarted,
)
from operational_db.types import CourseStatus, EnrollmentStatus, ProviderType, Role

MEMBERSHIPS = "memberships"


@dataclass(frozen=True)
class School:
    """The organization a history belongs to."""

    id: UUID
    name: str
    slug: str


def midnight(day: date) -> datetime:
    """The instant a calendar day stands for where the source knows no time: its first moment in UTC."""
    return datetime.combine(day, time(), UTC)


def diff_history(checked: CheckedHistory, known: KnownHistory) -> dict[str, pl.DataFrame]:
    """Every kind with `content_sha256`, `record_id` and `action`; memberships are derived from the learners."""
    frames: dict[str, pl.DataFrame] = {}
    for kind in HELD_KINDS:
        columns = [column.name for column in HISTORY_LAYOUT.file(kind).columns]
        frames[kind] = with_action(with_fingerprint(checked.frames[kind], columns), known.of(kind))
    members = checked.frames["learners"].select("line", "external_id", "joined_on", "left_on", "member_from")
    members = with_fingerprint(members, ["joined_on", "left_on"])
    frames[MEMBERSHIPS] = with_action(members, known.of(MEMBERSHIPS))
    return frames


@dataclass(frozen=True)
class RecordIds:
    """Our ids by external id, those of earlier imports included."""

    by_kind: dict[str, pl.DataFrame]

    def join(self, frame: pl.DataFrame, kind: str, column: str, name: str) -> pl.DataFrame:
        """Adds our id of what `column` names as `name`."""
        ids = self.by_kind[kind].rename({"external_id": column, "record_id": name})
        return frame.join(ids, on=column, how="left", maintain_order="left")


def record_ids(frames: dict[str, pl.DataFrame], known: KnownHistory) -> RecordIds:
    columns = ("external_id", "record_id")
    return RecordIds(
        {
            kind: pl.concat([frames[kind].select(columns), known.of(kind).select(columns)]).unique("external_id")
            for kind in (*HELD_KINDS, MEMBERSHIPS)
        }
    )


def course_slugs(frame: pl.DataFrame, school: School) -> dict[str, str]:
    """An address name per course id, from school and title."""
    pairs = frame.select("course_id", "title").iter_rows()
    return {course_id: slugify(f"{school.slug} {title}") or course_id for course_id, title in pairs}


def course_rows(
    frame: pl.DataFrame, school: School, slugs: dict[str, str], with_assessments: Sequence[str], *, now: datetime
) -> pl.DataFrame:
    """Rows of `courses` to add. A course whose dates are over is archived: it can no longer be taken."""
    last_day = pl.col("starts_on") + pl.duration(days=pl.col("length_days").fill_null(0))
    is_over = (last_day < now.date()).fill_null(value=False)
    return frame.select(
        "record_id",
        "action",
        "title",
        pl.col("course_id").replace_strict(slugs, return_dtype=pl.String).alias("slug"),
        "description",
        pl.lit(ProviderType.TRADE_SCHOOL.value).alias("provider_type"),
        pl.lit(str(school.id)).alias("provider_id"),
        pl.lit(school.name).alias("provider_name"),
        "category",
        "level",
        "trade",
        "delivery_method",
        _decimal("estimated_hours"),
        _decimal("ce_credits"),
        pl.col("course_id").is_in(list(with_assessments)).alias("has_assessments"),
        pl.col("starts_on").alias("session_starts_on"),
        pl.col("length_days").alias("session_length_days"),
        _instant(last_day).alias("enrollment_deadline"),
        pl.when(is_over)
        .then(pl.lit(CourseStatus.ARCHIVED.value))
        .otherwise(pl.lit(CourseStatus.PUBLISHED.value))
        .alias("status"),
        pl.lit(now.isoformat()).alias("published_at"),
    )


# Columns an import sets again when a row changed at the source; what was decided here (slug, status) stays.
CHANGED_COURSE_COLUMNS = (
    "title",
    "description",
    "category",
    "level",
    "trade",
    "delivery_method",
    "estimated_hours",
    "ce_credits",
    "session_starts_on",
    "session_length_days",
    "enrollment_deadline",
)


def module_rows(frame: pl.DataFrame, ids: RecordIds) -> pl.DataFrame:
    return ids.join(frame, "courses", "course_id", "course_record_id").select(
        "record_id",
        "action",
        pl.col("course_record_id").alias("course_id"),
        "title",
        pl.col("position").alias("order_index"),
        "duration_minutes",
        "is_required",
    )


def assessment_rows(frame: pl.DataFrame, ids: RecordIds) -> pl.DataFrame:
    """Rows of `course_assessments`; how many attempts the source allows is not known, so no limit is set."""
    return ids.join(frame, "courses", "course_id", "course_record_id").select(
        "record_id",
        "action",
        pl.col("course_record_id").alias("course_id"),
        "title",
        "description",
        pl.col("type").alias("assessment_type"),
        "passing_score",
        "is_required",
        pl.lit(None, pl.Int64).alias("attempts_allowed"),
    )


def person_rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("record_id", "action", "display_name", "email")


def membership_rows(frame: pl.DataFrame, ids: RecordIds, school: School) -> pl.DataFrame:
    return ids.join(frame, "learners", "external_id", "person_id").select(
        "record_id",
        "action",
        "person_id",
        pl.lit(str(school.id)).alias("organization_id"),
        pl.lit(Role.STUDENT.value).alias("role"),
        pl.col("member_from").alias("started_on"),
        pl.col("left_on").alias("ended_on"),
    )


def with_enrollment_refs(frame: pl.DataFrame, ids: RecordIds) -> pl.DataFrame:
    """Enrollments with `person_id` and `course_record_id`."""
    return ids.join(ids.join(frame, "learners", "learner_id", "person_id"), "courses", "course_id", "course_record_id")


def enrollment_rows(frame: pl.DataFrame, school: School) -> pl.DataFrame:
    """Rows of `course_enrollments` from `with_enrollment_refs`."""
    return frame.select(
        "record_id",
        "action",
        "person_id",
        pl.col("course_record_id").alias("course_id"),
        "cycle_number",
        "status",
        pl.lit(str(school.id)).alias("organization_id"),
        "time_spent_minutes",
        _instant(pl.col("enrolled_on")).alias("enrolled_at"),
        _instant(pl.col("ended_on")).alias("ended_at"),
        _decimal("final_score"),
    )


def with_attempt_refs(frame: pl.DataFrame, ids: RecordIds) -> pl.DataFrame:
    """Attempts with `person_id`, `course_record_id`, `enrollment_id`, `assessment_record_id` and `passed`."""
    key = pl.concat_str("course_id", "learner_id", pl.col("cycle_number").cast(pl.String), separator=KEY_SEPARATOR)
    rows = with_enrollment_refs(frame.with_columns(key.alias("enrollment_key")), ids)
    rows = ids.join(rows, "enrollments", "enrollment_key", "enrollment_id")
    rows = ids.join(rows, "assessments", "assessment_id", "assessment_record_id")
    pairs = rows.select("score", "passing_score").drop_nulls("score").unique()
    passed = [is_passing(Decimal(f"{score:.2f}"), passing) for score, passing in pairs.iter_rows()]
    results = pairs.with_columns(pl.Series("passed", passed, pl.Boolean))
    return rows.join(results, on=["score", "passing_score"], how="left", maintain_order="left")


def attempt_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of `assessment_attempts` from `with_attempt_refs`."""
    return frame.select(
        "record_id",
        "action",
        "enrollment_id",
        pl.col("assessment_record_id").alias("assessment_id"),
        "attempt_number",
        _instant(pl.col("submitted_on")).alias("submitted_at"),
        _decimal("score"),
        "passed",
        "is_banked",
        "time_spent_minutes",
    )


@dataclass(frozen=True)
class HistoryEvents:
    """The ledger events of one import: what its rows say happened, at the day the source gives.

    A changed row is told again with the same ids; readers take the latest entry, and an undo of this import brings the
    former one back.
    """

    school_id: UUID
    import_id: UUID

    def memberships(self, rows: pl.DataFrame) -> Iterator[Event]:
        """From `membership_rows`."""
        columns = ("record_id", "person_id", "started_on", "ended_on")
        for record_id, person_id, started_on, ended_on in _changed(rows).select(columns).iter_rows():
            membership_id, subject_id = UUID(record_id), UUID(person_id)
            yield MembershipStarted(
                subject_id=subject_id,
                organization_id=self.school_id,
                occurred_at=midnight(started_on),
                import_id=self.import_id,
                membership_id=membership_id,
                role=Role.STUDENT,
                team_id=None,
                persona=None,
                started_on=started_on,
            )
            if ended_on is not None:
                yield MembershipEnded(
                    subject_id=subject_id,
                    organization_id=self.school_id,
                    occurred_at=midnight(ended_on),
                    import_id=self.import_id,
                    membership_id=membership_id,
                    ended_on=ended_on,
                )

    def openings(self, rows: pl.DataFrame) -> Iterator[Event]:
        """From `with_enrollment_refs`."""
        columns = ("record_id", "person_id", "course_record_id", "cycle_number", "enrolled_on")
        for record_id, person_id, course_id, cycle, day in _changed(rows).select(columns).iter_rows():
            yield EnrollmentOpened(
                subject_id=UUID(person_id),
                organization_id=self.school_id,
                occurred_at=midnight(day),
                import_id=self.import_id,
                enrollment_id=UUID(record_id),
                course_id=UUID(course_id),
                cycle_number=cycle,
            )

    def attempts(self, rows: pl.DataFrame) -> Iterator[Event]:
        """From `with_attempt_refs`."""
        columns = (
            "record_id",
            "person_id",
            "course_record_id",
            "enrollment_id",
            "assessment_record_id",
            "attempt_number",
            "submitted_on",
            "score",
            "passed",
            "is_banked",
        )
        for row in _changed(rows).select(columns).iter_rows():
            record_id, person_id, course_id, enrollment_id, assessment_id, number, day, score, passed, banked = row
            yield AttemptGraded(
                subject_id=UUID(person_id),
                organization_id=self.school_id,
                occurred_at=midnight(day),
                import_id=self.import_id,
                attempt_id=UUID(record_id),
                enrollment_id=UUID(enrollment_id),
                course_id=UUID(course_id),
                assessment_id=UUID(assessment_id),
                attempt_number=number,
                score=_to_decimal(score),
                passed=passed,
                is_banked=banked,
            )

    def endings(self, rows: pl.DataFrame, ce_credits: dict[str, float]) -> Iterator[Event]:
        """From `with_enrollment_refs`; credits by external course id."""
        columns = ("record_id", "person_id", "course_record_id", "course_id", "status", "ended_on", "final_score")
        ended = _changed(rows).filter(pl.col("ended_on").is_not_null()).select(columns)
        for record_id, person_id, course_record_id, course_id, status, day, score in ended.iter_rows():
            subject_id, enrollment_id, course = UUID(person_id), UUID(record_id), UUID(course_record_id)
            occurred_at = midnight(day)
            if status == EnrollmentStatus.COMPLETED:
                yield EnrollmentCompleted(
                    subject_id=subject_id,
                    organization_id=self.school_id,
                    occurred_at=occurred_at,
                    import_id=self.import_id,
                    enrollment_id=enrollment_id,
                    course_id=course,
                    final_score=_to_decimal(score),
                    ce_credits=Decimal(f"{ce_credits.get(course_id, 0):.2f}"),
                )
                continue
            kind = EnrollmentFailed if status == EnrollmentStatus.FAILED else EnrollmentDropped
            yield kind(
                subject_id=subject_id,
                organization_id=self.school_id,
                occurred_at=occurred_at,
                import_id=self.import_id,
                enrollment_id=enrollment_id,
                course_id=course,
            )


def engagement_rows(totals: pl.DataFrame, ids: RecordIds) -> pl.DataFrame:
    """Days of engagement under our ids, from totals by learner_id, course_id and on_date."""
    return ids.join(
        ids.join(totals, "learners", "learner_id", "person_id"), "courses", "course_id", "course_record_id"
    ).select(
        "line",
        "person_id",
        pl.col("course_record_id").alias("course_id"),
        "on_date",
        pl.col("interactions").alias("interaction_count"),
        pl.col("sessions").alias("session_count"),
        pl.col("mobile_sessions").alias("mobile_session_count"),
        "minutes",
    )


def add_up(rows: pl.DataFrame) -> pl.DataFrame:
    """Activity by learner, course and day; minutes stay unknown where no row knows them."""
    minutes = pl.when(pl.col("minutes").is_not_null().any()).then(pl.col("minutes").sum())
    return rows.group_by("learner_id", "course_id", "on_date").agg(
        pl.col("line").min(),
        pl.col("interactions", "sessions", "mobile_sessions").sum(),
        minutes.alias("minutes"),
    )


def _changed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("action") != Action.UNCHANGED)


def _instant(day: pl.Expr) -> pl.Expr:
    return day.dt.strftime("%Y-%m-%d 00:00:00+00")


def _decimal(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Decimal(10, 2))


def _to_decimal(score: float | None) -> Decimal | None:
    return None if score is None else Decimal(f"{score:.2f}")

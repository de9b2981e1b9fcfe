"""The installation's own records in the form the recommender learns from: ids, days and roles, nothing else.

Columns are those of `models.recommending.records`; a test holds both together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from operational_db.tables.catalog import Course, LearningPath, LearningPathCourse
from operational_db.tables.identity import Membership
from operational_db.tables.learning import Enrollment
from operational_db.types import CourseVisibility, EnrollmentStatus

TAKEN: Mapping[str, type[pl.DataType]] = {
    "person_id": pl.String,
    "course_id": pl.String,
    "started_on": pl.Date,
    "completed_on": pl.Date,
}
COURSES: Mapping[str, type[pl.DataType]] = {"course_id": pl.String, "organization_id": pl.String, "subject": pl.String}
PATHS: Mapping[str, type[pl.DataType]] = {"path_id": pl.String, "course_id": pl.String, "order_index": pl.Int64}
MEMBERS: Mapping[str, type[pl.DataType]] = {
    "person_id": pl.String,
    "organization_id": pl.String,
    "role": pl.String,
    "started_on": pl.Date,
    "ended_on": pl.Date,
}


@dataclass(frozen=True)
class TrainingFrames:
    """Who took what when, whom the courses are for, the written paths, and who belonged where."""

    taken: pl.DataFrame
    courses: pl.DataFrame
    paths: pl.DataFrame
    members: pl.DataFrame


def training_frames(session: Session, *, until: datetime) -> TrainingFrames:
    """Everything recorded before the instant, for the life cycle of the recommender; not to be shown to anybody.

    An enrollment counts from its first day in UTC. One that was not completed by then has no day of completion, however
    it ended.
    """
    completed_at = func.coalesce(Enrollment.ended_at, Enrollment.last_activity_at)
    is_completed = (Enrollment.status == EnrollmentStatus.COMPLETED) & (completed_at < until)
    taken = select(
        cast(Enrollment.person_id, Text),
        cast(Enrollment.course_id, Text),
        Enrollment.enrolled_at,
        completed_at,
        is_completed,
    ).where(Enrollment.enrolled_at < until)
    for_some = Course.visibility != CourseVisibility.PUBLIC
    courses = select(cast(Course.id, Text), cast(Course.provider_id, Text), Course.trade, for_some)
    paths = (
        select(
            cast(LearningPathCourse.path_id, Text),
            cast(LearningPathCourse.course_id, Text),
            LearningPathCourse.order_index,
        )
        .join(LearningPath, LearningPath.id == LearningPathCourse.path_id)
        .where(LearningPath.is_active.is_(True))
    )
    members = select(
        cast(Membership.person_id, Text),
        cast(Membership.organization_id, Text),
        cast(Membership.role, Text),
        Membership.started_on,
        Membership.ended_on,
    ).where(Membership.started_on <= until.date())
    return TrainingFrames(
        taken=_frame(
            [(row[0], row[1], row[2].date(), row[3].date() if row[4] else None) for row in session.execute(taken)],
            TAKEN,
        ),
        courses=_frame([(row[0], row[1] if row[3] else None, row[2]) for row in session.execute(courses)], COURSES),
        paths=_frame([tuple(row) for row in session.execute(paths)], PATHS),
        members=_frame([tuple(row) for row in session.execute(members)], MEMBERS),
    )


def _frame(rows: Sequence[tuple[object, ...]], schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema), orient="row")

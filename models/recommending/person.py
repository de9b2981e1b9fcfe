"""What is known of one person and of the courses she may take, as checked frames; the input of ranking.

Everything is seen through her eyes: courses that she may not find are not in the frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

from models.recommending.records import InvalidRecordsError

Schema = Mapping[str, "pl.DataType | type[pl.DataType]"]

COURSES_SCHEMA: Schema = {
    "course_id": pl.String,
    "title": pl.String,
    "subject": pl.String,
    # The certification it leads to.
    "certification_id": pl.String,
    # Takes enrollments now: published, before its deadline, not begun, a seat free.
    "is_open": pl.Boolean,
    # Ids of courses, and names of certifications, that she lacks and that it asks for first.
    "missing_course_ids": pl.List(pl.String),
    "missing_certification_ids": pl.List(pl.String),
    "completed_on": pl.Date,
    # Whether who asks may be told that she completed it.
    "is_told": pl.Boolean,
    "is_running": pl.Boolean,
    "is_dismissed": pl.Boolean,
    # An employer pays and has to agree first.
    "needs_sponsor": pl.Boolean,
    # Completions by anybody within the last year.
    "recent_count": pl.Int64,
    # Names by which a goal may mean it: title, tags, certification.
    "phrases": pl.List(pl.String),
}
# Required of her and missing: a course, or a certification.
NEEDS_SCHEMA: Schema = {
    "course_id": pl.String,
    "certification_id": pl.String,
    "name": pl.String,
    "required_by": pl.String,
    "due_on": pl.Date,
    "is_overdue": pl.Boolean,
}
# Certificates that lapse soon, each with a course that renews it (or counts toward its credits).
LAPSES_SCHEMA: Schema = {"name": pl.String, "expires_on": pl.Date, "course_id": pl.String, "is_for_credits": pl.Boolean}
# Steps of written paths she may follow.
STEPS_SCHEMA: Schema = {
    "path_id": pl.String,
    "path_title": pl.String,
    "phrases": pl.List(pl.String),
    "course_id": pl.String,
    "order_index": pl.Int64,
    "is_required": pl.Boolean,
}
# Her own words: `goal` (one at most) and `interest`.
WISHES_SCHEMA: Schema = {"kind": pl.String, "text": pl.String}


@dataclass(frozen=True)
class Person:
    """The frames of one person; `contexts` are her open roles and organizations as `role:…` and `member:…`."""

    courses: pl.DataFrame
    needs: pl.DataFrame
    lapses: pl.DataFrame
    steps: pl.DataFrame
    wishes: pl.DataFrame
    contexts: tuple[str, ...]
    organization_names: Mapping[str, str]

    @classmethod
    def from_frames(
        cls,
        *,
        courses: pl.DataFrame,
        needs: pl.DataFrame,
        lapses: pl.DataFrame,
        steps: pl.DataFrame,
        wishes: pl.DataFrame,
        contexts: tuple[str, ...],
        organization_names: Mapping[str, str],
    ) -> Self:
        """Check the columns; more columns than asked for are left aside.

        Raises
        ------
        InvalidRecordsError
            When a column is missing or of another type.
        """
        problems: list[str] = []
        checked = {
            name: _checked(name, frame, schema, problems)
            for name, frame, schema in (
                ("courses", courses, COURSES_SCHEMA),
                ("needs", needs, NEEDS_SCHEMA),
                ("lapses", lapses, LAPSES_SCHEMA),
                ("steps", steps, STEPS_SCHEMA),
                ("wishes", wishes, WISHES_SCHEMA),
            )
        }
        if problems:
            raise InvalidRecordsError(problems)
        return cls(**checked, contexts=contexts, organization_names=organization_names)


def _checked(name: str, frame: pl.DataFrame, schema: Schema, problems: list[str]) -> pl.DataFrame:
    for column, wanted in schema.items():
        if column not in frame.columns:
            problems.append(f"{name}.{column}: the column is missing. Add it ({wanted}).")
        elif frame.schema[column] != wanted:
            problems.append(f"{name}.{column}: it is {frame.schema[column]}. Make it {wanted}.")
    return frame.select(column for column in schema if column in frame.columns)

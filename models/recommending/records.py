"""What learners did, in the form the recommender learns from: checked frames, and the same frames as of an earlier day.

Where the frames come from (the database, a data set in files) is the caller's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

# One row per time a person took a course; `completed_on` is null unless she completed it.
TAKEN_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "person_id": pl.String,
    "course_id": pl.String,
    "started_on": pl.Date,
    "completed_on": pl.Date,
}
# `organization_id`: whose members alone may take it (null: everybody). `subject` groups courses, e.g. by trade.
COURSES_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "course_id": pl.String,
    "organization_id": pl.String,
    "subject": pl.String,
}
# Written paths: courses in their order.
PATHS_SCHEMA: Mapping[str, type[pl.DataType]] = {"path_id": pl.String, "course_id": pl.String, "order_index": pl.Int64}
# Who belonged where in which role; `ended_on` is the first day on which it no longer holds.
MEMBERS_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "person_id": pl.String,
    "organization_id": pl.String,
    "role": pl.String,
    "started_on": pl.Date,
    "ended_on": pl.Date,
}
MAY_BE_EMPTY: Mapping[str, set[str]] = {
    "taken": {"completed_on"},
    "courses": {"organization_id", "subject"},
    "paths": set(),
    "members": {"ended_on"},
}


class InvalidRecordsError(ValueError):
    """The frames cannot be learned from; each problem names the frame, the column and what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Records:
    """Checked frames; courses in the order of their ids, which is the order of every score."""

    taken: pl.DataFrame
    courses: pl.DataFrame
    paths: pl.DataFrame
    members: pl.DataFrame

    @classmethod
    def from_frames(
        cls,
        taken: pl.DataFrame,
        *,
        courses: pl.DataFrame | None = None,
        paths: pl.DataFrame | None = None,
        members: pl.DataFrame | None = None,
    ) -> Self:
        """Check and sort; courses that are not listed are everybody's, and a course taken twice keeps its first start.

        Raises
        ------
        InvalidRecordsError
            When a column is missing, of another type or empty where it may not be, or a course ends before it starts.
        """
        problems: list[str] = []
        taken = _checked("taken", taken, TAKEN_SCHEMA, problems)
        paths = _checked("paths", _or_empty(paths, PATHS_SCHEMA), PATHS_SCHEMA, problems)
        members = _checked("members", _or_empty(members, MEMBERS_SCHEMA), MEMBERS_SCHEMA, problems)
        given = _checked("courses", _or_empty(courses, COURSES_SCHEMA), COURSES_SCHEMA, problems)
        if problems:
            raise InvalidRecordsError(problems)
        backwards = taken.filter(pl.col("completed_on") < pl.col("started_on")).height
        if backwards:
            raise InvalidRecordsError([f"taken.completed_on: {backwards} rows end before they start. Correct the day."])
        known = taken.select("course_id").unique().join(given, on="course_id", how="anti")
        unlisted = known.with_columns(pl.lit(None, pl.String).alias("organization_id"), _nothing("subject"))
        return cls(
            taken=taken.group_by("person_id", "course_id")
            .agg(pl.col("started_on").min(), pl.col("completed_on").min())
            .sort("person_id", "started_on", "course_id"),
            courses=pl.concat([given.unique("course_id"), unlisted]).sort("course_id"),
            paths=paths.sort("path_id", "order_index", "course_id"),
            members=members.sort("person_id", "started_on", "organization_id"),
        )

    @property
    def course_ids(self) -> list[str]:
        return self.courses["course_id"].to_list()

    def as_of(self, on: date) -> "Records":
        """What was known before the day began: starts and completions before it, nothing later."""
        earlier = self.taken.filter(pl.col("started_on") < on).with_columns(
            pl.when(pl.col("completed_on") < on).then("completed_on").alias("completed_on")
        )
        members = self.members.filter(pl.col("started_on") < on).with_columns(
            pl.when(pl.col("ended_on") <= on).then("ended_on").alias("ended_on")
        )
        return Records(earlier, self.courses, self.paths, members)

    def contexts(self, person_ids: Sequence[str]) -> list[list[str]]:
        """What each person is, as far as the model may ask: open roles and organizations, as `role:…`, `member:…`."""
        people = pl.DataFrame({"person_id": list(person_ids)}, schema={"person_id": pl.String})
        rows = (
            people.join(self.members.filter(pl.col("ended_on").is_null()), on="person_id", how="inner")
            .select("person_id", role=pl.format("role:{}", "role"), member=pl.format("member:{}", "organization_id"))
            .unpivot(on=["role", "member"], index="person_id", value_name="context")
            .unique(["person_id", "context"])
            .sort("person_id", "context")
            .group_by("person_id", maintain_order=True)
            .agg("context")
        )
        by_person = dict(zip(rows["person_id"].to_list(), rows["context"].to_list(), strict=True))
        return [by_person.get(person_id, []) for person_id in person_ids]

    def matrix(self, person_ids: Sequence[str], *, is_completed: bool) -> NDArray[np.bool_]:
        """(people, courses): completed, or else taken at all."""
        place = {course_id: index for index, course_id in enumerate(self.course_ids)}
        row_of = {person_id: index for index, person_id in enumerate(person_ids)}
        taken = self.taken.filter(pl.col("person_id").is_in(list(person_ids)))
        if is_completed:
            taken = taken.filter(pl.col("completed_on").is_not_null())
        found = np.zeros((len(person_ids), len(place)), dtype=np.bool_)
        rows = [row_of[person_id] for person_id in taken["person_id"].to_list()]
        found[rows, [place[course_id] for course_id in taken["course_id"].to_list()]] = True
        return found

    def visible(self, person_ids: Sequence[str]) -> NDArray[np.bool_]:
        """(people, courses): may take it, being everybody's or of an organization she belongs to."""
        owners = self.courses["organization_id"].to_list()
        is_open = np.array([owner is None for owner in owners])
        seen = np.tile(is_open, (len(person_ids), 1))
        if is_open.all():
            return seen
        for row, contexts in enumerate(self.contexts(person_ids)):
            own = {context.removeprefix("member:") for context in contexts}
            seen[row] |= np.array([owner in own for owner in owners])
        return seen


def _nothing(name: str) -> pl.Expr:
    return pl.lit(None, pl.String).alias(name)


def _or_empty(frame: pl.DataFrame | None, schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(schema)) if frame is None else frame


def _checked(
    name: str, frame: pl.DataFrame, schema: Mapping[str, type[pl.DataType]], problems: list[str]
) -> pl.DataFrame:
    for column, wanted in schema.items():
        if column not in frame.columns:
            problems.append(f"{name}.{column}: the column is missing. Add it ({wanted.__name__}).")
        elif frame.schema[column] not in (wanted, pl.Null):
            problems.append(f"{name}.{column}: it is {frame.schema[column]}. Make it {wanted.__name__}.")
        elif column not in MAY_BE_EMPTY[name] and frame[column].null_count():
            problems.append(
                f"{name}.{column}: {frame[column].null_count()} rows are empty. Fill them or leave them out."
            )
    if problems:
        return frame
    return frame.select(pl.col(column).cast(wanted) for column, wanted in schema.items())

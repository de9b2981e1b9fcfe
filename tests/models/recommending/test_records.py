"""Frames are checked before anything is learned from them, and nothing later than the day is seen."""

from datetime import date

import polars as pl
import pytest

from models.recommending import person, records
from models.recommending.records import InvalidRecordsError, Records
from operational_db.recommending import records as extract
from operational_db.recommending import service

TAKEN = pl.DataFrame(
    [
        ("ann", "a", date(2026, 1, 1), date(2026, 2, 1)),
        ("ann", "b", date(2026, 3, 1), None),
        ("ann", "a", date(2026, 4, 1), date(2026, 5, 1)),
    ],
    schema=dict(records.TAKEN_SCHEMA),
    orient="row",
)


class TestFromFrames:
    def test_a_course_taken_twice_keeps_its_first_time(self) -> None:
        found = Records.from_frames(TAKEN).taken.filter(pl.col("course_id") == "a").row(0)
        assert found == ("ann", "a", date(2026, 1, 1), date(2026, 2, 1))

    def test_every_problem_is_named_with_its_column(self) -> None:
        wrong = TAKEN.drop("person_id").with_columns(pl.lit(7).alias("course_id"))
        with pytest.raises(InvalidRecordsError) as refused:
            Records.from_frames(wrong)
        assert refused.value.problems == (
            "taken.person_id: the column is missing. Add it (String).",
            "taken.course_id: it is Int32. Make it String.",
        )

    def test_a_course_that_ends_before_it_starts_is_refused(self) -> None:
        backwards = TAKEN.with_columns(pl.lit(date(2020, 1, 1)).alias("completed_on"))
        with pytest.raises(InvalidRecordsError, match="3 rows end before they start"):
            Records.from_frames(backwards)

    def test_empty_ids_are_refused(self) -> None:
        with pytest.raises(InvalidRecordsError, match="3 rows are empty"):
            Records.from_frames(TAKEN.with_columns(pl.lit(None, pl.String).alias("person_id")))


class TestAsOf:
    def test_what_happened_later_is_not_known(self) -> None:
        members = pl.DataFrame(
            [
                ("ann", "acme", "technician", date(2025, 1, 1), date(2026, 6, 1)),
                ("ann", "other", "supervisor", date(2026, 6, 1), None),
            ],
            schema=dict(records.MEMBERS_SCHEMA),
            orient="row",
        )
        known = Records.from_frames(TAKEN, members=members).as_of(date(2026, 1, 15))
        assert known.taken.rows() == [("ann", "a", date(2026, 1, 1), None)]
        assert known.contexts(["ann", "bob"]) == [["member:acme", "role:technician"], []]

    def test_a_course_for_members_is_hidden_from_others(self) -> None:
        courses = pl.DataFrame(
            [("a", None, None), ("b", "acme", None)], schema=dict(records.COURSES_SCHEMA), orient="row"
        )
        members = pl.DataFrame(
            [("ann", "acme", "technician", date(2025, 1, 1), None)], schema=dict(records.MEMBERS_SCHEMA), orient="row"
        )
        found = Records.from_frames(TAKEN, courses=courses, members=members).visible(["ann", "bob"])
        assert found.tolist() == [[True, True], [True, False]]


def test_the_database_and_the_models_mean_the_same_columns() -> None:
    pairs = [
        (records.TAKEN_SCHEMA, extract.TAKEN),
        (records.COURSES_SCHEMA, extract.COURSES),
        (records.PATHS_SCHEMA, extract.PATHS),
        (records.MEMBERS_SCHEMA, extract.MEMBERS),
        (person.COURSES_SCHEMA, service.COURSES),
        (person.NEEDS_SCHEMA, service.NEEDS),
        (person.LAPSES_SCHEMA, service.LAPSES),
        (person.STEPS_SCHEMA, service.STEPS),
        (person.WISHES_SCHEMA, service.WISHES),
    ]
    for wanted, given in pairs:
        assert dict(wanted) == dict(given)

"""Records of mentors as they stood at an instant: what ended later does not count, what runs takes a place."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from models.matching.as_of import RecordsAsOf
from models.matching.labels import HISTORY_COLUMNS
from tests.models.matching.match_world import mentor, mentors_of


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def accepted(mentor_id: str, ended_at: datetime | None, *, is_completed: bool, rating: int | None) -> dict[str, Any]:
    return {
        "mentee_id": "mentee",
        "mentor_id": mentor_id,
        "is_requested": True,
        "requested_at": day(1, 1),
        "is_accepted": True,
        "is_completed": is_completed if ended_at else None,
        "rating": rating,
        "ended_at": ended_at,
    }


HISTORY = pl.DataFrame(
    [
        accepted("a", day(1, 10), is_completed=True, rating=5),
        accepted("a", day(3, 10), is_completed=False, rating=1),
        accepted("a", None, is_completed=False, rating=None),
        accepted("b", day(2, 10), is_completed=True, rating=None),
    ],
    schema=HISTORY_COLUMNS,
)


@pytest.mark.requirement("MEN-03")
@pytest.mark.parametrize(
    ("at", "of_a", "of_b"),
    [
        (day(1, 1), (0, 0, 0, 0, 4), (0, 0, 0, 0, 4)),
        (day(1, 10), (0, 0, 0, 0, 1), (0, 0, 0, 0, 3)),
        (day(1, 11), (1, 1, 5, 1, 2), (0, 0, 0, 0, 3)),
        (day(3, 1), (1, 1, 5, 1, 2), (1, 1, 0, 0, 4)),
        (day(4, 1), (1, 2, 6, 2, 3), (1, 1, 0, 0, 4)),
    ],
)
def test_only_what_had_ended_before_counts(at: datetime, of_a: tuple[int, ...], of_b: tuple[int, ...]) -> None:
    """Completed, ended, sum and number of ratings, and free places of four."""
    mentors = mentors_of(mentor(mentor_id="a", capacity_left=4), mentor(mentor_id="b", capacity_left=4))
    found = RecordsAsOf(mentors, HISTORY).mentors_at(at)
    counts = (found.completed_count, found.ended_count, found.rating_sum, found.rating_count, found.capacity_left)
    assert [tuple(each) for each in zip(*counts, strict=True)] == [of_a, of_b]

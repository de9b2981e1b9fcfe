"""When near-misses count as repeated, how repetitions are spaced, and that no seven days hold more than the budget."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.reinforcement import rules
from operational_db.reinforcement.rules import Offer

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = UUID(int=1)


@pytest.mark.requirement("EMB-12")
class TestRepeated:
    @pytest.mark.parametrize(
        ("days_ago", "is_repeated"),
        [
            ([], False),
            ([0], False),
            ([0, 13.999], True),
            ([0, 14], False),
            ([5, 6], True),
            ([14, 15, 16], False),
            ([0, -1], False),
        ],
    )
    def test_two_in_fourteen_days(self, days_ago: list[float], is_repeated: bool) -> None:
        times = [NOW - timedelta(days=days) for days in days_ago]
        assert rules.is_repeated(times, now=NOW) is is_repeated


class TestSpacing:
    def test_grows_with_every_pass_until_the_lesson_sits(self) -> None:
        state, now, waits = rules.first_state(KEY, now=NOW), NOW, list[timedelta]()
        while not waits or waits[-1] <= rules.LEARNED_AFTER:
            state, due_at = rules.review(state, is_passed=True, now=now)
            waits.append(due_at - now)
            now = due_at
            assert len(waits) < 10
        assert waits == sorted(waits)
        assert waits[0] >= DAY
        assert rules.is_learned(now, now=now - waits[-1])

    def test_a_near_miss_after_it_brings_it_back_soon(self) -> None:
        state, due_at = rules.review(rules.first_state(KEY, now=NOW), is_passed=True, now=NOW)
        state, due_at = rules.review(state, is_passed=True, now=due_at)
        _, soon = rules.review(state, is_passed=False, now=due_at)
        _, later = rules.review(state, is_passed=True, now=due_at)
        assert soon < later

    def test_is_the_same_for_the_same_history(self) -> None:
        histories = [rules.review(rules.first_state(KEY, now=NOW), is_passed=True, now=NOW) for _ in range(2)]
        assert histories[0] == histories[1]


@pytest.mark.requirement("EMB-12")
class TestBudget:
    @pytest.mark.parametrize(
        ("offers", "minutes", "fits"),
        [
            ([], 5, True),
            ([(1, 5)], 5, True),
            ([(1, 5)], 6, False),
            ([(1, 2), (2, 2)], 1, False),
            ([(7, 5), (1, 5)], 5, True),
            ([(6.999, 5), (1, 2)], 2, False),
            ([], 11, False),
        ],
    )
    def test_two_and_ten_minutes_in_seven_days(self, offers: list[tuple[float, int]], minutes: int, fits: bool) -> None:
        made = [Offer(NOW - timedelta(days=days), Decimal(taken)) for days, taken in offers]
        assert rules.fits_budget(made, Decimal(minutes), now=NOW) is fits

    @given(st.lists(st.tuples(st.integers(0, 72), st.integers(1, 6)), max_size=60))
    def test_no_seven_days_hold_more_however_they_are_cut(self, entries: list[tuple[int, int]]) -> None:
        """Entries hours apart, each asking for a lesson of some minutes; an offer is made whenever it fits."""
        now, offers = NOW, list[Offer]()
        for hours, minutes in entries:
            now += timedelta(hours=hours)
            if rules.fits_budget(offers, Decimal(minutes), now=now):
                offers.append(Offer(now, Decimal(minutes)))
        for first in offers:
            week = [each for each in offers if timedelta(0) <= each.offered_at - first.offered_at < 7 * DAY]
            assert len(week) <= 2
            assert sum(each.minutes for each in week) <= 10

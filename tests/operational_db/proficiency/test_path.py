"""The shortest path is the shortest: compared with trying every set of lessons."""

from decimal import Decimal
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operational_db.proficiency.path import MOST_REQUIREMENTS, Ways, shortest_path

LESSONS = [UUID(int=number) for number in range(1, 8)]
SINGLE = st.lists(st.sampled_from(LESSONS).map(lambda lesson: frozenset({lesson})), min_size=1, max_size=5)
BUNDLED = st.lists(st.frozensets(st.sampled_from(LESSONS), min_size=1, max_size=4), min_size=1, max_size=3)
WAYS = st.lists(SINGLE | BUNDLED, min_size=0, max_size=5)
MINUTES = st.lists(st.integers(1, 9).map(Decimal), min_size=len(LESSONS), max_size=len(LESSONS))


def every_cost(ways: list[Ways], minutes: dict[UUID, Decimal]) -> tuple[int, Decimal]:
    """Length and minutes of the best of all sets of lessons."""
    costs = [
        (size, sum((minutes[lesson] for lesson in chosen), Decimal(0)))
        for size in range(len(LESSONS) + 1)
        for chosen in combinations(LESSONS, size)
        if all(any(way <= set(chosen) for way in each) for each in ways)
    ]
    return min(costs)


@pytest.mark.requirement("EMB-08")
class TestShortestPath:
    @settings(max_examples=300)
    @given(WAYS, MINUTES)
    def test_no_other_set_is_shorter_or_takes_fewer_minutes(self, ways: list[Ways], numbers: list[Decimal]) -> None:
        minutes = dict(zip(LESSONS, numbers, strict=True))
        found = shortest_path(ways, minutes)
        assert found is not None
        assert all(any(way <= found for way in each) for each in ways)
        cost = (len(found), sum((minutes[lesson] for lesson in found), Decimal(0)))
        assert cost == every_cost(ways, minutes)

    @given(WAYS, MINUTES, st.randoms(use_true_random=False))
    def test_the_order_of_what_is_asked_changes_nothing_in_its_cost(self, ways: list[Ways], numbers, chance) -> None:  # type: ignore[no-untyped-def]
        minutes = dict(zip(LESSONS, numbers, strict=True))
        shuffled = [chance.sample(list(each), len(each)) for each in chance.sample(ways, len(ways))]
        first, second = shortest_path(ways, minutes), shortest_path(shuffled, minutes)
        assert first is not None and second is not None
        assert len(first) == len(second)
        assert sum(minutes[lesson] for lesson in first) == sum(minutes[lesson] for lesson in second)

    def test_one_long_lesson_for_two_scopes_is_shorter_than_two(self) -> None:
        both, one, other = LESSONS[:3]
        minutes = {both: Decimal(30), one: Decimal(2), other: Decimal(2)}
        ways = [[frozenset({one}), frozenset({both})], [frozenset({other}), frozenset({both})]]
        assert shortest_path(ways, minutes) == frozenset({both})

    def test_of_equally_many_the_quicker_is_taken(self) -> None:
        slow, quick = LESSONS[:2]
        assert shortest_path(
            [[frozenset({slow}), frozenset({quick})]], {slow: Decimal(5), quick: Decimal(4)}
        ) == frozenset({quick})

    def test_nothing_asked_is_nothing_to_do(self) -> None:
        assert shortest_path([], {}) == frozenset()

    def test_what_no_lesson_meets_has_no_path(self) -> None:
        assert shortest_path([[]], {}) is None

    def test_more_than_any_rule_asks_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at most"):
            shortest_path([[frozenset({LESSONS[0]})]] * (MOST_REQUIREMENTS + 1), {LESSONS[0]: Decimal(1)})

"""The shortest way to meet several requirements at once: fewest lessons, and of these the fewest minutes. Pure.

Each requirement can be met in several ways, each a set of lessons. Exact: every way of a requirement with larger sets
is tried, and the rest, where single lessons meet requirements, is a set cover solved over subsets of requirements.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import product
from uuid import UUID

Ways = Sequence[frozenset[UUID]]
# Requirements that single lessons meet: more would make 2**n large, and no rule has as many.
MOST_REQUIREMENTS = 16


def shortest_path(ways: Sequence[Ways], minutes: Mapping[UUID, Decimal]) -> frozenset[UUID] | None:
    """The smallest set of lessons that holds at least one way of every requirement; None when one has no way.

    Ties are broken by the sum of minutes, then by the lessons' ids, so that the answer is always the same.

    Raises
    ------
    ValueError
        When more requirements are asked for than any rule can have.
    """
    if any(not each for each in ways):
        return None
    if len(ways) > MOST_REQUIREMENTS:
        raise ValueError(f"A rule has at most {MOST_REQUIREMENTS} requirements.")
    single = [each for each in ways if all(len(way) <= 1 for way in each)]
    bundled = [each for each in ways if any(len(way) > 1 for way in each)]
    candidates = [
        _cover(frozenset().union(*chosen), single, minutes) for chosen in product(*(_minimal(each) for each in bundled))
    ]
    return min(candidates, key=lambda lessons: _cost(lessons, minutes))


def _minimal(ways: Ways) -> list[frozenset[UUID]]:
    """The ways that contain no other one; an empty way (nothing is missing) leaves no other."""
    return [way for way in set(ways) if not any(other < way for other in ways)]


def _cover(taken: frozenset[UUID], single: Sequence[Ways], minutes: Mapping[UUID, Decimal]) -> frozenset[UUID]:
    """The cheapest lessons that, besides those taken anyway, meet each requirement with a single lesson."""
    open_requirements = [
        {lesson for way in ways for lesson in way}
        for ways in single
        if frozenset() not in ways and not any(way <= taken for way in ways)
    ]
    masks: dict[UUID, int] = {}
    for bit, lessons in enumerate(open_requirements):
        for lesson in lessons:
            masks[lesson] = masks.get(lesson, 0) | 1 << bit
    best: dict[int, frozenset[UUID]] = {0: frozenset()}
    everything = (1 << len(open_requirements)) - 1
    # By requirements met: every set that a lesson is added to has been settled before.
    for mask in range(everything):
        former = best.get(mask)
        if former is None:
            continue
        for lesson, meets in masks.items():
            reached = mask | meets
            if reached == mask:
                continue
            added = former | {lesson}
            if reached not in best or _cost(added, minutes) < _cost(best[reached], minutes):
                best[reached] = added
    return taken | best[everything]


def _cost(lessons: frozenset[UUID], minutes: Mapping[UUID, Decimal]) -> tuple[int, Decimal, list[UUID]]:
    return len(lessons), sum((minutes[lesson] for lesson in lessons), Decimal(0)), sorted(lessons)

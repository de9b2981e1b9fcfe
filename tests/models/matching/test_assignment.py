"""Assignments of a cohort: best possible, stable, within capacity, and compared on the same terms."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.matching.assignment import (
    InvalidAssignmentError,
    Method,
    assign,
    compare_assignments,
    count_blocking_pairs,
    gini,
    load_spread,
)

Matrix = NDArray[np.float64]


def cohort(
    seed: int, mentees: int, mentors: int, *, forbidden: float = 0.0
) -> tuple[Matrix, NDArray[np.int64], Matrix]:
    """Values, capacities and what mentors prefer; some pairs forbidden."""
    random = np.random.default_rng(seed)
    values = random.random((mentees, mentors))
    values[random.random(values.shape) < forbidden] = np.nan
    return values, random.integers(0, 3, size=mentors), random.random((mentees, mentors))


def every_assignment(values: Matrix, capacities: NDArray[np.int64]) -> Iterator[tuple[int, ...]]:
    mentors = range(-1, values.shape[1])
    for chosen in itertools.product(mentors, repeat=len(values)):
        loads = np.bincount([mentor for mentor in chosen if mentor >= 0], minlength=len(capacities))
        is_allowed = all(mentor < 0 or not np.isnan(values[row, mentor]) for row, mentor in enumerate(chosen))
        if (loads <= capacities).all() and is_allowed:
            yield chosen


def total(values: Matrix, chosen: tuple[int, ...]) -> float:
    return sum(float(values[row, mentor]) for row, mentor in enumerate(chosen) if mentor >= 0)


class TestAssign:
    @pytest.mark.parametrize("seed", range(8))
    def test_the_optimum_is_the_best_of_all_assignments(self, seed: int) -> None:
        values, capacities, _ = cohort(seed, 4, 4, forbidden=0.2)
        best = max(total(values, chosen) for chosen in every_assignment(values, capacities))
        assert assign(values, capacities).total_value == pytest.approx(best, abs=1e-6)

    def test_the_optimum_is_that_of_another_solver(self) -> None:
        from scipy.optimize import linear_sum_assignment

        values = np.random.default_rng(5).random((120, 50))
        mentees, places = linear_sum_assignment(np.repeat(values, 3, axis=1), maximize=True)
        expected = values[mentees, places // 3].sum()
        assert assign(values, np.full(50, 3)).total_value == pytest.approx(expected, abs=1e-5)

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 6), st.sampled_from(Method))
    def test_no_method_goes_over_capacity_or_takes_a_forbidden_pair(
        self, seed: int, mentees: int, mentors: int, method: Method
    ) -> None:
        values, capacities, preferences = cohort(seed, mentees, mentors, forbidden=0.3)
        found = assign(values, capacities, None, preferences, method)
        matched = np.flatnonzero(found.mentor_of >= 0)
        assert (found.loads <= capacities).all()
        assert not np.isnan(values[matched, found.mentor_of[matched]]).any()
        assert found.total_value == pytest.approx(values[matched, found.mentor_of[matched]].sum())

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 6))
    def test_nobody_blocks_the_stable_one(self, seed: int, mentees: int, mentors: int) -> None:
        values, capacities, preferences = cohort(seed, mentees, mentors, forbidden=0.3)
        assert assign(values, capacities, None, preferences, Method.STABLE).blocking_pairs == 0

    @pytest.mark.parametrize("seed", range(5))
    def test_the_stable_one_is_the_librarys(self, seed: int) -> None:
        from matching.games import HospitalResident

        random = np.random.default_rng(seed)
        mentees, mentors, capacity = 12, 6, 2
        likes, liked = random.random((mentees, mentors)), random.random((mentees, mentors))
        solved = HospitalResident.create_from_dictionaries(
            {f"e{row}": [f"o{mentor}" for mentor in np.argsort(-likes[row])] for row in range(mentees)},
            {f"o{mentor}": [f"e{row}" for row in np.argsort(-liked[:, mentor])] for mentor in range(mentors)},
            {f"o{mentor}": capacity for mentor in range(mentors)},
        ).solve(optimal="resident")
        expected = {str(mentee.name): str(mentor.name) for mentor, chosen in solved.items() for mentee in chosen}
        found = assign(likes, np.full(mentors, capacity), likes, liked, Method.STABLE).mentor_of
        assert {f"e{row}": f"o{mentor}" for row, mentor in enumerate(found) if mentor >= 0} == expected

    def test_greedy_takes_the_best_pair_first(self) -> None:
        values = np.array([[0.9, 0.8], [0.85, 0.1]])
        assert assign(values, [1, 1], method=Method.GREEDY).mentor_of.tolist() == [0, 1]
        assert assign(values, [1, 1], method=Method.OPTIMAL).mentor_of.tolist() == [1, 0]

    def test_load_is_spread_where_it_costs_little(self) -> None:
        values = np.array([[0.90, 0.88], [0.90, 0.88]])
        assert assign(values, [2, 2], method=Method.OPTIMAL).loads.tolist() == [2, 0]
        assert assign(values, [2, 2], method=Method.SPREAD).loads.tolist() == [1, 1]

    def test_a_pair_without_value_beats_no_mentor(self) -> None:
        assert assign(np.zeros((2, 1)), [2]).matched == 2

    @pytest.mark.parametrize("method", Method)
    def test_nobody_to_give_to_leaves_all_without(self, method: Method) -> None:
        assert assign(np.full((3, 2), np.nan), [1, 1], method=method).matched == 0
        assert assign(np.ones((3, 2)), [0, 0], method=method).matched == 0
        assert assign(np.ones((0, 2)), [1, 1], method=method).matched == 0

    @pytest.mark.parametrize(
        ("values", "capacities", "preferences"),
        [
            (np.ones(3), [1], None),
            (np.ones((2, 2)), [1], None),
            (np.ones((2, 2)), [1, -1], None),
            (np.ones((2, 2)), [1, 1.5], None),
            (-np.ones((2, 2)), [1, 1], None),
            (np.full((2, 2), np.inf), [1, 1], None),
            (np.ones((2, 2)), [1, 1], np.ones((2, 3))),
        ],
    )
    def test_what_does_not_fit_is_refused(self, values: Matrix, capacities: list[float], preferences: Matrix) -> None:
        with pytest.raises(InvalidAssignmentError):
            assign(values, capacities, preferences)


class TestComparison:
    def test_each_method_wins_by_what_it_is_for(self) -> None:
        values, capacities, preferences = cohort(3, 40, 15)
        frame, made = compare_assignments(values, capacities, values, preferences)
        row = {each["method"]: each for each in frame.iter_rows(named=True)}
        assert frame["method"].to_list() == list(Method)
        assert row["optimal"]["share_of_best"] == 1.0
        assert all(each["total_value"] <= row["optimal"]["total_value"] + 1e-6 for each in row.values())
        assert row["stable"]["blocking_pairs"] == 0 < row["optimal"]["blocking_pairs"]
        assert row["spread"]["spread"] <= row["optimal"]["spread"]
        assert all(each["matched"] + each["unmatched"] == 40 for each in row.values())
        assert made[Method.STABLE].blocking_pairs == 0

    def test_a_blocking_pair_wants_each_other_more_than_what_they_got(self) -> None:
        likes = np.array([[2.0, 1.0], [2.0, 1.0]])
        liked = np.array([[2.0, 1.0], [1.0, 2.0]])
        one_each = np.array([1, 1])
        assert count_blocking_pairs(np.array([1, 0]), one_each, likes, liked) == 1
        assert count_blocking_pairs(np.array([0, 1]), one_each, likes, liked) == 0
        assert count_blocking_pairs(np.array([-1, 0]), one_each, likes, liked) == 2

    def test_spread_is_none_when_all_are_equally_busy(self) -> None:
        assert load_spread([2, 2, 4], [1, 1, 2]) == 0
        assert load_spread([3, 0, 0], [3, 3, 0]) == pytest.approx(0.5)
        assert gini([]) == 0
        assert gini([0, 0, 0, 8]) == pytest.approx(0.75)


def test_many_mentees_who_all_want_the_same_mentors_are_assigned() -> None:
    random = np.random.default_rng(0)
    values = (random.random(200) + 0.1 * random.random((400, 1)) * random.random((400, 200))) / 2
    found = assign(values, np.full(200, 3))
    assert found.matched == 400
    # Nearly only the best two thirds of the mentors, all of them full.
    assert (found.loads[np.argsort(-values.mean(axis=0))[:120]] == 3).all()

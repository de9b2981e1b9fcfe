"""Exploration: the chances told are those that happen, other orders can be judged by them, and bounds hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.matching.exploration import Bounds, explored_order, placing_chances

SCORES = st.lists(st.floats(0, 100), min_size=0, max_size=40)
BOUNDS = st.builds(
    lambda keep, more, floor: Bounds(depth=keep + more, floor=floor, keep=keep),
    st.integers(0, 5),
    st.integers(0, 20),
    st.floats(0, 100),
)


class TestChances:
    @pytest.mark.requirement("MEN-03")
    @settings(max_examples=10, deadline=None)
    @given(
        scores=st.lists(st.floats(0, 100), min_size=2, max_size=9),
        epsilon=st.floats(0, 1),
        bounds=BOUNDS,
        seed=st.integers(0, 1000),
    )
    def test_told_chances_are_those_that_happen(
        self, scores: list[float], epsilon: float, bounds: Bounds, seed: int
    ) -> None:
        """2,000 lists each: within five standard errors, at most 0.056, and a few lists more for what is rare."""
        random, repetitions = np.random.default_rng(seed), 2_000
        happened = np.zeros((len(scores), len(scores)))
        for _ in range(repetitions):
            shown = explored_order(scores, random=random, epsilon=epsilon, bounds=bounds)
            happened[shown.order, np.arange(len(scores))] += 1 / repetitions
        told = placing_chances(scores, epsilon=epsilon, bounds=bounds)
        margin = 5 * np.sqrt(told * (1 - told) / repetitions) + 6 / repetitions
        assert (np.abs(happened - told) <= margin).all()

    @given(scores=SCORES, epsilon=st.floats(0, 1), bounds=BOUNDS, seed=st.integers(0, 1000))
    def test_the_list_carries_the_chance_of_each_of_its_places(
        self, scores: list[float], epsilon: float, bounds: Bounds, seed: int
    ) -> None:
        shown = explored_order(scores, random=np.random.default_rng(seed), epsilon=epsilon, bounds=bounds)
        told = placing_chances(scores, epsilon=epsilon, bounds=bounds)
        np.testing.assert_allclose(shown.propensities, told[shown.order, np.arange(len(scores))], atol=1e-12)
        assert (shown.propensities > 0).all() or epsilon == 1
        np.testing.assert_allclose(told.sum(axis=0), 1)
        np.testing.assert_allclose(told.sum(axis=1), 1)

    @pytest.mark.requirement("MEN-03")
    def test_another_order_can_be_judged_from_what_was_shown(self) -> None:
        """Inverse propensity: the clicks a reversed list would have got, out of lists hardly ever reversed."""
        random, scores, epsilon = np.random.default_rng(0), np.array([90.0, 80, 70, 60, 50]), 0.3
        interest, attention = np.array([0.1, 0.2, 0.3, 0.5, 0.9]), 1 / np.arange(1, 6)
        target = np.arange(5)[::-1]
        estimates = []
        for _ in range(20_000):
            shown = explored_order(scores, random=random, epsilon=epsilon)
            clicks = random.random(5) < interest[shown.order] * attention
            estimates.append((clicks * (shown.order == target) / shown.propensities).sum())
        truth = (interest[target] * attention).sum()
        error = np.std(estimates) / np.sqrt(len(estimates))
        assert abs(np.mean(estimates) - truth) < 4 * error < 0.15 * truth

    @given(scores=SCORES, epsilon=st.floats(0, 1), bounds=BOUNDS, shown=st.integers(0, 40))
    def test_as_many_are_shown_as_there_are_places(
        self, scores: list[float], epsilon: float, bounds: Bounds, shown: int
    ) -> None:
        chances = placing_chances(scores, epsilon=epsilon, bounds=bounds)[:, :shown]
        assert chances.sum() == pytest.approx(min(shown, len(scores)))


class TestBounds:
    @pytest.mark.requirement("MEN-03")
    @given(scores=SCORES, bounds=BOUNDS, seed=st.integers(0, 1000))
    def test_nobody_below_the_floor_or_beyond_the_depth_is_moved(
        self, scores: list[float], bounds: Bounds, seed: int
    ) -> None:
        best = np.argsort(-np.array(scores), kind="stable")
        shown = explored_order(scores, random=np.random.default_rng(seed), epsilon=1, bounds=bounds)
        assert sorted(shown.order.tolist()) == list(range(len(scores)))
        for place, index in enumerate(best):
            if scores[index] < bounds.floor or place >= bounds.depth or place < bounds.keep:
                assert shown.order[place] == index
                assert shown.propensities[place] == 1

    @given(scores=SCORES, bounds=BOUNDS, seed=st.integers(0, 1000))
    def test_nobody_below_the_floor_stands_before_one_above(
        self, scores: list[float], bounds: Bounds, seed: int
    ) -> None:
        shown = explored_order(scores, random=np.random.default_rng(seed), epsilon=1, bounds=bounds)
        is_above = np.array(scores)[shown.order] >= bounds.floor
        assert (np.diff(is_above.astype(int)) <= 0).all()

    def test_without_exploration_the_best_order_is_certain(self) -> None:
        shown = explored_order([10.0, 90.0, 50.0], random=np.random.default_rng(0), epsilon=0)
        assert shown.order.tolist() == [1, 2, 0]
        assert shown.propensities.tolist() == [1, 1, 1]
        assert shown.is_explored is False

    def test_equal_scores_keep_their_order(self) -> None:
        assert explored_order([50.0] * 4, random=np.random.default_rng(0), epsilon=0).order.tolist() == [0, 1, 2, 3]

    def test_the_person_herself_is_in_no_list(self) -> None:
        scores = [90.0, -np.inf, 80.0, np.nan]
        for seed in range(20):
            shown = explored_order(scores, random=np.random.default_rng(seed), epsilon=1)
            assert sorted(shown.order.tolist()) == [0, 2]
        assert placing_chances(scores).sum(axis=1).tolist() == [1, 0, 1, 0]

    def test_nobody_makes_an_empty_list(self) -> None:
        assert explored_order([], random=np.random.default_rng(0)).order.tolist() == []

    def test_the_same_seed_gives_the_same_list(self) -> None:
        lists = [explored_order(range(50, 90), random=np.random.default_rng(7), epsilon=1).order for _ in range(2)]
        assert lists[0].tolist() == lists[1].tolist() != sorted(lists[0].tolist(), reverse=True)

    @pytest.mark.parametrize("epsilon", [-0.1, 1.1, float("nan")])
    def test_a_share_that_is_none_is_refused(self, epsilon: float) -> None:
        with pytest.raises(ValueError, match="between 0 and 1"):
            explored_order([1.0], random=np.random.default_rng(0), epsilon=epsilon)

    def test_bounds_that_keep_more_than_they_move_are_refused(self) -> None:
        with pytest.raises(ValueError, match="keeps between"):
            Bounds(depth=3, keep=4)

"""The written score: weights, bounds, and points in tenths that add up to the score exactly."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.matching.factors import FACTORS, FEATURES
from models.matching.formula import WEIGHTS, formula_points, formula_score, rounded_points

SHARES = st.lists(st.floats(0, 1), min_size=len(FACTORS), max_size=len(FACTORS))


class TestScore:
    @pytest.mark.requirement("MEN-02")
    def test_weights_are_30_20_15_15_10_10(self) -> None:
        assert WEIGHTS.tolist() == [30, 20, 15, 15, 10, 10]
        assert formula_points(np.eye(6)).sum(axis=1).tolist() == [30, 20, 15, 15, 10, 10]

    @pytest.mark.requirement("MEN-02")
    def test_nothing_is_0_and_everything_100(self) -> None:
        assert formula_score(np.repeat([[0.0], [1.0], [0.5]], 6, axis=1)).tolist() == [0, 100, 50]

    def test_further_features_do_not_count(self) -> None:
        features = np.ones(len(FEATURES))
        features[len(FACTORS) :] = 0.3
        assert formula_score(features) == 100

    @given(SHARES)
    def test_score_lies_between_0_and_100(self, factors: list[float]) -> None:
        assert 0 <= formula_score(factors) <= 100 + 1e-9


class TestRoundedPoints:
    @pytest.mark.requirement("MEN-02")
    @example([1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    @example([0.001666] * 6)
    @given(SHARES)
    def test_points_of_the_formula_add_up_to_its_score_exactly(self, factors: list[float]) -> None:
        score, parts = rounded_points(formula_points(factors))
        assert sum(parts) == score
        assert abs(float(score) - float(formula_score(factors))) <= 0.05 + 1e-9
        for part, exact in zip(parts, formula_points(factors), strict=True):
            assert abs(float(part) - exact) < 0.1 + 1e-9
            assert part >= 0

    @given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
    def test_any_points_add_up_exactly(self, points: list[float]) -> None:
        score, parts = rounded_points(points)
        assert sum(parts) == score
        assert all(abs(float(part) - exact) < 0.1 + 1e-9 for part, exact in zip(parts, points, strict=True))

    def test_the_largest_remainder_gets_the_tenth(self) -> None:
        score, parts = rounded_points([10.01, 10.09, 0.0])
        assert (score, parts) == (Decimal("20.1"), [Decimal("10.0"), Decimal("10.1"), Decimal("0.0")])

    def test_nothing_is_nothing(self) -> None:
        assert rounded_points([0.0, 0.0]) == (Decimal(0), [Decimal(0), Decimal(0)])

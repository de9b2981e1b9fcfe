"""The additive model: starts at the written weights, moves with evidence, keeps to its directions, adds up."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import kendalltau
from sklearn.metrics import log_loss
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.matching.additive import AdditiveMatcher
from models.matching.factors import FACTOR_NAMES, FEATURE_NAMES, FEATURES
from models.matching.formula import formula_score
from models.matching.matcher import create_head

Doubles = NDArray[np.float64]
COUNT = len(FEATURES)
ROOM, IS_REMOTE, PROXIMITY = (FEATURE_NAMES.index(name) for name in ("room", "is_remote_pair", "proximity"))


def features_of(count: int, seed: int = 0) -> Doubles:
    return np.random.default_rng(seed).random((count, COUNT))


def truth(features: Doubles) -> Doubles:
    """Log odds that differ from the formula: distance hardly counts, room does, in a curve, meeting remotely harms."""
    return np.asarray(-2.5 + 2 * features[:, 0] + 3 * features[:, ROOM] ** 2 - features[:, IS_REMOTE])


def outcomes_of(features: Doubles, seed: int = 1) -> NDArray[np.int64]:
    chance = expit(truth(features))
    return np.asarray(np.random.default_rng(seed).random(len(features)) < chance, dtype=np.int64)


def agreement(model: AdditiveMatcher, features: Doubles) -> float:
    """Kendall's tau with the order of the formula."""
    return float(kendalltau(model.log_odds(features), formula_score(features)).statistic)


@parametrize_with_checks([AdditiveMatcher(), AdditiveMatcher(segments=3, strength=1.0, smoothness=0.0)])  # type: ignore[untyped-decorator]
def test_keeps_the_conventions_of_estimators(estimator: AdditiveMatcher, check: Any) -> None:
    check(estimator)


class TestPrior:
    @pytest.mark.requirement("MEN-03")
    @settings(max_examples=25, deadline=None)
    @given(
        seed=st.integers(0, 10_000),
        segments=st.integers(1, 20),
        scale=st.floats(0.5, 10),
        intercept=st.floats(-5, 5),
    )
    def test_without_outcomes_it_ranks_exactly_as_the_formula(
        self, seed: int, segments: int, scale: float, intercept: float
    ) -> None:
        # Tenths, so that many pairs have the same score.
        features = np.round(features_of(300, seed), 1)
        head = create_head(segments=segments, prior_scale=scale, prior_intercept=intercept).fit_prior()
        scores, odds = np.round(formula_score(features), 9), np.round(head.log_odds(features), 9)
        assert (np.sign(np.subtract.outer(scores, scores)) == np.sign(np.subtract.outer(odds, odds))).all()
        np.testing.assert_allclose(odds, intercept + scale * scores / 100, atol=1e-8)

    def test_features_without_a_weight_add_nothing(self) -> None:
        contributions = create_head().fit_prior().contributions(features_of(50))
        assert (contributions[:, len(FACTOR_NAMES) :] == 0).all()

    def test_outcomes_without_weight_change_nothing(self) -> None:
        features = features_of(30)
        head = create_head().fit(features, outcomes_of(features), sample_weight=np.full(30, 1e-12))
        np.testing.assert_allclose(head.log_odds(features), create_head().fit_prior().log_odds(features), atol=1e-6)


class TestEvidence:
    @pytest.mark.requirement("MEN-03")
    def test_few_outcomes_move_it_little_and_many_move_it_to_the_truth(self) -> None:
        test_features = features_of(2_000, seed=9)
        wanted = truth(test_features)
        agreements, misses = [], []
        for count in (0, 10, 100, 1_000, 20_000):
            features = features_of(count + 1)[:count]
            head = create_head().fit(features, outcomes_of(features)) if count else create_head().fit_prior()
            agreements.append(agreement(head, test_features))
            odds = head.log_odds(test_features)
            misses.append(float(np.sqrt(np.mean((odds - wanted) ** 2))))
        assert agreements[0] == pytest.approx(1, abs=1e-9)
        assert agreements[1] > 0.9
        assert agreements[1] > agreements[2] > agreements[3] > agreements[4]
        assert misses[0] > misses[2] > misses[3] > misses[4]
        assert misses[4] < 0.15

    def test_it_learns_better_chances_than_the_formula_could_give(self) -> None:
        features, later = features_of(5_000), features_of(5_000, seed=5)
        head = create_head().fit(features, outcomes_of(features))
        line = AdditiveMatcher(segments=1, strength=1e-6).fit(formula_score(features)[:, None], outcomes_of(features))
        happened = outcomes_of(later, seed=6)
        learned = log_loss(happened, head.predict_proba(later)[:, 1])
        formula = log_loss(happened, line.predict_proba(formula_score(later)[:, None])[:, 1])
        best = log_loss(happened, expit(truth(later)))
        assert best < learned < best + 0.01 < formula

    def test_outcomes_of_one_class_are_enough_beside_a_prior(self) -> None:
        features = features_of(20)
        head = create_head().fit(features, np.ones(20, dtype=int))
        assert head.classes_.tolist() == [0, 1]
        assert (
            head.predict_proba(features)[:, 1].mean() > create_head().fit_prior().predict_proba(features)[:, 1].mean()
        )
        assert agreement(head, features_of(500, seed=3)) > 0.9

    def test_weights_count_like_repeated_outcomes(self) -> None:
        features, weights = features_of(200), np.random.default_rng(4).integers(0, 4, 200)
        happened = outcomes_of(features)
        weighted = create_head().fit(features, happened, sample_weight=weights)
        repeated = create_head().fit(np.repeat(features, weights, axis=0), np.repeat(happened, weights))
        np.testing.assert_allclose(weighted.log_odds(features), repeated.log_odds(features), atol=1e-5)

    def test_the_same_outcomes_give_the_same_model(self) -> None:
        features = features_of(3_000)
        first, second = (create_head().fit(features, outcomes_of(features)) for _ in range(2))
        assert first.steps_.tobytes() == second.steps_.tobytes()
        assert first.intercept_ == second.intercept_

    def test_chances_are_right_on_average(self) -> None:
        """The intercept is hardly held back, so that the mean chance is the share that happened."""
        features = features_of(2_000)
        happened = outcomes_of(features)
        chance = create_head().fit(features, happened).predict_proba(features)[:, 1]
        assert chance.mean() == pytest.approx(happened.mean(), abs=2e-3)


class TestConvergence:
    def test_a_start_far_off_still_ends_at_the_minimum(self) -> None:
        """From log odds of -25 a whole step of Newton's method would overshoot by far."""
        features = features_of(400)
        happened = outcomes_of(features)
        near, far = (create_head(strength=0.01, prior_intercept=start).fit(features, happened) for start in (-2.5, -25))
        assert log_loss(happened, far.predict_proba(features)[:, 1]) < 0.7
        for head in (near, far):
            assert 1 < head.n_iter_ < head.max_iter
        more_steps = create_head(strength=0.01, prior_intercept=-25, max_iter=500, tolerance=1e-14)
        np.testing.assert_allclose(
            far.log_odds(features), more_steps.fit(features, happened).log_odds(features), atol=1e-3
        )

    def test_it_stops_where_rounding_hides_every_further_step(self) -> None:
        features = features_of(300)
        exact = create_head(tolerance=0.0).fit(features, outcomes_of(features))
        assert exact.n_iter_ < exact.max_iter
        usual = create_head().fit(features, outcomes_of(features))
        np.testing.assert_allclose(exact.log_odds(features), usual.log_odds(features), atol=1e-3)

    def test_without_bounds_a_prior_reaches_from_0_to_1(self) -> None:
        prior = AdditiveMatcher(prior_weights=[0.5, 0.5]).fit_prior()
        np.testing.assert_allclose(prior.log_odds([[0, 0], [1, 1], [2, 2]]), [-3, 1, 1])

    def test_it_stops_after_the_steps_it_is_given(self) -> None:
        features = features_of(100)
        assert create_head(max_iter=1).fit(features, outcomes_of(features)).n_iter_ == 1


class TestDirections:
    @pytest.mark.requirement("MEN-03")
    @settings(max_examples=10, deadline=None)
    @given(seed=st.integers(0, 10_000))
    def test_what_may_only_help_never_harms_whatever_the_outcomes(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        features = features_of(400, seed)
        # Everything speaks against the pair.
        happened = (random.random(400) < expit(2 - 6 * features.mean(axis=1))).astype(int)
        head = create_head(strength=0.1).fit(features, happened)
        is_increasing = np.array([feature.is_increasing for feature in FEATURES])
        assert (head.steps_[is_increasing] >= 0).all()

    def test_other_features_may_go_either_way(self) -> None:
        features = features_of(5_000)
        head = create_head().fit(features, outcomes_of(features))
        assert head.knot_values_[IS_REMOTE, -1] < -0.5


class TestAddition:
    @pytest.mark.requirement("MEN-03")
    def test_contributions_and_intercept_are_the_log_odds(self) -> None:
        features = features_of(500)
        head = create_head().fit(features, outcomes_of(features))
        total = head.intercept_ + head.contributions(features).sum(axis=1)
        assert (total == head.log_odds(features)).all()
        np.testing.assert_allclose(expit(total), head.predict_proba(features)[:, 1], rtol=1e-12)

    def test_values_out_of_bounds_count_as_the_bound(self) -> None:
        head = create_head().fit_prior()
        beyond, bound = np.full((1, COUNT), 7.0), np.ones((1, COUNT))
        assert head.log_odds(beyond) == head.log_odds(bound)
        assert head.log_odds(-beyond) == pytest.approx(head.intercept_)


class TestRecalibrated:
    def test_odds_are_stretched_and_the_order_stays(self) -> None:
        features = features_of(300)
        head = create_head().fit(features, outcomes_of(features))
        other = head.recalibrated(0.5, -1)
        np.testing.assert_allclose(other.log_odds(features), 0.5 * head.log_odds(features) - 1, atol=1e-12)
        assert (np.argsort(other.log_odds(features)) == np.argsort(head.log_odds(features))).all()
        assert other.get_params() == head.get_params()

    @pytest.mark.parametrize("slope", [0.0, -1.0, float("nan")])
    def test_a_slope_that_turns_the_order_is_refused(self, slope: float) -> None:
        with pytest.raises(ValueError, match="positive slope"):
            create_head().fit_prior().recalibrated(slope, 0)


class TestRefusals:
    @pytest.mark.parametrize(
        ("model", "message"),
        [
            (AdditiveMatcher(prior_weights=[1.0]), "1 prior weights do not fit 3 features"),
            (AdditiveMatcher(monotone=[True]), "1 directions do not fit 3 features"),
        ],
    )
    def test_parameters_of_other_lengths(self, model: AdditiveMatcher, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            model.fit(np.random.default_rng(0).random((4, 3)), [0, 1, 0, 1])

    def test_three_classes(self) -> None:
        with pytest.raises(ValueError, match="Only binary classification"):
            create_head().fit(features_of(3), [0, 1, 2])

    def test_not_a_number(self) -> None:
        features = features_of(4)
        features[0, 0] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            create_head().fit(features, [0, 1, 0, 1])

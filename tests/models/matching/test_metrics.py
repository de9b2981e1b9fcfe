"""Measures agree with scikit-learn where it has them, and with hand-made cases where it has not."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, ndcg_score, roc_auc_score

from models.matching import metrics


@pytest.fixture
def rows() -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    chance = random.random(600).round(2)
    return {
        "happened": random.random(600) < chance,
        "chance": chance,
        "mentee": np.sort(random.integers(150, size=600)),
        "mentor": random.integers(40, size=600),
    }


class TestAgainstScikitLearn:
    def test_area_with_ties(self, rows: dict[str, np.ndarray]) -> None:
        statistic = metrics.auc_statistic(rows["happened"], rows["chance"], rows["mentee"], 150)
        assert statistic.value == pytest.approx(roc_auc_score(rows["happened"], rows["chance"]))

    def test_losses(self, rows: dict[str, np.ndarray]) -> None:
        chance = rows["chance"].clip(0.001, 0.999)
        assert metrics.log_losses(rows["happened"], chance).mean() == pytest.approx(log_loss(rows["happened"], chance))
        expected = brier_score_loss(rows["happened"], chance)
        assert metrics.brier_scores(rows["happened"], chance).mean() == pytest.approx(expected)

    def test_ndcg_of_judged_mentees(self, rows: dict[str, np.ndarray]) -> None:
        score = np.random.default_rng(1).random(600)
        found = metrics.ndcg_statistic(rows["happened"], score, rows["mentee"], np.arange(150), 150).value
        expected = []
        for mentee in range(150):
            own = rows["mentee"] == mentee
            happened = rows["happened"][own]
            if 0 < happened.sum() < happened.size:
                expected.append(ndcg_score([happened.astype(float)], [score[own]]))
        assert found == pytest.approx(np.mean(expected))

    def test_the_area_drawn_anew_is_that_of_the_drawn_rows(self, rows: dict[str, np.ndarray]) -> None:
        """The expansion used by the bootstrap, against the exact weighted area."""
        statistic = metrics.auc_statistic(rows["happened"], rows["chance"], rows["mentee"], 150)
        random = np.random.default_rng(2)
        weights = np.stack([np.bincount(random.integers(150, size=150), minlength=150) for _ in range(20)]).astype(
            float
        )
        exact = [
            roc_auc_score(rows["happened"], rows["chance"], sample_weight=weight[rows["mentee"]]) for weight in weights
        ]
        assert np.abs(statistic.resampled(weights) - exact).max() < 0.005


class TestCalibration:
    def test_what_comes_true_as_said_is_calibrated(self) -> None:
        random = np.random.default_rng(0)
        chance = random.random(50_000)
        happened = random.random(50_000) < chance
        assert metrics.calibration_error(happened, chance) < 0.01
        assert metrics.calibration_error(happened, chance**3) > 0.2

    def test_the_curve_has_ten_equal_parts_with_intervals(self) -> None:
        chance = np.linspace(0.01, 0.99, 1_000)
        curve = metrics.reliability_curve(np.random.default_rng(0).random(1_000) < chance, chance)
        assert [part["count"] for part in curve] == [100.0] * 10
        assert all(part["low"] <= part["observed"] <= part["high"] for part in curve)
        assert curve[0]["low"] >= 0 and curve[-1]["high"] <= 1

    def test_nothing_has_no_curve(self) -> None:
        assert metrics.reliability_curve(np.empty(0, dtype=bool), np.empty(0)) == []
        assert np.isnan(metrics.calibration_error(np.empty(0, dtype=bool), np.empty(0)))


class TestBothSides:
    def test_perfect_scores_reach_everything(self) -> None:
        happened = np.array([True, False, False, True])
        found = metrics.reciprocal_metrics(
            happened, happened.astype(float), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
        )
        assert found["rndcg"] == 1
        assert found["coverage"] == found["stability"] == 1

    def test_one_sided_lists_cover_but_are_not_stable(self) -> None:
        """The success is first for its mentee and last of five in its mentor's inbox."""
        mentee, mentor = np.arange(5), np.zeros(5, dtype=np.int64)
        happened = np.array([False, False, False, False, True])
        found = metrics.reciprocal_metrics(happened, np.array([5.0, 4.0, 3.0, 2.0, 1.0]), mentee, mentor)
        assert (found["coverage"], found["stability"]) == (1, 0)
        assert found["rndcg"] == pytest.approx(1 / np.log2(6))


class TestBootstrap:
    def test_the_same_has_no_difference(self) -> None:
        statistic = metrics.mean_statistic(np.arange(10.0), np.arange(10), 10)
        interval = metrics.bootstrap_difference(statistic, statistic, random_state=0)
        assert (interval.value, interval.low, interval.high) == (0, 0, 0)

    def test_the_interval_is_that_of_whole_clusters(self) -> None:
        """Each observation repeated nine times in its cluster: as wide as without repeating."""
        random = np.random.default_rng(0)
        values = random.normal(size=200)
        zero = metrics.mean_statistic(np.zeros(200), np.arange(200), 200)
        plain = metrics.bootstrap_difference(metrics.mean_statistic(values, np.arange(200), 200), zero, random_state=0)
        repeated = metrics.mean_statistic(np.repeat(values, 9), np.repeat(np.arange(200), 9), 200)
        whole = metrics.bootstrap_difference(repeated, zero, random_state=0)
        assert whole.high - whole.low == pytest.approx(plain.high - plain.low, rel=1e-9)
        assert plain.high - plain.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(200), rel=0.1)


class TestExposure:
    def test_attention_for_one_is_uneven(self) -> None:
        found = metrics.exposure(np.zeros(30, dtype=np.int64), 10)
        assert found == {"gini": pytest.approx(0.9), "top_decile_share": 1.0, "never_shown_share": 0.9}

    def test_attention_for_all_is_even(self) -> None:
        found = metrics.exposure(np.repeat(np.arange(10), 3), 10)
        assert found["gini"] == 0 and found["top_decile_share"] == pytest.approx(0.1)

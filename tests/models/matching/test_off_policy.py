"""Off-policy estimates recover the value of a policy that was never shown, where the plain average does not."""

import numpy as np
import pytest

from models.matching.off_policy import (
    InvalidLogError,
    doubly_robust,
    ips,
    logged_value,
    self_normalised,
)

ACTIONS = 5


class Log:
    """A logging policy that shows what turns out badly nine times in ten, and a target that does the opposite."""

    def __init__(self, seed: int, count: int = 4_000) -> None:
        random = np.random.default_rng(seed)
        context = random.random(count)
        # What an action is worth depends on the context; the log prefers action 0, the worst in most contexts.
        self.worth = 0.1 + 0.15 * np.arange(ACTIONS) * context[:, None]
        chances = np.full((count, ACTIONS), 0.1 / ACTIONS) + 0.9 * (np.arange(ACTIONS) == 0)
        action = (random.random((count, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(max=ACTIONS - 1)
        rows = np.arange(count)
        self.propensity = chances[rows, action]
        self.reward = (random.random(count) < self.worth[rows, action]).astype(float)
        best = np.where(context > 0.3, ACTIONS - 1, 1)
        self.target = (action == best).astype(float)
        self.value = float(self.worth[rows, best].mean())
        self.logged = self.worth[rows, action]
        self.predicted = self.worth[rows, best]
        self.clusters = random.integers(count // 4, size=count)


@pytest.mark.requirement("MEN-03")
class TestKnownValue:
    def test_the_plain_average_is_off(self) -> None:
        log = Log(0)
        estimate = logged_value(log.reward)
        assert estimate.high < log.value - 0.1

    @pytest.mark.parametrize("method", ["ips", "self_normalised", "doubly_robust"])
    def test_each_estimator_is_right_on_average_and_its_interval_holds(self, method: str) -> None:
        """Over 200 logs: no bias beyond its own noise, and the value within the interval about 95 times in 100."""
        found, truths, held = [], [], 0
        for seed in range(200):
            log = Log(seed, 2_000)
            if method == "ips":
                estimate = ips(log.target, log.propensity, log.reward)
            elif method == "self_normalised":
                estimate = self_normalised(log.target, log.propensity, log.reward)
            else:
                # A poor model: half of the truth.
                estimate = doubly_robust(log.target, log.propensity, log.reward, log.logged / 2, log.predicted / 2)
            found.append(estimate.value)
            truths.append(log.value)
            held += estimate.low <= log.value <= estimate.high
        errors = np.array(found) - np.array(truths)
        assert abs(errors.mean()) < 3 * errors.std() / np.sqrt(len(errors)) + 0.003
        assert held >= 176

    def test_a_good_model_makes_the_doubly_robust_interval_narrower(self) -> None:
        log = Log(1)
        plain = ips(log.target, log.propensity, log.reward)
        helped = doubly_robust(log.target, log.propensity, log.reward, log.logged, log.predicted)
        assert helped.high - helped.low < plain.high - plain.low
        assert helped.low <= log.value <= helped.high

    def test_a_right_model_needs_no_right_propensities(self) -> None:
        log = Log(2, 20_000)
        wrong = np.clip(log.propensity * 3, 0, 1)
        helped = doubly_robust(log.target, wrong, log.reward, log.logged, log.predicted)
        assert helped.value == pytest.approx(log.value, abs=0.02)
        assert abs(ips(log.target, wrong, log.reward).value - log.value) > 0.1


class TestEstimates:
    def test_agreement_with_the_log_everywhere_is_the_average(self) -> None:
        reward = np.array([1.0, 0.0, 1.0, 1.0])
        ones = np.ones(4)
        assert ips(ones, ones, reward).value == logged_value(reward).value == 0.75
        assert self_normalised(ones, ones, reward).effective_count == 4

    def test_rows_of_one_mentee_count_as_one_observation(self) -> None:
        log = Log(3)
        copies = {name: np.repeat(getattr(log, name), 4) for name in ("target", "propensity", "reward")}
        alone = ips(log.target, log.propensity, log.reward)
        naive = ips(copies["target"], copies["propensity"], copies["reward"])
        whole = ips(
            copies["target"], copies["propensity"], copies["reward"], clusters=np.repeat(np.arange(len(log.reward)), 4)
        )
        assert whole.high - whole.low == pytest.approx(alone.high - alone.low, rel=0.01)
        assert naive.high - naive.low == pytest.approx((alone.high - alone.low) / 2, rel=0.01)

    def test_huge_weights_are_cut_and_told(self) -> None:
        estimate = ips([1.0, 1.0], [1e-6, 1.0], [1.0, 0.0])
        assert estimate.clipped_share == 0.5
        assert estimate.value == 50.0

    def test_a_target_never_shown_has_no_value(self) -> None:
        assert np.isnan(self_normalised([0.0, 0.0], [0.5, 0.5], [1.0, 1.0]).value)
        assert np.isnan(ips([], [], []).value)

    @pytest.mark.parametrize("propensity", [[0.0, 0.5], [1.2, 0.5], [0.5]])
    def test_impossible_propensities_are_refused(self, propensity: list[float]) -> None:
        with pytest.raises(InvalidLogError):
            ips([1.0, 1.0], propensity, [1.0, 1.0])

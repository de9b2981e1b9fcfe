"""What another way of ranking would have come to, estimated from what was shown under the one in use.

Success is known only for what was shown, so averaging over it measures the shown, not the showable. Each estimator
here weighs by the logged chance of being shown (propensity); all take plain arrays, one entry per logged decision.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
# A weight beyond this says more about luck than about the ranking; what it costs in bias is bounded and documented.
LARGEST_WEIGHT = 100.0
NORMAL_95 = 1.959963984540054


class InvalidLogError(ValueError):
    """Arrays of different lengths, or propensities outside (0, 1]."""


@dataclass(frozen=True)
class Estimate:
    """Expected reward per decision with its 95 % interval.

    `effective_count` is how many equally weighted decisions the weighted ones are worth (Kish); `clipped_share` the
    share of decisions whose weight was cut to `LARGEST_WEIGHT`.
    """

    value: float
    low: float
    high: float
    effective_count: float
    clipped_share: float


def logged_value(reward: ArrayLike, *, clusters: ArrayLike | None = None) -> Estimate:
    """The plain average of what was logged: the value of the way of ranking in use, and of no other."""
    values = _doubles(reward)
    return _estimate(values, np.ones_like(values), clusters)


def ips(target: ArrayLike, propensity: ArrayLike, reward: ArrayLike, *, clusters: ArrayLike | None = None) -> Estimate:
    """Inverse propensity score: unbiased where every decision of the target had a chance under the logging policy.

    `target` is the chance (0..1) with which the policy to be judged takes the logged action; 1 or 0 for a fixed
    ranking. Intervals treat decisions of one cluster (for example one mentee) as one observation.
    """
    weights, _ = _weights(target, propensity)
    return _estimate(weights * _doubles(reward), weights, clusters, _clipped(target, propensity))


def self_normalised(
    target: ArrayLike, propensity: ArrayLike, reward: ArrayLike, *, clusters: ArrayLike | None = None
) -> Estimate:
    """Weighted average instead of weighted sum (Swaminathan and Joachims 2015): little bias, far less variance.

    Stays within the range of the rewards. NaN when the target never agrees with the log.
    """
    weights, clipped = _weights(target, propensity)
    rewards = _doubles(reward)
    total = weights.sum()
    if total == 0:
        return Estimate(np.nan, np.nan, np.nan, 0.0, clipped)
    value = float(weights @ rewards / total)
    # Delta method: the ratio's influence of each decision.
    influence = weights * (rewards - value) / weights.mean()
    error = _standard_error(influence, clusters)
    return Estimate(value, value - NORMAL_95 * error, value + NORMAL_95 * error, _effective(weights), clipped)


def doubly_robust(
    target: ArrayLike,
    propensity: ArrayLike,
    reward: ArrayLike,
    predicted_logged: ArrayLike,
    predicted_target: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
) -> Estimate:
    """A model's guess for the target, corrected by the weighted error on what was logged (Dudik et al. 2011).

    Right when either the propensities or the model are; the model must not have been trained on these decisions.
    `predicted_logged` is the model's reward of the logged action, `predicted_target` of what the target would do.
    """
    weights, clipped = _weights(target, propensity)
    values = _doubles(predicted_target) + weights * (_doubles(reward) - _doubles(predicted_logged))
    return _estimate(values, weights, clusters, clipped)


def _estimate(values: Doubles, weights: Doubles, clusters: ArrayLike | None, clipped: float = 0.0) -> Estimate:
    if not values.size:
        return Estimate(np.nan, np.nan, np.nan, 0.0, clipped)
    value = float(values.mean())
    error = _standard_error(values - value, clusters)
    return Estimate(value, value - NORMAL_95 * error, value + NORMAL_95 * error, _effective(weights), clipped)


def _standard_error(deviations: Doubles, clusters: ArrayLike | None) -> float:
    """Of the mean of deviations from it, summed within clusters."""
    count = deviations.size
    if clusters is None:
        sums = deviations
    else:
        _, codes = np.unique(np.asarray(clusters), return_inverse=True)
        sums = np.asarray(np.bincount(codes, weights=deviations), dtype=np.float64)
    groups = sums.size
    return float(np.sqrt((sums**2).sum() * groups / max(groups - 1, 1)) / count)


def _weights(target: ArrayLike, propensity: ArrayLike) -> tuple[Doubles, float]:
    chances, logged = _doubles(target), _doubles(propensity)
    if chances.shape != logged.shape:
        raise InvalidLogError(f"{chances.size} decisions and {logged.size} propensities.")
    if logged.size and not ((logged > 0) & (logged <= 1)).all():
        raise InvalidLogError("Propensities lie above 0 and at most at 1.")
    return np.minimum(chances / logged, LARGEST_WEIGHT), _clipped(target, propensity)


def _clipped(target: ArrayLike, propensity: ArrayLike) -> float:
    raw = _doubles(target) / _doubles(propensity)
    return float((raw > LARGEST_WEIGHT).mean()) if raw.size else 0.0


def _effective(weights: Doubles) -> float:
    squares = float((weights**2).sum())
    return float(weights.sum() ** 2 / squares) if squares else 0.0


def _doubles(values: ArrayLike) -> Doubles:
    return np.asarray(values, dtype=np.float64)

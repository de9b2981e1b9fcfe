"""A penalised additive logistic model whose prior is a weighted sum: the estimator behind the learned match.

Log odds = intercept + one piecewise-linear function per feature. The penalty pulls every function towards the straight
line of the written weights, so that without outcomes the formula is what is left, and each outcome moves it a little.
What the features are and what an outcome is does not belong here.
"""

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import lsq_linear
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from models.matching.profiles import Doubles, Floats

SMALLEST_SCALE = 0.05
_INTERCEPT_PRECISION = 1 / 9
_ROWS_AT_ONCE = 1 << 14
_SUFFICIENT_DECREASE = 1e-4
_SMALLEST_STEP = 1e-10


class AdditiveMatcher(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Additive logistic classifier of two classes, pulled towards a weighted sum of its features.

    Each feature has `segments` equal steps between its bounds; the value gained over each step is learned. With
    `prior_weights` w the steps of feature j are drawn to scale * w_j / segments, the scale being learned too; without
    them, to 0. Features marked in `monotone` may only gain. Values outside the bounds count as the nearest bound.

    Parameters
    ----------
    prior_weights
        Share of each feature in the prior's sum (None: no prior).
    monotone
        For each feature whether its function may not fall (None: none).
    bounds
        Lowest and highest value of every feature (None: those seen when fitting, of each feature).
    segments
        Straight pieces of each function.
    prior_scale, prior_intercept
        Log odds between the lowest and the highest sum, and at the lowest, before anything is known.
    strength
        Precision of the prior: 1 / variance, in squared log odds, of how far a function may end from its line.
    smoothness
        How much more a function's bends cost than its distance from the line.
    tolerance, max_iter
        Newton's method stops when the next step promises less than this share of a decrease, or after so many steps.
    """

    def __init__(
        self,
        *,
        prior_weights: Sequence[float] | None = None,
        monotone: Sequence[bool] | None = None,
        bounds: tuple[float, float] | None = None,
        segments: int = 8,
        prior_scale: float = 4.0,
        prior_intercept: float = -3.0,
        strength: float = 8.0,
        smoothness: float = 4.0,
        tolerance: float = 1e-10,
        max_iter: int = 50,
    ) -> None:
        self.prior_weights = prior_weights
        self.monotone = monotone
        self.bounds = bounds
        self.segments = segments
        self.prior_scale = prior_scale
        self.prior_intercept = prior_intercept
        self.strength = strength
        self.smoothness = smoothness
        self.tolerance = tolerance
        self.max_iter = max_iter

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to outcomes; with a prior and classes 0 and 1, outcomes of one class alone are enough.

        Raises
        ------
        ValueError
            When there are not two classes, or the arrays do not fit each other.
        """
        features, target = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(target)
        weight = _check_sample_weight(sample_weight, features, dtype=np.float64, ensure_non_negative=True)
        self.classes_ = np.unique(target)
        if self.prior_weights is not None and set(self.classes_.tolist()) <= {0, 1}:
            self.classes_ = np.array([0, 1])
        if len(self.classes_) != 2:
            text = "Only binary classification is supported" if len(self.classes_) > 2 else "One class is not enough"
            raise ValueError(f"{text}: the outcomes hold {len(self.classes_)} class(es).")
        # A row of no weight says nothing, not even how far the features reach.
        counted = weight > 0
        features, weight = features[counted], weight[counted]
        happened = (target[counted] == self.classes_[1]).astype(np.float64)
        self._set_bounds(features)
        # One thread: the sums then come out the same on any number of cores, and threads that wait for a busy machine
        # cost more than they bring.
        with threadpool_limits(1, user_api="blas"):
            self._learn(_ramps(self._positions(features), self.segments), happened, weight)
        return self

    def fit_prior(self, feature_count: int | None = None) -> Self:
        """Stand at the prior, without any outcome: the log odds are intercept + scale * weighted sum."""
        self.n_features_in_ = feature_count or len(self.prior_weights or ())
        self.classes_ = np.array([0, 1])
        self._set_bounds(np.empty((0, self.n_features_in_)))
        self._keep(self._prior_point(), 0)
        return self

    def contributions(self, X: ArrayLike) -> Doubles:
        """(rows, features): what each feature adds to the log odds; with `intercept_` they add up to `log_odds`."""
        check_is_fitted(self)
        return self._values_at(self._positions(validate_data(self, X, reset=False, dtype=np.float64)))

    def log_odds(self, X: ArrayLike) -> Doubles:
        check_is_fitted(self)
        odds: Doubles = self.intercept_ + self.contributions(X).sum(axis=1)
        return odds

    def decision_function(self, X: ArrayLike) -> Doubles:
        return self.log_odds(X)

    def predict_proba(self, X: ArrayLike) -> Doubles:
        """(rows, 2): chance of each class, in the order of `classes_`."""
        chance = expit(self.log_odds(X))
        return np.column_stack([1 - chance, chance])

    def predict(self, X: ArrayLike) -> NDArray[np.generic]:
        likelier = (self.log_odds(X) > 0).astype(int)
        classes: NDArray[np.generic] = self.classes_[likelier]
        return classes

    def recalibrated(self, slope: float, intercept: float) -> "AdditiveMatcher":
        """The same model with log odds `slope * log_odds + intercept` (Platt): the ranking and the additions stay.

        Raises
        ------
        ValueError
            When the slope is not positive: that would turn the ranking round.
        """
        check_is_fitted(self)
        if not (slope > 0 and np.isfinite([slope, intercept]).all()):
            raise ValueError("Calibration needs a positive slope: it may not turn the ranking round.")
        other = AdditiveMatcher(**self.get_params())
        for name in ("classes_", "n_features_in_", "low_", "span_", "n_iter_", "feature_names_in_"):
            if hasattr(self, name):
                setattr(other, name, getattr(self, name))
        other.steps_ = self.steps_ * slope
        other.scale_ = self.scale_ * slope
        other.intercept_ = self.intercept_ * slope + intercept
        return other

    @property
    def knot_values_(self) -> Doubles:
        """(features, segments + 1): the function of each feature at the ends of its segments, 0 at the first."""
        check_is_fitted(self)
        return np.column_stack([np.zeros(len(self.steps_)), np.cumsum(self.steps_, axis=1)])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _set_bounds(self, features: Doubles) -> None:
        count = self.n_features_in_
        if self.bounds is not None:
            self.low_ = np.full(count, float(self.bounds[0]))
            self.span_ = np.full(count, float(self.bounds[1]) - float(self.bounds[0]))
        elif len(features):
            self.low_ = features.min(axis=0)
            self.span_ = features.max(axis=0) - self.low_
        else:
            self.low_, self.span_ = np.zeros(count), np.ones(count)
        # A feature of one value has nothing to say; any width will do.
        self.span_ = np.where(self.span_ > 0, self.span_, 1.0)

    def _positions(self, features: Doubles) -> Doubles:
        """How many segments from the lower bound, 0..segments."""
        positions: Doubles = np.clip((features - self.low_) / self.span_, 0, 1) * self.segments
        return positions

    def _values_at(self, positions: Doubles) -> Doubles:
        segment = np.minimum(positions.astype(np.int64), self.segments - 1)
        feature = np.arange(self.n_features_in_)
        values: Doubles = self.knot_values_[feature, segment] + (positions - segment) * self.steps_[feature, segment]
        return values

    def _shares(self) -> Doubles | None:
        if self.prior_weights is None:
            return None
        shares = np.asarray(self.prior_weights, dtype=np.float64)
        if shares.shape != (self.n_features_in_,):
            raise ValueError(f"{len(shares)} prior weights do not fit {self.n_features_in_} features.")
        return shares

    # A point is the steps of all features, one after another, then the scale (with a prior only), then the intercept.

    def _prior_point(self) -> Doubles:
        shares = self._shares()
        if shares is None:
            return np.zeros(self.n_features_in_ * self.segments + 1)
        steps = np.repeat(shares * self.prior_scale / self.segments, self.segments)
        return np.concatenate([steps, [self.prior_scale, self.prior_intercept]])

    def _keep(self, point: Doubles, iterations: int) -> None:
        count = self.n_features_in_ * self.segments
        self.steps_ = point[:count].reshape(self.n_features_in_, self.segments).copy()
        self.scale_ = float(point[count]) if self.prior_weights is not None else 1.0
        self.intercept_ = float(point[-1])
        self.n_iter_ = iterations

    def _precision(self) -> Doubles:
        """Second derivative of the penalty, which is 0 at the prior point."""
        segments = self.segments
        bends = np.diff(np.eye(segments), axis=0)
        one = self.strength * segments * (np.eye(segments) + self.smoothness * bends.T @ bends)
        steps = np.kron(np.eye(self.n_features_in_), one)
        shares = self._shares()
        if shares is None:
            precision = np.zeros((len(steps) + 1, len(steps) + 1))
            precision[:-1, :-1] = steps
        else:
            # The penalty is on steps - scale * line: quadratic in steps and scale together.
            line = np.repeat(shares / segments, segments)
            precision = np.zeros((len(steps) + 2, len(steps) + 2))
            precision[:-2, :-2] = steps
            precision[:-2, -2] = precision[-2, :-2] = -steps @ line
            precision[-2, -2] = line @ steps @ line + 4 / self.prior_scale**2
        precision[-1, -1] = _INTERCEPT_PRECISION
        return precision

    def _lowest(self) -> Doubles:
        lowest = np.full(self.n_features_in_ * self.segments + (2 if self.prior_weights is not None else 1), -np.inf)
        if self.monotone is not None:
            is_monotone = np.asarray(self.monotone, dtype=bool)
            if is_monotone.shape != (self.n_features_in_,):
                raise ValueError(f"{len(is_monotone)} directions do not fit {self.n_features_in_} features.")
            lowest[: len(is_monotone) * self.segments][np.repeat(is_monotone, self.segments)] = 0.0
        if self.prior_weights is not None:
            lowest[-2] = SMALLEST_SCALE
        return lowest

    def _learn(self, ramps: Floats, happened: Doubles, weight: Doubles) -> None:
        """Newton's method; each step is the exact minimum of the local parabola within the bounds."""
        prior, precision, lowest = self._prior_point(), self._precision(), self._lowest()
        objective = _Objective(ramps, happened, weight, prior, precision)
        point, iterations = prior, 0
        while iterations < self.max_iter:
            iterations += 1
            value, gradient, curvature = objective.expansion(point)
            lower = cholesky(curvature, lower=True)
            aim = -solve_triangular(lower, gradient, lower=True)
            room = np.minimum(lowest - point, -1e-300)
            direction = lsq_linear(lower.T, aim, bounds=(room, np.inf), method="bvls", tol=1e-14).x
            promised = -float(gradient @ direction)
            if promised <= self.tolerance * max(1.0, value):
                break
            lower_point = _descend(objective, point, direction, value, promised, lowest)
            if lower_point is None:
                break
            point = lower_point
        self._keep(point, iterations)


class _Objective:
    """Weighted logistic loss plus penalty, evaluated in pieces so that no large double copy is made."""

    def __init__(self, ramps: Floats, happened: Doubles, weight: Doubles, prior: Doubles, precision: Doubles) -> None:
        self.ramps, self.happened, self.weight = ramps, happened, weight
        self.prior, self.precision = prior, precision

    def value(self, point: Doubles) -> float:
        away = point - self.prior
        total = 0.5 * float(away @ self.precision @ away)
        for _, odds, happened, weight in self._pieces(point):
            total += float(weight @ (np.logaddexp(0, odds) - happened * odds))
        return total

    def expansion(self, point: Doubles) -> tuple[float, Doubles, Doubles]:
        """Value, gradient and second derivatives."""
        away = point - self.prior
        gradient, curvature = self.precision @ away, self.precision.copy()
        total, count = 0.5 * float(away @ gradient), self.ramps.shape[1]
        for ramps, odds, happened, weight in self._pieces(point):
            chance = expit(odds)
            pull, stiffness = weight * (chance - happened), weight * chance * (1 - chance)
            # Singles do for the curvature, which only says how far to go; where to stop is in the gradient's doubles.
            root = np.sqrt(stiffness).astype(np.float32)
            scaled = ramps * root[:, None]
            total += float(weight @ (np.logaddexp(0, odds) - happened * odds))
            gradient[:count] += pull @ ramps.astype(np.float64)
            gradient[-1] += pull.sum()
            curvature[:count, :count] += scaled.T @ scaled
            along = root @ scaled
            curvature[:count, -1] += along
            curvature[-1, :count] += along
            curvature[-1, -1] += stiffness.sum()
        return total, gradient, curvature

    def _pieces(self, point: Doubles) -> Iterator[tuple[Floats, Doubles, Doubles, Doubles]]:
        steps = point[: self.ramps.shape[1]]
        for start in range(0, len(self.ramps), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            ramps = self.ramps[part]
            yield ramps, ramps.astype(np.float64) @ steps + point[-1], self.happened[part], self.weight[part]


def _descend(
    objective: _Objective, point: Doubles, direction: Doubles, value: float, promised: float, lowest: Doubles
) -> Doubles | None:
    """The longest of the halved steps that keeps a share of what the slope promises (Armijo).

    None where rounding errors outweigh every step: no lower point can be told apart.
    """
    length = 1.0
    while length > _SMALLEST_STEP:
        candidate: Doubles = np.maximum(point + length * direction, lowest)
        reached = objective.value(candidate)
        if reached < value and reached <= value - _SUFFICIENT_DECREASE * length * promised:
            return candidate
        length /= 2
    return None


def _ramps(positions: Doubles, segments: int) -> Floats:
    """(rows, features * segments): how much of each segment lies below the value, 0..1."""
    ramps = np.clip(positions[:, :, None].astype(np.float32) - np.arange(segments, dtype=np.float32), 0, 1)
    return np.asarray(ramps.reshape(len(positions), -1), dtype=np.float32)

"""A fitted additive model as plain arrays, to be evaluated without its estimator's checks and imports."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from models.matching.factors import FEATURE_NAMES
from models.matching.profiles import Doubles

if TYPE_CHECKING:
    from models.matching.additive import AdditiveMatcher


@dataclass(frozen=True)
class Head:
    """Log odds = intercept + one piecewise-linear function a feature, over equal segments of 0..1.

    `knot_values` is (features, segments + 1).
    """

    intercept: float
    knot_values: Doubles

    @classmethod
    def of(cls, model: "AdditiveMatcher") -> Self:
        """Of a fitted model of all features between 0 and 1.

        Raises
        ------
        ValueError
            When the model was made for other features or bounds.
        """
        if model.n_features_in_ != len(FEATURE_NAMES) or (model.low_ != 0).any() or (model.span_ != 1).any():
            raise ValueError(f"A head is a model of the {len(FEATURE_NAMES)} features between 0 and 1.")
        return cls(float(model.intercept_), np.asarray(model.knot_values_, dtype=np.float64))

    @property
    def segments(self) -> int:
        return int(self.knot_values.shape[1]) - 1

    @property
    def lowest(self) -> Doubles:
        """The least each feature can add."""
        return np.asarray(self.knot_values.min(axis=1))

    @property
    def log_odds_at_lowest(self) -> float:
        return self.intercept + float(self.lowest.sum())

    @property
    def log_odds_at_highest(self) -> float:
        return self.intercept + float(self.knot_values.max(axis=1).sum())

    def contributions(self, features: ArrayLike) -> Doubles:
        """(pairs, features): what each feature adds to the log odds."""
        values = np.atleast_2d(np.asarray(features, dtype=np.float64))
        columns = [self.value(index, values[:, index]) for index in range(values.shape[1])]
        return np.column_stack(columns)

    def log_odds(self, features: ArrayLike) -> Doubles:
        return np.asarray(self.intercept + self.contributions(features).sum(axis=1))

    def value(self, feature: int, values: ArrayLike) -> Doubles:
        """The function of one feature, whatever the shape of its values."""
        knots = self.knot_values[feature]
        positions = np.clip(np.asarray(values, dtype=np.float64), 0, 1) * self.segments
        segment = np.minimum(positions.astype(np.int64), self.segments - 1)
        return np.asarray(knots[segment] + (positions - segment) * (knots[segment + 1] - knots[segment]))

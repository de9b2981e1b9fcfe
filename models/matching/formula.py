"""The written score: six factors with the weights 30/20/15/15/10/10, 0 to 100, and its explanation.

Source: training-platform seed 3.2.4.1. It needs no records, is always available, and is the yardstick of whatever is
learned.
"""

from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike

from models.matching.factors import FACTORS
from models.matching.profiles import Doubles

WEIGHTS: Doubles = np.array([factor.weight for factor in FACTORS], dtype=np.float64)
# Points are told in tenths.
POINT_STEP = Decimal("0.1")


def formula_score(factors: ArrayLike) -> Doubles:
    """Score 0..100 of factors 0..1 in the order of `FACTORS` (last axis; further features behind them are ignored)."""
    score: Doubles = formula_points(factors).sum(axis=-1)
    return score


def formula_points(factors: ArrayLike) -> Doubles:
    """Unrounded points of each factor; their sum is the score."""
    return np.asarray(factors, dtype=np.float64)[..., : len(FACTORS)] * WEIGHTS


def rounded_points(points: ArrayLike) -> tuple[Decimal, list[Decimal]]:
    """The score in tenths and its parts in tenths that add up to it exactly (largest remainder).

    Each part differs from its unrounded value by less than a tenth. Equal remainders go to the earlier part.
    """
    tenths = np.asarray(points, dtype=np.float64) * 10
    whole = np.floor(tenths)
    total = int(np.floor(tenths.sum() + 0.5))
    # At least 0 and at most as many as there are parts with a remainder, since each remainder is below 1.
    missing = total - int(whole.sum())
    order = np.argsort(whole - tenths, kind="stable")
    whole[order[:missing]] += 1
    return Decimal(total) * POINT_STEP, [Decimal(int(part)) * POINT_STEP for part in whole]

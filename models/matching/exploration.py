"""Showing a little off the best order, within safe bounds and with known chances, so that lists can be judged later.

Outcomes exist only for pairs that were shown. A share of the lists is shown in a shuffled order, and the chance of each
place is kept, so that another order can be evaluated from the same records (inverse propensity).
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from models.matching.profiles import Doubles

EPSILON = 0.1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be moved: of the best order, the places from `keep` to `depth`, and only scores of `floor` or more.

    Whoever scores below the floor is never lifted, and nobody above it is ever pushed below one who does.
    """

    depth: int = 30
    floor: float = 40.0
    keep: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.keep <= self.depth:
            raise ValueError("Exploration keeps between none and all of the places it may move.")


@dataclass(frozen=True, slots=True)
class ExploredOrder:
    """Positions of the scores in the order to show, the chance that each would stand where it stands, and whether this
    order was shuffled.
    """

    order: NDArray[np.int64]
    propensities: Doubles
    is_explored: bool


def explored_order(
    scores: ArrayLike, *, random: Generator, epsilon: float = EPSILON, bounds: Bounds | None = None
) -> ExploredOrder:
    """The best order, or with chance epsilon one with the movable places shuffled evenly.

    With m movable places each holds each of its m candidates with chance epsilon / m, and its own besides with
    1 - epsilon. Scores that are not finite (a person herself) are in no order; equal scores keep their positions'
    order.

    Raises
    ------
    ValueError
        When epsilon is not between 0 and 1.
    """
    _require_share(epsilon)
    values = np.asarray(scores, dtype=np.float64)
    best, first, last = _best_order(values, bounds or Bounds())
    is_explored = bool(random.random() < epsilon)
    order, propensities = best.copy(), np.ones(len(best))
    if is_explored:
        order[first:last] = random.permutation(best[first:last])
    if last > first:
        stays = order[first:last] == best[first:last]
        propensities[first:last] = epsilon / (last - first) + np.where(stays, 1 - epsilon, 0)
    return ExploredOrder(order, propensities, is_explored)


def placing_chances(scores: ArrayLike, *, epsilon: float = EPSILON, bounds: Bounds | None = None) -> Doubles:
    """(scores, places): the exact chance that each score's owner stands at each place of the list."""
    _require_share(epsilon)
    values = np.asarray(scores, dtype=np.float64)
    best, first, last = _best_order(values, bounds or Bounds())
    chances = np.zeros((len(values), len(best)))
    chances[best, np.arange(len(best))] = 1.0
    if last > first:
        moved = best[first:last]
        chances[moved, np.arange(first, last)] = 1 - epsilon
        chances[np.ix_(moved, np.arange(first, last))] += epsilon / (last - first)
    return chances


def _best_order(values: Doubles, bounds: Bounds) -> tuple[NDArray[np.int64], int, int]:
    """The best order, and the first movable place and the one behind the last."""
    best = np.argsort(-values, kind="stable")
    best = best[np.isfinite(values[best])]
    last = min(bounds.depth, int((values[best] >= bounds.floor).sum()))
    return best, min(bounds.keep, last), last


def _require_share(epsilon: float) -> None:
    if not 0 <= epsilon <= 1:
        raise ValueError("The share of explored lists lies between 0 and 1.")

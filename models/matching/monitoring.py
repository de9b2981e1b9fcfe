"""Watches a match that serves: whether it still sees what it learned from, and whether its chances come true.

And whether a newly fitted one would do better on requests whose outcome neither knew.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.matching.factors import FEATURE_NAMES
from models.matching.matcher import Matcher
from models.matching.metrics import (
    BINS,
    Doubles,
    Flags,
    Interval,
    bootstrap_difference,
    calibration_error,
    log_losses,
    mean_statistic,
)

# Population stability index: above 0.1 a distribution has moved, above 0.25 it is another one (Siddiqi 2006).
SHIFTED = 0.25
# An index of fewer rows mostly measures their number.
FEWEST_TO_COMPARE = 200
FEWEST_TO_CALIBRATE = 60
# Standard errors by which the successes may differ from those foretold.
MOST_DEVIATION = 3.0
_SMALLEST_SHARE = 1e-4


@dataclass(frozen=True)
class Drift:
    """Of each feature the stability index, the largest first; empty where there was too little to compare."""

    indices: dict[str, float]
    reference_count: int
    recent_count: int

    @property
    def is_measured(self) -> bool:
        return bool(self.indices)

    @property
    def shifted(self) -> list[str]:
        """Features that have become other ones."""
        return [name for name, index in self.indices.items() if index > SHIFTED]


@dataclass(frozen=True)
class Calibration:
    """Chances against what happened. `deviation` in standard errors, positive when more came true than foretold."""

    count: int
    predicted_share: float
    observed_share: float
    deviation: float
    error: float

    @property
    def is_measured(self) -> bool:
        return self.count >= FEWEST_TO_CALIBRATE

    @property
    def is_kept(self) -> bool:
        """Whether the chances came true as far as can be told."""
        return not self.is_measured or abs(self.deviation) <= MOST_DEVIATION


def feature_drift(reference: pl.DataFrame, recent: pl.DataFrame) -> Drift:
    """Stability index of every feature between what was learned from and what was seen since.

    sum over bins of (recent - reference) * ln(recent / reference), bins being the tenths of the reference; a value that
    fills several tenths is one bin.
    """
    if min(len(reference), len(recent)) < FEWEST_TO_COMPARE:
        return Drift({}, len(reference), len(recent))
    indices = {
        name: stability_index(*(frame[name].cast(pl.Float64).to_numpy() for frame in (reference, recent)))
        for name in FEATURE_NAMES
    }
    ordered = dict(sorted(indices.items(), key=lambda item: -item[1]))
    return Drift(ordered, len(reference), len(recent))


def stability_index(reference: Doubles, recent: Doubles) -> float:
    """0 for the same distribution; rows without a value are left out."""
    reference, recent = reference[~np.isnan(reference)], recent[~np.isnan(recent)]
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1]))
    # A bin ends with its edge, so that a value many share has one of its own.
    shares = [
        np.maximum(np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) / values.size, _SMALLEST_SHARE)
        for values in (reference, recent)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def calibration_of(chance: Doubles, happened: Flags) -> Calibration:
    """How the chances of requests compare with what became of them."""
    if not chance.size:
        return Calibration(0, float("nan"), float("nan"), 0.0, float("nan"))
    spread = float(np.sqrt((chance * (1 - chance)).sum()))
    deviation = (float(happened.sum()) - float(chance.sum())) / max(spread, 1e-9)
    return Calibration(
        int(chance.size), float(chance.mean()), float(happened.mean()), deviation, calibration_error(happened, chance)
    )


def chances_of(matcher: Matcher, requests: pl.DataFrame) -> Doubles:
    """The chance of each request to succeed.

    Raises
    ------
    ValueError
        For the formula, which knows no chances.
    """
    chances = matcher.chances(requests.select(FEATURE_NAMES).to_numpy())
    if chances is None:
        raise ValueError("The written formula knows no chances.")
    return chances.succeeds


def gain_over(candidate: Matcher, serving: Matcher, requests: pl.DataFrame, *, random_state: int = 0) -> Interval:
    """How much lower the candidate's log loss is on labelled requests, with its interval over whole mentees."""
    happened = requests["is_success"].to_numpy()
    _, mentees = np.unique(requests["mentee_id"].to_numpy(), return_inverse=True)
    count = int(mentees.max()) + 1
    old, new = (
        mean_statistic(log_losses(happened, chances_of(each, requests)), mentees, count)
        for each in (serving, candidate)
    )
    return bootstrap_difference(old, new, random_state=random_state)

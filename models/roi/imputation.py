"""Difference-in-differences by imputation: what trained technicians would have had, from those not yet trained.

Technician and month effects are fitted to results before training alone and carried over to the months after it
(Borusyak, Jaravel and Spiess 2024; Gardner 2022, `did2s`), so that nobody already trained serves as a comparison and
effects may differ between groups and over time. With the panel as a matrix both fits are closed formulas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]


class TwoWayFit:
    """Weighted least squares of a matrix on row and column effects, over the cells whose weight is positive.

    Row effects are eliminated first, which leaves one small system of the columns. In it every part of the data that
    no comparison connects with the rest has a level of its own (a null direction), which the pseudo-inverse leaves 0.
    """

    def __init__(self, weight: Floats) -> None:
        self.weight = weight
        self.row_sum = weight.sum(axis=1)
        self.column_sum = weight.sum(axis=0)
        self._per_row = np.divide(1.0, self.row_sum, out=np.zeros_like(self.row_sum), where=self.row_sum > 0)
        system = np.diag(self.column_sum) - weight.T @ (weight * self._per_row[:, None])
        self._inverse = np.linalg.pinv(system, rcond=1e-10, hermitian=True)

    def solve(self, row_side: Floats, column_side: Floats) -> tuple[Floats, Floats]:
        """Row and column effects of the normal equations with these right-hand sides."""
        columns = self._inverse @ (column_side - self.weight.T @ (row_side * self._per_row))
        rows = (row_side - self.weight @ columns) * self._per_row
        return rows, columns

    def fitted(self, value: Floats) -> Floats:
        """Row plus column effect of every cell, those without weight included."""
        weighted = self.weight * value
        rows, columns = self.solve(weighted.sum(axis=1), weighted.sum(axis=0))
        return rows[:, None] + columns[None, :]

    def parts(self) -> tuple[Integers, Integers]:
        """For each row and column the number of the part of the data it is connected with; -1 without any weight."""
        from scipy.sparse.csgraph import connected_components

        links = (self.weight > 0).astype(np.float64)
        _, column_part = connected_components(links.T @ links, directed=False)
        column_part = np.where(self.column_sum > 0, column_part, -1).astype(np.int64)
        first = np.argmax(links, axis=1)
        return np.where(self.row_sum > 0, column_part[first], -1).astype(np.int64), column_part


@dataclass(frozen=True)
class Average:
    """A weighted average of effects and what each row (technician) contributes to its error."""

    effect: float
    influence: Floats


class Imputation:
    """Fits the untrained cells once; any average over other cells can be asked for."""

    def __init__(self, value: Floats, untrained_weight: Floats) -> None:
        self.fit = TwoWayFit(untrained_weight)
        self.expected = self.fit.fitted(value)
        self.difference = value - self.expected
        self._residual = untrained_weight * self.difference

    def average(self, target: Floats) -> Average:
        """The average over cells weighted by `target` (not negative, not all 0).

        A row's influence is its own deviation from the average plus its share in what the comparison got wrong; the
        sum of their squares over independent rows is the variance, however results of one row hang together over
        time. Equals the clustered variance of `did2s` with one treatment term.
        """
        share = target / target.sum()
        of_row = np.einsum("ij,ij->i", share, self.difference)
        effect = float(of_row.sum())
        row_share = share.sum(axis=1)
        # The residuals of one row sum to 0, so a row's own effect drops out of what the comparison got wrong.
        _, columns = self.fit.solve(row_share, share.sum(axis=0))
        return Average(effect, of_row - effect * row_share - self._residual @ columns)

    @cached_property
    def estimable(self) -> Booleans:
        """Cells whose row and column occur among the untrained and are connected by comparisons."""
        row_part, column_part = self.fit.parts()
        connected: Booleans = (row_part[:, None] == column_part[None, :]) & (row_part >= 0)[:, None]
        return connected


@dataclass(frozen=True)
class Leads:
    """Deviations in the months before training against those earlier still, and their joint test."""

    offsets: tuple[int, ...]
    effects: Floats
    covariance: Floats
    statistic: float


def fit_leads(
    imputation: Imputation, offset: Integers, offsets: Sequence[int], clusters: Integers, factor: float
) -> Leads | None:
    """Regress untrained results on technician, month and each month before training in `offsets` (negative).

    `clusters` numbers each row's cluster from 0; `factor` corrects the variance for their number. None when these
    months cannot be told apart from technicians and months.
    """
    fit, weight = imputation.fit, imputation.fit.weight
    used = weight > 0
    cell_weight = weight[used]
    leads = [(offset == lead).astype(np.float64) for lead in offsets]
    design = np.column_stack([(lead - fit.fitted(lead))[used] for lead in leads])
    outcome = imputation.difference[used]
    weighted = design * cell_weight[:, None]
    moment = weighted.T @ design
    scale = np.array([(lead * weight).sum() for lead in leads])
    if (scale <= 0).any() or np.linalg.eigvalsh(moment / np.sqrt(np.outer(scale, scale)))[0] < 1e-6:
        return None
    inverse = np.linalg.inv(moment)
    effects = inverse @ (weighted.T @ outcome)
    residual = outcome - design @ effects
    cluster = clusters[np.nonzero(used)[0]]
    score = np.column_stack([np.bincount(cluster, column * residual) for column in weighted.T])
    covariance = factor * inverse @ (score.T @ score) @ inverse
    statistic = float(effects @ np.linalg.pinv(covariance, hermitian=True) @ effects) / len(leads)
    return Leads(tuple(offsets), effects, covariance, statistic)

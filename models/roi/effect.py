"""What training changed in one outcome of a company's technicians, with its interval, and what can be said of it.

Here are the result, the minimum sample and the judgement; the estimator itself is in `imputation.py`, what the
judgement says in words in `wording.py`, its worth in money in `money.py`.
"""

import math
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl

from models.roi import wording
from models.roi.imputation import Booleans, Floats, Imputation, Integers, fit_leads
from models.roi.outcomes import Outcome
from models.roi.panel import Panel, panel_of

CONFIDENCE = 0.95
# Months before training that the pre-trend test looks at one by one, and by which the placebo moves training forward:
# half a year, as in most published event studies; fewer where technicians have fewer.
PRE_TREND_MONTHS = 6
PLACEBO_MONTHS = 6
# Two checks of the same assumption, so each is held to half of the usual 5 %: together they turn away at most 5 of 100
# companies whose technicians developed alike.
CHECK_LEVEL = 0.025
# Farther from training than two years hardly anybody is seen, and the plot would show noise.
EVENT_STUDY_MONTHS = 24
# In standard deviations: smaller is rounding, not information (results made by a formula have no error at all).
SMALLEST_ERROR = 1e-9


class EffectState(StrEnum):
    """What can be said of the effect of training on an outcome."""

    EFFECT = "effect"
    NO_VISIBLE_EFFECT = "no_visible_effect"
    NOT_ENOUGH_DATA = "not_enough_data"
    PRE_TRENDS_DIFFER = "pre_trends_differ"


@dataclass(frozen=True)
class Minimum:
    """The least that is needed to say anything.

    - 10 trained and 10 compared technicians (or teams, where whole teams are trained at once): an interval from
      fewer independent groups is too narrow even with Student's t (Cameron, Gelbach and Miller 2008 find rejections
      two to three times too often below about ten). They must also amount to half as many of equal size.
    - 3 months before training: two give a level without any trend to check, the third the first check.
    - 3 months after training in which somebody untrained was there: one good month is not an effect.
    - 5 untrained technicians in each month that is compared: a month's level from fewer is mostly theirs, not its own.
    - 10 technicians in whose results anything differs at all: an incident here and there has no bell curve.
    """

    trained: int = 10
    compared: int = 10
    months_before: int = 3
    months_after: int = 3
    compared_in_month: int = 5
    varying: int = 10


DEFAULT_MINIMUM = Minimum()


@dataclass(frozen=True)
class EventMonth:
    """One point of the event study. Months before training (offset < 0) are against those earlier still."""

    month_offset: int
    effect: float
    low: float
    high: float
    trained_count: int


@dataclass(frozen=True)
class Placebo:
    """The "effect" of a training date set `months_before` too early, in months when nobody was trained: should be 0."""

    months_before: int
    effect: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Effect:
    """`effect`, `low`, `high` (95 %) in the outcome's unit, averaged over the `exposure` (jobs or months) of trained
    technicians after training that could be compared; None when there is not enough data.

    `without_training` is the level these would have had. `influence` (each cluster's contribution to the error, for
    sums over outcomes) lives in memory only: `to_json` leaves it out. `covariances` of the error with that of other
    outcomes (itself included) stand for it in storage; who estimates several outcomes adds them.
    """

    state: EffectState
    effect: float | None
    low: float | None
    high: float | None
    trained_count: int
    compared_count: int
    month_count: int
    reason: str
    what_would_change: str
    exposure: float = 0.0
    without_training: float | None = None
    pre_trend_p: float | None = None
    placebo: Placebo | None = None
    event_study: tuple[EventMonth, ...] = ()
    clustered_by: str = "person"
    degrees_of_freedom: float = 0.0
    ignored_count: int = 0
    covariances: dict[str, float] = field(default_factory=dict)
    influence: dict[str, float] = field(default_factory=dict, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts and lists; `from_json` reads them back."""
        return asdict(replace(self, influence={})) | {"state": self.state.value}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        known = {name: document[name] for name in (item.name for item in fields(cls)) if name in document}
        placebo = document.get("placebo")
        return cls(
            **known
            | {
                "state": EffectState(document["state"]),
                "placebo": Placebo(**placebo) if placebo else None,
                "event_study": tuple(EventMonth(**month) for month in document.get("event_study", ())),
            }
        )


@dataclass(frozen=True)
class _Sample:
    """All results, the cells an effect is averaged over (`target` > 0) and who stands beside them.

    `scale` is a standard deviation.
    """

    panel: Panel
    imputation: Imputation
    scale: float
    untrained_weight: Floats
    cluster: Integers
    cluster_ids: tuple[str, ...]
    clustered_by: str
    target: Floats

    @cached_property
    def is_target_row(self) -> Booleans:
        has_target: Booleans = (self.target > 0).sum(axis=1) > 0
        return has_target

    @cached_property
    def target_columns(self) -> Booleans:
        has_target: Booleans = (self.target > 0).sum(axis=0) > 0
        return has_target

    @cached_property
    def compared(self) -> Floats:
        """Weights of untrained results in the months that effects are taken from."""
        return self.untrained_weight * self.target_columns[None, :]

    def groups(self, cells: Floats) -> tuple[int, float]:
        """Number of clusters with any weight in these cells, and the number of equal ones they amount to."""
        sums = np.bincount(self.cluster, cells.sum(axis=1))
        total = float((sums**2).sum())
        return int((sums > 0).sum()), float(sums.sum() ** 2 / total) if total > 0 else 0.0

    @cached_property
    def factor(self) -> float:
        """Correction of a variance for few clusters (as CR1), by the rarer of both sides."""
        count = min(self.groups(self.target)[0], self.groups(self.compared)[0])
        return count / (count - 1) if count > 1 else 1.0

    @cached_property
    def degrees_of_freedom(self) -> float:
        return max(min(self.groups(self.target)[1], self.groups(self.compared)[1]) - 1.0, 1.0)


def estimate_effect(
    panel: pl.DataFrame,
    *,
    outcome: Outcome | None = None,
    as_of: date | None = None,
    minimum: Minimum = DEFAULT_MINIMUM,
) -> Effect:
    """Effect of training on trained technicians, against those of the same company who were not (yet) trained.

    `panel`: [person_id, month (any day in it), value (a month's rate or amount; null: none), weight (jobs behind a
    rate; null throughout: all months alike), trained_on (null: never), team_id]; weight and team_id may be missing.
    `outcome` gives bounds, direction and the words; `as_of` refuses months after it. The month of training counts
    neither way.
    Whoever was trained before the first month on record, or has too few months before, is left out of the average.

    Intervals are clustered by technician, or by team where training was given to whole teams at once. Before an effect
    is told, technicians must have developed alike before training: jointly month by month, and under a training date
    set too early (`CHECK_LEVEL`). Differences between technicians, teams, seasons and the choice of weaker (or
    stronger) technicians for training do not disturb it; a choice by last month's result, or another change that came
    with training, would. Raises `InvalidPanelError`.
    """
    laid_out = panel_of(panel, outcome, as_of)
    missing = _missing_from_the_start(laid_out, minimum)
    if missing is not None:
        return _not_enough(laid_out, missing, outcome)
    return _estimated(_sample_of(laid_out, minimum), outcome, minimum)


def _estimated(sample: _Sample, outcome: Outcome | None, minimum: Minimum) -> Effect:
    missing = _missing(sample, minimum)
    if missing is not None:
        return _not_enough(sample.panel, missing, outcome, sample)
    event_study, pre_trend_p = _event_study(sample, minimum)
    if pre_trend_p is None:
        missing = wording.cannot_check_trends(minimum.months_before)
        return _not_enough(sample.panel, missing, outcome, sample)
    return _judged(sample, event_study, pre_trend_p, _placebo(sample, minimum), outcome)


def half_width(error: float, degrees_of_freedom: float) -> float:
    """Half of the 95 % interval of an estimate with this standard error."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, 0.5 + CONFIDENCE / 2)) * error


def _sample_of(panel: Panel, minimum: Minimum) -> _Sample:
    observed = panel.is_observed
    scale = float(np.std(panel.value[observed])) or 1.0
    center = float(np.mean(panel.value[observed]))
    untrained = np.where(panel.offset < 0, panel.weight, 0.0)
    imputation = Imputation(np.where(observed, (panel.value - center) / scale, 0.0), untrained)
    cluster, cluster_ids, clustered_by = _clusters(panel)
    has_comparison = ((untrained > 0).sum(axis=0) >= minimum.compared_in_month)[None, :]
    has_before = ((untrained > 0).sum(axis=1) >= minimum.months_before)[:, None]
    is_target = observed & (panel.offset > 0) & has_comparison & has_before & imputation.estimable
    target = np.where(is_target, panel.weight, 0.0)
    return _Sample(panel, imputation, scale, untrained, cluster, cluster_ids, clustered_by, target)


def _clusters(panel: Panel) -> tuple[Integers, tuple[str, ...], str]:
    """Technicians, or teams (and technicians without one) where most trained ones were trained with their whole team.

    What is given to whole teams is compared between teams: then as many independent cases stand behind it as teams.
    """
    together = trained = 0
    members: dict[str, list[int]] = {}
    for row, team in enumerate(panel.team_ids):
        if team is not None:
            members.setdefault(team, []).append(row)
    for rows in members.values():
        months = panel.trained_month[rows]
        count = int((months <= panel.months[-1]).sum())
        trained += count
        if len(rows) > 1 and len(set(months.tolist())) == 1:
            together += count
    if together == 0 or 2 * together < trained:
        return np.arange(len(panel.person_ids)), panel.person_ids, "person"
    names = [f"person {person}" if team is None else f"team {team}"
             for person, team in zip(panel.person_ids, panel.team_ids, strict=True)]  # fmt: skip
    ids = tuple(dict.fromkeys(names))
    number = {name: index for index, name in enumerate(ids)}
    return np.array([number[name] for name in names]), ids, "team"


def _missing_from_the_start(panel: Panel, minimum: Minimum) -> wording.Said | None:
    observed, offset = panel.is_observed, panel.offset
    if not observed.any():
        return wording.no_results()
    if not (observed & (offset > 0)).any():
        return wording.nobody_trained()
    has_before, has_after = (observed & (offset < 0)).sum(axis=1) > 0, (observed & (offset > 0)).sum(axis=1) > 0
    if not (has_before & has_after).any():
        return wording.nothing_before(minimum.months_before)
    return None


def _missing(sample: _Sample, minimum: Minimum) -> wording.Said | None:
    observed, offset = sample.panel.is_observed, sample.panel.offset
    after = (observed & (offset > 0)).sum(axis=0) > 0
    if not ((sample.untrained_weight > 0).sum(axis=0) >= minimum.compared_in_month)[after].any():
        return wording.no_comparison(minimum.compared_in_month)
    who = "teams" if sample.clustered_by == "team" else "technicians"
    trained, trained_alike = sample.groups(sample.target)
    compared, compared_alike = sample.groups(sample.compared)
    months = int(sample.target_columns.sum())
    if trained < minimum.trained:
        return wording.too_few_trained(trained, minimum.trained, who, minimum.months_before)
    if compared < minimum.compared:
        return wording.too_few_compared(compared, minimum.compared, who)
    if months < minimum.months_after:
        return wording.too_few_months(months, minimum.months_after)
    if 2 * trained_alike < minimum.trained or 2 * compared_alike < minimum.compared:
        return wording.too_unequal(who)
    varying = _varying_count(sample.panel)
    return wording.too_constant(varying, minimum.varying) if varying < minimum.varying else None


def _varying_count(panel: Panel) -> int:
    """Technicians who ever had another result than the most frequent one of all."""
    values, counts = np.unique(panel.value[panel.is_observed], return_counts=True)
    return int(((panel.is_observed & (panel.value != values[counts.argmax()])).sum(axis=1) > 0).sum())


def _error(sample: _Sample, influence: Floats) -> float:
    """Standard error in standard deviations of the outcome."""
    sums = np.bincount(sample.cluster, influence)
    return max(math.sqrt(sample.factor * float((sums**2).sum())), SMALLEST_ERROR)


def _event_study(sample: _Sample, minimum: Minimum) -> tuple[tuple[EventMonth, ...], float | None]:
    """Points before and after training, and the joint p of those before; None when these cannot be told."""
    from scipy.special import fdtrc

    panel, rows = sample.panel, sample.is_target_row
    groups = sample.degrees_of_freedom + 1
    before = np.median((sample.untrained_weight > 0).sum(axis=1)[rows])
    count = int(max(1, min(PRE_TREND_MONTHS, before - 2, groups // 3)))
    # Only those whose effect is estimated have a before; everybody else is a comparison.
    offset = np.where(rows[:, None], panel.offset, np.iinfo(np.int64).min)
    leads = None
    while leads is None and count > 0:
        offsets = list(range(-count, 0))
        leads = fit_leads(sample.imputation, offset, offsets, sample.cluster, sample.factor)
        count -= 1
    if leads is None:
        return (), None
    errors = np.maximum(np.sqrt(np.diag(leads.covariance)), SMALLEST_ERROR)
    tested = len(leads.offsets)
    statistic = leads.statistic if float(errors.max()) > SMALLEST_ERROR else 0.0
    p = float(fdtrc(tested, groups - tested, statistic * (groups - tested) / (groups - 1)))
    points = [
        _point(sample, lead, effect, error, int(((offset == lead) & (sample.untrained_weight > 0)).sum()))
        for lead, effect, error in zip(leads.offsets, leads.effects.tolist(), errors.tolist(), strict=True)
    ]
    with_month_itself = sample.panel.is_observed & (offset == 0) & sample.imputation.estimable
    for month in range(EVENT_STUDY_MONTHS + 1):
        cells = with_month_itself if month == 0 else (sample.target > 0) & (offset == month)
        if int(cells.sum()) >= minimum.compared_in_month:
            average = sample.imputation.average(np.where(cells, panel.weight, 0.0))
            error = _error(sample, average.influence)
            points.append(_point(sample, month, average.effect, error, int(cells.sum())))
    return tuple(points), p


def _point(sample: _Sample, offset: int, effect: float, error: float, count: int) -> EventMonth:
    width = half_width(error, sample.degrees_of_freedom)
    low, high = (effect - width) * sample.scale, (effect + width) * sample.scale
    return EventMonth(offset, effect * sample.scale, low, high, count)


def _placebo(sample: _Sample, minimum: Minimum) -> Placebo | None:
    """The same estimate with training set too early, from results before training alone; None without enough."""
    from scipy.special import stdtr

    panel, rows = sample.panel, sample.is_target_row
    before = (sample.untrained_weight > 0).sum(axis=1)[rows]
    months = int(min(PLACEBO_MONTHS, np.median(before) // 2))
    is_false = rows[:, None] & (panel.offset >= -months) & (sample.untrained_weight > 0)
    untrained = np.where(is_false, 0.0, sample.untrained_weight)
    value = sample.imputation.difference + sample.imputation.expected
    imputation = Imputation(value, untrained)
    has_comparison = ((untrained > 0).sum(axis=0) >= minimum.compared_in_month)[None, :]
    has_before = ((untrained > 0).sum(axis=1) >= 2)[:, None]
    target = np.where(is_false & has_comparison & has_before & imputation.estimable, panel.weight, 0.0)
    shifted = replace(sample, imputation=imputation, untrained_weight=untrained, target=target)
    if months < 1 or min(shifted.groups(target)[0], shifted.groups(shifted.compared)[0]) < minimum.trained:
        return None
    average = imputation.average(target)
    error = _error(shifted, average.influence)
    p = 2 * float(stdtr(shifted.degrees_of_freedom, -abs(average.effect) / error))
    point = _point(shifted, -months, average.effect, error, 0)
    return Placebo(months, point.effect, point.low, point.high, p)


def _judged(
    sample: _Sample,
    event_study: tuple[EventMonth, ...],
    pre_trend_p: float,
    placebo: Placebo | None,
    outcome: Outcome | None,
) -> Effect:
    average = sample.imputation.average(sample.target)
    error = _error(sample, average.influence)
    point = _point(sample, 0, average.effect, error, 0)
    share = sample.target / sample.target.sum()
    observed_level = float((share * sample.panel.value).sum())
    if pre_trend_p < CHECK_LEVEL or (placebo is not None and placebo.p < CHECK_LEVEL):
        state = EffectState.PRE_TRENDS_DIFFER
        said = wording.trends_differ(outcome, pre_trend_p, placebo.p if placebo else None, CHECK_LEVEL)
    elif point.low > 0 or point.high < 0:
        state = EffectState.EFFECT
        said = wording.effect_seen(outcome, point.effect, point.low, point.high)
    else:
        state = EffectState.NO_VISIBLE_EFFECT
        said = wording.no_visible_effect(outcome, point.effect, point.low, point.high)
    sums = np.bincount(sample.cluster, average.influence) * (math.sqrt(sample.factor) * sample.scale)
    return replace(
        _counted(sample, state, said),
        effect=point.effect,
        low=point.low,
        high=point.high,
        exposure=float(sample.target.sum()),
        without_training=observed_level - point.effect,
        pre_trend_p=pre_trend_p,
        placebo=placebo,
        event_study=event_study,
        degrees_of_freedom=sample.degrees_of_freedom,
        influence=dict(zip(sample.cluster_ids, sums.tolist(), strict=True)),
    )


def _counted(sample: _Sample, state: EffectState, said: wording.Said) -> Effect:
    return Effect(
        state, None, None, None,
        trained_count=int(sample.is_target_row.sum()),
        compared_count=int((sample.compared.sum(axis=1) > 0).sum()),
        month_count=int(sample.target_columns.sum()),
        reason=said.reason,
        what_would_change=said.what_would_change,
        clustered_by=sample.clustered_by,
        ignored_count=sample.panel.ignored_count,
    )  # fmt: skip


def _not_enough(panel: Panel, said: wording.Said, outcome: Outcome | None, sample: _Sample | None = None) -> Effect:
    said = wording.not_enough(outcome, said)
    if sample is not None:
        return _counted(sample, EffectState.NOT_ENOUGH_DATA, said)
    return Effect(
        EffectState.NOT_ENOUGH_DATA, None, None, None, 0, 0, 0, said.reason, said.what_would_change,
        ignored_count=panel.ignored_count,
    )  # fmt: skip

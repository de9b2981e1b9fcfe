"""A simulated company whose technicians' results hold a known effect of training, to test what is estimated.

It has what makes estimating hard: training in turns, seasons, lasting differences between technicians and teams, good
and bad spells, unequal numbers of jobs, weaker technicians sent first, and on demand a trend that was there before.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """How an outcome is distributed: its usual level, and the size of each thing it varies by (outcome's unit)."""

    level: float
    season: float
    between_technicians: float
    between_teams: float
    spells: float
    # Of a single job (hours); shares and counts vary by chance of their own.
    job_noise: float = 0.0


SHAPES = {
    "first_time_fix_rate": Shape(0.72, 0.03, 0.06, 0.03, 0.03),
    "callback_rate": Shape(0.14, 0.02, 0.03, 0.015, 0.015),
    "rework_rate": Shape(0.09, 0.01, 0.02, 0.01, 0.01),
    "incidents": Shape(0.25, 0.05, 0.06, 0.03, 0.02),
    "hours_per_job": Shape(3.2, 0.2, 0.5, 0.2, 0.15, 1.2),
    "units_maintained": Shape(30.0, 3.0, 5.0, 2.0, 1.5),
}
SHARES = frozenset({"first_time_fix_rate", "callback_rate", "rework_rate"})
COUNTS = frozenset({"incidents", "units_maintained"})


@dataclass(frozen=True)
class Training:
    """Who is trained when, and what that does.

    `trained_share` of all are trained, evenly between the first and the last share of the months; `selection` (0 to 1)
    is how much of the turn is decided by how weak a technician is, the rest is chance. `by_team` sends whole teams.
    The effect grows by `growth` of itself with each month, differs by up to `cohort_spread` of itself between first
    and last (first more, last less) and by `technician_spread` (standard deviation) between technicians.
    `pre_trend` is what the later trained gain on the others in each month, training or not.
    """

    trained_share: float = 0.7
    first_at: float = 0.35
    last_at: float = 0.8
    selection: float = 0.6
    by_team: bool = False
    growth: float = 0.0
    cohort_spread: float = 0.0
    technician_spread: float = 0.0
    pre_trend: float = 0.0


@dataclass(frozen=True)
class Simulated:
    """`panel` as `estimate_effect` takes it; `true_effect` averages over trained ones' jobs (months) after training."""

    kind: str
    panel: pl.DataFrame
    true_effect: float


DEFAULT_TRAINING = Training()


def simulate_outcomes(
    seed: int,
    *,
    technicians: int = 200,
    months: int = 24,
    effect: float = 0.0,
    kind: str = "first_time_fix_rate",
    training: Training = DEFAULT_TRAINING,
    jobs_per_month: float = 12.0,
    team_size: int = 10,
    missing_share: float = 0.02,
    first_month: date = date(2024, 1, 1),
) -> Simulated:
    """Results of a company's technicians, `effect` in the outcome's unit.

    Job counts follow a log-normal between technicians and chance within; `missing_share` of months has no record.
    """
    random = np.random.default_rng(seed)
    shape = SHAPES[kind]
    team = np.arange(technicians) // team_size
    lasting = random.normal(0, shape.between_technicians, technicians)
    lasting += random.normal(0, shape.between_teams, int(team[-1]) + 1)[team]
    trained_at = _trained_at(random, lasting, team, months, training, weaker_is_lower=kind in _MORE_IS_BETTER)
    time = np.arange(months)
    phase = random.uniform(0, 2 * np.pi)
    usual = shape.level + shape.season * np.sin(2 * np.pi * time / 12 + phase) + random.normal(0, 0.005, months)
    expected = usual[None, :] + lasting[:, None] + _spells(random, technicians, months, shape.spells)
    expected += training.pre_trend * time[None, :] * (trained_at < months)[:, None]
    offset = time[None, :] - trained_at[:, None]
    change = np.where(offset > 0, _effects(random, effect, trained_at, offset, training), 0.0)
    # Half of the month of training comes after it.
    change += np.where(offset == 0, effect / 2, 0.0)
    jobs = _job_counts(random, technicians, months, jobs_per_month, missing_share)
    # Months of work for what is counted by the month, jobs for what is a rate of them.
    weight = (jobs > 0).astype(np.int64) if kind in COUNTS else jobs
    before, after = _possible(kind, expected), _possible(kind, expected + change)
    value = _drawn(random, kind, after, jobs, shape)
    is_after = (offset > 0) & (weight > 0)
    total = float((weight * is_after).sum())
    true_effect = float(((after - before) * weight * is_after).sum() / total) if total else 0.0
    panel = _frame(value, weight, trained_at, team, first_month, random)
    return Simulated(kind, panel, true_effect)


_MORE_IS_BETTER = frozenset({"first_time_fix_rate", "units_maintained"})


def _trained_at(
    random: np.random.Generator,
    lasting: Floats,
    team: Integers,
    months: int,
    training: Training,
    *,
    weaker_is_lower: bool,
) -> Integers:
    """Month of training, `months` for who is never trained. Weaker ones come first as far as selection goes."""
    strength = lasting if weaker_is_lower else -lasting
    if training.by_team:
        strength = (np.bincount(team, strength) / np.bincount(team))[team]
    spread = float(strength.std()) or 1.0
    chance = random.normal(0, 1, len(lasting))
    if training.by_team:
        chance = chance[np.unique(team, return_index=True)[1]][team]
    order = training.selection * strength / spread + (1 - training.selection) * chance
    groups = team if training.by_team else np.arange(len(lasting))
    first = np.unique(groups, return_index=True)[1]
    turn = np.argsort(np.argsort(order[first])) / max(len(first), 1)
    when = training.first_at + (training.last_at - training.first_at) * turn / max(training.trained_share, 1e-9)
    at = np.where(turn < training.trained_share, np.floor(when * months), months)
    return at.astype(np.int64)[np.searchsorted(groups[first], groups)]


def _spells(random: np.random.Generator, technicians: int, months: int, size: float) -> Floats:
    """Good and bad spells: each month remembers half of the last one."""
    spells = np.empty((technicians, months))
    spells[:, 0] = random.normal(0, size, technicians)
    for month in range(1, months):
        spells[:, month] = 0.5 * spells[:, month - 1] + random.normal(0, size * 0.75**0.5, technicians)
    return spells


def _effects(
    random: np.random.Generator, effect: float, trained_at: Integers, offset: Integers, training: Training
) -> Floats:
    place = (trained_at - trained_at.min()) / max(int(trained_at.max() - trained_at.min()), 1)
    of_technician = 1 + training.cohort_spread * (1 - 2 * place)
    of_technician = of_technician + random.normal(0, training.technician_spread, len(trained_at))
    return np.asarray(effect * of_technician[:, None] * (1 + training.growth * np.maximum(offset - 1, 0)))


def _job_counts(
    random: np.random.Generator, technicians: int, months: int, jobs_per_month: float, missing_share: float
) -> Integers:
    usual = jobs_per_month * random.lognormal(-0.125, 0.5, technicians)
    jobs = random.poisson(usual[:, None], (technicians, months))
    return np.where(random.random((technicians, months)) < missing_share, 0, jobs)


def _possible(kind: str, expected: Floats) -> Floats:
    """Shares stay off 0 and 1, everything else above 0."""
    if kind in SHARES:
        return np.clip(expected, 0.01, 0.99)
    return np.maximum(expected, 0.01)


def _drawn(random: np.random.Generator, kind: str, expected: Floats, jobs: Integers, shape: Shape) -> Floats:
    if kind in SHARES:
        return np.asarray(random.binomial(jobs, expected) / np.maximum(jobs, 1))
    if kind in COUNTS:
        return random.poisson(expected).astype(np.float64)
    return np.maximum(random.normal(expected, shape.job_noise / np.sqrt(np.maximum(jobs, 1))), 0.0)


def _frame(
    value: Floats,
    weight: Integers,
    trained_at: Integers,
    team: Integers,
    first_month: date,
    random: np.random.Generator,
) -> pl.DataFrame:
    """One row for each technician and month; what is not on record has neither value nor weight."""
    technicians, months = value.shape
    calendar = pl.Series([_month_after(first_month, count) for count in range(months + 1)], dtype=pl.Date)
    day = random.integers(0, 28, technicians)
    people = pl.DataFrame(
        {
            "person_id": [f"technician-{number:05d}" for number in range(technicians)],
            "trained_on": calendar.gather(trained_at),
            "day": day,
            "is_trained": trained_at < months,
            "team_id": [f"team-{number:03d}" for number in team.tolist()],
        }
    ).with_columns(
        pl.when("is_trained").then(pl.col("trained_on").dt.offset_by(pl.format("{}d", "day"))).alias("trained_on")
    )
    row = np.repeat(np.arange(technicians), months)
    known = weight.ravel() > 0
    results = pl.DataFrame(
        {
            "month": calendar.gather(np.tile(np.arange(months), technicians)),
            "value": np.where(known, value.ravel(), np.nan),
            "weight": weight.ravel().astype(np.float64),
        }
    ).with_columns(pl.when(pl.col("weight") > 0).then(pl.col("value", "weight")))
    named = people.select("person_id", "trained_on", "team_id")[row]
    return pl.concat([named, results], how="horizontal")


def _month_after(first: date, count: int) -> date:
    years, month = divmod(first.month - 1 + count, 12)
    return date(first.year + years, month + 1, 1)

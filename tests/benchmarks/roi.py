"""The row of what training returned: all outcomes of a large company estimated, and their worth against the cost.

Results are simulated beforehand; reading them from the database belongs to the rows of the pipeline.
"""

import time
from decimal import Decimal

import polars as pl

from models.roi.effect import Effect, estimate_by_team, estimate_effect
from models.roi.generator import simulate_outcomes
from models.roi.money import Amount, roi_of
from models.roi.outcomes import OUTCOMES
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Detail, Figure, Row

WHAT = {"roi": "ROI for a company of 2,000 technicians over 3 years, all outcomes"}
LIMIT_SECONDS = 15.0
MONTHS = 36
TEAM_SIZE = 20
# About a tenth of each outcome's level, to the better.
EFFECTS = {
    "first_time_fix_rate": 0.05,
    "callback_rate": -0.04,
    "rework_rate": -0.03,
    "incidents": -0.05,
    "hours_per_job": -0.2,
    "units_maintained": 2.0,
}
UNIT_VALUES = {kind: Amount(Decimal(80), "CAD") for kind in EFFECTS}
COST = Amount(Decimal(400_000), "CAD")


def measure_roi(bench: Bench) -> Row:
    """From frames of monthly results to the company's return; each team's by itself is reported beside it."""
    count = bench.effort.roi_technicians
    bench.say(f"Simulating three years of {count:,} technicians …")
    simulated = {
        kind: simulate_outcomes(1, kind=kind, technicians=count, months=MONTHS, effect=effect, team_size=TEAM_SIZE)
        for kind, effect in EFFECTS.items()
    }
    panels = {kind: one.panel for kind, one in simulated.items()}
    times, effects = [], {}
    for _ in range(bench.effort.roi_repetitions):
        started = time.perf_counter()
        effects = _estimate(panels)
        roi = roi_of(effects, UNIT_VALUES, COST)
        times.append(time.perf_counter() - started)
    started = time.perf_counter()
    teams = {kind: estimate_by_team(panel, outcome=OUTCOMES[kind]) for kind, panel in panels.items()}
    of_teams = time.perf_counter() - started
    details: dict[str, Detail] = {
        "technician_count": count,
        "row_count": sum(panel.height for panel in panels.values()),
        "team_count": len(next(iter(teams.values()))),
        "states": {kind: str(effect.state) for kind, effect in effects.items()},
        "is_truth_within": {kind: _is_within(effects[kind], one.true_effect) for kind, one in simulated.items()},
        "roi": roi.roi,
    }
    figures = (Figure("", "s", tuple(times), LIMIT_SECONDS), Figure("each team", "s", (of_teams,)))
    return Row("roi", WHAT["roi"], figures, details=details)


def _estimate(panels: dict[str, pl.DataFrame]) -> dict[str, Effect]:
    return {kind: estimate_effect(panel, outcome=OUTCOMES[kind]) for kind, panel in panels.items()}


def _is_within(effect: Effect, truth: float) -> bool | None:
    return None if effect.low is None or effect.high is None else effect.low <= truth <= effect.high

"""The row of what training returned: all outcomes of a large company estimated as every night, and their worth.

Results are simulated beforehand; reading them from the database belongs to the rows of the pipeline.
"""

import time
from decimal import Decimal

from models.roi.company import OutcomeFound, estimate_outcomes
from models.roi.effect import Effect
from models.roi.generator import simulate_outcomes
from models.roi.money import Amount, roi_of
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
    """From frames of monthly results to the company's return, with what errors of outcomes have in common."""
    count = bench.effort.roi_technicians
    bench.say(f"Simulating three years of {count:,} technicians …")
    simulated = {
        kind: simulate_outcomes(1, kind=kind, technicians=count, months=MONTHS, effect=effect, team_size=TEAM_SIZE)
        for kind, effect in EFFECTS.items()
    }
    panels = {kind: one.panel for kind, one in simulated.items()}
    times: list[float] = []
    for _ in range(bench.effort.roi_repetitions):
        started = time.perf_counter()
        effects = estimate_outcomes(panels)
        roi = roi_of({kind: Effect.from_json(effect.details) for kind, effect in effects.items()}, UNIT_VALUES, COST)
        times.append(time.perf_counter() - started)
    details: dict[str, Detail] = {
        "technician_count": count,
        "row_count": sum(panel.height for panel in panels.values()),
        "states": {kind: effect.state for kind, effect in effects.items()},
        "is_truth_within": {kind: _is_within(effects[kind], one.true_effect) for kind, one in simulated.items()},
        "roi": roi.roi,
    }
    return Row("roi", WHAT["roi"], (Figure("", "s", tuple(times), LIMIT_SECONDS),), details=details)


def _is_within(effect: OutcomeFound, truth: float) -> bool | None:
    return None if effect.low is None or effect.high is None else effect.low <= truth <= effect.high

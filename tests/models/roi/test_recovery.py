"""The known effect of simulated companies is found again, and none is reported where there is none (US-TC020)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest

from models.roi.effect import EffectState, estimate_effect
from models.roi.generator import SHAPES, Simulated, Training, simulate_outcomes
from models.roi.outcomes import OUTCOMES

RUNS = 100
# About a tenth of each outcome's level; the sign is the one training is given for.
EFFECTS = {
    "first_time_fix_rate": 0.05,
    "callback_rate": -0.04,
    "rework_rate": -0.03,
    "incidents": -0.1,
    "hours_per_job": -0.2,
    "units_maintained": 2.0,
}
HETEROGENEOUS = Training(trained_share=0.9, growth=0.25, cohort_spread=0.6, technician_spread=0.4)


@dataclass
class Count:
    covered: int
    states: Counter[EffectState]


def count(
    effect: float,
    *,
    kind: str = "first_time_fix_rate",
    seeds: range = range(RUNS),
    design: Mapping[str, object] = MappingProxyType({}),
) -> Count:
    """How often the interval held the truth, whatever the state, and how often each state was given."""
    covered, states = 0, Counter[EffectState]()
    for seed in seeds:
        simulated = simulate_outcomes(seed, effect=effect, kind=kind, **design)  # type: ignore[arg-type]
        found = estimate_effect(simulated.panel, outcome=OUTCOMES[kind])
        if found.low is not None and found.high is not None:
            covered += found.low <= simulated.true_effect <= found.high
        states[found.state] += 1
    return Count(covered, states)


@pytest.mark.requirement("CMP-06", "US-TC020")
class TestAcceptance:
    def test_the_known_effect_lies_in_the_interval_in_93_of_100_runs(self) -> None:
        found = count(0.05)
        assert found.covered >= 93
        assert found.states[EffectState.EFFECT] >= 90

    def test_without_an_effect_one_is_reported_in_at_most_7_of_100_runs(self) -> None:
        found = count(0.0)
        assert found.covered >= 93
        assert found.states[EffectState.EFFECT] <= 7
        assert found.states[EffectState.NO_VISIBLE_EFFECT] >= 80

    @pytest.mark.slow
    def test_it_holds_over_all_outcomes_together(self) -> None:
        """Seeds of their own for each outcome, so that the runs are independent."""
        with_effect = [
            count(effect, kind=kind, seeds=range(1000 * place, 1000 * place + RUNS))
            for place, (kind, effect) in enumerate(EFFECTS.items(), start=1)
        ]
        without = [
            count(0.0, kind=kind, seeds=range(1000 * place + 500, 1000 * place + 500 + RUNS))
            for place, kind in enumerate(EFFECTS, start=1)
        ]
        runs = RUNS * len(EFFECTS)
        assert sum(found.covered for found in with_effect) >= 0.93 * runs
        assert sum(found.covered for found in without) >= 0.93 * runs
        assert sum(found.states[EffectState.EFFECT] for found in without) <= 0.07 * runs

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("name", "design"),
        [
            ("the fewest technicians", {"technicians": 20, "training": Training(trained_share=0.5)}),
            ("everybody is trained in the end", {"training": Training(trained_share=1.0)}),
            ("whole teams in turns", {"technicians": 300, "training": Training(by_team=True)}),
            ("strong selection of the weak", {"training": Training(selection=1.0)}),
            ("a third of the months missing", {"missing_share": 0.33}),
        ],
    )
    def test_it_holds_where_comparing_is_harder(self, name: str, design: Mapping[str, object]) -> None:
        found = count(0.0, seeds=range(300), design=design)
        told = 300 - found.states[EffectState.NOT_ENOUGH_DATA]
        assert told >= 280, name
        assert found.covered >= 0.93 * told, name
        assert found.states[EffectState.EFFECT] <= 0.07 * 300, name


def two_way_fixed_effects(simulated: Simulated) -> float:
    """What a regression on technician, month and "is trained" says: the yardstick that goes wrong."""
    import pyfixest

    month = pl.col("month").dt.year() * 12 + pl.col("month").dt.month()
    trained = pl.col("trained_on").dt.year() * 12 + pl.col("trained_on").dt.month()
    rows = simulated.panel.filter(pl.col("value").is_not_null() & (month != trained).fill_null(True)).with_columns(
        (month > trained).fill_null(False).cast(pl.Int64).alias("is_trained"), month.alias("month")
    )
    fit = pyfixest.feols("value ~ is_trained | person_id + month", data=rows.to_pandas(), weights="weight")
    return float(fit.coef()["is_trained"])


class TestEffectsThatDiffer:
    """Those trained first gain most and gain more each month: regressions that compare trained with trained fail."""

    def test_they_are_recovered_where_two_way_fixed_effects_are_biased(self) -> None:
        ours, two_way, truths = [], [], []
        for seed in range(12):
            simulated = simulate_outcomes(
                seed, kind="hours_per_job", effect=-0.2, technicians=150, training=HETEROGENEOUS
            )
            found = estimate_effect(simulated.panel)
            # The truth of those months that can be compared: everybody's truth is what the simulation tells.
            assert found.effect is not None
            ours.append(found.effect)
            truths.append(simulated.true_effect)
            two_way.append(two_way_fixed_effects(simulated))
        truth = float(np.mean(truths))
        assert abs(float(np.mean(ours)) - truth) < 0.07 * abs(truth)
        assert abs(float(np.mean(two_way)) - truth) > 0.2 * abs(truth)

    def test_the_interval_still_holds_the_truth(self) -> None:
        assert count(0.05, design={"training": HETEROGENEOUS}).covered >= 93

    def test_growth_shows_in_the_event_study(self) -> None:
        simulated = simulate_outcomes(1, kind="hours_per_job", effect=-0.2, technicians=400, training=HETEROGENEOUS)
        months = {point.month_offset: point for point in estimate_effect(simulated.panel).event_study}
        assert months[8].high < months[1].low
        assert all(months[offset].low < 0 < months[offset].high for offset in (-3, -2, -1))


class TestTrendsBeforeTraining:
    @pytest.mark.requirement("US-TC020")
    @pytest.mark.parametrize("effect", [0.0, 0.05])
    def test_a_trend_that_was_there_before_is_named(self, effect: float) -> None:
        """Without the checks each of these runs would tell an effect."""
        found = count(effect, seeds=range(40), design={"technicians": 300, "training": Training(pre_trend=0.01)})
        assert found.states[EffectState.PRE_TRENDS_DIFFER] >= 38
        assert found.covered == 0

    def test_technicians_who_developed_alike_are_seldom_turned_away(self) -> None:
        assert count(0.0, seeds=range(200)).states[EffectState.PRE_TRENDS_DIFFER] <= 0.08 * 200

    def test_every_shape_has_an_outcome(self) -> None:
        assert SHAPES.keys() == OUTCOMES.keys() == EFFECTS.keys()

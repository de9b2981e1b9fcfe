"""What is said of an estimate: the four states, the least it takes for each, and results that are odd.

Whether the numbers are right is in `test_recovery.py` and `test_imputation.py`.
"""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from models.roi.effect import Effect, EffectState, Minimum, estimate_effect
from models.roi.generator import Training, simulate_outcomes
from models.roi.outcomes import OUTCOMES
from operational_db import types

FIX_RATE = OUTCOMES["first_time_fix_rate"]
pytestmark = pytest.mark.requirement("CMP-06", "US-TC020")


def company(**design: object) -> pl.DataFrame:
    """120 technicians, 24 months, trained in turns from the ninth month on, and better by it."""
    parts = {"technicians": 120, "effect": 0.08} | design
    return simulate_outcomes(11, **parts).panel  # type: ignore[arg-type]


def trained(panel: pl.DataFrame, number: pl.Expr) -> pl.DataFrame:
    """The panel with the training dates an expression says."""
    return panel.with_columns(number.alias("trained_on"))


def only_technician(*, is_trained: bool) -> pl.DataFrame:
    panel = company()
    names = panel.filter(pl.col("trained_on").is_not_null() == is_trained)["person_id"]
    return panel.filter(pl.col("person_id") == names[0])


@pytest.fixture(scope="module")
def seen() -> Effect:
    return estimate_effect(company(), outcome=FIX_RATE)


class TestStates:
    def test_they_are_those_that_are_kept(self) -> None:
        assert [state.value for state in EffectState] == [state.value for state in types.EffectState]
        assert OUTCOMES.keys() == {kind.value for kind in types.OutcomeKind}

    def test_an_effect_is_told_with_its_interval_and_what_speaks_for_it(self, seen: Effect) -> None:
        assert seen.state is EffectState.EFFECT
        assert seen.effect is not None and seen.low is not None and seen.high is not None
        assert 0 < seen.low < seen.effect < seen.high
        assert (seen.trained_count, seen.clustered_by) == (84, "person")
        assert seen.pre_trend_p is not None and seen.pre_trend_p > 0.025
        assert seen.placebo is not None and seen.placebo.low < 0 < seen.placebo.high
        assert "That is better." in seen.reason
        assert "percentage points" in seen.reason

    def test_fewer_callbacks_are_better_and_more_are_worse(self) -> None:
        fewer = estimate_effect(company(kind="callback_rate", effect=-0.06), outcome=OUTCOMES["callback_rate"])
        more = estimate_effect(company(kind="callback_rate", effect=0.06), outcome=OUTCOMES["callback_rate"])
        assert "That is better." in fewer.reason
        assert "That is worse." in more.reason

    def test_no_visible_effect_says_how_small_it_could_have_been(self) -> None:
        found = estimate_effect(company(effect=0.0), outcome=FIX_RATE)
        assert found.state is EffectState.NO_VISIBLE_EFFECT
        assert found.low is not None and found.high is not None
        assert found.low < 0 < found.high
        assert "includes no change" in found.reason
        assert f"{50 * (found.high - found.low):.2g} percentage points" in found.what_would_change

    def test_differing_trends_say_so_and_keep_the_numbers_to_look_at(self) -> None:
        found = estimate_effect(company(training=Training(pre_trend=0.012)), outcome=FIX_RATE)
        assert found.state is EffectState.PRE_TRENDS_DIFFER
        assert "no effect is told" in found.reason
        assert "by lot" in found.what_would_change
        assert found.event_study

    def test_a_dip_right_before_training_is_seen(self) -> None:
        """Whoever had a bad month is sent to training: what follows would look like an effect."""
        month = pl.col("month").dt.year() * 12 + pl.col("month").dt.month()
        at = pl.col("trained_on").dt.year() * 12 + pl.col("trained_on").dt.month()
        dipped = (month == at - 1).fill_null(False)
        panel = company(effect=0.0).with_columns(
            pl.when(dipped).then((pl.col("value") - 0.15).clip(0, 1)).otherwise("value").alias("value")
        )
        assert estimate_effect(panel, outcome=FIX_RATE).state is EffectState.PRE_TRENDS_DIFFER


class TestResult:
    def test_the_event_study_has_months_before_and_after(self, seen: Effect) -> None:
        offsets = [point.month_offset for point in seen.event_study]
        assert offsets == sorted(offsets)
        assert offsets[:6] == [-6, -5, -4, -3, -2, -1]
        assert max(offsets) <= 24
        assert all(point.low < point.effect < point.high for point in seen.event_study)

    def test_exposure_is_the_jobs_it_was_averaged_over(self, seen: Effect) -> None:
        month = pl.col("month").dt.strftime("%Y%m")
        after = company().filter(month > pl.col("trained_on").dt.strftime("%Y%m"))
        assert seen.exposure == after["weight"].sum()

    def test_it_is_plain_json_and_comes_back_from_it(self, seen: Effect) -> None:
        document = json.loads(json.dumps(seen.to_json(), allow_nan=False))
        assert Effect.from_json(document) == seen
        assert "influence" not in document or document["influence"] == {}

    def test_the_order_of_rows_and_the_day_of_the_month_do_not_matter(self, seen: Effect) -> None:
        panel = company().sample(fraction=1.0, shuffle=True, seed=3)
        other = estimate_effect(panel.with_columns(pl.col("month").dt.offset_by("9d")), outcome=FIX_RATE)
        assert other.effect == pytest.approx(seen.effect)
        assert [other.low, other.high] == pytest.approx([seen.low, seen.high])

    def test_the_unit_carries_over(self, seen: Effect) -> None:
        percent = estimate_effect(company().with_columns(value=100 * pl.col("value")))
        assert seen.effect is not None
        assert percent.effect == pytest.approx(100 * seen.effect)

    def test_months_with_more_jobs_count_more(self, seen: Effect) -> None:
        unweighted = estimate_effect(company().drop("weight"), outcome=FIX_RATE)
        assert unweighted.effect != seen.effect
        assert unweighted.exposure == unweighted.exposure // 1 < seen.exposure


class TestNotEnoughData:
    """Never an interval, always what is missing; each case is cut from a company with a clear effect."""

    @pytest.mark.parametrize(
        ("panel", "reason", "change"),
        [
            (company().clear(), "no results on record", "Import"),
            (company().with_columns(value=pl.lit(None, pl.Float64)), "no results on record", "Import"),
            (only_technician(is_trained=False), "nobody whose results", "after the first training"),
            (only_technician(is_trained=True), "nobody to compare with", "At least 5 technicians"),
            (trained(company(), pl.lit(None, pl.Date)), "nobody whose results", "after the first training"),
            (trained(company(), pl.lit(date(2024, 12, 5))), "when all are trained at once", "in turns"),
            (trained(company(), pl.lit(date(1999, 1, 1))), "nobody has results from before", "3 months before"),
            (trained(company(), pl.lit(date(2031, 1, 1))), "nobody whose results", "after the first training"),
            (company().with_columns(value=pl.lit(0.7)), "same throughout", "differ"),
            (company(technicians=12), "trained technicians can be compared, and it takes 10", "more technicians"),
            (company(months=4), "0 trained technicians can be compared", "at least 3 months before"),
            (company().filter(pl.col("month") >= date(2025, 6, 1)), "0 trained technicians", "months before training"),
        ],
        ids=[
            "no rows", "no values", "one technician", "one trained technician", "nobody trained", "all at once",
            "long ago", "in the future", "constant", "few technicians", "few months", "nothing from before",
        ],
    )  # fmt: skip
    def test_it_says_what_is_missing(self, panel: pl.DataFrame, reason: str, change: str) -> None:
        found = estimate_effect(panel, outcome=FIX_RATE)
        assert found.state is EffectState.NOT_ENOUGH_DATA
        assert (found.effect, found.low, found.high) == (None, None, None)
        assert found.reason.startswith("Not enough data on the share of jobs fixed at the first visit: ")
        assert reason in found.reason
        assert found.what_would_change and change in found.what_would_change
        json.dumps(found.to_json(), allow_nan=False)

    def test_hardly_ever_anything_happens(self) -> None:
        """Nine technicians with one incident each: no bell curve."""
        panel = company(kind="incidents", effect=0.0)
        is_first = pl.col("person_id").is_in([f"technician-{number:05d}" for number in range(9)])
        rare = panel.with_columns(
            value=pl.when(is_first & (pl.col("month") == date(2024, 5, 1))).then(1.0).otherwise(0.0)
        )
        found = estimate_effect(rare, outcome=OUTCOMES["incidents"])
        assert found.state is EffectState.NOT_ENOUGH_DATA
        assert "all but 9 technicians" in found.reason

    @pytest.mark.parametrize(("count", "is_enough"), [(9, False), (10, True)])
    def test_ten_trained_technicians_are_enough_and_nine_are_not(self, count: int, is_enough: bool) -> None:
        # Of every team one, so that each stands for herself.
        names = [f"technician-{10 * number:05d}" for number in range(count)]
        panel = company(missing_share=0.0)
        some = trained(panel, pl.when(pl.col("person_id").is_in(names)).then(pl.lit(date(2025, 1, 9))))
        found = estimate_effect(some, outcome=FIX_RATE)
        assert found.trained_count == count
        assert (found.state is not EffectState.NOT_ENOUGH_DATA) is is_enough

    @pytest.mark.parametrize(("months", "is_enough"), [(2, False), (3, True)])
    def test_three_months_before_training_are_enough_and_two_are_not(self, months: int, is_enough: bool) -> None:
        panel = trained(
            company(missing_share=0.0), pl.when(pl.col("team_id") > "team-005").then(pl.lit(date(2025, 1, 9)))
        )
        # Some teams only are trained, in the same month: each technician still stands for herself here.
        panel = panel.with_columns(pl.lit(None, pl.String).alias("team_id"))
        later = panel.filter(pl.col("month") >= (date(2024, 11, 1) if months == 2 else date(2024, 10, 1)))
        assert (estimate_effect(later).state is not EffectState.NOT_ENOUGH_DATA) is is_enough

    def test_a_few_technicians_with_nearly_all_jobs_are_too_few(self) -> None:
        names = [f"technician-{number:05d}" for number in range(3)]
        panel = company().with_columns(
            weight=pl.when(pl.col("person_id").is_in(names)).then(5_000.0).otherwise("weight")
        )
        found = estimate_effect(panel, outcome=FIX_RATE)
        assert found.state is EffectState.NOT_ENOUGH_DATA
        assert "very few technicians" in found.reason

    def test_the_minimum_can_be_raised(self) -> None:
        found = estimate_effect(company(), outcome=FIX_RATE, minimum=replace(Minimum(), trained=85))
        assert found.state is EffectState.NOT_ENOUGH_DATA
        assert found.what_would_change.startswith("1 more technicians")


class TestTeams:
    def test_whole_teams_trained_at_once_count_as_teams(self) -> None:
        found = estimate_effect(company(technicians=400, training=Training(by_team=True)), outcome=FIX_RATE)
        assert found.clustered_by == "team"
        assert found.state is EffectState.EFFECT
        assert all(cluster.startswith("team ") for cluster in found.influence)

    def test_six_teams_are_too_few_however_many_technicians(self) -> None:
        panel = company(technicians=240, team_size=40, training=Training(by_team=True))
        found = estimate_effect(panel, outcome=FIX_RATE)
        assert found.state is EffectState.NOT_ENOUGH_DATA
        assert "teams count, not technicians" in found.reason
        assert "part of a team" in found.what_would_change


class TestOddResults:
    def test_results_made_by_a_formula_have_no_error_and_no_false_alarm(self) -> None:
        """Technician plus month, exactly: nothing changes with training, and rounding is no information."""
        number = pl.col("person_id").str.slice(-3).cast(pl.Float64)
        panel = company().with_columns(value=number / 1000 + pl.col("month").dt.month() / 100)
        found = estimate_effect(panel)
        assert found.state is EffectState.NO_VISIBLE_EFFECT
        assert found.effect == pytest.approx(0.0, abs=1e-9)

    def test_half_of_the_months_missing_widens_the_interval_only(self, seen: Effect) -> None:
        found = estimate_effect(company(missing_share=0.5), outcome=FIX_RATE)
        assert found.state is EffectState.EFFECT
        assert found.ignored_count > 1000
        assert found.low is not None and found.high is not None and seen.low is not None and seen.high is not None
        assert found.high - found.low > seen.high - seen.low

    def test_a_month_that_nobody_has_is_no_problem(self) -> None:
        found = estimate_effect(company().filter(pl.col("month") != date(2025, 2, 1)), outcome=FIX_RATE)
        assert found.state is EffectState.EFFECT

    def test_somebody_trained_before_the_first_month_is_left_out(self, seen: Effect) -> None:
        early = pl.when(pl.col("person_id") == "technician-00007").then(pl.lit(date(2020, 1, 1)))
        found = estimate_effect(trained(company(), early.otherwise("trained_on")), outcome=FIX_RATE)
        assert found.state is EffectState.EFFECT
        assert seen.trained_count - found.trained_count in (0, 1)
        assert found.influence["technician-00007"] == 0.0

    def test_whatever_the_results_there_is_an_answer_or_a_named_refusal(self) -> None:
        """Small companies of chance: few technicians, holes, training before, within and after the months on record."""
        random = np.random.default_rng(5)
        states = set()
        for _ in range(300):
            people, months = random.integers(1, 40), random.integers(1, 14)
            size = people * months
            technician = np.repeat(np.arange(people), months)
            start = random.integers(-3, months + 8, people)
            has_team = random.random() < 0.5
            panel = pl.DataFrame(
                {
                    "person_id": technician,
                    "month": [
                        date(2024 + int(at) // 12, int(at) % 12 + 1, 1) for at in np.tile(np.arange(months), people)
                    ],
                    "value": np.round(random.normal(0, 10.0 ** random.integers(-9, 9), size), random.integers(0, 3)),
                    "weight": random.integers(0, random.integers(2, 9), size),
                    "trained_on": [
                        date(2024 + int(at) // 12, int(at) % 12 + 1, 5) if at <= months + 2 else None
                        for at in start[technician]
                    ],
                    "team_id": technician // 4 if has_team else technician * 0,
                }
            ).sample(fraction=float(random.choice([0.3, 1.0])), seed=1)
            found = estimate_effect(panel)
            json.dumps(found.to_json(), allow_nan=False)
            assert (found.low is None) is (found.state is EffectState.NOT_ENOUGH_DATA)
            states.add(found.state)
        assert {EffectState.NOT_ENOUGH_DATA, EffectState.NO_VISIBLE_EFFECT} <= states

    def test_a_month_far_from_all_others_has_no_comparison_and_does_no_harm(self, seen: Effect) -> None:
        stray = company().head(1).with_columns(month=pl.lit(date(2190, 1, 1)), value=pl.lit(0.9), weight=pl.lit(3.0))
        found = estimate_effect(pl.concat([company(), stray]), outcome=FIX_RATE)
        assert found.effect == pytest.approx(seen.effect)

"""Benefit and return in money: what is counted, with which sign, how sure, and what is refused."""

import json
import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.roi.company import estimate_outcomes
from models.roi.effect import Effect, EffectState, estimate_effect, half_width
from models.roi.generator import simulate_outcomes
from models.roi.money import Amount, InvalidMoneyError, MixedCurrenciesError, Roi, roi_of
from models.roi.outcomes import OUTCOMES

pytestmark = pytest.mark.requirement("CMP-06", "US-TC020")


def cad(value: float | str) -> Amount:
    return Amount(Decimal(str(value)), "CAD")


def effect(
    value: float, error: float = 0.01, *, exposure: float = 1000.0, state: EffectState = EffectState.EFFECT
) -> Effect:
    """An effect with an interval of two standard errors, and the contribution of one technician."""
    width = 1.959964 * error
    return Effect(
        state, value, value - width, value + width, 20, 30, 12, "", "",
        exposure=exposure, degrees_of_freedom=1e6, influence={"a": error},
    )  # fmt: skip


def none(state: EffectState) -> Effect:
    return Effect(state, None, None, None, 0, 0, 0, "", "")


class TestRoi:
    def test_it_is_benefit_minus_cost_over_cost_with_the_ends_of_the_benefit(self) -> None:
        """0.05 more first fixes in 1,000 jobs are 50, of 200 each 10,000, against 4,000."""
        roi = roi_of({"first_time_fix_rate": effect(0.05)}, {"first_time_fix_rate": cad(200)}, cad(4000))
        assert (roi.state, roi.currency, roi.interval) == (EffectState.EFFECT, "CAD", "joint")
        assert roi.benefit == pytest.approx(10_000)
        assert roi.roi == pytest.approx(1.5)
        assert roi.low == pytest.approx((10_000 - 3919.928 - 4000) / 4000, abs=1e-4)
        assert roi.high == pytest.approx((10_000 + 3919.928 - 4000) / 4000, abs=1e-4)
        assert "a return of 150% (between 52% and 248%)" in roi.reason

    def test_fewer_callbacks_are_a_benefit_and_more_are_a_loss(self) -> None:
        fewer = roi_of({"callback_rate": effect(-0.05)}, {"callback_rate": cad(100)}, cad(1000))
        more = roi_of({"callback_rate": effect(0.05)}, {"callback_rate": cad(100)}, cad(1000))
        assert fewer.benefit == pytest.approx(5000)
        assert more.benefit == pytest.approx(-5000)
        assert more.roi == pytest.approx(-6.0)
        assert (fewer.benefit_low or 0) < (fewer.benefit or 0) < (fewer.benefit_high or 0)

    def test_costs_are_summed_exactly(self) -> None:
        costs = [cad("0.10")] * 3 + [cad("99.70")]
        assert roi_of({"callback_rate": effect(-0.05)}, {"callback_rate": cad(1)}, costs).cost == 100.0

    def test_what_is_not_visible_counts_with_its_interval(self) -> None:
        small = effect(0.005, state=EffectState.NO_VISIBLE_EFFECT)
        roi = roi_of({"first_time_fix_rate": small}, {"first_time_fix_rate": cad(100)}, cad(1000))
        assert roi.state is EffectState.NO_VISIBLE_EFFECT
        assert roi.benefit == pytest.approx(500)
        assert roi.low is not None and roi.high is not None
        assert roi.low < -1 < roi.high
        assert "No visible effect" in roi.reason

    def test_whether_it_paid_is_open_while_the_cost_is_within_the_interval(self) -> None:
        found = roi_of({"first_time_fix_rate": effect(0.05)}, {"first_time_fix_rate": cad(200)}, cad(9000))
        assert "is open" in found.what_would_change

    def test_it_is_plain_json(self) -> None:
        found = roi_of({"callback_rate": effect(-0.05)}, {"callback_rate": cad(100)}, cad(1000))
        document = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert document["state"] == "effect"
        assert document["outcomes"][0]["benefit"] == pytest.approx(5000)


VALUES = {"first_time_fix_rate": cad(100), "hours_per_job": cad(100)}


class TestSeveralOutcomes:
    def test_errors_of_the_same_technicians_add_up_and_opposite_ones_cancel(self) -> None:
        """One technician better at both by chance: twice the error. Fewer hours are better, so the sign turns."""
        together = roi_of(
            {"first_time_fix_rate": effect(0.05), "hours_per_job": replace(effect(-0.05), influence={"a": -0.01})},
            VALUES, cad(1),
        )  # fmt: skip
        opposed = roi_of({"first_time_fix_rate": effect(0.05), "hours_per_job": effect(-0.05)}, VALUES, cad(1))
        apart = roi_of(
            {"first_time_fix_rate": effect(0.05), "hours_per_job": replace(effect(-0.05), influence={"b": 0.01})},
            VALUES, cad(1),
        )  # fmt: skip
        single = 1.959964 * 0.01 * 1000 * 100
        assert [self.half(roi) for roi in (together, apart, opposed)] == [
            pytest.approx(2 * single, rel=1e-4),
            pytest.approx(math.sqrt(2) * single, rel=1e-4),
            pytest.approx(0.0, abs=1e-6),
        ]
        assert [roi.benefit for roi in (together, apart, opposed)] == [pytest.approx(10_000)] * 3

    def test_from_storage_the_widest_interval_is_taken(self) -> None:
        effects = {"first_time_fix_rate": effect(0.05), "hours_per_job": effect(-0.05)}
        stored = {kind: Effect.from_json(json.loads(json.dumps(item.to_json()))) for kind, item in effects.items()}
        roi = roi_of(stored, VALUES, cad(1))
        assert roi.interval == "bound"
        assert self.half(roi) == pytest.approx(2 * 1.959964 * 0.01 * 1000 * 100, rel=1e-4)

    def test_covariances_in_storage_give_the_same_interval_as_fresh_effects(self) -> None:
        kinds = {"first_time_fix_rate": 0.08, "hours_per_job": -0.3}
        panels = {
            kind: simulate_outcomes(4, kind=kind, technicians=120, effect=size).panel for kind, size in kinds.items()
        }
        fresh = {kind: estimate_effect(panel, outcome=OUTCOMES[kind]) for kind, panel in panels.items()}
        stored = {kind: Effect.from_json(found.details) for kind, found in estimate_outcomes(panels).items()}
        of_fresh, of_stored = roi_of(fresh, VALUES, cad(9000)), roi_of(stored, VALUES, cad(9000))
        assert (of_fresh.interval, of_stored.interval) == ("joint", "joint")
        assert [of_fresh.low, of_fresh.high] == pytest.approx([of_stored.low, of_stored.high])
        alone = {kind: replace(effect, covariances={}) for kind, effect in stored.items()}
        widest = roi_of(alone, VALUES, cad(9000))
        assert widest.interval == "bound"
        assert self.half(widest) > self.half(of_stored)

    def test_a_single_stored_outcome_has_the_same_interval_as_a_fresh_one(self) -> None:
        panel = simulate_outcomes(4, technicians=120, effect=0.08).panel
        fresh = estimate_effect(panel, outcome=OUTCOMES["first_time_fix_rate"])
        stored = Effect.from_json(fresh.to_json())
        values = {"first_time_fix_rate": cad(80)}
        of_fresh, of_stored = (roi_of({"first_time_fix_rate": one}, values, cad(9000)) for one in (fresh, stored))
        assert (of_fresh.interval, of_stored.interval) == ("joint", "bound")
        assert of_fresh.low == pytest.approx(of_stored.low)
        assert of_fresh.high == pytest.approx(of_stored.high)

    def test_only_what_has_a_value_counts(self) -> None:
        effects = {"first_time_fix_rate": effect(0.05), "hours_per_job": effect(-0.05)}
        roi = roi_of(effects, {"hours_per_job": cad(100)}, cad(1000))
        assert [item.kind for item in roi.outcomes] == ["hours_per_job"]
        assert roi.benefit == pytest.approx(5000)

    @pytest.mark.parametrize(
        ("state", "words"),
        [
            (EffectState.NOT_ENOUGH_DATA, "hours per job (not enough data)"),
            (EffectState.PRE_TRENDS_DIFFER, "hours per job (differing trends before training)"),
        ],
    )
    def test_what_cannot_be_told_counts_nothing_and_is_named(self, state: EffectState, words: str) -> None:
        effects = {"first_time_fix_rate": effect(0.05), "hours_per_job": replace(effect(-0.05), state=state)}
        roi = roi_of(effects, VALUES, cad(1000))
        assert roi.benefit == pytest.approx(5000)
        assert f"Not counted: {words}." in roi.reason
        assert [item.is_counted for item in roi.outcomes] == [True, False]

    @staticmethod
    def half(roi: Roi) -> float:
        assert roi.benefit_low is not None
        assert roi.benefit_high is not None
        return (roi.benefit_high - roi.benefit_low) / 2


class TestNoReturnToTell:
    @pytest.mark.parametrize("cost", [cad(0), []])
    def test_without_a_cost_there_is_a_benefit_but_no_return(self, cost: Amount | list[Amount]) -> None:
        roi = roi_of({"callback_rate": effect(-0.05)}, {"callback_rate": cad(100)}, cost)
        assert (roi.roi, roi.low, roi.high) == (None, None, None)
        assert roi.benefit == pytest.approx(5000)
        assert "No cost is on record" in roi.reason
        assert "Record what the training cost" in roi.what_would_change

    def test_without_unit_values_nothing_can_be_put_into_money(self) -> None:
        roi = roi_of({"callback_rate": effect(-0.05)}, {}, cad(1000))
        assert (roi.state, roi.roi, roi.benefit) == (EffectState.NOT_ENOUGH_DATA, None, None)
        assert "No outcome has a unit value" in roi.reason

    @pytest.mark.parametrize(
        ("states", "state"),
        [
            ([EffectState.NOT_ENOUGH_DATA], EffectState.NOT_ENOUGH_DATA),
            ([EffectState.PRE_TRENDS_DIFFER, EffectState.NOT_ENOUGH_DATA], EffectState.PRE_TRENDS_DIFFER),
            ([], EffectState.NOT_ENOUGH_DATA),
        ],
    )
    def test_without_any_told_effect_the_state_says_why(self, states: list[EffectState], state: EffectState) -> None:
        kinds = ["callback_rate", "hours_per_job"]
        effects = {kind: none(of_kind) for kind, of_kind in zip(kinds, states, strict=False)}
        roi = roi_of(effects, dict.fromkeys(kinds, cad(100)), cad(1000))
        assert (roi.state, roi.roi, roi.benefit, roi.cost) == (state, None, None, 1000.0)
        assert roi.what_would_change


class TestRefused:
    def test_two_currencies_are_never_added(self) -> None:
        effects, values = {"callback_rate": effect(-0.05)}, {"callback_rate": cad(100)}
        with pytest.raises(MixedCurrenciesError, match="CAD and USD"):
            roi_of(effects, values, Amount(Decimal(1000), "USD"))
        with pytest.raises(MixedCurrenciesError):
            roi_of(effects, values, [cad(1), Amount(1.0, "EUR")])

    @pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, Decimal("-0.01"), Decimal("NaN")])
    def test_an_amount_is_a_number_and_not_negative(self, value: Decimal | float) -> None:
        with pytest.raises(InvalidMoneyError, match="no amount of money"):
            Amount(value, "CAD")

    @pytest.mark.parametrize("currency", ["", "cad", "$", "CADD"])
    def test_a_currency_is_a_three_letter_code(self, currency: str) -> None:
        with pytest.raises(InvalidMoneyError, match="no currency code"):
            Amount(1.0, currency)

    def test_an_unknown_outcome_is_refused(self) -> None:
        with pytest.raises(InvalidMoneyError, match="There is no outcome smiles"):
            roi_of({}, {"smiles": cad(1)}, cad(1))


class TestTruth:
    @pytest.mark.slow
    def test_the_true_benefit_of_two_outcomes_lies_in_the_joint_interval(self) -> None:
        """Both from the same technicians and job counts, so that their errors hang together."""
        truth_in = 0
        for seed in range(100):
            effects, truth = {}, 0.0
            for kind, size in (("callback_rate", -0.04), ("rework_rate", -0.03)):
                simulated = simulate_outcomes(20_000 + seed, kind=kind, technicians=150, effect=size)
                effects[kind] = estimate_effect(simulated.panel, outcome=OUTCOMES[kind])
                effects[kind] = replace(effects[kind], state=EffectState.EFFECT)
                truth -= simulated.true_effect * effects[kind].exposure * 100
            roi = roi_of(effects, {"callback_rate": cad(100), "rework_rate": cad(100)}, cad(1))
            assert roi.benefit_low is not None and roi.benefit_high is not None
            truth_in += roi.benefit_low <= truth <= roi.benefit_high
        assert truth_in >= 93


DEGREES = 11.0
CLUSTERS = "abcd"


@st.composite
def estimated(draw: st.DrawFn) -> dict[str, Effect]:
    """Effects on some outcomes, with each technician's contribution to the error, as `estimate_outcomes` has them."""
    found: dict[str, Effect] = {}
    for kind in draw(st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, unique=True)):
        value = draw(st.floats(-0.5, 0.5))
        parts = draw(st.lists(st.floats(-0.1, 0.1), min_size=len(CLUSTERS), max_size=len(CLUSTERS)))
        width = half_width(math.hypot(*parts), DEGREES)
        found[kind] = Effect(
            EffectState.EFFECT, value, value - width, value + width, 20, 30, 12, "", "",
            exposure=draw(st.floats(1, 1e5)), degrees_of_freedom=DEGREES,
            influence=dict(zip(CLUSTERS, parts, strict=True)),
        )  # fmt: skip
    return found


class TestParts:
    """Whatever the effects, values and cost: the parts of the return add up, and its interval is one of them all."""

    @given(effects=estimated(), data=st.data(), cost=st.decimals(1, 10**6, places=2))
    def test_they_add_up_and_the_interval_is_never_wider_than_the_widest(
        self, effects: dict[str, Effect], data: st.DataObject, cost: Decimal
    ) -> None:
        values = {kind: Amount(data.draw(st.decimals(0, 1000, places=2)), "CAD") for kind in effects}
        found = roi_of(effects, values, Amount(cost, "CAD"))
        assert found.benefit is not None and found.benefit_low is not None and found.benefit_high is not None
        assert found.roi is not None and found.low is not None and found.high is not None
        scale = sum(abs(part.benefit or 0) for part in found.outcomes) + float(cost)
        near = 1e-9 * scale
        assert found.benefit == pytest.approx(sum(part.benefit or 0 for part in found.outcomes), abs=near)
        for share, benefit in (
            (found.roi, found.benefit), (found.low, found.benefit_low), (found.high, found.benefit_high),
        ):  # fmt: skip
            assert (1 + share) * found.cost == pytest.approx(benefit, abs=near)
        assert found.benefit_low <= found.benefit <= found.benefit_high
        widest = sum((part.high or 0) - (part.low or 0) for part in found.outcomes)
        assert found.benefit_high - found.benefit_low <= widest + near

    @given(effects=estimated(), times=st.sampled_from([2, 10, 125]))
    def test_neither_storage_nor_the_unit_of_money_changes_the_return(
        self, effects: dict[str, Effect], times: int
    ) -> None:
        values = {kind: Amount(Decimal(place + 1), "CAD") for place, kind in enumerate(effects)}
        found = roi_of(effects, values, cad(1000))
        stored = {
            kind: replace(
                each,
                influence={},
                covariances={
                    name: sum(part * other.influence[cluster] for cluster, part in each.influence.items())
                    for name, other in effects.items()
                },
            )
            for kind, each in effects.items()
        }
        cents = {kind: Amount(amount.value * times, "JPY") for kind, amount in values.items()}
        for again in (
            roi_of(stored, values, cad(1000)),
            roi_of(effects, cents, Amount(Decimal(1000 * times), "JPY")),
        ):
            assert again.interval == found.interval == "joint"
            for part in ("roi", "low", "high"):
                assert getattr(again, part) == pytest.approx(getattr(found, part), rel=1e-6, abs=1e-4)

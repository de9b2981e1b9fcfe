"""What the effects were worth to a company and what training returned: (benefit - cost) / cost, with its interval.

Effects come from `effect.py`, unit values and costs from the company. No currency is ever converted.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from models.roi.effect import Effect, EffectState, half_width
from models.roi.outcomes import OUTCOMES

_CURRENCY = re.compile(r"[A-Z]{3}")


class InvalidMoneyError(ValueError):
    """An amount is negative or no number, a currency no three-letter code, or an outcome unknown."""


class MixedCurrenciesError(InvalidMoneyError):
    """Costs and unit values are in more than one currency; nothing here converts them."""


@dataclass(frozen=True)
class Amount:
    """Not negative; `currency` by its ISO 4217 code."""

    value: Decimal | float
    currency: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or self.value < 0:
            raise InvalidMoneyError(f"{self.value} is no amount of money: it must be a number and not negative.")
        if not _CURRENCY.fullmatch(self.currency):
            raise InvalidMoneyError(f"{self.currency!r} is no currency code such as CAD.")


@dataclass(frozen=True)
class OutcomeBenefit:
    """What one outcome contributed. `units` is how many more (if fewer are better: fewer) there were through training.

    Not counted: the state says why, and the numbers are None.
    """

    kind: str
    state: EffectState
    is_counted: bool
    unit_value: float
    units: float | None
    benefit: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Roi:
    """`roi`, `low`, `high`: 0.5 is half the cost earned on top of it. None when there is no cost or no benefit to tell.

    `interval` is `joint` when the errors' connection between outcomes was known, `bound` when the widest was taken.
    """

    state: EffectState
    roi: float | None
    low: float | None
    high: float | None
    benefit: float | None
    benefit_low: float | None
    benefit_high: float | None
    cost: float
    currency: str | None
    interval: str | None
    outcomes: tuple[OutcomeBenefit, ...]
    reason: str
    what_would_change: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def roi_of(effects: Mapping[str, Effect], unit_values: Mapping[str, Amount], cost: Amount | Iterable[Amount]) -> Roi:
    """Benefit of all valued outcomes against the cost of the same training (a company's, a course's or a team's).

    An outcome's benefit is its effect (turned so that more is better) x the jobs or months it was averaged over x the
    company's value of a unit; an effect that is not visible counts as well, at its estimate and with its interval,
    because leaving it out would flatter. Outcomes without enough data or with differing trends count nothing and are
    named. Values overlap where companies let them: who values both a callback and a missed first fix counts twice.

    The interval: each technician's contribution to the error of every outcome is added up before squaring, so that
    outcomes that move together widen it as they should (`joint`); effects read back from storage bring the same as
    covariances. Where neither is there, half-widths are added, which holds for any connection (`bound`, wider).
    Costs are taken as certain.
    Raises `InvalidMoneyError`, `MixedCurrenciesError`.
    """
    costs = [cost] if isinstance(cost, Amount) else list(cost)
    currency = _one_currency([*costs, *unit_values.values()])
    total_cost = float(sum(Decimal(str(amount.value)) for amount in costs))
    outcomes = tuple(_benefit_of(kind, effects.get(kind), amount) for kind, amount in unit_values.items())
    counted = {item.kind: item for item in outcomes if item.is_counted}
    if not counted:
        return _without_benefit(outcomes, total_cost, currency)
    benefit = sum(item.benefit or 0.0 for item in counted.values())
    width, interval = _half_width(counted, effects)
    low, high = benefit - width, benefit + width
    state = EffectState.EFFECT if low > 0 or high < 0 else EffectState.NO_VISIBLE_EFFECT
    roi = tuple((part - total_cost) / total_cost if total_cost > 0 else None for part in (benefit, low, high))
    reason, change = _worded(state, benefit, (low, high), roi, total_cost, currency or "")
    left_out = _left_out(outcomes)
    return Roi(
        state, roi[0], roi[1], roi[2], benefit, low, high, total_cost, currency, interval, outcomes,
        f"{reason} {left_out}".strip(), change,
    )  # fmt: skip


def _one_currency(amounts: list[Amount]) -> str | None:
    currencies = sorted({amount.currency for amount in amounts})
    if len(currencies) > 1:
        raise MixedCurrenciesError(
            f"Costs and unit values are in {' and '.join(currencies)}: state all of them in one currency."
        )
    return currencies[0] if currencies else None


def _sign(kind: str) -> float:
    return 1.0 if OUTCOMES[kind].is_more_better else -1.0


def _benefit_of(kind: str, effect: Effect | None, value: Amount) -> OutcomeBenefit:
    if kind not in OUTCOMES:
        raise InvalidMoneyError(f"There is no outcome {kind}; there are {', '.join(OUTCOMES)}.")
    amount = float(value.value)
    state = EffectState.NOT_ENOUGH_DATA if effect is None else effect.state
    is_told = state in (EffectState.EFFECT, EffectState.NO_VISIBLE_EFFECT)
    if effect is None or not is_told or effect.effect is None or effect.low is None or effect.high is None:
        return OutcomeBenefit(kind, state, False, amount, None, None, None, None)
    units = _sign(kind) * effect.effect * effect.exposure
    ends = sorted(_sign(kind) * end * effect.exposure * amount for end in (effect.low, effect.high))
    return OutcomeBenefit(kind, state, True, amount, units, units * amount, ends[0], ends[1])


def _half_width(counted: Mapping[str, OutcomeBenefit], effects: Mapping[str, Effect]) -> tuple[float, str]:
    used = {kind: effects[kind] for kind in counted}
    scales = {kind: _sign(kind) * effect.exposure * counted[kind].unit_value for kind, effect in used.items()}
    variance = _variance(used, scales)
    if variance is None:
        return sum(((item.high or 0.0) - (item.low or 0.0)) / 2 for item in counted.values()), "bound"
    degrees_of_freedom = min(effect.degrees_of_freedom for effect in used.values())
    return half_width(math.sqrt(max(variance, 0.0)), degrees_of_freedom), "joint"


def _variance(effects: Mapping[str, Effect], scales: Mapping[str, float]) -> float | None:
    """Of the scaled effects' sum; None when it is not known how their errors hang together."""
    if len({effect.clustered_by for effect in effects.values()}) > 1:
        return None
    if all(effect.influence for effect in effects.values()):
        total: dict[str, float] = {}
        for kind, effect in effects.items():
            for cluster, part in effect.influence.items():
                total[cluster] = total.get(cluster, 0.0) + scales[kind] * part
        return sum(part * part for part in total.values())
    if all(effects.keys() <= effect.covariances.keys() for effect in effects.values()):
        return sum(
            scales[kind] * scales[other] * effect.covariances[other]
            for kind, effect in effects.items()
            for other in effects
        )
    return None


def _without_benefit(outcomes: tuple[OutcomeBenefit, ...], cost: float, currency: str | None) -> Roi:
    has_trend = any(item.state is EffectState.PRE_TRENDS_DIFFER for item in outcomes)
    state = EffectState.PRE_TRENDS_DIFFER if has_trend else EffectState.NOT_ENOUGH_DATA
    if not outcomes:
        reason = "No outcome has a unit value, so what training changed cannot be put into money."
        change = "State what one callback avoided, one hour saved or one first-time fix is worth to the company."
    elif has_trend:
        reason = "Results of those trained already developed differently before training, so no benefit is told."
        change = "See each outcome for what would make a comparison possible."
    else:
        reason = "There is not enough data on any valued outcome to tell a benefit."
        change = "See each outcome for what is missing."
    return Roi(state, None, None, None, None, None, None, cost, currency, None, outcomes, reason, change)


def _worded(
    state: EffectState,
    benefit: float,
    ends: tuple[float, float],
    roi: tuple[float | None, ...],
    cost: float,
    currency: str,
) -> tuple[str, str]:
    worth = f"{benefit:,.0f} {currency} (between {ends[0]:,.0f} and {ends[1]:,.0f})"
    if roi[0] is None or roi[1] is None or roi[2] is None:
        return (
            f"The change was worth {worth}. No cost is on record, so there is nothing it could be a return on.",
            "Record what the training cost: fees, paid hours, travel and the instructors' time.",
        )
    against = f"against a cost of {cost:,.0f}: a return of {roi[0]:.0%} (between {roi[1]:.0%} and {roi[2]:.0%})"
    if state is EffectState.NO_VISIBLE_EFFECT:
        return (
            f"No visible effect: the change was worth {worth}, which includes nothing at all, {against}.",
            "More trained technicians or more months after training narrow the interval: four times as many halve it.",
        )
    if ends[0] < cost < ends[1]:
        change = "Whether it paid for itself is open: the cost lies within the interval. More months would narrow it."
    else:
        change = "Other unit values or costs; more months would narrow the interval."
    return f"The change was worth {worth}, {against}.", change


def _left_out(outcomes: tuple[OutcomeBenefit, ...]) -> str:
    reasons = {
        EffectState.NOT_ENOUGH_DATA: "not enough data",
        EffectState.PRE_TRENDS_DIFFER: "differing trends before training",
    }
    named = [f"{OUTCOMES[item.kind].title} ({reasons[item.state]})" for item in outcomes if not item.is_counted]
    return f"Not counted: {'; '.join(named)}." if named else ""

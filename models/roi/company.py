"""All outcomes of a company, or of one of its courses, at once: each effect with what the others' errors share with it.

Frames in, plain results out, ready to be kept as JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from models.roi.effect import DEFAULT_MINIMUM, Effect, EffectState, Minimum, estimate_effect
from models.roi.outcomes import OUTCOMES
from models.roi.panel import InvalidPanelError


@dataclass(frozen=True)
class OutcomeFound:
    """One outcome's effect. `details` is the whole `Effect` as JSON and `covariances`: of its error with each other's.

    Covariances are in the product of both outcomes' units and let a sum over outcomes have its true interval; they are
    left out where the outcomes' independent cases are not the same.
    """

    state: str
    effect: float | None
    low: float | None
    high: float | None
    trained_count: int
    compared_count: int
    month_count: int
    details: dict[str, Any]


def estimate_outcomes(
    panels: Mapping[str, pl.DataFrame], *, as_of: date | None = None, minimum: Minimum = DEFAULT_MINIMUM
) -> dict[str, OutcomeFound]:
    """`estimate_effect` of every outcome, by its kind.

    A panel that cannot be what it says (a rate above one, a month twice) is told as "not enough data" with the reason,
    so that one outcome's fault does not hide the others.
    """
    effects = {kind: _effect(kind, frame, as_of, minimum) for kind, frame in panels.items()}
    return {
        kind: OutcomeFound(
            state=effect.state.value,
            effect=effect.effect,
            low=effect.low,
            high=effect.high,
            trained_count=effect.trained_count,
            compared_count=effect.compared_count,
            month_count=effect.month_count,
            details=effect.to_json() | {"covariances": _covariances(effect, effects)},
        )
        for kind, effect in effects.items()
    }


def _effect(kind: str, frame: pl.DataFrame, as_of: date | None, minimum: Minimum) -> Effect:
    try:
        return estimate_effect(frame, outcome=OUTCOMES[kind], as_of=as_of, minimum=minimum)
    except InvalidPanelError as error:
        return Effect(
            EffectState.NOT_ENOUGH_DATA,
            None,
            None,
            None,
            trained_count=0,
            compared_count=0,
            month_count=0,
            reason=f"The results cannot be used: {error}",
            what_would_change="Correct these jobs and import them again.",
        )


def _covariances(effect: Effect, effects: Mapping[str, Effect]) -> dict[str, float]:
    if not effect.influence:
        return {}
    found: dict[str, float] = {}
    for kind, other in effects.items():
        if other.influence and other.clustered_by == effect.clustered_by:
            shared = effect.influence.keys() & other.influence.keys()
            found[kind] = sum(effect.influence[each] * other.influence[each] for each in sorted(shared))
    return found

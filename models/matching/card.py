"""The model card: what was learned from what, how it was judged, and the verdict, as plain JSON values.

Holds no personal data: counts, shares and regions, but no ids. How figures come about is in `evaluation`.
"""

import hashlib
import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from models.matching.candidates import ADDITIVE, FORMULA
from models.matching.evaluation import FOLDS, NEWEST_SHARE, Evaluation
from models.matching.factors import FEATURE_NAMES, FEATURES
from models.matching.matcher import Matcher, MatcherKind

# JSON values; their types differ by key.
Card = dict[str, Any]

FORMAT = "sitesync-match-card-1"
LIBRARIES = ("numpy", "polars", "scikit-learn", "scipy", "skops")
_DIGITS = 6

OUTCOME = (
    "A request succeeds when it is accepted and becomes a completed mentorship that the mentee does not rate below 4 "
    "of 5; refused, expired and early ended ones fail. Requests too young to have ended are left out."
)
RULE = (
    f"Log loss on requests of mentees that were left out ({FOLDS} parts) of the older requests chooses; the newest "
    f"{NEWEST_SHARE:.0%} confirms and is reported. The learned match serves only when its gain over the calibrated "
    "formula has a 95 % interval (whole mentees drawn anew) above 0 and holds on the newest part. Gradient boosting is "
    "compared, but does not serve: its scores have no parts that add up to them."
)


def describe_data(history: pl.DataFrame, requests: pl.DataFrame, ledger_size: int | None) -> Card:
    """Window and sizes of a history and of the requests with known outcomes, and the hash of what is learned from."""
    shown = history["shown_at"].drop_nulls()
    asked = history.filter("is_requested")
    days = [value for value in (shown.min(), shown.max(), asked["requested_at"].min(), asked["requested_at"].max())]
    listed = history.filter(pl.col("showing_id").is_not_null() & pl.col("propensity").is_not_null())
    return {
        "first_shown_on": _day(days[0]),
        "last_shown_on": _day(days[1]),
        "first_request_on": _day(days[2]),
        "last_request_on": _day(days[3]),
        "row_count": len(history),
        "showing_count": history["showing_id"].drop_nulls().n_unique(),
        "explored_share": _share_explored(listed),
        "request_count": len(asked),
        "outcome_count": len(requests),
        "success_count": int(requests["is_success"].sum()),
        "not_known_yet_count": len(asked) - len(requests),
        "completed_unrated_count": requests.filter(pl.col("is_completed") & pl.col("rating").is_null()).height,
        "mentee_count": history["mentee_id"].n_unique(),
        "mentor_count": history["mentor_id"].n_unique(),
        "ledger_size": ledger_size,
        "sha256": data_hash(requests),
    }


def data_hash(requests: pl.DataFrame) -> str:
    """SHA-256 of the labelled requests in their order: when, what became of them, and their features."""
    digest = hashlib.sha256()
    digest.update(requests["requested_at"].dt.timestamp("us").to_numpy().tobytes())
    digest.update(requests["is_success"].cast(pl.UInt8).to_numpy().tobytes())
    features = requests.select(pl.col(FEATURE_NAMES).cast(pl.Float32)).to_numpy()
    digest.update(np.ascontiguousarray(features, dtype="<f4").tobytes())
    return digest.hexdigest()


def write_card(
    decision: str, verdict: str, data: Mapping[str, Any], matcher: Matcher, found: Evaluation | None = None
) -> Card:
    """The card of what serves; without an evaluation only what there was to learn from."""
    is_learned = matcher.kind is MatcherKind.LEARNED
    served = ADDITIVE if is_learned else FORMULA
    card: Card = {
        "format": FORMAT,
        "serves": str(matcher.kind),
        "decision": str(decision),
        "verdict": verdict,
        "outcome": OUTCOME,
        "rule": RULE,
        "data": dict(data),
        "features": [
            {
                "name": feature.name,
                "title": feature.title,
                "formula_weight": feature.weight,
                "is_increasing": feature.is_increasing,
                "description": feature.description,
            }
            for feature in FEATURES
        ],
        "library_versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "heads": _heads(matcher) if is_learned else {},
    }
    if found is not None:
        card |= {
            "window": found.window,
            "comparison": found.comparison.to_dicts(),
            "gains": found.gains.to_dicts(),
            "reliability": found.reliability[served],
            "reliability_of": served,
            "reliability_of_all": found.reliability,
            "slices": found.slices.to_dicts(),
            "exposure": found.exposure.to_dicts(),
            "off_policy": found.off_policy.to_dicts(),
            "oracle": None if found.oracle is None else found.oracle.to_dicts(),
        }
    return _plain(card)  # type: ignore[no-any-return]


def _heads(matcher: Matcher) -> dict[str, Any]:
    """The learned function of every feature at equal steps from 0 to 1, in log odds."""
    heads = {"asks": matcher.asks, "succeeds": matcher.succeeds}
    return {
        name: {
            "intercept": model.intercept_,
            "strength": model.strength,
            "functions": {
                feature.name: knots.tolist() for feature, knots in zip(FEATURES, model.knot_values_, strict=True)
            },
        }
        for name, model in heads.items()
        if model is not None
    }


def _share_explored(listed: pl.DataFrame) -> float | None:
    """Share of lists that were shuffled, as far as it can be seen: whoever stands first hardly ever would."""
    first = listed.filter(pl.col("rank") == 1)["propensity"]
    return float((first < 0.5).mean()) if len(first) else None  # type: ignore[arg-type]


def _day(value: Any) -> str | None:  # a datetime, or None where there is none
    return None if value is None else f"{value:%Y-%m-%d}"


def _plain(value: Any) -> Any:  # any JSON value or numpy number
    """Only what JSON has: no NaN, no numpy numbers, six digits."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, Sequence):
        return [_plain(part) for part in value]
    if isinstance(value, int | np.integer):
        return int(value)
    number = float(value)
    return round(number, _DIGITS) if math.isfinite(number) else None

"""What the facts behind each feature are called in a sentence of words and numbers. Points are not counted here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isnan
from typing import Any

from models.matching.factors import (
    FACTOR_NAMES,
    FEATURES,
    HALVING_KM,
    IDEAL_GAP_FROM_YEARS,
    IDEAL_GAP_UNTIL_YEARS,
    REMOTE_FLOOR,
    SHRINKAGE_COUNT,
    PairFacts,
    proximity_of,
)
from models.matching.profiles import FORMATS, HIGHEST_RATING, LOWEST_RATING, Mentees, Mentors

_HALF = "counts as half"
_FORMAT_NAMES = {"in_person": "in person", "video": "video", "phone": "phone", "text": "text"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an explanation; the points of all lines add up to the score exactly."""

    title: str
    points: Decimal
    sentence: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair, with its facts at a position of `facts`."""

    mentees: Mentees
    mentors: Mentors
    mentee: int
    mentor: int
    facts: PairFacts
    at: int

    def fact(self, name: str) -> float:
        return float(getattr(self.facts, name)[self.at])


def sentences(pair: Pair) -> list[str]:
    """One sentence a feature, in the order of `FEATURES`."""
    return [_SENTENCES[feature.name](pair) for feature in FEATURES]


def explain(row: Mapping[str, Any]) -> list[Reason]:  # values of a frame's row are of any type
    """The lines behind one row of a ranking: the six factors always, a further feature where it counts.

    Their points add up to the row's score exactly, as decimals.
    """
    reasons = []
    for feature, sentence in zip(FEATURES, row["sentences"], strict=True):
        points = to_tenths(row[f"points_{feature.name}"])
        if points or feature.name in FACTOR_NAMES:
            reasons.append(Reason(feature.title, points, sentence))
    return reasons


def to_tenths(value: float) -> Decimal:
    """A number that stands for tenths, as a decimal."""
    return Decimal(f"{value:.1f}")


def _specialization(pair: Pair) -> str:
    if isnan(pair.fact("wanted_count")):
        return f"specializations are not named on both sides: {_HALF}"
    wanted, offered = set(pair.mentees.named_by(pair.mentee)), set(pair.mentors.named_by(pair.mentor))
    common = ", ".join(sorted(wanted & offered))
    of_all = f"{len(wanted & offered)} of {len(wanted)} wanted specializations"
    return f"has {of_all}: {common}" if common else f"has {of_all}"


def _proximity(pair: Pair) -> str:
    distance, is_remote = pair.fact("distance_km"), bool(pair.fact("is_remote"))
    if isnan(distance):
        same = pair.fact("is_same_region")
        place = {0.0: "in another region", 1.0: "in the same region"}.get(same, "place not known")
        rest = "" if place != "place not known" else f": {_HALF}"
        return f"{place}, distance not known{rest}" + (", both meet at a distance" if is_remote else "")
    text = f"{distance:,.0f} km apart"
    if is_remote and proximity_of(pair.facts.distance_km)[pair.at] < REMOTE_FLOOR:
        return f"{text}; both meet at a distance, which counts like {HALVING_KM:.0f} km"
    return text


def _years(gap: float) -> str:
    return f"{abs(gap):.1f} years {'ahead' if gap >= 0 else 'behind'}"


def _experience_gap(pair: Pair) -> str:
    gap = pair.fact("gap_years")
    if isnan(gap):
        return f"years of experience are not known on both sides: {_HALF}"
    ideal = f"{IDEAL_GAP_FROM_YEARS:.0f} to {IDEAL_GAP_UNTIL_YEARS:.0f} years"
    is_ideal = IDEAL_GAP_FROM_YEARS <= gap <= IDEAL_GAP_UNTIL_YEARS
    return f"{_years(gap)}, {'within' if is_ideal else 'outside'} the ideal {ideal}"


def _availability(pair: Pair) -> str:
    overlap = pair.fact("overlap_hours")
    if isnan(overlap):
        return f"free times are not given on both sides: {_HALF}"
    return f"{overlap:.1f} hours a week free in common, {pair.fact('needed_hours'):.1f} needed"


def _communication(pair: Pair) -> str:
    if isnan(pair.fact("wanted_formats")):
        return f"ways of meeting are not named on both sides: {_HALF}"
    both = pair.mentees.format_flags[pair.mentee] * pair.mentors.format_flags[pair.mentor]
    common = ", ".join(_FORMAT_NAMES[name] for name, flag in zip(FORMATS, both, strict=True) if flag)
    of_all = f"{pair.fact('common_formats'):.0f} of {pair.fact('wanted_formats'):.0f} ways of meeting in common"
    return f"{of_all}: {common}" if common else of_all


def _success(pair: Pair) -> str:
    mentors, index = pair.mentors, pair.mentor
    population = mentors.population
    rating = LOWEST_RATING + (HIGHEST_RATING - LOWEST_RATING) * population.rating_share
    average = f"{population.completion_share:.0%} completed, rated {rating:.1f}"
    if mentors.ended_count[index] == 0 and mentors.rating_count[index] == 0:
        return f"new as a mentor: counts as the average of all mentors ({average})"
    text = f"{mentors.completed_count[index]:.0f} of {mentors.ended_count[index]:.0f} mentorships completed"
    if mentors.rating_count[index]:
        text += f", rated {mentors.rating_sum[index] / mentors.rating_count[index]:.1f}"
    return f"{text}; mixed with {SHRINKAGE_COUNT:.0f} average ones ({average})"


def _level_match(pair: Pair) -> str:
    texts = {1.0: "prefers mentees of this level", 0.0: "prefers mentees of other levels"}
    return texts.get(pair.fact("level_match"), f"level or preference not stated: {_HALF}")


def _room(pair: Pair) -> str:
    left = float(pair.mentors.capacity_left[pair.mentor])
    if isnan(left):
        return f"room for mentees not stated: {_HALF}"
    return f"takes {left:.0f} more {'mentee' if left == 1 else 'mentees'}"


def _is_remote_pair(pair: Pair) -> str:
    return "both meet at a distance" if pair.fact("is_remote") else "not both meet at a distance"


def _is_new_mentor(pair: Pair) -> str:
    count = float(pair.mentors.ended_count[pair.mentor])
    return f"{count:.0f} mentorships have ended" if count else "no mentorship has ended yet"


def _experience_gap_years(pair: Pair) -> str:
    gap = pair.fact("gap_years")
    return f"years of experience are not known on both sides: {_HALF}" if isnan(gap) else _years(gap)


def _overlap_hours(pair: Pair) -> str:
    overlap = pair.fact("overlap_hours")
    if isnan(overlap):
        return f"free times are not given on both sides: {_HALF}"
    return f"{overlap:.1f} hours a week free in common"


_SENTENCES: dict[str, Callable[[Pair], str]] = {
    "specialization": _specialization,
    "proximity": _proximity,
    "experience_gap": _experience_gap,
    "availability": _availability,
    "communication": _communication,
    "success": _success,
    "level_match": _level_match,
    "room": _room,
    "is_remote_pair": _is_remote_pair,
    "is_new_mentor": _is_new_mentor,
    "experience_gap_years": _experience_gap_years,
    "overlap_hours": _overlap_hours,
}

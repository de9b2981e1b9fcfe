"""The six factors of the written formula and the further features of the learned match, each bounded to 0..1.

Source: training-platform seed 3.2.4.1. What a factor measures is defined here once, for single pairs and for blocks of
all pairs; how factors become a score is in `formula` and `additive`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.matching.profiles import LEVELS, Doubles, Flags, Floats, Mentees, Mentors, Whole

# What a missing field counts as in every factor: neither for nor against.
NEUTRAL = 0.5

EARTH_RADIUS_KM = 6371.0088
# Proximity halves with every 50 km.
HALVING_KM = 50.0
# Two who both meet at a distance and share a way to do so are never further apart than 50 km would make them.
REMOTE_FLOOR = 0.5
# Without coordinates the region decides.
SAME_REGION, OTHER_REGION = 0.6, 0.1

# The seed's "2-10 years ideal" is a plateau of 1; nothing is left at no lead, and from 30 years on a rest stays.
IDEAL_GAP_FROM_YEARS, IDEAL_GAP_UNTIL_YEARS = 2.0, 10.0
WIDE_GAP_YEARS, WIDE_GAP_VALUE = 30.0, 0.25
# Bounds of the gap as a feature.
LOWEST_GAP_YEARS, HIGHEST_GAP_YEARS = -10.0, 40.0

# The seed's example of a mentoring commitment, for mentees who do not say what they need.
DEFAULT_HOURS_PER_MONTH = 4.0
WEEKS_PER_MONTH = 365.25 / 12 / 7
MOST_OVERLAP_HOURS = 20.0

# How many average mentorships a mentor's own record is mixed with.
SHRINKAGE_COUNT = 5.0
LARGEST_ROOM = 5.0

# Pairs whose facts are worked out at once; keeps temporary arrays small.
_PAIRS_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Factor:
    """A bounded input of the match. `weight` is the formula's share in percent, 0 for features only learned from.

    `is_increasing`: a higher value can never speak against a pair, so the learned match may not learn that it does.
    """

    name: str
    title: str
    weight: int
    description: str
    is_increasing: bool = True


FACTORS = (
    Factor(
        "specialization",
        "Specialization",
        30,
        "Share of the specializations the mentee wants that the mentor has; 0.5 where either names none.",
    ),
    Factor(
        "proximity",
        "Proximity",
        20,
        "Great-circle distance, halving every 50 km from 1 at the same place; at least 0.5 for two who both meet at a "
        "distance and share video, phone or text. Without coordinates: same region 0.6, other region 0.1, unknown 0.5.",
    ),
    Factor(
        "experience_gap",
        "Experience gap",
        15,
        "Years the mentor is ahead: 0 at none, rising to 1 at 2 years, 1 up to 10 years, falling to 0.25 at 30 years "
        "and staying there; 0.5 where either does not say.",
    ),
    Factor(
        "availability",
        "Availability",
        15,
        "Hours a week both are free, relative to the hours the mentee needs (4 a month unless she says otherwise), at "
        "most 1; 0.5 where either gives no times.",
    ),
    Factor(
        "communication",
        "Communication",
        10,
        "Share of the ways of meeting the mentee prefers that the mentor offers too; 0.5 where either names none.",
    ),
    Factor(
        "success",
        "Past success",
        10,
        "Half the share of ended mentorships that were completed, half the average rating on 0..1, each mixed with "
        "five average ones: a new mentor counts as the average of all mentors.",
    ),
)
FEATURES = (
    *FACTORS,
    Factor(
        "level_match",
        "Preferred level",
        0,
        "1 where the mentor prefers mentees of this level, 0 where not, 0.5 where either does not say.",
    ),
    Factor("room", "Room for mentees", 0, "Further mentees the mentor takes, 5 or more being 1; 0.5 where not said."),
    Factor(
        "is_remote_pair",
        "Meeting at a distance",
        0,
        "1 where both meet at a distance and share video, phone or text.",
        is_increasing=False,
    ),
    Factor("is_new_mentor", "New mentor", 0, "1 where no mentorship of the mentor has ended yet.", is_increasing=False),
    Factor(
        "experience_gap_years",
        "Years ahead",
        0,
        "Years the mentor is ahead, from 10 behind (0) to 40 ahead (1); 0.5 where either does not say.",
        is_increasing=False,
    ),
    Factor(
        "overlap_hours",
        "Hours in common",
        0,
        "Hours a week both are free, 20 or more being 1; 0.5 where either gives no times.",
    ),
)
FACTOR_NAMES = tuple(factor.name for factor in FACTORS)
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What two profiles say about each other, before it is put on 0..1; arrays of one shape, nan where not known."""

    wanted_count: Floats
    common_specializations: Floats
    distance_km: Floats
    is_same_region: Floats
    gap_years: Floats
    overlap_hours: Floats
    needed_hours: Floats
    wanted_formats: Floats
    common_formats: Floats
    is_remote: Flags
    level_match: Floats


def pair_features(mentees: Mentees, mentors: Mentors, mentee_index: Whole, mentor_index: Whole) -> Floats:
    """(pairs, features) of the pairs at these positions, in the order of `FEATURES`."""
    values = np.empty((len(mentee_index), len(FEATURES)), dtype=np.float32)
    own = mentor_features(mentors)
    for start in range(0, len(values), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        facts = pair_facts(mentees, mentors, mentee_index[part], mentor_index[part])
        _fill(values[part].T, facts, own[:, mentor_index[part]])
    return values


def feature_block(mentees: Mentees, mentors: Mentors, rows: slice) -> Floats:
    """(mentees of the slice, mentors, features): every pair of some mentees with all mentors."""
    facts = block_facts(mentees.take(np.arange(len(mentees))[rows]), mentors)
    values = np.empty((len(FEATURES), *facts.distance_km.shape), dtype=np.float32)
    own = mentor_features(mentors)
    _fill(values, facts, own[:, np.newaxis, :])
    return np.moveaxis(values, 0, -1)


def pair_facts(mentees: Mentees, mentors: Mentors, mentee_index: Whole, mentor_index: Whole) -> PairFacts:
    """The facts of single pairs."""
    wanted = mentees.flags_among(mentors.specializations)
    formats = mentees.format_flags[mentee_index] * mentors.format_flags[mentor_index]
    apart: Floats = formats[:, 1:].sum(axis=1)
    both = mentees.slot_bytes[mentee_index] & mentors.slot_bytes[mentor_index]
    overlap = np.bitwise_count(both).sum(axis=1, dtype=np.float32) / 2
    cosine = (mentees.positions[mentee_index] * mentors.positions[mentor_index]).sum(axis=1)
    return PairFacts(
        wanted_count=_stated(mentees.specialization_count[mentee_index], mentors.specialization_count[mentor_index]),
        common_specializations=(wanted[mentee_index] * mentors.offered[mentor_index]).sum(axis=1),
        distance_km=_kilometres(cosine),
        is_same_region=_same_region(mentors.region_codes_of(mentees)[mentee_index], mentors.region_codes[mentor_index]),
        gap_years=(mentors.years[mentor_index] - mentees.years[mentee_index]).astype(np.float32),
        overlap_hours=_unless(overlap, mentees.has_slots[mentee_index] & mentors.has_slots[mentor_index]),
        needed_hours=needed_hours_per_week(mentees)[mentee_index],
        wanted_formats=_stated(mentees.format_count[mentee_index], mentors.format_count[mentor_index]),
        common_formats=formats.sum(axis=1),
        is_remote=mentees.is_remote[mentee_index] & mentors.is_remote[mentor_index] & (apart > 0),
        level_match=_level_match(_level_flags(mentees)[:, mentee_index], mentors.level_flags[mentor_index].T),
    )


def block_facts(mentees: Mentees, mentors: Mentors) -> PairFacts:
    """The facts of every pair, (mentees, mentors): matrix products, no loop over pairs."""
    wanted = mentees.flags_among(mentors.specializations)
    apart = mentees.format_flags[:, 1:] @ mentors.format_flags[:, 1:].T
    common_formats = apart + np.outer(mentees.format_flags[:, 0], mentors.format_flags[:, 0])
    overlap = mentees.slots @ mentors.slots.T / np.float32(2)
    distance = _kilometres(mentees.positions @ mentors.positions.T)
    levels = _level_flags(mentees)
    return PairFacts(
        wanted_count=_stated(mentees.specialization_count[:, None], mentors.specialization_count[None, :]),
        common_specializations=wanted @ mentors.offered.T,
        distance_km=distance,
        is_same_region=_same_region(mentors.region_codes_of(mentees)[:, None], mentors.region_codes[None, :]),
        gap_years=np.subtract.outer(-mentees.years, -mentors.years).astype(np.float32),
        overlap_hours=_unless(overlap, mentees.has_slots[:, None] & mentors.has_slots[None, :]),
        needed_hours=np.broadcast_to(needed_hours_per_week(mentees)[:, None], distance.shape),
        wanted_formats=_stated(mentees.format_count[:, None], mentors.format_count[None, :]),
        common_formats=common_formats,
        is_remote=mentees.is_remote[:, None] & mentors.is_remote[None, :] & (apart > 0),
        level_match=_level_match(levels[:, :, None], mentors.level_flags.T[:, None, :]),
    )


def mentor_features(mentors: Mentors) -> Floats:
    """(3, mentors): success, room and is_new_mentor, which are the same for every mentee."""
    room = np.clip(mentors.capacity_left / LARGEST_ROOM, 0, 1)
    room[np.isnan(room)] = NEUTRAL
    return np.stack([success_value(mentors), room, mentors.ended_count == 0]).astype(np.float32)


def success_value(mentors: Mentors) -> Doubles:
    """0..1: half completion, half rating, each with five average mentorships mixed in (empirical shrinkage).

    With n ended mentorships a mentor's own share counts n / (n + 5); a new mentor is the population's average.
    """
    completion, rating = success_parts(mentors)
    return (completion + rating) / 2


def success_parts(mentors: Mentors) -> tuple[Doubles, Doubles]:
    """Completion share and rating on 0..1 of each mentor, both shrunk."""
    population = mentors.population
    completion = (mentors.completed_count + SHRINKAGE_COUNT * population.completion_share) / (
        mentors.ended_count + SHRINKAGE_COUNT
    )
    # Ratings run from 1 to 5.
    above_lowest = (mentors.rating_sum - mentors.rating_count) / 4
    rating = (above_lowest + SHRINKAGE_COUNT * population.rating_share) / (mentors.rating_count + SHRINKAGE_COUNT)
    return completion, np.clip(rating, 0, 1)


def needed_hours_per_week(mentees: Mentees) -> Floats:
    """Hours a week the mentee needs, from her hours a month or the documented default."""
    per_month = np.where(np.isnan(mentees.hours_per_month), DEFAULT_HOURS_PER_MONTH, mentees.hours_per_month)
    return (per_month / WEEKS_PER_MONTH).astype(np.float32)


def proximity_of(distance_km: Floats) -> Floats:
    """1 at the same place, halving every 50 km."""
    near: Floats = np.exp2(distance_km * np.float32(-1 / HALVING_KM))
    return near


def experience_value(gap_years: Floats) -> Floats:
    """0..1 of the years ahead: the plateau of the seed with sloping sides."""
    rising = gap_years * np.float32(1 / IDEAL_GAP_FROM_YEARS)
    slope = (1 - WIDE_GAP_VALUE) / (WIDE_GAP_YEARS - IDEAL_GAP_UNTIL_YEARS)
    falling = 1 - (gap_years - np.float32(IDEAL_GAP_UNTIL_YEARS)) * np.float32(slope)
    value: Floats = np.clip(np.minimum(rising, np.maximum(falling, np.float32(WIDE_GAP_VALUE))), 0, 1)
    return value


def _fill(values: Floats, facts: PairFacts, own: Floats) -> None:
    """Write the features of the facts, first axis the features; `own` are the mentors' three."""
    computed: dict[str, NDArray[np.generic]] = {
        "specialization": _or_neutral(facts.common_specializations / facts.wanted_count),
        "proximity": _proximity(facts),
        "experience_gap": _or_neutral(experience_value(facts.gap_years)),
        "availability": _or_neutral(np.minimum(facts.overlap_hours / facts.needed_hours, 1)),
        "communication": _or_neutral(facts.common_formats / facts.wanted_formats),
        "success": own[0],
        "level_match": facts.level_match,
        "room": own[1],
        "is_remote_pair": facts.is_remote,
        "is_new_mentor": own[2],
        "experience_gap_years": _or_neutral(
            np.clip((facts.gap_years - LOWEST_GAP_YEARS) / (HIGHEST_GAP_YEARS - LOWEST_GAP_YEARS), 0, 1)
        ),
        "overlap_hours": _or_neutral(np.minimum(facts.overlap_hours / MOST_OVERLAP_HOURS, 1)),
    }
    for index, name in enumerate(FEATURE_NAMES):
        values[index] = computed[name]


def _proximity(facts: PairFacts) -> Floats:
    by_region = np.where(facts.is_same_region > 0, np.float32(SAME_REGION), np.float32(OTHER_REGION))
    by_region = np.where(np.isnan(facts.is_same_region), np.float32(NEUTRAL), by_region)
    near = np.where(np.isnan(facts.distance_km), by_region, proximity_of(facts.distance_km))
    return np.where(facts.is_remote, np.maximum(near, np.float32(REMOTE_FLOOR)), near)


def _or_neutral(values: Floats) -> Floats:
    return np.where(np.isnan(values), np.float32(NEUTRAL), values)


def _unless(values: Floats, is_known: Flags) -> Floats:
    return np.where(is_known, values, np.float32(np.nan))


def _stated(wanted: Floats, offered: Floats) -> Floats:
    """How many are wanted; nan where either side names none."""
    return _unless(wanted, (wanted > 0) & (offered > 0))


def _kilometres(cosine: Doubles) -> Floats:
    # Haversine of the angle between two unit vectors; in doubles, since near ones differ in the tenth digit.
    haversine = np.clip((1 - cosine) / 2, 0, 1)
    return np.asarray(np.arcsin(np.sqrt(haversine)) * (2 * EARTH_RADIUS_KM), dtype=np.float32)


def _same_region(mentee: Whole, mentor: Whole) -> Floats:
    return _unless((mentee == mentor).astype(np.float32), (mentee >= 0) & (mentor >= 0))


def _level_flags(mentees: Mentees) -> Floats:
    """(levels, mentees): 1 at the mentee's level, all 0 where she does not say."""
    return np.asarray(mentees.level[None, :] == np.arange(len(LEVELS))[:, None], dtype=np.float32)


def _level_match(mentee: Floats, mentor: Floats) -> Floats:
    match: Floats = (mentee * mentor).sum(axis=0)
    return _or_neutral(_unless(match, (mentee.sum(axis=0) > 0) & (mentor.sum(axis=0) > 0)))

"""What really makes mentorships work out in the demo: the truth a learned match has to find, and does not know.

It differs from the written formula (30/20/15/15/10/10) on purpose:

- shared free hours and a common way of talking decide most, where the formula gives them 15 and 10 points of 100;
- one wanted field in common is as good as all of them, where the formula counts each;
- distance keeps people from asking and accepting, and matters afterwards only to those who must meet in person;
- three to eight years ahead are best, and much more is as bad as none;
- mentors accept the levels they like, and less the fuller they are;
- and people differ: patience of a mentor and resolve of a mentee are in no table, event or feature. A mentor's patience
  shows only in how earlier mentorships went.

Mentees look at the top of a list first, so what is chosen depends on the rank it was shown at. Nothing here is written
anywhere; `models.matching` computes its features from the profiles alone.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from operational_db.demo.chance import Chance
from operational_db.demo.mentoring_people import DemoMentee, DemoMentor, Profiled
from operational_db.mentorship.profile_rules import WEEKS_PER_MONTH

EARTH_RADIUS_KM = 6371.0
# Any winter week: what two people share moves with summer time for both alike.
REFERENCE_DAY = date(2026, 1, 12)
MINUTES_PER_WEEK = 7 * 24 * 60
BEST_GAP_YEARS = (3.0, 8.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """How two people really fit: shares of 0..1, and what they bring themselves (standard normal)."""

    has_field: bool
    time_share: float
    format_share: float
    gap_fit: float
    closeness: float
    is_remote: bool
    likes_level: bool
    patience: float
    resolve: float


class HiddenTruth:
    """Draws each person's nature once and what a pair comes to; keeps both to itself."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._natures: dict[UUID, float] = {}
        self._free: dict[UUID, int] = {}

    def pair(self, mentee: DemoMentee, mentor: DemoMentor) -> Pair:
        wanted = set(mentee.fields)
        needed = (mentee.hours_per_month or 4) / WEEKS_PER_MONTH
        shared = (self._free_slots(mentee) & self._free_slots(mentor)).bit_count() / 2
        is_remote = mentee.is_remote and mentor.is_remote
        formats = set(mentee.formats)
        return Pair(
            has_field=not wanted.isdisjoint(mentor.fields),
            time_share=min(1.0, shared / (2 * needed)),
            format_share=len(formats & set(mentor.formats)) / len(formats),
            gap_fit=gap_fit(mentor.years - mentee.years),
            closeness=math.exp(-distance_km(mentee, mentor) / 60),
            is_remote=is_remote,
            likes_level=mentee.level in mentor.levels,
            patience=self._nature(mentor),
            resolve=self._nature(mentee),
        )

    def is_asked(self, pair: Pair, rank: int) -> bool:
        """Whether the mentee, going down the list, reads as far as this rank and asks."""
        if not self._chance.happens(1 / (1 + 0.22 * (rank - 1))):
            return False
        nearness = 0.7 if pair.is_remote else pair.closeness
        return self._chance.happens(
            chance_of(-3.8 + 1.3 * pair.has_field + 1.2 * pair.time_share + 1.2 * nearness + 0.5 * pair.format_share)
        )

    def is_accepted(self, pair: Pair, room: float) -> bool:
        """Whether the mentor agrees, with this share of her places free."""
        way = 0.0 if pair.is_remote else -1.4 * (1 - pair.closeness)
        return self._chance.happens(
            chance_of(0.2 + 1.5 * pair.likes_level + 1.1 * room + 1.0 * pair.time_share + way + 0.3 * pair.patience)
        )

    def merit(self, pair: Pair) -> float:
        """Log odds that it comes to its end and was worth it, before what luck adds."""
        must_meet = 0.0 if pair.is_remote else -0.7 * (1 - pair.closeness)
        return (
            -4.6
            + 3.0 * pair.time_share
            + 2.3 * pair.format_share
            + 1.5 * pair.gap_fit
            + 0.8 * pair.has_field
            + 0.75 * pair.patience
            + 0.35 * pair.resolve
            + must_meet
        )

    def is_completed(self, merit: float) -> bool:
        return self._chance.happens(chance_of(merit + 0.7))

    def rating(self, merit: float, *, is_completed: bool) -> int:
        """Stars of one side: what came of it, as she sees it."""
        stars = 3.5 + 1.1 * math.tanh(merit / 2) + (0.45 if is_completed else -1.1) + self._chance.gauss(0, 0.55)
        return max(1, min(5, round(stars)))

    def _nature(self, person: Profiled) -> float:
        found = self._natures.get(person.person.id)
        if found is None:
            found = self._natures[person.person.id] = self._chance.gauss(0, 1)
        return found

    def _free_slots(self, person: Profiled) -> int:
        found = self._free.get(person.person.id)
        if found is None:
            found = self._free[person.person.id] = free_slots(person)
        return found


def chance_of(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def gap_fit(years: float) -> float:
    """1 within the best years ahead, falling to 0 at none and at fifteen more."""
    low, high = BEST_GAP_YEARS
    if years < low:
        return max(0.0, years / low)
    return max(0.0, 1 - max(0.0, years - high) / 15)


def distance_km(one: Profiled, other: Profiled) -> float:
    """Along the surface of the earth (haversine)."""
    latitude, other_latitude = math.radians(one.latitude), math.radians(other.latitude)
    apart = math.radians(one.longitude - other.longitude)
    part = (
        math.sin((latitude - other_latitude) / 2) ** 2
        + math.cos(latitude) * math.cos(other_latitude) * math.sin(apart / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(part))


def free_slots(person: Profiled) -> int:
    """Half hours of the week (UTC) that lie in the person's windows, as bits."""
    offset = datetime.combine(REFERENCE_DAY, datetime.min.time(), ZoneInfo(person.city.timezone)).utcoffset()
    shift = round(offset.total_seconds() / 60) if offset is not None else 0
    bits = 0
    for weekday, start, end in person.windows:
        first = weekday * 24 * 60 + start - shift
        length = end - start if end > start else end + 24 * 60 - start
        for minute in range(first, first + length, 30):
            bits |= 1 << (minute % MINUTES_PER_WEEK // 30)
    return bits

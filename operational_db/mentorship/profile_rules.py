"""What profiles of mentors and mentees may hold: ranges, windows of time, and what contradicts what. Pure.

Source: training-platform seed 3.2.4 (MentorProfile, MenteeProfile). Every refusal names the field and the remedy.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

from operational_db.errors import InvalidInputError
from operational_db.types import MeetingFormat, MenteeLevel

LONGEST_EXPERIENCE_YEARS = 70
MOST_HOURS_PER_MONTH = 320
LARGEST_CAPACITY = 50
MOST_WINDOWS = 42
LONGEST_PAUSE_DAYS = 730
# Who starts out in the trade has not been in it for longer.
MOST_YEARS_OF_LEVEL: Mapping[MenteeLevel, int] = {
    MenteeLevel.STUDENT: 10,
    MenteeLevel.APPRENTICE: 12,
    MenteeLevel.JUNIOR: 15,
}
# No place keeps a clock further from its sun than this many hours.
MOST_HOURS_FROM_THE_SUN = 5.0
WEEKS_PER_MONTH = 52 / 12

MONDAY_TO_FRIDAY, WEEKEND = range(5), (5, 6)
# What the seed's words for times of the week stand for, by the person's own clock.
PREFERRED_TIMES: Mapping[str, tuple[tuple[Iterable[int], str, str], ...]] = {
    "mornings": ((MONDAY_TO_FRIDAY, "06:00", "09:00"),),
    "weekdays": ((MONDAY_TO_FRIDAY, "09:00", "17:00"),),
    "lunchtimes": ((MONDAY_TO_FRIDAY, "12:00", "13:00"),),
    "evenings": ((MONDAY_TO_FRIDAY, "18:00", "21:00"),),
    "weekends": ((WEEKEND, "09:00", "17:00"),),
}
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_MINUTES_PER_DAY = 24 * 60

Window = tuple[int, int, int]


def to_windows(availability: Sequence[Mapping[str, object]], preferred_times: Sequence[str]) -> list[dict[str, object]]:
    """The weekly windows as they are kept: those given, then those the seed's words stand for, each once, by weekday.

    Parameters
    ----------
    availability
        `{"weekday": 0..6 from Monday, "from": "18:00", "until": "21:00"}` by the profile's own clock. A window whose
        end lies before its start runs over midnight; "24:00" is the end of the day.
    preferred_times
        Any of `PREFERRED_TIMES`.

    Raises
    ------
    InvalidInputError
        For an unknown word, a weekday or clock time that cannot be, a window without length, or too many.
    """
    windows = [_checked(window) for window in availability]
    for word in preferred_times:
        meant = PREFERRED_TIMES.get(word)
        if meant is None:
            known = ", ".join(PREFERRED_TIMES)
            raise InvalidInputError(f"preferred_times: “{word}” is not known. Choose among {known}, or give windows.")
        windows += [(weekday, start, end) for days, start, end in meant for weekday in days]
    windows = sorted(set(windows))
    if len(windows) > MOST_WINDOWS:
        raise InvalidInputError(f"availability: give up to {MOST_WINDOWS} windows a week; join those that touch.")
    return [{"weekday": weekday, "from": start, "until": end} for weekday, start, end in windows]


def minutes_of(availability: Iterable[Mapping[str, object]]) -> list[Window]:
    """Kept windows as (weekday, from minute, until minute); an end before the start lies on the next day."""
    return [
        (int(str(window["weekday"])), _minute(str(window["from"])), _minute(str(window["until"])))
        for window in availability
    ]


def hours_per_week(windows: Iterable[Window]) -> float:
    """Hours of the week that the windows cover, overlaps once."""
    covered: set[int] = set()
    for weekday, start, end in windows:
        length = end - start if end > start else end + _MINUTES_PER_DAY - start
        first = weekday * _MINUTES_PER_DAY + start
        covered.update(minute % (7 * _MINUTES_PER_DAY) for minute in range(first, first + length))
    return len(covered) / 60


def require_years(years: float | None) -> float | None:
    """Raises
    ------
    InvalidInputError
        When the years are no number between 0 and 70.
    """
    if years is not None and not (math.isfinite(years) and 0 <= years <= LONGEST_EXPERIENCE_YEARS):
        raise InvalidInputError(
            f"years_experience: give years between 0 and {LONGEST_EXPERIENCE_YEARS}, or leave it empty."
        )
    return years


def require_hours(hours: int | None, windows: Iterable[Window]) -> int | None:
    """Raises
    ------
    InvalidInputError
        When a month has not so many hours, or the windows hold less.
    """
    if hours is None:
        return None
    if not 1 <= hours <= MOST_HOURS_PER_MONTH:
        raise InvalidInputError(f"hours_per_month: give 1 to {MOST_HOURS_PER_MONTH} hours, or leave it empty.")
    offered = hours_per_week(windows) * WEEKS_PER_MONTH
    if 0 < offered < hours:
        raise InvalidInputError(
            f"hours_per_month: your windows hold about {offered:.0f} hours a month, not {hours}. "
            "Add windows or lower the hours."
        )
    return hours


def require_place(latitude: float | None, longitude: float | None, timezone: str, *, on: date) -> None:
    """Both coordinates or neither, in degrees, where the zone's clock fits; a zone of the IANA list.

    Raises
    ------
    InvalidInputError
    """
    if timezone not in available_timezones():
        raise InvalidInputError(f"timezone: “{timezone}” is no time zone. Write one such as America/Toronto.")
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise InvalidInputError(f"{missing}: give latitude and longitude together, or neither.")
    if latitude is None or longitude is None:
        return
    # Written so that what is no number fails as well.
    if not -90 <= latitude <= 90:
        raise InvalidInputError("latitude: give degrees between -90 and 90, or leave both coordinates empty.")
    if not -180 <= longitude <= 180:
        raise InvalidInputError("longitude: give degrees between -180 and 180, or leave both coordinates empty.")
    if latitude == 0 and longitude == 0:
        raise InvalidInputError(
            "latitude: 0, 0 lies in the ocean and is what an empty field becomes. Leave both coordinates empty."
        )
    offset = datetime.combine(on, time(12), tzinfo=ZoneInfo(timezone)).utcoffset()
    by_clock = offset.total_seconds() / 3600 if offset is not None else 0.0
    apart = abs((by_clock - longitude / 15 + 12) % 24 - 12)
    if timezone != "UTC" and apart > MOST_HOURS_FROM_THE_SUN:
        raise InvalidInputError(
            f"longitude: {timezone} keeps a clock {apart:.0f} hours away from the sun there. "
            "Check the signs of the coordinates (west and south are negative) or the time zone."
        )


def require_formats(formats: Sequence[str], *, is_remote_welcome: bool) -> None:
    """Raises
    ------
    InvalidInputError
        When who welcomes working at a distance only wants to meet in person.
    """
    if is_remote_welcome and list(formats) == [MeetingFormat.IN_PERSON]:
        raise InvalidInputError(
            "is_remote_welcome: meeting at a distance needs video, phone or text among the communication preferences. "
            "Add one, or say no to remote."
        )


def require_capacity(max_mentees: int, *, is_accepting: bool, hours_per_month: int | None) -> int:
    """Raises
    ------
    InvalidInputError
        When the number cannot be, nobody can be taken although mentees are accepted, or no time is left for each.
    """
    if not 0 <= max_mentees <= LARGEST_CAPACITY:
        raise InvalidInputError(f"max_mentees: give 0 to {LARGEST_CAPACITY} mentees.")
    if is_accepting and max_mentees == 0:
        raise InvalidInputError("max_mentees: you accept mentees but take none. Give at least 1, or do not accept any.")
    if hours_per_month is not None and max_mentees > 2 * hours_per_month:
        raise InvalidInputError(
            f"max_mentees: {hours_per_month} hours a month leave {max_mentees} mentees less than half an hour each. "
            "Lower the number or raise hours_per_month."
        )
    return max_mentees


def require_level(level: MenteeLevel, years: float | None) -> None:
    """Raises
    ------
    InvalidInputError
        When the years contradict the level.
    """
    most = MOST_YEARS_OF_LEVEL.get(level)
    if most is not None and years is not None and years > most:
        raise InvalidInputError(
            f"current_level: {years:g} years of experience are more than a {level} has (up to {most}). "
            "Choose mid or transitioning, or correct years_experience."
        )


def _checked(window: Mapping[str, object]) -> tuple[int, str, str]:
    weekday, start, end = window.get("weekday"), window.get("from"), window.get("until")
    if not isinstance(weekday, int) or isinstance(weekday, bool) or not 0 <= weekday <= 6:
        raise InvalidInputError("availability: give each window a weekday from 0 (Monday) to 6 (Sunday).")
    if (
        not isinstance(start, str)
        or not isinstance(end, str)
        or not (_CLOCK.fullmatch(start) and _CLOCK.fullmatch(end))
    ):
        raise InvalidInputError("availability: write from and until as HH:MM, such as 18:00.")
    if start == "24:00" or start == end:
        raise InvalidInputError("availability: a window ends after it starts; write 00:00 to 24:00 for a whole day.")
    return weekday, start, end


def _minute(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)

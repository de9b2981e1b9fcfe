"""Profiles of mentors and mentees as the match reads them: schemas, checks, and validated arrays.

Frames in, arrays out. Who may be shown to whom is decided before a frame is made; how two profiles suit each other is
in `factors`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, Self, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

FORMATS = ("in_person", "video", "phone", "text")
LEVELS = ("student", "apprentice", "junior", "mid", "transitioning")
LONGEST_EXPERIENCE_YEARS = 70.0
MOST_HOURS_PER_MONTH = 320.0
LARGEST_CAPACITY = 1000
LOWEST_RATING, HIGHEST_RATING = 1.0, 5.0

MINUTES_PER_SLOT = 30
SLOTS_PER_WEEK = 7 * 24 * 60 // MINUTES_PER_SLOT
AVAILABILITY_BYTES = SLOTS_PER_WEEK // 8
_MINUTES_PER_DAY = 24 * 60
_MINUTES_PER_WEEK = 7 * _MINUTES_PER_DAY

MENTOR_SCHEMA: dict[str, pl.DataType] = {
    "mentor_id": pl.String(),
    "years_experience": pl.Float64(),
    "specializations": pl.List(pl.String()),
    "formats": pl.List(pl.String()),
    "availability": pl.Binary(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "region": pl.String(),
    "is_remote": pl.Boolean(),
    "levels": pl.List(pl.String()),
    "capacity_left": pl.Int64(),
    "completed_count": pl.Int64(),
    "ended_count": pl.Int64(),
    "rating_sum": pl.Float64(),
    "rating_count": pl.Int64(),
}
MENTEE_SCHEMA: dict[str, pl.DataType] = {
    "mentee_id": pl.String(),
    "years_experience": pl.Float64(),
    "specializations": pl.List(pl.String()),
    "formats": pl.List(pl.String()),
    "availability": pl.Binary(),
    "hours_per_month": pl.Float64(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "region": pl.String(),
    "is_remote": pl.Boolean(),
    "level": pl.String(),
}


@dataclass(frozen=True, slots=True)
class ProfileProblem:
    """What is wrong with one field. `row` counts data rows from 1; 0 stands for the heading."""

    row: int
    column: str
    remedy: str

    def __str__(self) -> str:
        where = f"row {self.row}, column {self.column}" if self.row else f"column {self.column}"
        return f"{where}: {self.remedy}"


class InvalidProfilesError(ValueError):
    """Profiles that cannot be scored. `problems` names each field and how to mend it; no values, no names."""

    def __init__(self, problems: Sequence[ProfileProblem]) -> None:
        self.problems = tuple(problems)
        shown = "; ".join(str(problem) for problem in self.problems[:5])
        more = f"; and {len(self.problems) - 5} more" if len(self.problems) > 5 else ""
        super().__init__(f"{len(self.problems)} profile fields cannot be used: {shown}{more}")


@dataclass(frozen=True, slots=True)
class Population:
    """What past mentorships of all mentors came to: the value a mentor without a record stands for.

    `completion_share` is completed / ended, `rating_share` the average rating from 1..5 put on 0..1. Where nobody has a
    record yet both are 0.5.
    """

    completion_share: float = 0.5
    rating_share: float = 0.5

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """Of the mentors in a frame of `MENTOR_SCHEMA`."""
        sums = frame.select(
            pl.col("completed_count", "ended_count", "rating_sum", "rating_count").cast(pl.Float64).sum()
        ).row(0)
        completed, ended, rating_sum, rating_count = sums
        rating = rating_sum / rating_count if rating_count else None
        return cls(
            completed / ended if ended else 0.5,
            0.5 if rating is None else (rating - LOWEST_RATING) / (HIGHEST_RATING - LOWEST_RATING),
        )


class _CommonFields(TypedDict):
    ids: tuple[str, ...]
    years: Doubles
    specializations: tuple[str, ...]
    specialization_flags: Flags
    format_flags: Floats
    slot_bytes: NDArray[np.uint8]
    positions: Doubles
    regions: tuple[str, ...]
    region_codes: Whole
    is_remote: Flags


@dataclass(frozen=True)
class People:
    """What mentors and mentees have in common, one row a person. Missing numbers are nan.

    `positions` are unit vectors of the coordinates; `slot_bytes` the 42 bytes of the week; `format_flags` follow
    `FORMATS`; `region_codes` point into `regions`, -1 where not stated.
    """

    ids: tuple[str, ...]
    years: Doubles
    specializations: tuple[str, ...]
    specialization_flags: Flags
    format_flags: Floats
    slot_bytes: NDArray[np.uint8]
    positions: Doubles
    regions: tuple[str, ...]
    region_codes: Whole
    is_remote: Flags

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def slots(self) -> Floats:
        """(people, 336): 1 where the half hour of the week is free."""
        return np.unpackbits(self.slot_bytes, axis=1).astype(np.float32)

    @cached_property
    def has_slots(self) -> Flags:
        """Whether the person said when she is free; a week without a free half hour says nothing."""
        return np.asarray(self.slot_bytes.any(axis=1))

    @cached_property
    def specialization_count(self) -> Floats:
        return np.asarray(self.specialization_flags.sum(axis=1), dtype=np.float32)

    @cached_property
    def offered(self) -> Floats:
        """(people, specializations): 1 where the person names it."""
        return self.specialization_flags.astype(np.float32)

    @cached_property
    def format_count(self) -> Floats:
        count: Floats = self.format_flags.sum(axis=1)
        return count

    def flags_among(self, names: Sequence[str]) -> Floats:
        """(people, names): 1 where the person names it; what is not among the names is left out."""
        flags = np.zeros((len(self), len(names)), dtype=np.float32)
        place = {name: index for index, name in enumerate(names)}
        common = [(own, place[name]) for own, name in enumerate(self.specializations) if name in place]
        if common:
            own, other = np.array(common).T
            flags[:, other] = self.specialization_flags[:, own]
        return flags

    def take(self, index: Whole) -> Self:
        """Only the people at these positions, in this order."""
        arrays = {each.name: getattr(self, each.name) for each in fields(self)}
        chosen: dict[str, Any] = {  # of whatever type the field has
            name: value[index] for name, value in arrays.items() if isinstance(value, np.ndarray)
        }
        chosen["ids"] = tuple(self.ids[each] for each in index)
        return replace(self, **chosen)

    def region_codes_of(self, others: "People") -> Whole:
        """Other people's regions in this numbering, -1 where not stated; one that nobody here is in gets another."""
        place = {name: number for number, name in enumerate(self.regions)}
        # The last entry is for those who do not say: code -1.
        codes = np.array([*(place.get(name, len(place)) for name in others.regions), -1], dtype=np.int64)
        return np.asarray(codes[others.region_codes])

    def named_by(self, row: int) -> list[str]:
        """The specializations of one person, in alphabetical order."""
        return [self.specializations[code] for code in np.flatnonzero(self.specialization_flags[row])]


@dataclass(frozen=True)
class Mentors(People):
    """Mentors with validated fields. `level_flags` follow `LEVELS`; `population` is what new mentors stand for."""

    level_flags: Floats
    capacity_left: Doubles
    completed_count: Doubles
    ended_count: Doubles
    rating_sum: Doubles
    rating_count: Doubles
    population: Population

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, *, population: Population | None = None) -> Self:
        """Of a frame of `MENTOR_SCHEMA` (more columns are ignored); the population is that of the frame unless given.

        Raises
        ------
        InvalidProfilesError
            Naming every field that is absurd or contradicts another.
        """
        frame = _sound(frame, MENTOR_SCHEMA, _MENTOR_CHECKS)
        completed, ended, rating_sum, rating_count = (
            frame[name].fill_null(0).cast(pl.Float64).to_numpy()
            for name in ("completed_count", "ended_count", "rating_sum", "rating_count")
        )
        return cls(
            **_people(frame, "mentor_id"),
            level_flags=_flags(frame["levels"], LEVELS),
            capacity_left=_numbers(frame["capacity_left"]),
            completed_count=completed,
            ended_count=ended,
            rating_sum=rating_sum,
            rating_count=rating_count,
            population=population or Population.of(frame),
        )


@dataclass(frozen=True)
class Mentees(People):
    """Mentees with validated fields; `level` is the index in `LEVELS`, -1 where not stated."""

    hours_per_month: Doubles
    level: Whole

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Self:
        """Of a frame of `MENTEE_SCHEMA` (more columns are ignored).

        Raises
        ------
        InvalidProfilesError
            Naming every field that is absurd or contradicts another.
        """
        frame = _sound(frame, MENTEE_SCHEMA, _MENTEE_CHECKS)
        place = {name: index for index, name in enumerate(LEVELS)}
        return cls(
            **_people(frame, "mentee_id"),
            hours_per_month=_numbers(frame["hours_per_month"]),
            level=np.array([place.get(level, -1) for level in frame["level"]], dtype=np.int64),
        )


def mentor_problems(frame: pl.DataFrame) -> list[ProfileProblem]:
    """Every field of a mentor frame that cannot be used, by row and column; for who leaves the bad rows out."""
    return _problems(frame, MENTOR_SCHEMA, _MENTOR_CHECKS)


def mentee_problems(frame: pl.DataFrame) -> list[ProfileProblem]:
    """Every field of a mentee frame that cannot be used, by row and column; for who leaves the bad rows out."""
    return _problems(frame, MENTEE_SCHEMA, _MENTEE_CHECKS)


def weekly_slots(windows: Iterable[tuple[int, int, int]], timezone: str, on: date) -> bytes:
    """Local weekly windows as the 42 bytes of a week in UTC, slot 0 being Monday 00:00, first slot in the highest bit.

    A window is (weekday from 0 = Monday, from minute, until minute) of the local day, minutes 0..1440; an end at or
    before the start lies on the next day. The zone's offset is that of the given day, so that summer time counts. A
    half hour counts when it lies wholly inside a window.

    Raises
    ------
    InvalidProfilesError
        When the zone is unknown or a window cannot be.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        remedy = "name a time zone of the IANA list, for example America/Toronto"
        raise InvalidProfilesError([ProfileProblem(1, "timezone", remedy)]) from error
    offset = datetime.combine(on, time(12), tzinfo=zone).utcoffset()
    shift = round((offset.total_seconds() if offset else 0.0) / 60)
    minutes = np.zeros(_MINUTES_PER_WEEK, dtype=bool)
    for number, (weekday, begin, end) in enumerate(windows, start=1):
        if not (0 <= weekday <= 6 and 0 <= begin < _MINUTES_PER_DAY and 0 <= end <= _MINUTES_PER_DAY) or begin == end:
            remedy = "give the weekday as 0..6 and two different minutes of the day"
            raise InvalidProfilesError([ProfileProblem(number, "availability", remedy)])
        length = end - begin if end > begin else end + _MINUTES_PER_DAY - begin
        first = weekday * _MINUTES_PER_DAY + begin - shift
        minutes[np.arange(first, first + length) % _MINUTES_PER_WEEK] = True
    return np.packbits(minutes.reshape(SLOTS_PER_WEEK, MINUTES_PER_SLOT).all(axis=1)).tobytes()


# column, what is wrong, remedy: the expression is true where the field cannot be used.
_Check = tuple[str, pl.Expr, str]


def _id_checks(column: str) -> list[_Check]:
    blank = pl.col(column).is_null() | (pl.col(column).str.strip_chars() == "")
    return [
        (column, blank, "give every person an id"),
        (column, ~blank & pl.col(column).is_duplicated(), "the id occurs more than once; keep one row a person"),
    ]


def _range_check(column: str, low: float, high: float, remedy: str) -> _Check:
    # is_between is false for nan and infinite values, and null stays null: an empty field is not wrong.
    return column, ~(pl.col(column).is_between(low, high) & pl.col(column).is_not_nan()), remedy


def _list_check(column: str, allowed: Sequence[str] | None) -> _Check:
    if allowed is None:
        bad = pl.element().is_null() | (pl.element().str.strip_chars() == "")
        return column, pl.col(column).list.eval(bad).list.any(), "name no empty entries"
    bad = ~pl.element().is_in(allowed) | pl.element().is_null()
    return column, pl.col(column).list.eval(bad).list.any(), f"use only {', '.join(allowed)}"


_LATITUDE, _LONGITUDE = pl.col("latitude"), pl.col("longitude")
_COMMON_CHECKS: list[_Check] = [
    _range_check(
        "years_experience", 0, LONGEST_EXPERIENCE_YEARS, "give years between 0 and 70, or leave the field empty"
    ),
    _list_check("specializations", None),
    _list_check("formats", FORMATS),
    (
        "availability",
        pl.col("availability").bin.size() != AVAILABILITY_BYTES,
        "give 42 bytes, the 336 half hours of the week in UTC, or leave the field empty",
    ),
    _range_check("latitude", -90, 90, "give degrees between -90 and 90, or leave both coordinates empty"),
    _range_check("longitude", -180, 180, "give degrees between -180 and 180, or leave both coordinates empty"),
    ("longitude", _LATITUDE.is_null() != _LONGITUDE.is_null(), "give both coordinates or neither"),
    (
        "latitude",
        (_LATITUDE == 0) & (_LONGITUDE == 0),
        "0, 0 lies in the ocean and is what an empty field becomes; leave both coordinates empty",
    ),
    (
        "is_remote",
        pl.col("is_remote") & (pl.col("formats") == ["in_person"]),
        "meets at a distance yet names only in_person; add video, phone or text, or set is_remote to false",
    ),
]
_RATING_SUM, _RATING_COUNT = pl.col("rating_sum").fill_null(0), pl.col("rating_count").fill_null(0)
_MENTOR_CHECKS: list[_Check] = [
    *_id_checks("mentor_id"),
    *_COMMON_CHECKS,
    _list_check("levels", LEVELS),
    (
        "capacity_left",
        ~pl.col("capacity_left").is_between(0, LARGEST_CAPACITY),
        "give how many more mentees the mentor takes, 0 to 1000",
    ),
    ("ended_count", pl.col("ended_count") < 0, "give a number of 0 or more"),
    ("completed_count", pl.col("completed_count") < 0, "give a number of 0 or more"),
    (
        "completed_count",
        pl.col("completed_count").fill_null(0) > pl.col("ended_count").fill_null(0),
        "more completed than ended; ended_count includes the completed ones",
    ),
    ("rating_count", pl.col("rating_count") < 0, "give a number of 0 or more"),
    (
        "rating_sum",
        # A little room for sums of decimals.
        ~(
            _RATING_SUM.is_between(LOWEST_RATING * _RATING_COUNT - 1e-6, HIGHEST_RATING * _RATING_COUNT + 1e-6)
            & _RATING_SUM.is_not_nan()
        ),
        "give the sum of rating_count ratings of 1 to 5 each",
    ),
]
_MENTEE_CHECKS: list[_Check] = [
    *_id_checks("mentee_id"),
    *_COMMON_CHECKS,
    (
        "hours_per_month",
        ~(pl.col("hours_per_month").is_between(0, MOST_HOURS_PER_MONTH, closed="right")
          & pl.col("hours_per_month").is_not_nan()),
        "give more than 0 and at most 320 hours, or leave the field empty",
    ),
    ("level", ~pl.col("level").is_in(LEVELS), f"use only {', '.join(LEVELS)}, or leave the field empty"),
]  # fmt: skip


def _typed(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> tuple[pl.DataFrame, list[ProfileProblem]]:
    problems: list[ProfileProblem] = []
    columns: list[pl.Series] = []
    for name, dtype in schema.items():
        if name not in frame.columns:
            problems.append(ProfileProblem(0, name, "the column is missing; add it, with empty fields where unknown"))
            continue
        try:
            columns.append(frame[name].cast(dtype))
        except (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError):
            problems.append(ProfileProblem(0, name, f"holds {frame[name].dtype}, wanted is {dtype}"))
    return pl.DataFrame(columns), problems


def _problems(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], checks: Sequence[_Check]) -> list[ProfileProblem]:
    typed, problems = _typed(frame, schema)
    return problems or _wrong_fields(typed, checks)


def _wrong_fields(typed: pl.DataFrame, checks: Sequence[_Check]) -> list[ProfileProblem]:
    wrong = typed.select(
        expression.fill_null(False).alias(str(number)) for number, (_, expression, _) in enumerate(checks)
    )
    if not any(wrong.select(pl.all().any()).row(0)):
        return []
    found = [
        ProfileProblem(int(row) + 1, column, remedy)
        for number, (column, _, remedy) in enumerate(checks)
        for row in wrong[str(number)].arg_true()
    ]
    return sorted(found, key=lambda problem: (problem.row, problem.column))


def _sound(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], checks: Sequence[_Check]) -> pl.DataFrame:
    typed, problems = _typed(frame, schema)
    if found := problems or _wrong_fields(typed, checks):
        raise InvalidProfilesError(found)
    return typed


def _people(frame: pl.DataFrame, id_column: str) -> _CommonFields:
    names = (
        frame.lazy()
        .select(pl.int_range(pl.len()).alias("row"), pl.col("specializations").alias("name"))
        .explode("name")
        .drop_nulls()
        .with_columns(pl.col("name").str.strip_chars().str.to_lowercase())
        .collect()
    )
    known = names["name"].unique().sort()
    named = np.zeros((len(frame), len(known)), dtype=bool)
    if len(known):
        codes = names["name"].replace_strict(known, pl.int_range(len(known), eager=True), return_dtype=pl.Int64)
        named[names["row"].to_numpy(), codes.to_numpy()] = True
    region = frame["region"].str.strip_chars().str.to_lowercase().replace("", None)
    regions = region.drop_nulls().unique().sort()
    numbered = pl.DataFrame({"region": regions, "code": pl.int_range(len(regions), eager=True)})
    region_codes = region.to_frame().join(numbered, on="region", how="left", maintain_order="left")["code"]
    return {
        "ids": tuple(frame[id_column]),
        "years": _numbers(frame["years_experience"]),
        "specializations": tuple(known),
        "specialization_flags": named,
        "format_flags": _flags(frame["formats"], FORMATS),
        "slot_bytes": _slot_bytes(frame["availability"]),
        "positions": _unit_vectors(_numbers(frame["latitude"]), _numbers(frame["longitude"])),
        "regions": tuple(regions),
        "region_codes": region_codes.fill_null(-1).cast(pl.Int64).to_numpy(),
        "is_remote": frame["is_remote"].fill_null(False).to_numpy(),
    }


def _numbers(series: pl.Series) -> Doubles:
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _flags(lists: pl.Series, names: Sequence[str]) -> Floats:
    columns = [lists.list.contains(name).fill_null(False).to_numpy() for name in names]
    return np.column_stack(columns).astype(np.float32)


def _slot_bytes(availability: pl.Series) -> NDArray[np.uint8]:
    joined = b"".join(availability.fill_null(bytes(AVAILABILITY_BYTES)))
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(availability), AVAILABILITY_BYTES)


def _unit_vectors(latitude: Doubles, longitude: Doubles) -> Doubles:
    north, east = np.radians(latitude), np.radians(longitude)
    return np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])

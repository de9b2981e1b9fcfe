"""Profiles and history of a company as CSV files: their documented layout, and reading them row by row.

A row that cannot be used is reported with its file, line, column and remedy, and never takes the good ones down. What
the fields mean for a match is in `profiles` and `factors`.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from models.matching.as_of import RecordsAsOf, features_as_of
from models.matching.factors import FEATURE_NAMES
from models.matching.labels import HISTORY_COLUMNS
from models.matching.profiles import (
    FORMATS,
    LEVELS,
    MENTEE_SCHEMA,
    MENTOR_SCHEMA,
    InvalidProfilesError,
    Mentees,
    Mentors,
    ProfileProblem,
    mentee_problems,
    mentor_problems,
    weekly_slots,
)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LISTS = f"several separated by ; ({', '.join(FORMATS)})"
_PERSON = {
    "years_experience": "years in the trade, 0 to 70",
    "specializations": "several separated by ;",
    "formats": f"ways of meeting, {LISTS}",
    "availability": "weekly windows in local time separated by ;, for example: mon 18:00-21:00; sat 09:00-12:00",
    "timezone": "name of the IANA list, for example America/Toronto; needed with availability",
    "latitude": "degrees, both coordinates or neither",
    "longitude": "degrees",
    "region": "used where coordinates are missing, and to compare regions",
    "is_remote": "true or false: would meet at a distance",
}
LAYOUT: dict[str, dict[str, str]] = {
    "mentors.csv": {
        "mentor_id": "required, any text, once",
        **_PERSON,
        "levels": f"levels of mentees preferred, several separated by ; ({', '.join(LEVELS)})",
        "capacity": "mentees at the same time",
    },
    "mentees.csv": {
        "mentee_id": "required, any text, once",
        **_PERSON,
        "level": f"one of {', '.join(LEVELS)}",
        "hours_per_month": "hours of mentoring needed",
    },
    "history.csv": {
        "mentee_id": "required, from mentees.csv",
        "mentor_id": "required, from mentors.csv",
        "requested_at": "day or instant of the request (2026-03-31 or 2026-03-31T18:00:00+00:00); empty: shown only",
        "is_accepted": "true or false; empty while unanswered",
        "is_completed": "true or false; empty while running",
        "ended_at": "day or instant the mentorship ended",
        "rating": "the mentee's rating, 1 to 5",
        "mentor_rating": "the mentor's rating, 1 to 5",
        "showing_id": "which list the mentor was shown in; rows of one list share it",
        "shown_at": "when that list was shown",
        "rank": "place in that list, from 1",
        "propensity": "chance of standing at that place, above 0 and at most 1; empty where unknown",
    },
}
REQUIRED = {
    "mentors.csv": ("mentor_id",),
    "mentees.csv": ("mentee_id",),
    "history.csv": ("mentee_id", "mentor_id", "requested_at", "is_accepted", "is_completed", "ended_at"),
}
# What a column of the layout is called in a profile.
_COLUMN_OF = {"capacity_left": "capacity"}
_WINDOW = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$")


class UnreadableFolderError(ValueError):
    """A file is missing, is no CSV in UTF-8, or lacks a required column; the message says which."""


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with a row, which was left out. `line` is that of the file, the heading being 1."""

    file: str
    line: int
    column: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.column}: {self.remedy}"


@dataclass(frozen=True)
class Records:
    """Usable rows of a folder, and what was left out. `history` carries the features as of each row's day."""

    mentors: pl.DataFrame
    mentees: pl.DataFrame
    history: pl.DataFrame
    problems: list[RowProblem] = field(default_factory=list)

    def mentors_on(self, now: datetime) -> tuple[Mentors, pl.DataFrame]:
        """The mentors with their records and free places, and the pairs that are or were in a mentorship or asked."""
        mentors = RecordsAsOf(Mentors.from_frame(self.mentors), self.history).mentors_at(now)
        known = self.history.filter("is_requested").select("mentee_id", "mentor_id").unique()
        return mentors, known


class _RowError(Exception):
    def __init__(self, column: str, remedy: str) -> None:
        super().__init__(remedy)
        self.column, self.remedy = column, remedy


def read_folder(folder: Path, *, now: datetime) -> Records:
    """Read the three files of `LAYOUT`. Windows of the week are taken at the offset of `now`'s day.

    Left out are rows that break the layout, profiles that are absurd or contradict themselves, history of unknown
    people, of the future, or that cannot have happened. Raises `UnreadableFolderError`.
    """
    problems: list[RowProblem] = []
    mentors = _profiles(folder, "mentors.csv", MENTOR_SCHEMA, mentor_problems, now.date(), problems)
    mentees = _profiles(folder, "mentees.csv", MENTEE_SCHEMA, mentee_problems, now.date(), problems)
    history = _history(folder, set(mentees["mentee_id"]), set(mentors["mentor_id"]), now, problems)
    if len(history):
        pairs = history.select("mentee_id", "mentor_id", pl.coalesce("shown_at", "requested_at").alias("at"))
        values = features_as_of(pairs, Mentors.from_frame(mentors), Mentees.from_frame(mentees), history)
        history = history.with_columns(pl.Series(name, values[:, at]) for at, name in enumerate(FEATURE_NAMES))
    else:
        history = history.with_columns(pl.lit(None, dtype=pl.Float32).alias(name) for name in FEATURE_NAMES)
    profile = mentees.select(
        "mentee_id", pl.col("region").alias("mentee_region"), pl.col("level").alias("mentee_level")
    )
    history = history.join(profile, on="mentee_id", how="left", maintain_order="left")
    return Records(mentors, mentees, history, problems)


def layout_as_text() -> str:
    """The files and their columns, for people."""
    lines = ["Three CSV files in UTF-8 with a heading, columns in any order; empty where unknown, more are ignored."]
    for name, columns in LAYOUT.items():
        lines += ["", name, *(f"  {column:<18}{text}" for column, text in columns.items())]
    return "\n".join(lines)


def _rows(folder: Path, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    path = folder / name
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [column for column in REQUIRED[name] if column not in (reader.fieldnames or ())]
            if missing:
                raise UnreadableFolderError(f"{name} lacks the column {', '.join(missing)}. Add it to the heading.")
            for row in reader:
                yield reader.line_num, {key: (value or "").strip() for key, value in row.items() if key is not None}
    except FileNotFoundError as error:
        raise UnreadableFolderError(f"{path} is missing. The folder holds {', '.join(LAYOUT)}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFolderError(f"{name} is no CSV file in UTF-8: {error}") from error


def _profiles(
    folder: Path,
    name: str,
    schema: dict[str, pl.DataType],
    find_problems: Callable[[pl.DataFrame], list[ProfileProblem]],
    on: date,
    problems: list[RowProblem],
) -> pl.DataFrame:
    lines: list[int] = []
    made: list[dict[str, Any]] = []
    for line, row in _rows(folder, name):
        try:
            made.append(_profile(row, schema, on))
            lines.append(line)
        except _RowError as error:
            problems.append(RowProblem(name, line, error.column, error.remedy))
    frame = pl.DataFrame(made, schema=schema)
    found = find_problems(frame)
    problems += [
        RowProblem(name, lines[each.row - 1], _COLUMN_OF.get(each.column, each.column), each.remedy)
        for each in found
        if each.row
    ]
    wrong = {each.row - 1 for each in found}
    return frame.filter(pl.Series([index not in wrong for index in range(len(frame))], dtype=pl.Boolean))


def _profile(row: dict[str, str], schema: dict[str, pl.DataType], on: date) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for column, dtype in schema.items():
        text = row.get(column, "")
        if column == "availability":
            made[column] = _availability(text, row.get("timezone", ""), on)
        elif column == "capacity_left":
            made[column] = _number(row, "capacity", whole=True)
        elif column in ("completed_count", "ended_count", "rating_count", "rating_sum"):
            made[column] = 0
        elif dtype == pl.List(pl.String()):
            made[column] = [part.strip() for part in text.split(";") if part.strip()]
        elif dtype == pl.Boolean():
            made[column] = _flag(row, column)
        elif dtype == pl.Float64():
            made[column] = _number(row, column)
        else:
            made[column] = text or None
    return made


def _availability(text: str, timezone: str, on: date) -> bytes | None:
    if not text:
        return None
    windows = []
    for part in text.split(";"):
        found = _WINDOW.match(part.strip().lower())
        if found is None:
            raise _RowError("availability", "write windows as mon 18:00-21:00; sat 09:00-12:00")
        day, *times = found.groups()
        begin_hour, begin_minute, end_hour, end_minute = (int(each) for each in times)
        windows.append((WEEKDAYS.index(day), 60 * begin_hour + begin_minute, 60 * end_hour + end_minute))
    try:
        return weekly_slots(windows, timezone, on)
    except InvalidProfilesError as error:
        raise _RowError(error.problems[0].column, error.problems[0].remedy) from error


def _history(
    folder: Path, mentees: set[str], mentors: set[str], now: datetime, problems: list[RowProblem]
) -> pl.DataFrame:
    made = []
    seen: set[tuple[Any, ...]] = set()
    for line, row in _rows(folder, "history.csv"):
        try:
            entry = _history_row(row, mentees, mentors, now)
            key = (entry["mentee_id"], entry["mentor_id"], entry["showing_id"], entry["requested_at"])
            if key in seen:
                raise _RowError("mentor_id", "the same row occurs before; keep one")
            seen.add(key)
            made.append(entry)
        except _RowError as error:
            problems.append(RowProblem("history.csv", line, error.column, error.remedy))
    return pl.DataFrame(made, schema=HISTORY_COLUMNS, orient="row")


def _history_row(row: dict[str, str], mentees: set[str], mentors: set[str], now: datetime) -> dict[str, Any]:
    for column, known in (("mentee_id", mentees), ("mentor_id", mentors)):
        if row[column] not in known:
            raise _RowError(column, f"name somebody of {column.removesuffix('_id')}s.csv whose row can be used")
    if row["mentee_id"] == row["mentor_id"]:
        raise _RowError("mentor_id", "nobody is her own mentor; name another person")
    shown_at, requested_at, ended_at = (_instant(row, name, now) for name in ("shown_at", "requested_at", "ended_at"))
    entry = {
        "showing_id": row.get("showing_id") or None,
        "mentee_id": row["mentee_id"],
        "mentor_id": row["mentor_id"],
        "shown_at": shown_at,
        "rank": _number(row, "rank", whole=True, low=1),
        "propensity": _number(row, "propensity", low=1e-9, high=1),
        "is_requested": requested_at is not None,
        "requested_at": requested_at,
        "is_accepted": _flag(row, "is_accepted"),
        "is_completed": _flag(row, "is_completed"),
        "rating": _number(row, "rating", whole=True, low=1, high=5),
        "mentor_rating": _number(row, "mentor_rating", whole=True, low=1, high=5),
        "ended_at": ended_at,
    }
    _require_possible(entry)
    return entry


def _require_possible(entry: dict[str, Any]) -> None:
    """Refuse what cannot have happened."""
    shown_at, requested_at, ended_at = entry["shown_at"], entry["requested_at"], entry["ended_at"]
    if requested_at is None and shown_at is None:
        raise _RowError("requested_at", "say when the mentor was shown or asked")
    if requested_at is not None and shown_at is not None and requested_at < shown_at:
        raise _RowError("requested_at", "asked before shown; correct one of the two")
    if not entry["is_accepted"] and (ended_at is not None or entry["is_completed"] is not None or entry["rating"]):
        raise _RowError(
            "is_accepted", "ended, completed or rated without having been accepted; set is_accepted to true"
        )
    if entry["is_accepted"] and requested_at is None:
        raise _RowError("requested_at", "accepted without having been asked; say when")
    if ended_at is not None and requested_at is not None and ended_at < requested_at:
        raise _RowError("ended_at", "ended before it was asked for; correct one of the two")
    if (ended_at is None) != (entry["is_completed"] is None):
        raise _RowError("is_completed", "say both when it ended and whether it was completed, or neither")


def _instant(row: dict[str, str], column: str, now: datetime) -> datetime | None:
    text = row.get(column, "")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise _RowError(column, "write days as 2026-03-31 and instants as 2026-03-31T18:00:00+00:00") from error
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if found > now:
        raise _RowError(column, "lies in the future; correct it or leave the row out")
    return found


def _flag(row: dict[str, str], column: str) -> bool | None:
    text = row.get(column, "").lower()
    if text in ("", "true", "false", "yes", "no", "1", "0"):
        return None if not text else text in ("true", "yes", "1")
    raise _RowError(column, "write true or false, or leave the field empty")


def _number(
    row: dict[str, str], column: str, *, whole: bool = False, low: float | None = None, high: float | None = None
) -> float | int | None:
    text = row.get(column, "")
    if not text:
        return None
    try:
        value = int(text) if whole else float(text)
    except ValueError as error:
        raise _RowError(column, f"write a {'whole ' if whole else ''}number, or leave the field empty") from error
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        bounds = f"of {low:g} or more" if high is None else f"above 0 and at most {high:g}"
        if high is not None and low is not None and low >= 1:
            bounds = f"from {low:g} to {high:g}"
        raise _RowError(column, f"give a number {bounds}")
    return value

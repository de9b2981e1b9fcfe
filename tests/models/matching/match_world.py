"""Mentors and mentees for the tests of the match: one by one with defaults, and many at random, gaps included."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from models.matching.profiles import (
    FORMATS,
    LEVELS,
    MENTEE_SCHEMA,
    MENTOR_SCHEMA,
    SLOTS_PER_WEEK,
    Mentees,
    Mentors,
    weekly_slots,
)

ON = date(2026, 11, 20)
TORONTO = (43.6532, -79.3832)
MONTREAL = (45.5019, -73.5674)
EVENINGS = weekly_slots([(day, 18 * 60, 21 * 60) for day in range(5)], "America/Toronto", ON)
SPECIALIZATIONS = tuple(f"specialization {number}" for number in range(30))
MISSING_SHARE = 0.1


def mentor(mentor_id: str = "mentor", **fields: Any) -> dict[str, Any]:
    return {
        "mentor_id": mentor_id,
        "years_experience": 12.0,
        "specializations": ["traction", "hydraulic"],
        "formats": ["in_person", "video"],
        "availability": EVENINGS,
        "latitude": TORONTO[0],
        "longitude": TORONTO[1],
        "region": "CA-ON",
        "is_remote": False,
        "levels": ["apprentice"],
        "capacity_left": 2,
        "completed_count": 3,
        "ended_count": 4,
        "rating_sum": 18.0,
        "rating_count": 4,
        **fields,
    }


def mentee(mentee_id: str = "mentee", **fields: Any) -> dict[str, Any]:
    return {
        "mentee_id": mentee_id,
        "years_experience": 4.0,
        "specializations": ["traction", "escalator"],
        "formats": ["in_person", "video"],
        "availability": EVENINGS,
        "hours_per_month": 4.0,
        "latitude": TORONTO[0],
        "longitude": TORONTO[1],
        "region": "CA-ON",
        "is_remote": False,
        "level": "apprentice",
        **fields,
    }


def mentor_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=MENTOR_SCHEMA)


def mentee_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=MENTEE_SCHEMA)


def mentors_of(*rows: dict[str, Any]) -> Mentors:
    return Mentors.from_frame(mentor_frame(*rows))


def mentees_of(*rows: dict[str, Any]) -> Mentees:
    return Mentees.from_frame(mentee_frame(*rows))


def random_mentors(count: int, seed: int) -> pl.DataFrame:
    """Mentors around the Great Lakes; a tenth of every optional field is missing."""
    random = np.random.default_rng(seed)
    ended = np.where(random.random(count) < 0.3, 0, random.integers(0, 12, count))
    completed, rated = random.binomial(ended, 0.7), random.binomial(ended, 0.8)
    return _random_people("mentor_id", count, random).with_columns(
        _lists(random, count, LEVELS, 0.4).alias("levels"),
        pl.Series("capacity_left", _gaps(random, random.integers(0, 7, count).tolist()), dtype=pl.Int64),
        pl.Series("completed_count", completed, dtype=pl.Int64),
        pl.Series("ended_count", ended, dtype=pl.Int64),
        pl.Series("rating_sum", rated * random.uniform(1, 5, count)),
        pl.Series("rating_count", rated, dtype=pl.Int64),
    )[list(MENTOR_SCHEMA)]


def random_mentees(count: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return _random_people("mentee_id", count, random).with_columns(
        pl.Series("hours_per_month", _gaps(random, random.uniform(0.5, 12, count).tolist())),
        pl.Series("level", _gaps(random, random.choice(LEVELS, count).tolist())),
    )[list(MENTEE_SCHEMA)]


def _random_people(id_column: str, count: int, random: np.random.Generator) -> pl.DataFrame:
    is_unplaced = random.random(count) < MISSING_SHARE
    slots = np.packbits(random.random((count, SLOTS_PER_WEEK)) < random.uniform(0, 0.2, (count, 1)), axis=1)
    coordinates = random.uniform([42, -84], [47, -71], (count, 2))
    formats = _lists(random, count, FORMATS[1:], 0.5)
    return pl.DataFrame(
        {
            id_column: [f"{id_column}-{number:06}" for number in range(count)],
            "years_experience": _gaps(random, random.uniform(0, 35, count).round(1).tolist()),
            "specializations": _lists(random, count, SPECIALIZATIONS, 0.1),
            "formats": formats,
            "availability": _gaps(random, [each.tobytes() for each in slots]),
            "latitude": [None if gap else value for value, gap in zip(coordinates[:, 0], is_unplaced, strict=True)],
            "longitude": [None if gap else value for value, gap in zip(coordinates[:, 1], is_unplaced, strict=True)],
            "region": _gaps(random, random.choice(["CA-ON", "CA-QC", "US-NY"], count).tolist()),
            "is_remote": random.random(count) < 0.4,
        },
        schema_overrides={"availability": pl.Binary(), "specializations": pl.List(pl.String())},
    )


def _gaps(random: np.random.Generator, values: list[Any]) -> list[Any]:
    return [
        None if gap else value for value, gap in zip(values, random.random(len(values)) < MISSING_SHARE, strict=True)
    ]


def _lists(random: np.random.Generator, count: int, names: tuple[str, ...], share: float) -> pl.Series:
    chosen = random.random((count, len(names))) < share
    return pl.Series(
        [[name for name, is_in in zip(names, row, strict=True) if is_in] for row in chosen], dtype=pl.List(pl.String())
    )

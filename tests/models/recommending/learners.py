"""Simulated learners with a truth the recommender does not know: hidden tastes, none at all, or a written path."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from models.recommending.evaluation import Cut
from models.recommending.records import PATHS_SCHEMA, Records

FIRST_DAY = date(2025, 1, 1)
UNTIL = date(2026, 7, 1)
CUTS = [Cut(date(2025, 10, 1), 90), Cut(date(2026, 1, 1), 90), Cut(date(2026, 4, 1), 90)]
COURSES = [f"course {letter}" for letter in "abcdefghijklmnopqrst"]


def with_tastes(*, seed: int = 1, people: int = 400, groups: int = 4) -> Records:
    """Each person belongs to a hidden group, and nine of ten of her courses are of the group's."""
    random = np.random.default_rng(seed)
    size = len(COURSES) // groups
    rows = []
    for number in range(people):
        group = int(random.integers(groups))
        own, others = list(range(group * size, group * size + size)), list(range(len(COURSES)))
        order = [own.pop(int(random.integers(len(own)))) if own and random.random() < 0.9 else None for _ in range(6)]
        chosen = [others[int(random.integers(len(others)))] if index is None else index for index in order]
        rows.extend(_taken(random, number, [COURSES[index] for index in dict.fromkeys(chosen)]))
    return Records.from_frames(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def without_signal(*, seed: int = 1, people: int = 400) -> Records:
    """Everybody takes any course; some are more popular than others, and nothing else is to be known."""
    random = np.random.default_rng(seed)
    weights = np.linspace(1, 4, len(COURSES))
    rows = []
    for number in range(people):
        chosen = random.choice(len(COURSES), size=6, replace=False, p=weights / weights.sum())
        rows.extend(_taken(random, number, [COURSES[index] for index in chosen]))
    return Records.from_frames(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def along_paths(*, seed: int = 1, people: int = 400) -> Records:
    """Everybody takes the courses of one of three written paths in order, some faster than others."""
    random = np.random.default_rng(seed)
    paths = [COURSES[first : first + 6] for first in (0, 6, 12)]
    rows = []
    for number in range(people):
        rows.extend(_taken(random, number, paths[number % 3]))
    steps = [(f"path {index}", course, step) for index, path in enumerate(paths) for step, course in enumerate(path)]
    written = pl.DataFrame(steps, schema=dict(PATHS_SCHEMA), orient="row")
    return Records.from_frames(pl.DataFrame(rows, schema=SCHEMA, orient="row"), paths=written)


SCHEMA = {"person_id": pl.String, "course_id": pl.String, "started_on": pl.Date, "completed_on": pl.Date}


def _taken(random: np.random.Generator, number: int, courses: list[str]) -> list[tuple[str, str, date, date]]:
    rows = []
    day = FIRST_DAY + timedelta(days=int(random.integers(90)))
    for course in courses:
        rows.append((f"person {number:04}", course, day, day + timedelta(days=20)))
        day += timedelta(days=int(random.integers(40, 110)))
    return rows

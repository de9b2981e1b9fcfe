"""What the learned part has to beat: popularity, and the next course of a path. Simple on purpose, and served too.

A scorer is fitted on records as of a day and gives every person a score per course; higher is better.
"""

from datetime import date, timedelta
from typing import Protocol, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.recommending.records import Records

POPULAR_WITHIN_DAYS = 365
# Added to every count, so that a course nobody took yet has a score above nothing.
SMOOTHING = 0.5
# Courses of a subject the person has learned in come before all others.
OWN_SUBJECT_BONUS = 1.0
# So many open steps of a path come before everything that is on none.
STEPS_AHEAD = 5

Scores = NDArray[np.float64]
Taken = NDArray[np.bool_]


class CourseScorer(Protocol):
    """Scores (people, courses) from what each of them completed, (people, courses), and what they are."""

    name: str

    def fit(self, records: Records, on: date) -> Self: ...

    def scores(self, done: Taken, contexts: list[list[str]]) -> Scores: ...


class Popularity:
    """Share of the completions within a year before the day; courses of subjects one has learned in come first."""

    name = "popularity"

    def fit(self, records: Records, on: date) -> Self:
        self.counts_ = recent_completions(records, on)
        self.shares_ = (self.counts_ + SMOOTHING) / (self.counts_.sum() + SMOOTHING * max(len(self.counts_), 1))
        subjects = records.courses["subject"].to_list()
        known = sorted({subject for subject in subjects if subject is not None})
        self.subjects_ = np.array([[subject == each for each in known] for subject in subjects], dtype=np.bool_)
        self.subjects_ = self.subjects_.reshape(len(subjects), len(known))
        return self

    def scores(self, done: Taken, contexts: list[list[str]]) -> Scores:
        learned_in = (done.astype(np.float64) @ self.subjects_) > 0
        is_own = (learned_in.astype(np.float64) @ self.subjects_.T) > 0
        found: Scores = self.shares_ + OWN_SUBJECT_BONUS * is_own
        return found


class NextInPath:
    """The first course not done of each path one has begun, the path furthest along first; then the second of each,
    and so on; then by popularity.

    Where no path is written, the course that most learners completed after the same course stands for its next step.
    """

    name = "next_in_path"

    def fit(self, records: Records, on: date) -> Self:
        place = {course_id: index for index, course_id in enumerate(records.course_ids)}
        self.popularity_ = Popularity().fit(records, on)
        self.is_written_ = records.paths.height > 0
        paths = records.paths if self.is_written_ else usual_successions(records)
        self.paths_ = [
            [place[course_id] for course_id in rows["course_id"].to_list() if course_id in place]
            for rows in paths.partition_by("path_id", maintain_order=True)
        ]
        return self

    def scores(self, done: Taken, contexts: list[list[str]]) -> Scores:
        found = self.popularity_.scores(done, contexts)
        bonus = np.zeros_like(found)
        for path in self.paths_:
            steps = done[:, path]
            count = steps.sum(axis=1)
            # What usually follows a course says nothing about who did the second without the first.
            is_begun = count > 0 if self.is_written_ else steps[:, 0]
            for row in np.flatnonzero(is_begun & (count < len(path))):
                for ahead, step in enumerate(np.flatnonzero(~steps[row])[:STEPS_AHEAD]):
                    course = path[int(step)]
                    reached = 2.0 + STEPS_AHEAD - ahead + count[row] / len(path)
                    bonus[row, course] = max(bonus[row, course], reached)
        return found + bonus


def recent_completions(records: Records, on: date) -> NDArray[np.float64]:
    """Completions of each course within the last year before the day."""
    since = on - timedelta(days=POPULAR_WITHIN_DAYS)
    counts = (
        records.taken.filter(pl.col("completed_on").is_between(since, on, closed="left"))
        .group_by("course_id")
        .agg(pl.len().alias("count"))
    )
    frame = records.courses.select("course_id").join(counts, on="course_id", how="left", maintain_order="left")
    return frame["count"].fill_null(0).to_numpy().astype(np.float64)


def successions(records: Records) -> pl.DataFrame:
    """`first`, `then`, `count`: people who completed both and started `then` later than `first`."""
    completed = records.taken.filter(pl.col("completed_on").is_not_null()).select(
        "person_id", "course_id", "started_on"
    )
    return (
        completed.join(completed, on="person_id", suffix="_then")
        .filter(pl.col("started_on") < pl.col("started_on_then"))
        .group_by(pl.col("course_id").alias("first"), pl.col("course_id_then").alias("then"))
        .agg(pl.len().cast(pl.Int64).alias("count"))
        .sort("first", "then")
    )


def usual_successions(records: Records) -> pl.DataFrame:
    """A path of two steps per course: itself and what most people completed next (ties: the first id)."""
    best = (
        successions(records)
        .sort(["first", "count", "then"], descending=[False, True, False])
        .unique("first", keep="first", maintain_order=True)
    )
    steps = [
        best.select(
            pl.col("first").alias("path_id"), pl.col(column).alias("course_id"), pl.lit(index).alias("order_index")
        )
        for index, column in enumerate(("first", "then"))
    ]
    return pl.concat(steps).sort("path_id", "order_index")

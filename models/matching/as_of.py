"""Features of pairs as they were known on the day of a request or showing, from profiles and the whole history.

What a mentor's earlier mentorships came to counts only when they had ended before that day; everything else would let
the future into the past. Profiles are taken as they are given.
"""

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl

from models.matching.factors import FEATURE_NAMES, mentor_features, pair_features
from models.matching.profiles import Doubles, Floats, Mentees, Mentors, Population

_OWN = ("success", "room", "is_new_mentor")


def features_as_of(pairs: pl.DataFrame, mentors: Mentors, mentees: Mentees, history: pl.DataFrame) -> Floats:
    """(pairs, features) in the order of `FEATURES` for rows (mentee_id, mentor_id, at), each as of its day in UTC.

    The counts of `mentors` are not used; its `capacity_left` is read as all places, of which mentorships running on
    the day are taken off. `history` needs mentor_id, requested_at, is_accepted, is_completed, rating and ended_at.
    Every id must be among the profiles.
    """
    mentor_place = {name: index for index, name in enumerate(mentors.ids)}
    mentee_place = {name: index for index, name in enumerate(mentees.ids)}
    mentor_index = np.array([mentor_place[name] for name in pairs["mentor_id"]], dtype=np.int64)
    mentee_index = np.array([mentee_place[name] for name in pairs["mentee_id"]], dtype=np.int64)
    values = pair_features(mentees, mentors, mentee_index, mentor_index)
    days = pairs["at"].dt.truncate("1d")
    columns = [FEATURE_NAMES.index(name) for name in _OWN]
    order = np.argsort(days.to_numpy(), kind="stable")
    boundaries = np.flatnonzero(np.diff(days.to_physical().to_numpy()[order], prepend=-1))
    records = RecordsAsOf(mentors, history)
    for rows in np.split(order, boundaries[1:] if boundaries.size else []):
        if rows.size:
            own = mentor_features(records.mentors_at(days[int(rows[0])]))
            values[rows[:, None], columns] = own[:, mentor_index[rows]].T
    return values


class RecordsAsOf:
    """The mentors with their records as they stood at an instant."""

    def __init__(self, mentors: Mentors, history: pl.DataFrame) -> None:
        self._mentors = mentors
        place = {name: index for index, name in enumerate(mentors.ids)}
        known = history.filter(pl.col("is_accepted").fill_null(False) & pl.col("mentor_id").is_in(mentors.ids))
        self._mentor = np.array([place[name] for name in known["mentor_id"]], dtype=np.int64)
        # An open mentorship has not ended before any instant.
        self._begun = known["requested_at"].dt.timestamp("us").to_numpy()
        self._ended = known["ended_at"].dt.timestamp("us").fill_null(np.iinfo(np.int64).max).to_numpy()
        self._is_completed = known["is_completed"].fill_null(False).to_numpy()
        self._rating = known["rating"].cast(pl.Float64).fill_null(float("nan")).to_numpy()

    def mentors_at(self, instant: datetime) -> Mentors:
        """Counting only what ended before; places less the mentorships running then."""
        at = round(instant.timestamp() * 1e6)
        has_ended = self._ended < at
        is_running = (self._begun < at) & ~has_ended
        is_rated = has_ended & ~np.isnan(self._rating)
        counts = {
            "completed_count": self._count(has_ended & self._is_completed),
            "ended_count": self._count(has_ended),
            "rating_sum": self._count(is_rated, self._rating),
            "rating_count": self._count(is_rated),
        }
        room = np.maximum(self._mentors.capacity_left - self._count(is_running), 0)
        return replace(
            self._mentors,
            completed_count=counts["completed_count"],
            ended_count=counts["ended_count"],
            rating_sum=counts["rating_sum"],
            rating_count=counts["rating_count"],
            capacity_left=room,
            population=Population.of(pl.DataFrame(counts)),
        )

    def _count(self, rows: np.ndarray[tuple[int], np.dtype[np.bool_]], weights: Doubles | None = None) -> Doubles:
        weight = None if weights is None else weights[rows]
        return np.asarray(
            np.bincount(self._mentor[rows], weights=weight, minlength=len(self._mentors)), dtype=np.float64
        )

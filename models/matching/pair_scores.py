"""Scores of all pairs of many mentees and many mentors, fast: matrix products and table lookups, no loop over pairs.

The same features as in `factors`, read from tables instead of being worked out pair by pair: counts come out of matrix
products as whole numbers, distances and years are put into fine cells, and each is looked up. What the functions are is
learned in `additive`; the exact path for few pairs is in `matcher`.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from models.matching.factors import (
    EARTH_RADIUS_KM,
    FACTORS,
    FEATURE_NAMES,
    HIGHEST_GAP_YEARS,
    LOWEST_GAP_YEARS,
    MOST_OVERLAP_HOURS,
    NEUTRAL,
    OTHER_REGION,
    REMOTE_FLOOR,
    SAME_REGION,
    experience_value,
    mentor_features,
    needed_hours_per_week,
    proximity_of,
)
from models.matching.formula import WEIGHTS
from models.matching.heads import Head
from models.matching.profiles import LEVELS, SLOTS_PER_WEEK, Doubles, Floats, Mentees, Mentors

# A table of one real number a cell for the formula, of one complex number for two heads: both are read at once.
Table = NDArray[Any]
Cells = NDArray[np.int64]

PAIRS_PER_CHUNK = 1 << 17
# Cells of one chunk's tables; singles count exactly this far and further.
_LARGEST_TABLE = 1 << 20
WORKERS = 2

# Cells of the half chord between two places (0: the same, 1: opposite), fine enough for 80 m, and those of regions.
_FAR_KM = 1500.0
_NEAR_CELLS = 1 << 14
_FARTHEST = float(np.sin(_FAR_KM / (2 * EARTH_RADIUS_KM)))
_PLACE_CELLS = _NEAR_CELLS + 3
_YEAR_CELLS = 100
_GAP_CELLS = 2 * 70 * _YEAR_CELLS + 1
_GAP_UNKNOWN = 10**6
_APART, _LEVEL = 5, 3


@dataclass(frozen=True)
class PairScorer:
    """Scores between two groups. `low` and `high` bound the logarithm of the chance of learned heads."""

    mentees: Mentees
    mentors: Mentors
    heads: Sequence[Head]
    low: float
    high: float

    def scores(self, chunk: int | None = None) -> Floats:
        """(mentees, mentors) scores 0..100; minus infinity where both are the same person."""
        scores = np.empty((len(self.mentees), len(self.mentors)), dtype=np.float32)
        rows = min(
            chunk or max(1, PAIRS_PER_CHUNK // max(1, len(self.mentors))),
            max(1, _LARGEST_TABLE // self._cells_a_mentee),
        )

        def fill(start: int) -> None:
            part = self.mentees.take(np.arange(start, min(start + rows, len(self.mentees))))
            scores[start : start + rows] = self._score_of(self._sums(part))

        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(fill, range(0, len(self.mentees), rows)))
        place = {each: column for column, each in enumerate(self.mentors.ids)}
        for row, each in enumerate(self.mentees.ids):
            if each in place:
                scores[row, place[each]] = -np.inf
        return scores

    def _score_of(self, sums: Table) -> Floats:
        if not self.heads:
            return np.asarray(sums, dtype=np.float32)
        # log chance = -log((1 + e^-a)(1 + e^-b)); the chance itself would underflow first.
        chance_inverse = np.exp(-np.ascontiguousarray(sums.real))
        chance_inverse += 1
        other = np.exp(-np.ascontiguousarray(sums.imag))
        other += 1
        chance_inverse *= other
        log_chance: Floats = np.log(chance_inverse, out=chance_inverse)
        scale = 100 / (self.high - self.low) if self.high > self.low else 100.0
        log_chance *= np.float32(-scale)
        log_chance -= np.float32(self.low * scale)
        return log_chance

    def _sums(self, mentees: Mentees) -> Table:
        """Log odds of the heads, or points of the formula, of every pair of some mentees with all mentors."""
        common = self._common_cells(mentees)
        sums = np.take(self._common_table(mentees), common, mode="clip")
        place = self._place_cells(mentees)
        place += np.take(self._remote_table(mentees), common, mode="clip")
        sums += np.take(self._place_table, place, mode="clip")
        sums += np.take(self._gap_table, self._gap_cells(mentees), mode="clip")
        sums += np.take(self._overlap_table(mentees), self._overlap_cells(mentees), mode="clip")
        sums += self._own_values
        return sums

    def _values(self, name: str, values: ArrayLike) -> Table:
        """What a feature adds to the sums, for values of any shape."""
        index = FEATURE_NAMES.index(name)
        if not self.heads:
            weight = WEIGHTS[index] if index < len(FACTORS) else 0.0
            return np.asarray(np.asarray(values) * weight, dtype=np.float32)
        first, second = (head.value(index, values) for head in self.heads)
        return np.asarray(first + 1j * second, dtype=np.complex64)

    # What two lists have in common. A cell counts, from the smallest place: in_person in common (2 values), further
    # ways in common or none named (5), level preferred or none named (3), mentor meets at a distance (2),
    # specializations in common or none named.

    @cached_property
    def _spread(self) -> int:
        """How many values the count of common specializations takes, the last being: the mentor names none."""
        return int(self.mentees.specialization_count.max(initial=0)) + 2

    @property
    def _cells_a_mentee(self) -> int:
        return 2 * _APART * _LEVEL * 2 * self._spread

    @cached_property
    def _mentor_lists(self) -> Floats:
        mentors, spread = self.mentors, self._spread
        level_place, remote_place = 2 * _APART, 2 * _APART * _LEVEL
        named_place = 2 * remote_place
        fixed = (
            2 * (_APART - 1) * (mentors.format_count == 0)
            + level_place * (_LEVEL - 1) * (mentors.level_flags.sum(axis=1) == 0)
            + remote_place * mentors.is_remote
            + named_place * (spread - 1) * (mentors.specialization_count == 0)
        )
        columns = [
            mentors.format_flags * np.array([1, 2, 2, 2]),
            mentors.level_flags * level_place,
            mentors.offered * named_place,
            fixed[:, None],
            np.full((len(mentors), 1), self._cells_a_mentee),
        ]
        return np.asarray(np.hstack(columns).T, dtype=np.float32)

    def _common_cells(self, mentees: Mentees) -> Cells:
        count = len(mentees)
        columns = [
            mentees.format_flags,
            mentees.level[:, None] == np.arange(len(LEVELS)),
            mentees.flags_among(self.mentors.specializations),
            np.ones((count, 1)),
            np.arange(count)[:, None],
        ]
        return np.asarray(np.asarray(np.hstack(columns), dtype=np.float32) @ self._mentor_lists, dtype=np.int64)

    def _common_table(self, mentees: Mentees) -> Table:
        count = len(mentees)
        common = np.arange(self._spread) / np.maximum(mentees.specialization_count, 1)[:, None]
        common[:, -1] = NEUTRAL
        common[mentees.specialization_count == 0] = NEUTRAL
        ways = np.arange(_APART)[:, None] + np.arange(2)
        share = ways / np.maximum(mentees.format_count, 1)[:, None, None]
        share[:, -1] = NEUTRAL
        share[mentees.format_count == 0] = NEUTRAL
        level = np.tile([0.0, 1.0, NEUTRAL], (count, 1))
        level[mentees.level < 0] = NEUTRAL
        remote = self._is_remote[None] & mentees.is_remote[:, None, None]
        # (mentee, mentor remote, level, further ways, in person), then the specializations in front.
        rest = (
            self._values("communication", np.minimum(share, 1))[:, None, None]
            + self._values("level_match", level)[:, None, :, None, None]
            + self._values("is_remote_pair", remote)[:, :, None, :, None]
        )
        named = self._values("specialization", np.minimum(common, 1))
        table: Table = (named[:, :, None] + rest.reshape(count, 1, -1)).reshape(-1)
        return table

    @cached_property
    def _is_remote(self) -> NDArray[np.bool_]:
        """(mentor meets at a distance, further ways in common) of pairs that can meet at a distance."""
        is_way = (np.arange(_APART) > 0) & (np.arange(_APART) < _APART - 1)
        return np.array([False, True])[:, None] & is_way

    def _remote_table(self, mentees: Mentees) -> Cells:
        """By the cells of what is in common: how far into the table of places a pair at a distance is moved."""
        remote = self._is_remote[None] & mentees.is_remote[:, None, None]
        shape = (len(mentees), self._spread, 2, _LEVEL, _APART, 2)
        moved = np.broadcast_to(remote[:, None, :, None, :, None] * _PLACE_CELLS, shape)
        return np.asarray(moved.reshape(-1), dtype=np.int64)

    @cached_property
    def _place_table(self) -> Table:
        half_chord = (np.arange(_NEAR_CELLS) + 0.5) * (_FARTHEST / _NEAR_CELLS)
        near = proximity_of(np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(half_chord), dtype=np.float32))
        apart = np.concatenate([near, [SAME_REGION, OTHER_REGION, NEUTRAL]])
        return self._values("proximity", np.concatenate([apart, np.maximum(apart, REMOTE_FLOOR)]))

    @cached_property
    def _mentor_places(self) -> Doubles:
        positions = np.nan_to_num(self.mentors.positions)
        return np.column_stack([positions * -0.5, np.full(len(positions), 0.5)]).T

    @cached_property
    def _unplaced_mentors(self) -> Cells:
        return np.flatnonzero(np.isnan(self.mentors.positions[:, 0]))

    def _place_cells(self, mentees: Mentees) -> Cells:
        positions = np.column_stack([np.nan_to_num(mentees.positions), np.ones(len(mentees))])
        haversine = (positions @ self._mentor_places).astype(np.float32)
        np.maximum(haversine, 0, out=haversine)
        half_chord = np.sqrt(haversine, out=haversine)
        half_chord *= np.float32(_NEAR_CELLS / _FARTHEST)
        cells = np.minimum(half_chord, np.float32(_NEAR_CELLS - 1), out=half_chord).astype(np.int64)
        regions = self.mentors.region_codes_of(mentees)
        unplaced = np.flatnonzero(np.isnan(mentees.positions[:, 0]))
        mentor_regions = self.mentors.region_codes
        cells[:, self._unplaced_mentors] = _region_cells(regions[:, None], mentor_regions[self._unplaced_mentors])
        cells[unplaced] = _region_cells(regions[unplaced, None], mentor_regions)
        return cells

    @cached_property
    def _gap_table(self) -> Table:
        gap = (np.arange(_GAP_CELLS) / _YEAR_CELLS - 70).astype(np.float32)
        value = np.append(experience_value(gap), NEUTRAL)
        years = np.clip((gap - LOWEST_GAP_YEARS) / (HIGHEST_GAP_YEARS - LOWEST_GAP_YEARS), 0, 1)
        table: Table = self._values("experience_gap", value) + self._values(
            "experience_gap_years", np.append(years, NEUTRAL)
        )
        return table

    def _gap_cells(self, mentees: Mentees) -> Cells:
        return np.asarray(np.add.outer(_year_cells(-mentees.years), self._mentor_year_cells))

    @cached_property
    def _mentor_year_cells(self) -> Cells:
        return _year_cells(self.mentors.years + 70)

    @cached_property
    def _mentor_slots(self) -> Floats:
        mentors = self.mentors
        unknown = np.where(mentors.has_slots, 0, SLOTS_PER_WEEK + 1)
        columns = [mentors.slots, unknown[:, None], np.full((len(mentors), 1), SLOTS_PER_WEEK + 2)]
        return np.asarray(np.hstack(columns).T, dtype=np.float32)

    def _overlap_cells(self, mentees: Mentees) -> Cells:
        count = len(mentees)
        columns = [mentees.slots, np.ones((count, 1), dtype=np.float32), np.arange(count, dtype=np.float32)[:, None]]
        return np.asarray(np.hstack(columns) @ self._mentor_slots, dtype=np.int64)

    def _overlap_table(self, mentees: Mentees) -> Table:
        hours = np.arange(SLOTS_PER_WEEK + 2, dtype=np.float32) / 2
        enough = np.minimum(hours / needed_hours_per_week(mentees)[:, None], 1)
        enough[:, -1] = NEUTRAL
        enough[~mentees.has_slots] = NEUTRAL
        common = np.minimum(hours / np.float32(MOST_OVERLAP_HOURS), 1)
        common[-1] = NEUTRAL
        table = self._values("availability", enough)
        table += self._values("overlap_hours", np.where(mentees.has_slots[:, None], common, np.float32(NEUTRAL)))
        return table.reshape(-1)

    @cached_property
    def _own_values(self) -> Table:
        """What a mentor brings for every mentee, with the intercepts."""
        success, room, is_new = mentor_features(self.mentors)
        table = self._values("success", success)
        table += self._values("room", room) + self._values("is_new_mentor", is_new)
        if self.heads:
            first, second = self.heads
            table += np.complex64(first.intercept + 1j * second.intercept)
        return table


def _region_cells(mentee: Cells, mentor: Cells) -> Cells:
    cells = np.where(mentee == mentor, _NEAR_CELLS, _NEAR_CELLS + 1)
    return np.where((mentee >= 0) & (mentor >= 0), cells, _NEAR_CELLS + 2)


def _year_cells(years: Doubles) -> Cells:
    cells = np.where(np.isnan(years), _GAP_UNKNOWN, np.round(years * _YEAR_CELLS))
    return np.asarray(cells, dtype=np.int64)

"""Simulated mentorship programmes whose truth is known, for judging a match: profiles, showings, requests, outcomes.

Three truths: one that the features only partly describe (thresholds, interactions, a hidden quality and a hidden
affinity), one that is exactly the written formula, and one without any signal. Showings follow the formula with a
little exploration, with their propensities; features are those of the day. Nothing here is a record of real people.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.matching.as_of import RecordsAsOf
from models.matching.factors import FEATURE_NAMES, pair_features
from models.matching.formula import formula_score
from models.matching.labels import ANSWER_DAYS, HISTORY_COLUMNS, WELL_RATED
from models.matching.profiles import FORMATS, LEVELS, MENTEE_SCHEMA, MENTOR_SCHEMA, Mentees, Mentors

Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]

SPECIALIZATIONS = (
    "traction", "hydraulic", "escalators", "controllers", "modernization", "door_operators", "inspection", "code",
    "safety", "customer_service",
)  # fmt: skip
# Seven places some 100 to 700 km apart, each a region of its own.
REGIONS = {
    "North Shore": (46.5, -81.0), "Lakeside": (43.7, -79.4), "Harbour": (44.6, -63.6), "River": (45.5, -73.6),
    "Capital": (45.4, -75.7), "Bay": (44.4, -79.7), "Falls": (43.1, -79.1),
}  # fmt: skip
BEGIN = datetime(2024, 1, 1, 8, tzinfo=UTC)
STEP_DAYS = 7
LISTED = 8
# In this share of showings the list is shuffled: whoever is on it may come first.
EXPLORED_SHARE = 0.2
CANDIDATES = 40
# How strongly the place in the list draws requests, and the chance that nobody is asked.
PLACE_PULL = 0.6
NOBODY_SHARE = 0.1
UNRATED_SHARE = 0.06


class Truth(StrEnum):
    """What success depends on. `UNLIKE` differs from the formula, `FORMULA` is the formula, `NULL` is chance alone."""

    UNLIKE = "unlike_the_formula"
    FORMULA = "the_formula"
    NULL = "no_signal"


@dataclass(frozen=True)
class Programme:
    """One simulated programme. `history` is in `HISTORY_COLUMNS` order plus mentee_region, mentee_level and features.

    `chance` is the true P(success | asked) of every row of the history, shown or asked: the oracle. `mentors` hold all
    places as `capacity_left` and no record; records are in the history.
    """

    truth: Truth
    mentors: pl.DataFrame
    mentees: pl.DataFrame
    history: pl.DataFrame
    chance: Doubles
    until: datetime


@dataclass(frozen=True)
class _Hidden:
    """What no feature tells: how good a mentor is, and what the two have in common underneath."""

    quality: Doubles
    mentor_values: Doubles
    mentee_values: Doubles


_Truth = Callable[[Doubles, Whole, Whole, _Hidden], tuple[Doubles, Doubles, Doubles]]


def simulate_programme(
    truth: Truth | str,
    *,
    random_state: int,
    requests: int = 4_000,
    mentors: int = 150,
    mentees: int | None = None,
    days: int = 900,
) -> Programme:
    """Simulate about so many requests over so many days; the same arguments give the same programme.

    Every mentee looks for a mentor about four times. What ends after the last day is open in the history.
    """
    random = np.random.default_rng([random_state, *str(truth).encode()])
    mentee_count = mentees or max(requests // 4, 20)
    mentor_frame, mentee_frame = _mentor_profiles(random, mentors), _mentee_profiles(random, mentee_count)
    hidden = _Hidden(
        random.normal(size=mentors), random.normal(size=(mentors, 3)), random.normal(size=(mentee_count, 3))
    )
    run = _Run(Truth(truth), random, Mentors.from_frame(mentor_frame), Mentees.from_frame(mentee_frame), hidden)
    steps = max(days // STEP_DAYS, 1)
    showings = round(requests / (1 - NOBODY_SHARE))
    share = np.bincount(np.sort(random.integers(steps, size=showings)), minlength=steps)
    until = BEGIN + timedelta(days=steps * STEP_DAYS)
    parts = []
    for step, count in enumerate(share.tolist()):
        if count:
            parts.append(run.one_week(BEGIN + timedelta(days=step * STEP_DAYS), count, until))
    history = pl.concat(parts)
    profile = mentee_frame.select(
        "mentee_id", pl.col("region").alias("mentee_region"), pl.col("level").alias("mentee_level")
    )
    history = history.join(profile, on="mentee_id", how="left", maintain_order="left")
    chance = history["chance"].to_numpy()
    columns = [*HISTORY_COLUMNS, "mentee_region", "mentee_level", *FEATURE_NAMES]
    return Programme(Truth(truth), mentor_frame, mentee_frame, history.select(columns), chance, until)


class _Run:
    """The weeks one after another: records grow, places fill, lists follow what was known."""

    def __init__(
        self, truth: Truth, random: np.random.Generator, mentors: Mentors, mentees: Mentees, hidden: _Hidden
    ) -> None:
        self.truth = _TRUTHS[truth]
        self.random, self.mentors, self.mentees, self.hidden = random, mentors, mentees, hidden
        self.accepted = pl.DataFrame(
            schema={
                name: HISTORY_COLUMNS[name]
                for name in ("mentor_id", "requested_at", "is_accepted", "is_completed", "rating", "ended_at")
            }
        )

    def one_week(self, now: datetime, count: int, until: datetime) -> pl.DataFrame:
        """The showings of a week's first day, and what becomes of them."""
        random = self.random
        own = RecordsAsOf(self.mentors, self.accepted).mentors_at(now.replace(hour=0))
        open_mentors = np.flatnonzero(own.capacity_left > 0)
        if open_mentors.size < LISTED:
            open_mentors = np.arange(len(own))
        mentee = random.integers(len(self.mentees), size=count)
        pool = min(CANDIDATES, open_mentors.size)
        drawn = np.argsort(random.random((count, open_mentors.size)), axis=1)[:, :pool]
        candidates = open_mentors[drawn]
        features = pair_features(self.mentees, own, np.repeat(mentee, pool), candidates.ravel()).reshape(
            count, pool, -1
        )
        order = np.argsort(-formula_score(features), axis=1, kind="stable")[:, :LISTED]
        is_explored = random.random(count) < EXPLORED_SHARE
        shuffled = np.argsort(random.random(order.shape), axis=1)
        place = np.where(is_explored[:, None], shuffled, np.arange(LISTED))
        listed = np.take_along_axis(order, place, axis=1)
        propensity = EXPLORED_SHARE / LISTED + (1 - EXPLORED_SHARE) * (place == np.arange(LISTED))
        mentor = np.take_along_axis(candidates, listed, axis=1)
        shown = np.take_along_axis(features, listed[:, :, None], axis=1)
        flat = shown.reshape(-1, shown.shape[-1])
        wish, accept, finish = (
            part.reshape(count, LISTED)
            for part in self.truth(flat.astype(np.float64), np.repeat(mentee, LISTED), mentor.ravel(), self.hidden)
        )
        return self._become(now, until, mentee, mentor, propensity, flat, wish, accept, finish)

    def _become(
        self, now: datetime, until: datetime, mentee: Whole, mentor: Whole, propensity: Doubles,
        features: NDArray[np.float32], wish: Doubles, accept: Doubles, finish: Doubles,
    ) -> pl.DataFrame:  # fmt: skip
        random, shape = self.random, mentor.shape
        # Who is asked: what the mentee likes, drawn by the place in the list, with some chance alone (Gumbel).
        liking = wish - PLACE_PULL * np.log(np.arange(1, LISTED + 1)) + random.gumbel(size=shape)
        has_asked = np.asarray(random.random(shape[0]) > NOBODY_SHARE)
        asks = (np.arange(LISTED) == liking.argmax(axis=1)[:, None]) & has_asked[:, None]
        is_accepted = asks & (random.random(shape) < accept)
        is_good = random.random(shape) < finish
        is_completed = is_accepted & (is_good | (random.random(shape) < 0.35))
        rating = np.where(
            is_good, random.integers(WELL_RATED, 6, size=shape), random.integers(1, WELL_RATED, size=shape)
        )
        is_rated = is_completed & (random.random(shape) >= UNRATED_SHARE)
        lasts = np.where(is_completed, random.integers(80, 181, size=shape), random.integers(15, 121, size=shape))
        frame = pl.DataFrame(
            {
                "showing_id": np.repeat([f"{now:%Y%m%d}-{number}" for number in range(shape[0])], LISTED),
                "mentee_id": np.repeat(np.array(self.mentees.ids)[mentee], LISTED),
                "mentor_id": np.array(self.mentors.ids)[mentor.ravel()],
                "rank": np.tile(np.arange(1, LISTED + 1), shape[0]),
                "propensity": propensity.ravel(),
                "is_requested": asks.ravel(),
                "is_accepted": is_accepted.ravel(),
                "is_completed": is_completed.ravel(),
                "rating": rating.ravel(),
                "is_rated": is_rated.ravel(),
                "mentor_rating": np.clip(rating + random.integers(-1, 2, size=shape), 1, 5).ravel(),
                "lasts": lasts.ravel(),
                "chance": (accept * finish).ravel(),
                **{name: features[:, index] for index, name in enumerate(FEATURE_NAMES)},
            }
        )
        history = _as_known(frame, now, until)
        self.accepted = pl.concat([self.accepted, history.filter("is_accepted").select(self.accepted.columns)])
        return history


def _as_known(frame: pl.DataFrame, now: datetime, until: datetime) -> pl.DataFrame:
    """The rows as a history holds them at the end: nothing of what has not happened by then."""
    asked = pl.when("is_requested")
    frame = frame.with_columns(
        pl.lit(now).cast(HISTORY_COLUMNS["shown_at"]).alias("shown_at"),
        asked.then(pl.lit(now)).cast(HISTORY_COLUMNS["requested_at"]).alias("requested_at"),
        asked.then(pl.col("is_accepted") if now + timedelta(days=ANSWER_DAYS) <= until else None).alias("is_accepted"),
        pl.when("is_accepted").then(pl.lit(now) + pl.duration(days="lasts")).alias("ended_at"),
    )
    has_ended = pl.col("ended_at") <= pl.lit(until)
    is_rated = has_ended & pl.col("is_completed") & pl.col("is_rated")
    return frame.with_columns(
        pl.when(has_ended).then("is_completed").alias("is_completed"),
        pl.when(is_rated).then("rating").alias("rating"),
        pl.when(is_rated).then("mentor_rating").alias("mentor_rating"),
        pl.when(has_ended).then("ended_at").alias("ended_at"),
    ).cast({name: dtype for name, dtype in HISTORY_COLUMNS.items() if name in frame.columns or name == "ended_at"})


def _column(features: Doubles, name: str) -> Doubles:
    return features[:, FEATURE_NAMES.index(name)]


def _unlike(features: Doubles, mentee: Whole, mentor: Whole, hidden: _Hidden) -> tuple[Doubles, Doubles, Doubles]:
    """Time together and the mentor decide; distance only for those who meet in person; the trade hardly matters."""
    specialization, near = _column(features, "specialization"), _column(features, "proximity")
    hours, ways = _column(features, "overlap_hours"), _column(features, "communication")
    is_far = (near < 0.35) & (_column(features, "is_remote_pair") == 0)
    ahead = _column(features, "experience_gap_years") * 50 - 10
    affinity = (hidden.mentee_values[mentee] * hidden.mentor_values[mentor]).sum(axis=1) / np.sqrt(3)
    accept = _chance(
        -0.2 + 1.6 * _column(features, "level_match") + 0.5 * _column(features, "room") + 0.3 * affinity - 0.6 * is_far
    )
    finish = _chance(
        -1.9
        + 3.0 * np.tanh(6 * hours) * (0.4 + 0.6 * ways)
        + 1.2 * specialization * (hours > 0.1)
        - 1.1 * is_far
        - 0.9 * (ahead > 20)
        + 0.9 * hidden.quality[mentor]
        + 0.5 * affinity
    )
    wish = 1.5 * specialization + 0.8 * near + 2.0 * _column(features, "success") + 0.4 * affinity
    return wish, accept, finish


def _formula(features: Doubles, mentee: Whole, mentor: Whole, hidden: _Hidden) -> tuple[Doubles, Doubles, Doubles]:
    score = formula_score(features) / 100
    both = np.sqrt(_chance(-4.0 + 6.0 * score))
    return 2.0 * score, both, both


def _null(features: Doubles, mentee: Whole, mentor: Whole, hidden: _Hidden) -> tuple[Doubles, Doubles, Doubles]:
    nothing = np.zeros(len(features))
    return nothing, nothing + 0.65, nothing + 0.6


_TRUTHS: dict[Truth, _Truth] = {Truth.UNLIKE: _unlike, Truth.FORMULA: _formula, Truth.NULL: _null}


def _chance(log_odds: Doubles) -> Doubles:
    return 1 / (1 + np.exp(-log_odds))


def _places(random: np.random.Generator, count: int) -> dict[str, object]:
    names = np.array(list(REGIONS))[random.integers(len(REGIONS), size=count)]
    centres = np.array([REGIONS[name] for name in names])
    spread = random.normal(scale=0.35, size=(count, 2))
    return {"latitude": centres[:, 0] + spread[:, 0], "longitude": centres[:, 1] + spread[:, 1], "region": names}


def _some(random: np.random.Generator, names: tuple[str, ...], most: int) -> list[str]:
    count = int(random.integers(1, most + 1))
    return sorted(names[index] for index in random.choice(len(names), size=count, replace=False))


def _weeks(random: np.random.Generator, count: int) -> list[bytes]:
    """Evenings of some days, for some people whole weekends: local clocks differ by up to three hours."""
    flags = np.zeros((count, 7, 48), dtype=np.uint8)
    for row in range(count):
        for day in random.choice(7, size=int(random.integers(1, 5)), replace=False):
            begin = int(random.integers(34, 44)) if day < 5 else int(random.integers(16, 36))
            flags[row, day, begin : begin + int(random.integers(2, 8))] = 1
    rolled = np.stack(
        [np.roll(week.ravel(), 2 * shift) for week, shift in zip(flags, random.integers(0, 4, count), strict=True)]
    )
    return [bytes(row) for row in np.packbits(rolled, axis=1)]


def _people(random: np.random.Generator, count: int, prefix: str) -> dict[str, object]:
    is_remote = random.random(count) < 0.5
    formats = [_some(random, FORMATS, 3) for _ in range(count)]
    return {
        f"{prefix}_id": [f"{prefix}-{number:05d}" for number in range(count)],
        "specializations": [_some(random, SPECIALIZATIONS, 4) for _ in range(count)],
        "formats": formats,
        "availability": _weeks(random, count),
        "is_remote": [bool(remote) and ways != ["in_person"] for remote, ways in zip(is_remote, formats, strict=True)],
        **_places(random, count),
    }


def _mentor_profiles(random: np.random.Generator, count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            **_people(random, count, "mentor"),
            "years_experience": np.round(random.gamma(4.0, 4.0, size=count).clip(2, 45), 1),
            "levels": [_some(random, LEVELS, 3) for _ in range(count)],
            "capacity_left": random.integers(40, 120, size=count),
            "completed_count": 0,
            "ended_count": 0,
            "rating_sum": 0.0,
            "rating_count": 0,
        }
    ).select(pl.col(name).cast(dtype) for name, dtype in MENTOR_SCHEMA.items())


def _mentee_profiles(random: np.random.Generator, count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            **_people(random, count, "mentee"),
            "years_experience": np.round(random.gamma(1.5, 2.0, size=count).clip(0, 20), 1),
            "hours_per_month": random.integers(2, 13, size=count).astype(np.float64),
            "level": np.array(LEVELS)[random.integers(len(LEVELS), size=count)],
        }
    ).select(pl.col(name).cast(dtype) for name, dtype in MENTEE_SCHEMA.items())


def shuffled_outcomes(programme: Programme, *, random_state: int) -> pl.DataFrame:
    """The history with what became of the requests dealt out anew among them: whatever is learned from it is luck."""
    random = np.random.default_rng(random_state)
    history = programme.history
    asked = np.flatnonzero(history["is_requested"].to_numpy())
    source = np.arange(len(history))
    source[asked] = random.permutation(asked)
    dealt = history[source]
    lasted = dealt["ended_at"] - dealt["requested_at"]
    names = ["is_accepted", "is_completed", "rating", "mentor_rating"]
    return history.with_columns(*(dealt[name] for name in names), (history["requested_at"] + lasted).alias("ended_at"))

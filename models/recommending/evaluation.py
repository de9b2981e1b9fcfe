"""How well scorers foresee the next courses people complete: split by time, measured per learner, compared in pairs.

At every cut a scorer sees only what was known before it and is asked about the window after it. Measures are recall@k
and NDCG@k with equal gains (Järvelin and Kekäläinen 2002); intervals come from a bootstrap over learners, so that a
learner met at several cuts counts once in what varies.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.recommending.records import Records
from models.recommending.yardsticks import CourseScorer, Scores

MEASURES = ("recall", "ndcg")
CHUNK = 2_048
LEVEL = 0.95

ScorerFactory = Callable[[], CourseScorer]


@dataclass(frozen=True, slots=True)
class Cut:
    """A day and the days after it in which the courses to foresee were started."""

    on: date
    window_days: int

    @property
    def until(self) -> date:
        return self.on + timedelta(days=self.window_days)


def quarterly_cuts(until: date, *, count: int = 4, window_days: int = 91) -> list[Cut]:
    """Cuts a window apart, the last window ending on the day, earliest first."""
    return [Cut(until - timedelta(days=window_days * back), window_days) for back in range(count, 0, -1)]


def measure(records: Records, cuts: Sequence[Cut], scorers: Sequence[ScorerFactory], ks: Sequence[int]) -> pl.DataFrame:
    """One row per cut, learner, scorer and k: cut, person_id, scorer, k, recall, ndcg, course_count.

    Asked about are people who had completed a course before the cut, and the courses new to them that they started in
    the window and completed. Everybody's candidates are the courses visible to them and never taken before the cut.
    """
    rows = [_measure_cut(records, cut, factory(), ks) for cut in cuts for factory in scorers]
    return pl.concat([pl.DataFrame(schema=MEASURED_SCHEMA), *rows])


MEASURED_SCHEMA = {
    "cut": pl.Date,
    "person_id": pl.String,
    "scorer": pl.String,
    "k": pl.Int64,
    "recall": pl.Float64,
    "ndcg": pl.Float64,
    "course_count": pl.Int64,
}


def _measure_cut(records: Records, cut: Cut, scorer: CourseScorer, ks: Sequence[int]) -> pl.DataFrame:
    known = records.as_of(cut.on)
    wanted = _wanted(records, known, cut)
    people = wanted["person_id"].unique().sort().to_list()
    if not people:
        return pl.DataFrame(schema=MEASURED_SCHEMA)
    scorer.fit(known, cut.on)
    place = {course_id: index for index, course_id in enumerate(records.course_ids)}
    parts = []
    for start in range(0, len(people), CHUNK):
        chunk = people[start : start + CHUNK]
        row_of = {person_id: index for index, person_id in enumerate(chunk)}
        hits = np.zeros((len(chunk), len(place)), dtype=np.bool_)
        of_chunk = wanted.filter(pl.col("person_id").is_in(chunk))
        hits[
            [row_of[person_id] for person_id in of_chunk["person_id"].to_list()],
            [place[course_id] for course_id in of_chunk["course_id"].to_list()],
        ] = True
        scores = scorer.scores(known.matrix(chunk, is_completed=True), known.contexts(chunk))
        is_candidate = known.visible(chunk) & ~known.matrix(chunk, is_completed=False)
        for k, recall, ndcg in _measures(scores, hits, is_candidate, ks):
            parts.append(
                pl.DataFrame(
                    {
                        "cut": [cut.on] * len(chunk),
                        "person_id": chunk,
                        "scorer": [scorer.name] * len(chunk),
                        "k": [k] * len(chunk),
                        "recall": recall,
                        "ndcg": ndcg,
                        "course_count": hits.sum(axis=1),
                    },
                    schema=MEASURED_SCHEMA,
                )
            )
    return pl.concat(parts)


def _wanted(records: Records, known: Records, cut: Cut) -> pl.DataFrame:
    learners = known.taken.filter(pl.col("completed_on").is_not_null()).select("person_id").unique()
    return (
        records.taken.filter(
            (pl.col("started_on") >= cut.on) & (pl.col("started_on") < cut.until) & pl.col("completed_on").is_not_null()
        )
        .join(learners, on="person_id", how="semi")
        .join(known.taken, on=["person_id", "course_id"], how="anti")
        .select("person_id", "course_id")
    )


def _measures(
    scores: Scores, hits: NDArray[np.bool_], is_candidate: NDArray[np.bool_], ks: Sequence[int]
) -> list[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    order = np.argsort(np.where(is_candidate, -scores, np.inf), axis=1, kind="stable")[:, : max(ks)]
    found = np.take_along_axis(hits & is_candidate, order, axis=1)
    number = hits.sum(axis=1)
    discounts = 1.0 / np.log2(np.arange(2, hits.shape[1] + max(ks) + 2))
    best = np.concatenate([[0.0], np.cumsum(discounts)])
    result = []
    for k in ks:
        gained = found[:, :k] @ discounts[: min(k, found.shape[1])]
        result.append((k, found[:, :k].sum(axis=1) / number, gained / best[np.minimum(number, k)]))
    return result


SUMMARY_SCHEMA = {
    "scorer": pl.String,
    "yardstick": pl.String,
    "k": pl.Int64,
    "measure": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "learner_count": pl.Int64,
}


def summarise(
    measured: pl.DataFrame,
    gains: Sequence[tuple[str, str]] = (),
    *,
    draws: int = 2_000,
    random_state: int = 0,
) -> pl.DataFrame:
    """Averages with 95 % bootstrap intervals: scorer, yardstick, k, measure, value, low, high, learner_count.

    `yardstick` is null for a scorer's own averages; for each pair of `gains` it names the second, and the value is what
    the first gains over it on the same learners. Learners are resampled with everything that was asked of them.
    """
    sums, asked, names = _by_learner(measured)
    if not len(asked):
        return pl.DataFrame(schema=SUMMARY_SCHEMA)
    place = {name: index for index, name in enumerate(names)}
    wanted: list[tuple[str, str | None, int, str]] = [(scorer, None, k, measure) for scorer, k, measure in names]
    wanted += [
        (scorer, yardstick, k, measure)
        for scorer, yardstick in gains
        for of, k, measure in names
        if of == scorer and (yardstick, k, measure) in place
    ]
    columns = np.empty((len(asked), len(wanted)))
    for index, (scorer, yardstick, k, measure) in enumerate(wanted):
        columns[:, index] = sums[:, place[scorer, k, measure]]
        if yardstick is not None:
            columns[:, index] -= sums[:, place[yardstick, k, measure]]
    drawn = _bootstrap(columns, asked, draws=draws, random_state=random_state)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    values = columns.sum(axis=0) / asked.sum()
    rows = [
        (*each, float(values[index]), float(low[index]), float(high[index]), len(asked))
        for index, each in enumerate(wanted)
    ]
    return pl.DataFrame(rows, schema=SUMMARY_SCHEMA, orient="row")


def _by_learner(
    measured: pl.DataFrame,
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[tuple[str, int, str]]]:
    """Sums per learner of each (scorer, k, measure), how often each learner was asked, and the names of the columns."""
    keys = measured.select("scorer", "k").unique(maintain_order=True).rows()
    people = measured.select("person_id").unique().sort("person_id").with_row_index("row")
    asked_frame = measured.select("cut", "person_id").unique().group_by("person_id").len()
    asked = people.join(asked_frame, on="person_id", how="left", maintain_order="left")["len"].to_numpy()
    sums = np.zeros((people.height, len(keys) * len(MEASURES)))
    totals = measured.group_by("scorer", "k", "person_id").agg(pl.col(name).sum() for name in MEASURES)
    totals = totals.join(people, on="person_id")
    parts = totals.partition_by("scorer", "k", as_dict=True)
    names: list[tuple[str, int, str]] = []
    for scorer, k in keys:
        part = parts[scorer, k]
        for name in MEASURES:
            sums[part["row"].to_numpy(), len(names)] = part[name].to_numpy()
            names.append((str(scorer), int(k), name))
    return sums, asked.astype(np.float64), names


def _bootstrap(
    columns: NDArray[np.float64], asked: NDArray[np.float64], *, draws: int, random_state: int
) -> NDArray[np.float64]:
    """(draws, columns): the average over resampled learners, each with everything asked of her (a ratio of sums)."""
    random = np.random.default_rng(random_state)
    number = len(asked)
    found = np.empty((draws, columns.shape[1]))
    for draw in range(draws):
        weights = np.bincount(random.integers(0, number, number), minlength=number).astype(np.float64)
        found[draw] = weights @ columns / (weights @ asked)
    return found

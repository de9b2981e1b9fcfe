"""The learned part: what people alike went on to complete, shrunk to popularity until evidence speaks against it.

For every course somebody completed, and for her role and organization, the model holds which courses people of the same
kind completed next: q(course | condition) = (count + strength * p(course)) / (total + strength), p being popularity.
The strength is estimated from the counts themselves, as the one under which they are most likely (Dirichlet-multinomial
with base p; Minka 2000), so that counts that popularity explains leave nothing but popularity. A score is log p plus
the pooled log lifts of the person's conditions. Without evidence it orders exactly as popularity does.
Counts of pairs below `SMALLEST_GROUP` never enter the model, so that neither reasons nor the file tell of few people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.recommending.records import Records
from models.recommending.yardsticks import Popularity, Scores, Taken, successions

# Fewer people than this are never told of.
SMALLEST_GROUP = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why the model puts a course up: so many people with the same condition went on to complete it.

    `condition` is a course id, `role:…` or `member:…`.
    """

    condition: str
    count: int


class CoCompletion:
    """Item-to-item co-completion with shrinkage to popularity.

    Parameters
    ----------
    pooling
        Lifts of a person's conditions are summed and divided by their number to this power: 1 is the mean, 0 the sum.

    Attributes
    ----------
    strengths_
        People's worth of popularity that a condition starts with: for courses completed, and for kinds of people.
    """

    name = "learned"

    def __init__(self, *, pooling: float = 1.0) -> None:
        self.pooling = pooling

    def fit(self, records: Records, on: date) -> Self:
        popularity = Popularity().fit(records, on)
        self.course_ids_ = records.course_ids
        self.shares_ = popularity.shares_
        self.popular_counts_ = _told(popularity.counts_)
        self.subjects_ = popularity.subjects_
        self.conditions_ = [*self.course_ids_, *self._kinds_of_people(records)]
        self.counts_ = self._counts(records)
        self._set_lifts()
        return self

    def scores(self, done: Taken, contexts: list[list[str]]) -> Scores:
        """Log of popularity plus the pooled lifts; without any condition, popularity's own order."""
        held = self._held(done, contexts)
        number = np.maximum(held.sum(axis=1, keepdims=True), 1.0)
        lifts = (held @ self.lifts_) / number**self.pooling
        base = np.log(self._popularity_scores(done))
        found: Scores = base + lifts
        return found

    def explain(self, done: NDArray[np.bool_], contexts: Sequence[str], course_index: int) -> Evidence | None:
        """The condition of the person that speaks most for the course, when at least `SMALLEST_GROUP` people tell."""
        held = self._held(done[np.newaxis, :], [list(contexts)])[0] > 0
        speaks = np.where(held & (self.counts_[:, course_index] >= SMALLEST_GROUP), self.lifts_[:, course_index], 0.0)
        best = int(np.argmax(speaks))
        if speaks[best] <= 0:
            return None
        return Evidence(self.conditions_[best], int(self.counts_[best, course_index]))

    def _popularity_scores(self, done: Taken) -> Scores:
        """As `Popularity` orders: subjects one has learned in come first, but evidence may lift others past them."""
        learned_in = (done.astype(np.float64) @ self.subjects_) > 0
        is_own = (learned_in.astype(np.float64) @ self.subjects_.T) > 0
        found: Scores = np.where(is_own, self.shares_ * _OWN_SUBJECT_FACTOR, self.shares_)
        return found

    def _held(self, done: Taken, contexts: list[list[str]]) -> NDArray[np.float64]:
        place = {condition: index for index, condition in enumerate(self.conditions_)}
        held = np.zeros((len(done), len(self.conditions_)))
        held[:, : done.shape[1]] = done
        for row, names in enumerate(contexts):
            held[row, [place[name] for name in names if name in place]] = 1.0
        return held

    def _kinds_of_people(self, records: Records) -> list[str]:
        people = records.members["person_id"].unique().sort().to_list()
        return sorted({context for contexts in records.contexts(people) for context in contexts})

    def _counts(self, records: Records) -> NDArray[np.float64]:
        """(conditions, courses): people who met the condition and completed the course, later if both are courses."""
        conditions = pl.DataFrame({"condition": self.conditions_}, schema={"condition": pl.String}).with_row_index(
            "row"
        )
        courses = records.courses.select("course_id").with_row_index("column")
        by_course = successions(records).rename({"first": "condition", "then": "course_id"})
        cells = pl.concat([by_course, self._counts_by_kind(records)])
        cells = cells.join(conditions, on="condition").join(courses, on="course_id")
        found = np.zeros((conditions.height, courses.height))
        found[cells["row"].to_numpy(), cells["column"].to_numpy()] = cells["count"].to_numpy()
        return found

    def _counts_by_kind(self, records: Records) -> pl.DataFrame:
        people = records.members["person_id"].unique().sort().to_list()
        kinds = (
            pl.DataFrame(
                {"person_id": people, "condition": records.contexts(people)},
                schema={"person_id": pl.String, "condition": pl.List(pl.String)},
            )
            .explode("condition")
            .drop_nulls()
        )
        completed = records.taken.filter(pl.col("completed_on").is_not_null())
        return (
            kinds.join(completed, on="person_id")
            .group_by("condition", "course_id")
            .agg(pl.len().cast(pl.Int64).alias("count"))
        )

    def _set_lifts(self) -> None:
        """Counts of few people become what popularity expects, at most `SMALLEST_GROUP` - 1, and are forgotten."""
        totals = self.counts_.sum(axis=1, keepdims=True)
        expected = np.minimum(totals * self.shares_, SMALLEST_GROUP - 1.0)
        told = np.where(self.counts_ >= SMALLEST_GROUP, self.counts_, expected)
        totals = told.sum(axis=1, keepdims=True)
        split = len(self.course_ids_)
        self.strengths_ = np.array(
            [_likeliest_strength(told[rows], self.shares_) for rows in (slice(0, split), slice(split, None))]
        )
        strength = np.repeat(self.strengths_, [split, len(told) - split])[:, np.newaxis]
        given = (told + strength * self.shares_) / (totals + strength)
        self.lifts_ = np.where(totals > 0, np.log(given / self.shares_), 0.0)
        self.counts_ = _told(self.counts_)


# Strengths the likelihood is asked about; the last is popularity itself, for all that counts can tell.
_STRENGTHS = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 1e6])


def _likeliest_strength(counts: NDArray[np.float64], shares: NDArray[np.float64]) -> float:
    """The strength under which the rows of counts are most likely as Dirichlet-multinomial draws with base `shares`."""
    from scipy.special import gammaln

    counts = counts[counts.sum(axis=1) > 0]
    if not len(counts):
        return float(_STRENGTHS[-1])
    likelihoods = [
        (gammaln(strength) - gammaln(counts.sum(axis=1) + strength)).sum()
        + (gammaln(counts + strength * shares) - gammaln(strength * shares)).sum()
        for strength in _STRENGTHS
    ]
    # Of equals the larger strength, which is closer to popularity.
    return float(_STRENGTHS[len(likelihoods) - 1 - int(np.argmax(likelihoods[::-1]))])


# How much more likely a course of a subject one has learned in is taken, before any evidence.
_OWN_SUBJECT_FACTOR = 1_000.0


def _told(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(counts >= SMALLEST_GROUP, counts, 0.0)

"""The matcher: ranks mentors for a mentee and mentees for a mentor, by the written formula or by what was learned.

Features come from `factors`; fitting and judging a learned matcher, and who may be shown to whom, belong elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from models.matching.explanation import Pair, Reason, explain, sentences
from models.matching.factors import FACTORS, FEATURE_NAMES, FEATURES, pair_facts, pair_features
from models.matching.formula import formula_points, formula_score, rounded_points
from models.matching.heads import Head
from models.matching.pair_scores import PairScorer
from models.matching.profiles import Doubles, Floats, Mentees, Mentors, Whole

if TYPE_CHECKING:
    from models.matching.additive import AdditiveMatcher

TOP = 20
# Scores that differ by less are equal: they would differ by rounding errors alone.
SCORE_DIGITS = 9


class MatcherKind(StrEnum):
    FORMULA = "formula"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class Chances:
    """Both sides' chances of pairs: that the mentee asks when shown the mentor; that the mentor then accepts and it
    ends completed and well rated; and their product.
    """

    asks: Doubles
    succeeds: Doubles

    @property
    def both(self) -> Doubles:
        product: Doubles = self.asks * self.succeeds
        return product


class Matcher:
    """Scores 0..100 with their explanation, and the chance where outcomes were learned from.

    Without heads the score is the formula's. With the two heads it is the logarithm of the chance, put on a scale where
    0 is the least and 100 the most the heads can give: it orders pairs as the chance does. A feature's points are its
    part of the way from the least on a straight line (integrated gradients), so they are never negative and add up
    exactly; heads that stand at their prior share the points by the written weights.
    """

    def __init__(
        self,
        asks: "AdditiveMatcher | None" = None,
        succeeds: "AdditiveMatcher | None" = None,
        *,
        version: int | None = None,
    ) -> None:
        if (asks is None) != (succeeds is None):
            raise ValueError("A learned matcher has two heads, the formula none.")
        self.asks, self.succeeds, self.version = asks, succeeds, version
        self._heads = tuple(Head.of(each) for each in (asks, succeeds) if each is not None)

    @classmethod
    def from_prior(cls, **parameters: Any) -> Self:  # those of AdditiveMatcher, checked there
        """A learned matcher that has seen no outcome."""
        return cls(*(create_head(**parameters).fit_prior() for _ in range(2)))

    @property
    def kind(self) -> MatcherKind:
        return MatcherKind.LEARNED if self._heads else MatcherKind.FORMULA

    def score(self, features: ArrayLike) -> Doubles:
        """Score 0..100 of (pairs, features)."""
        if not self._heads:
            return formula_score(features)
        low, high = self._log_chance_bounds()
        log_chance = sum(_log_chance(head.log_odds(features)) for head in self._heads)
        return np.asarray((log_chance - low) * (100 / _positive(high - low)))

    def points(self, features: ArrayLike) -> Doubles:
        """(pairs, features): unrounded points of each feature, which add up to the score."""
        values = np.atleast_2d(np.asarray(features, dtype=np.float64))
        points = np.zeros(values.shape)
        if not self._heads:
            points[:, : len(FACTORS)] = formula_points(values)
            return points
        low, high = self._log_chance_bounds()
        for head in self._heads:
            gained = head.contributions(values) - head.lowest
            way = gained.sum(axis=1)
            rise = _log_chance(head.log_odds_at_lowest + way) - _log_chance(head.log_odds_at_lowest)
            slope = np.divide(rise, way, out=np.zeros(len(way)), where=way > 0)
            points += gained * slope[:, None]
        return points * (100 / _positive(high - low))

    def chances(self, features: ArrayLike) -> Chances | None:
        """Both sides' chances of (pairs, features); none for the formula, which knows no outcomes."""
        if not self._heads:
            return None
        asks, succeeds = (np.exp(_log_chance(head.log_odds(features))) for head in self._heads)
        return Chances(asks, succeeds)

    def score_pairs(self, mentees: Mentees, mentors: Mentors, *, chunk: int | None = None) -> Floats:
        """(mentees, mentors) scores 0..100, `chunk` mentees at a time; within 0.1 of what `rank` says.

        A person paired with herself is minus infinity, so that no ranking, maximum or assignment takes it.
        """
        low, high = self._log_chance_bounds() if self._heads else (0.0, 1.0)
        return PairScorer(mentees, mentors, self._heads, low, high).scores(chunk)

    def rank(self, mentees: Mentees, mentors: Mentors, *, top: int = TOP) -> pl.DataFrame:
        """The best mentors for the one mentee, best first; equal scores by id. Herself is never among them.

        Columns: rank from 1, mentor_id, score, chance, chance_asks, chance_succeeds (null for the formula),
        formula_score, the features, points_<feature> (tenths that add up to the score), sentences, text.

        Raises
        ------
        ValueError
            When there is not exactly one mentee.
        """
        if len(mentees) != 1:
            raise ValueError("Mentors are ranked for one mentee at a time.")
        mentor_index = np.array([index for index, each in enumerate(mentors.ids) if each != mentees.ids[0]], dtype=int)
        mentee_index = np.zeros_like(mentor_index)
        return self._ranking(mentees, mentors, mentee_index, mentor_index, "mentor_id", mentors.ids, top)

    def rank_mentees(self, mentees: Mentees, mentors: Mentors, *, top: int = TOP) -> pl.DataFrame:
        """The mentees the one mentor suits best; as `rank`, with mentee_id.

        Raises
        ------
        ValueError
            When there is not exactly one mentor.
        """
        if len(mentors) != 1:
            raise ValueError("Mentees are ranked for one mentor at a time.")
        mentee_index = np.array([index for index, each in enumerate(mentees.ids) if each != mentors.ids[0]], dtype=int)
        mentor_index = np.zeros_like(mentee_index)
        return self._ranking(mentees, mentors, mentee_index, mentor_index, "mentee_id", mentees.ids, top)

    def _ranking(
        self,
        mentees: Mentees,
        mentors: Mentors,
        mentee_index: Whole,
        mentor_index: Whole,
        id_column: str,
        all_ids: Sequence[str],
        top: int,
    ) -> pl.DataFrame:
        features = pair_features(mentees, mentors, mentee_index, mentor_index)
        scores = np.round(self.score(features), SCORE_DIGITS)
        ids = [all_ids[index] for index in (mentor_index if id_column == "mentor_id" else mentee_index)]
        best = _best(scores, ids, top)
        chosen, mentee_index, mentor_index = features[best], mentee_index[best], mentor_index[best]
        facts = pair_facts(mentees, mentors, mentee_index, mentor_index)
        points = self.points(chosen)
        chances = self.chances(chosen)
        rows = []
        for at, index in enumerate(best):
            score, parts = rounded_points(points[at])
            pair = Pair(mentees, mentors, int(mentee_index[at]), int(mentor_index[at]), facts, at)
            row: dict[str, Any] = {
                "rank": at + 1,
                id_column: ids[index],
                "score": float(score),
                "chance": None if chances is None else float(chances.both[at]),
                "chance_asks": None if chances is None else float(chances.asks[at]),
                "chance_succeeds": None if chances is None else float(chances.succeeds[at]),
                "formula_score": round(float(formula_score(chosen[at])), 1),
                **{name: float(value) for name, value in zip(FEATURE_NAMES, chosen[at], strict=True)},
                **{f"points_{name}": float(part) for name, part in zip(FEATURE_NAMES, parts, strict=True)},
                "sentences": sentences(pair),
            }
            rows.append(row | {"text": _text(row, explain(row))})
        return pl.DataFrame(rows, schema=ranking_schema(id_column))

    def _log_chance_bounds(self) -> tuple[float, float]:
        lowest = sum(float(_log_chance(head.log_odds_at_lowest)) for head in self._heads)
        highest = sum(float(_log_chance(head.log_odds_at_highest)) for head in self._heads)
        return lowest, highest


def create_head(**parameters: Any) -> "AdditiveMatcher":  # those of AdditiveMatcher, checked there
    """An unfitted head of the learned match: the written weights as prior, monotone where a feature's meaning says."""
    from models.matching.additive import AdditiveMatcher

    return AdditiveMatcher(
        prior_weights=[feature.weight / 100 for feature in FEATURES],
        monotone=[feature.is_increasing for feature in FEATURES],
        bounds=(0.0, 1.0),
        **parameters,
    )


def ranking_schema(id_column: str = "mentor_id") -> dict[str, pl.DataType]:
    """Columns of a ranking."""
    return {
        "rank": pl.Int64(),
        id_column: pl.String(),
        "score": pl.Float64(),
        "chance": pl.Float64(),
        "chance_asks": pl.Float64(),
        "chance_succeeds": pl.Float64(),
        "formula_score": pl.Float64(),
        **{name: pl.Float32() for name in FEATURE_NAMES},
        **{f"points_{name}": pl.Float64() for name in FEATURE_NAMES},
        "sentences": pl.List(pl.String()),
        "text": pl.String(),
    }


def _best(scores: Doubles, ids: Sequence[str], top: int) -> list[int]:
    """Positions of the highest scores, equal ones by id."""
    if top < 1 or not len(scores):
        return []
    kept = np.arange(len(scores))
    if top < len(scores):
        kept = np.flatnonzero(scores >= np.partition(scores, -top)[-top])
    return sorted(kept.tolist(), key=lambda index: (-scores[index], ids[index]))[:top]


def _text(row: dict[str, Any], reasons: Sequence[Reason]) -> str:
    lines = "; ".join(f"{reason.title} {reason.points}: {reason.sentence}" for reason in reasons)
    if row["chance"] is None:
        return f"{row['score']:.1f} of 100. {lines}."
    chances = f"asked when shown {row['chance_asks']:.0%}, then a good mentorship {row['chance_succeeds']:.0%}"
    return f"{row['score']:.1f} of 100, chance {row['chance']:.0%} ({chances}). {lines}."


def _log_chance(log_odds: ArrayLike) -> Doubles:
    return np.asarray(-np.logaddexp(0, -np.asarray(log_odds, dtype=np.float64)))


def _positive(span: float) -> float:
    """A span to divide by; heads that tell nothing apart score 0."""
    return span if span > 0 else 1.0

"""Lends the demo the match's own features and written score, which it may not import itself."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import polars as pl

from operational_db.demo.mentorship import MatchScorer, Scores
from operational_db.mentorship.matching_repository import Totals


def match_scorer() -> MatchScorer:
    """Features and formula of `models.matching`, as a list of mentors would be ranked by."""
    return MatchScorer(weekly_slots=_weekly_slots, score=_score)


def _weekly_slots(windows: Sequence[tuple[int, int, int]], timezone: str, on: date) -> bytes:
    from models.matching.profiles import weekly_slots

    return weekly_slots(windows, timezone, on)


def _score(mentee_frame: pl.DataFrame, mentor_frame: pl.DataFrame, totals: Totals) -> Scores:
    from models.matching.factors import FEATURE_NAMES, feature_block
    from models.matching.formula import formula_score
    from models.matching.profiles import Mentees, Mentors, Population

    mentees = Mentees.from_frame(mentee_frame)
    mentors = Mentors.from_frame(mentor_frame, population=Population.of(pl.DataFrame([asdict(totals)])))
    features = feature_block(mentees, mentors, slice(0, len(mentees)))
    return Scores(FEATURE_NAMES, features, formula_score(features))

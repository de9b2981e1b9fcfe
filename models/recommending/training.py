"""Train the recommender and judge it: settings are chosen on earlier cuts, the verdict falls on later ones.

`train_recommender` is the one function a life cycle calls; what it returns is everything a registry keeps.
"""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from models.recommending.artifact import Artifact, Json, save_recommender
from models.recommending.evaluation import Cut, measure, quarterly_cuts, summarise
from models.recommending.learned import CoCompletion
from models.recommending.records import Records
from models.recommending.yardsticks import NextInPath, Popularity

KIND = "course_recommending"
KS = (1, 3, 5, 10)
# The verdict rests on the list a page shows.
DECIDING_K = 5
FEWEST_LEARNERS = 100
# Settings tried, the one closest to popularity first, so that a tie keeps to it.
POOLINGS = (1.0, 0.5, 0.0)


class Verdict(StrEnum):
    """Whether the learned part earned its place."""

    LEARNED = "learned"
    NOT_BETTER = "not_better"
    TOO_FEW = "too_few"


@dataclass(frozen=True)
class Comparison:
    """Averages of each scorer, gains of the learned one over each yardstick, and the verdict in words."""

    averages: pl.DataFrame
    gains: pl.DataFrame
    verdict: Verdict
    sentence: str
    learner_count: int
    pooling: float
    cuts: tuple[Cut, ...]

    @property
    def is_learned_shown(self) -> bool:
        return self.verdict is Verdict.LEARNED


@dataclass(frozen=True)
class TrainedRecommender:
    """The model fitted on everything until the day, its card as plain JSON values, and its file when asked for."""

    model: CoCompletion
    comparison: Comparison
    card: dict[str, Json]
    artifact: Artifact | None


def train_recommender(
    records: Records,
    *,
    until: date,
    cuts: Sequence[Cut] | None = None,
    ledger_size: int | None = None,
    folder: Path | None = None,
    random_state: int = 0,
) -> TrainedRecommender:
    """Judge the learned part on held-out quarters, then fit it on everything before `until`.

    For whoever runs the life cycle: give it `Records` made of `operational_db.recommending.records.training_frames`
    (or of any frames of that form), the day, the ledger's size and the folder of artifacts. Register what comes back
    under the kind `course_recommending` with `artifact.path.name`, `artifact.sha256` and `card`, and promote it always:
    a model that did not beat both yardsticks carries that verdict in its card (`card["verdict"]`), and the product then
    shows popularity and says so. Deterministic; takes seconds.

    Raises
    ------
    InvalidRecordsError
        From `Records.from_frames`, where the frames are wrong.
    """
    comparison = compare_recommenders(records, cuts or quarterly_cuts(until), random_state=random_state)
    model = CoCompletion(pooling=comparison.pooling).fit(records.as_of(until), until)
    card = _card(records.as_of(until), model, comparison, until=until, ledger_size=ledger_size)
    artifact = None if folder is None else save_recommender(folder, model, card)
    return TrainedRecommender(model, comparison, card, artifact)


def compare_recommenders(records: Records, cuts: Sequence[Cut], *, random_state: int = 0) -> Comparison:
    """Learned against popularity and next in path; the first cut chooses settings only, each later one also judges.

    The settings for a cut are those that did best on the cuts before it, never on the cut itself.
    """
    ordered = sorted(cuts, key=lambda cut: cut.on)
    tried = {each: measure(records, ordered, [partial(CoCompletion, pooling=each)], [DECIDING_K]) for each in POOLINGS}
    parts = []
    for number, cut in enumerate(ordered[1:], start=1):
        chosen = _best(tried, ordered[:number])
        parts.append(measure(records, [cut], [partial(CoCompletion, pooling=chosen), Popularity, NextInPath], KS))
    measured = pl.concat(parts)
    summary = summarise(
        measured,
        [(CoCompletion.name, Popularity.name), (CoCompletion.name, NextInPath.name)],
        random_state=random_state,
    )
    learner_count = measured["person_id"].n_unique()
    beaten = _beaten(summary)
    verdict = _verdict(beaten, learner_count)
    return Comparison(
        averages=summary.filter(pl.col("yardstick").is_null()).drop("yardstick"),
        gains=summary.filter(pl.col("yardstick").is_not_null()),
        verdict=verdict,
        sentence=_sentence(verdict, beaten, learner_count),
        learner_count=learner_count,
        pooling=_best(tried, ordered),
        cuts=tuple(ordered[1:]),
    )


def _best(tried: dict[float, pl.DataFrame], cuts: Sequence[Cut]) -> float:
    days = [cut.on for cut in cuts]

    def average(pooling: float) -> float:
        value = tried[pooling].filter(pl.col("cut").is_in(days))["ndcg"].mean()
        return round(value, 9) if isinstance(value, float) else 0.0

    return max(POOLINGS, key=average)


def _beaten(summary: pl.DataFrame) -> frozenset[str]:
    """Yardsticks over which the gain in NDCG is above nothing with its whole interval while recall does not fall."""
    gains = summary.filter(pl.col("yardstick").is_not_null(), pl.col("k") == DECIDING_K)
    gained = gains.filter(pl.col("measure") == "ndcg", pl.col("low") > 0)["yardstick"].to_list()
    kept = gains.filter(pl.col("measure") == "recall", pl.col("value") >= 0)["yardstick"].to_list()
    return frozenset(gained) & frozenset(kept)


def _verdict(beaten: frozenset[str], learner_count: int) -> Verdict:
    """Learned when it beat both yardsticks on enough learners."""
    if learner_count < FEWEST_LEARNERS:
        return Verdict.TOO_FEW
    return Verdict.LEARNED if beaten >= {Popularity.name, NextInPath.name} else Verdict.NOT_BETTER


def _sentence(verdict: Verdict, beaten: frozenset[str], learner_count: int) -> str:
    """The verdict for whoever reads recommendations."""
    if verdict is Verdict.TOO_FEW:
        return (
            f"Only {learner_count:,} people took a further course in the months that could be tested, which is too few "
            "to tell whether people like you foresee your next course. What is popular is shown instead."
        )
    tested = f"What people like you took next was tested on {learner_count:,} people's later courses"
    if verdict is Verdict.LEARNED:
        return f"{tested} and foresaw them better than what is popular and than the next course of a path."
    if Popularity.name in beaten:
        return (
            f"{tested}. It foresaw them better than what is popular, but no better than the next course of a path, "
            "so it is left out: after the next courses of paths, what is popular is shown."
        )
    return f"{tested} and did not foresee them better than what is popular, which is shown instead."


def _card(
    records: Records, model: CoCompletion, comparison: Comparison, *, until: date, ledger_size: int | None
) -> dict[str, Json]:
    completed = records.taken.filter(pl.col("completed_on").is_not_null())
    first = completed["started_on"].min()
    return {
        "kind": KIND,
        "verdict": comparison.verdict.value,
        "is_learned_shown": comparison.is_learned_shown,
        "sentence": comparison.sentence,
        "data_until": until.isoformat(),
        "data_from": first.isoformat() if isinstance(first, date) else None,
        "ledger_size": ledger_size,
        "completion_count": completed.height,
        "person_count": completed["person_id"].n_unique(),
        "course_count": records.courses.height,
        "learner_count": comparison.learner_count,
        "cuts": [{"on": cut.on.isoformat(), "until": cut.until.isoformat()} for cut in comparison.cuts],
        "features": ["courses completed", "role", "organization", "subject of the course", "popularity within a year"],
        "settings": {"pooling": model.pooling, "strengths": [float(value) for value in model.strengths_]},
        "averages": _to_rows(comparison.averages),
        "gains": _to_rows(comparison.gains),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "polars": pl.__version__},
    }


def _to_rows(frame: pl.DataFrame) -> list[Json]:
    return [dict(row) for row in frame.iter_rows(named=True)]

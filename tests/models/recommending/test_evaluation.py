"""Measures as by hand, on what was known before the cut only."""

from datetime import date
from math import log2

import numpy as np
import polars as pl
import pytest

from models.recommending.evaluation import Cut, measure, quarterly_cuts, summarise
from models.recommending.learned import CoCompletion
from models.recommending.records import COURSES_SCHEMA, TAKEN_SCHEMA, Records
from models.recommending.yardsticks import NextInPath, Popularity
from tests.models.recommending.learners import CUTS, with_tastes

CUT = Cut(date(2026, 3, 1), 60)


class Fixed:
    """Ranks courses by their ids."""

    name = "fixed"

    def fit(self, records: Records, on: date) -> "Fixed":
        self.count = len(records.course_ids)
        return self

    def scores(self, done: np.ndarray, contexts: list[list[str]]) -> np.ndarray:
        return np.tile(-np.arange(self.count, dtype=np.float64), (len(done), 1))


def world(*later: tuple[str, str, date, date | None]) -> Records:
    before = [("ann", "a", date(2026, 1, 1), date(2026, 1, 31)), ("bob", "e", date(2026, 1, 1), date(2026, 2, 3))]
    courses = pl.DataFrame(
        [(letter, None, None) for letter in "abcde"] + [("f", "elsewhere", None)],
        schema=dict(COURSES_SCHEMA),
        orient="row",
    )
    return Records.from_frames(
        pl.DataFrame([*before, *later], schema=dict(TAKEN_SCHEMA), orient="row"), courses=courses
    )


class TestMeasure:
    def test_recall_and_ndcg_as_by_hand(self) -> None:
        """Candidates of Ann are b, c, d, e in this order; she takes c and e."""
        records = world(
            ("ann", "c", date(2026, 3, 2), date(2026, 4, 1)), ("ann", "e", date(2026, 4, 2), date(2026, 5, 1))
        )
        found = {row["k"]: row for row in measure(records, [CUT], [Fixed], [1, 2, 4]).iter_rows(named=True)}
        assert [found[k]["recall"] for k in (1, 2, 4)] == [0.0, 0.5, 1.0]
        best = 1 + 1 / log2(3)
        assert found[1]["ndcg"] == 0.0
        assert found[2]["ndcg"] == pytest.approx((1 / log2(3)) / best)
        assert found[4]["ndcg"] == pytest.approx((1 / log2(3) + 1 / log2(5)) / best)

    @pytest.mark.parametrize(
        "row",
        [
            ("ann", "c", date(2026, 2, 20), date(2026, 4, 1)),
            ("ann", "c", date(2026, 4, 30), date(2026, 5, 1)),
            ("ann", "c", date(2026, 3, 2), None),
            ("cem", "c", date(2026, 3, 2), date(2026, 4, 1)),
        ],
        ids=["begun before", "begun after the window", "not completed", "no course before"],
    )
    def test_who_is_not_asked_about(self, row: tuple[str, str, date, date | None]) -> None:
        assert measure(world(row), [CUT], [Fixed], [1]).is_empty()

    def test_a_course_for_others_is_no_candidate(self) -> None:
        records = world(
            ("ann", "b", date(2026, 3, 2), date(2026, 4, 1)), ("ann", "f", date(2026, 3, 2), date(2026, 4, 1))
        )
        row = measure(records, [CUT], [Fixed], [6]).row(0, named=True)
        assert (row["course_count"], row["recall"]) == (2, 0.5)

    @pytest.mark.parametrize("scorer", [CoCompletion, Popularity, NextInPath])
    def test_the_future_changes_nothing(self, scorer: type) -> None:
        """Whatever people did after the window, and who answers, leaves what was foreseen at the cut as it is."""
        records, cut = with_tastes(people=150), CUTS[1]
        window = pl.col("started_on").is_between(cut.on, cut.until, closed="left")
        shifted = records.taken.with_columns(
            pl.when(pl.col("started_on") >= cut.until)
            .then(pl.lit("course a"))
            .otherwise("course_id")
            .alias("course_id")
        )
        later = pl.DataFrame(
            [(f"new {n}", course, cut.until, cut.until) for n in range(50) for course in ("course a", "course t")],
            schema=records.taken.schema,
            orient="row",
        )
        changed = Records.from_frames(pl.concat([shifted, later]), courses=records.courses)
        assert shifted.filter(window).equals(records.taken.filter(window))
        assert measure(changed, [cut], [scorer], [5]).equals(measure(records, [cut], [scorer], [5]))


class TestSummarise:
    def test_gains_are_differences_on_the_same_learners(self) -> None:
        measured = measure(with_tastes(), CUTS[1:], [CoCompletion, Popularity], [5])
        found = summarise(measured, [("learned", "popularity")])
        average = {
            row["scorer"]: row["value"]
            for row in found.rows(named=True)
            if row["yardstick"] is None and row["measure"] == "ndcg"
        }
        gain = found.filter(pl.col("yardstick") == "popularity", pl.col("measure") == "ndcg").row(0, named=True)
        assert gain["value"] == pytest.approx(average["learned"] - average["popularity"])
        assert gain["low"] < gain["value"] < gain["high"]

    def test_an_interval_holds_the_truth_about_as_often_as_it_says(self) -> None:
        """Learners' values drawn with a known mean: 95 % of the intervals, within the error of 200 draws, hold it."""
        random, held = np.random.default_rng(3), 0
        for _ in range(200):
            values = random.random(80)
            measured = pl.DataFrame(
                {
                    "cut": [CUT.on] * 80,
                    "person_id": [f"person {n}" for n in range(80)],
                    "scorer": ["one"] * 80,
                    "k": [5] * 80,
                    "recall": values,
                    "ndcg": values,
                    "course_count": [1] * 80,
                }
            )
            row = summarise(measured, draws=200).row(0, named=True)
            held += row["low"] <= 0.5 <= row["high"]
        assert held >= 180

    def test_nothing_measured_is_an_empty_answer(self) -> None:
        assert summarise(measure(world(), [CUT], [Fixed], [1])).is_empty()


def test_quarters_end_with_the_day() -> None:
    cuts = quarterly_cuts(date(2026, 11, 2))
    assert [cut.until for cut in cuts[:-1]] == [cut.on for cut in cuts[1:]]
    assert cuts[-1].until == date(2026, 11, 2)

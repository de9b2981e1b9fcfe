"""What the learned part has to beat is a fair opponent."""

from datetime import date

import numpy as np
import polars as pl

from models.recommending.records import COURSES_SCHEMA, PATHS_SCHEMA, TAKEN_SCHEMA, Records
from models.recommending.yardsticks import NextInPath, Popularity

DAY = date(2026, 6, 1)


def completions(*rows: tuple[str, str, date]) -> pl.DataFrame:
    return pl.DataFrame(
        [(person, course, on, on) for person, course, on in rows], schema=dict(TAKEN_SCHEMA), orient="row"
    )


def order(scores: np.ndarray, records: Records) -> list[str]:
    return [records.course_ids[index] for index in np.argsort(-scores[0], kind="stable")]


class TestPopularity:
    def test_completions_of_the_last_year_count(self) -> None:
        old = [(f"old {n}", "c", date(2024, 1, 1)) for n in range(9)]
        records = Records.from_frames(
            completions(("ann", "a", date(2026, 1, 1)), ("bob", "a", date(2026, 2, 1)), ("cem", "b", DAY), *old)
        )
        scorer = Popularity().fit(records, DAY)
        assert scorer.counts_.tolist() == [2, 0, 0]

    def test_subjects_one_has_learned_in_come_first(self) -> None:
        courses = pl.DataFrame(
            [("a", None, "hvac"), ("b", None, "elevators"), ("c", None, "elevators")],
            schema=dict(COURSES_SCHEMA),
            orient="row",
        )
        many = [(f"person {n}", "a", date(2026, 1, 1)) for n in range(9)]
        records = Records.from_frames(completions(("ann", "b", date(2026, 1, 1)), *many), courses=courses)
        scorer = Popularity().fit(records, DAY)
        assert order(scorer.scores(np.array([[False, True, False]]), [[]]), records) == ["b", "c", "a"]
        assert order(scorer.scores(np.array([[False, False, False]]), [[]]), records)[0] == "a"


class TestNextInPath:
    def test_the_first_course_not_done_of_a_path_that_was_begun(self) -> None:
        path = pl.DataFrame([("p", "b", 1), ("p", "a", 2), ("p", "c", 3)], schema=dict(PATHS_SCHEMA), orient="row")
        popular = [(f"person {n}", "d", date(2026, 1, 1)) for n in range(9)]
        taken = completions(("x", "a", DAY), ("x", "b", DAY), ("x", "c", DAY), *popular)
        records = Records.from_frames(taken, paths=path)
        scorer = NextInPath().fit(records, DAY)
        done = np.array([[False, True, False, False]])
        assert order(scorer.scores(done, [[]]), records)[0] == "a"
        assert order(scorer.scores(np.zeros((1, 4), dtype=bool), [[]]), records)[0] == "d"

    def test_without_a_written_path_the_usual_next_course_stands_for_it(self) -> None:
        rows = [
            (f"person {n}", course, on)
            for n in range(6)
            for course, on in (("a", date(2026, 1, 1)), ("b", date(2026, 2, 1)))
        ]
        popular = [(f"other {n}", "c", date(2026, 1, 1)) for n in range(20)]
        records = Records.from_frames(completions(*rows, *popular))
        scorer = NextInPath().fit(records, DAY)
        assert order(scorer.scores(np.array([[True, False, False]]), [[]]), records)[0] == "b"
        # Who did the second without the first is not sent back.
        assert order(scorer.scores(np.array([[False, True, False]]), [[]]), records)[0] == "c"

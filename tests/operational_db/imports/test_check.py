"""Checks across rows and files: duplicates, orphans, contradictions, ambiguous matches."""

from datetime import date
from pathlib import Path

import pytest

from operational_db.imports.check import CheckedHistory, check_history
from operational_db.imports.findings import Findings
from operational_db.imports.history import nothing_known, read_history
from operational_db.imports.layout import HISTORY_LAYOUT
from operational_db.imports.reading import ReadingLimits, find_files
from tests.operational_db.imports.history_files import (
    ASSESSMENTS,
    ATTEMPTS,
    COURSES,
    ENROLLMENTS,
    LEARNERS,
    MODULES,
    write_history,
)

TODAY = date(2026, 11, 2)


def _check(tmp_path: Path, **texts: str | None) -> tuple[CheckedHistory, Findings]:
    folder = write_history(tmp_path / "in", **texts)
    history = read_history(find_files(folder, HISTORY_LAYOUT), ReadingLimits())
    return check_history(history, nothing_known(), today=TODAY), history.findings


class TestCheckHistory:
    def test_good_rows_pass(self, tmp_path: Path) -> None:
        checked, findings = _check(tmp_path)
        assert not findings.refused
        assert {kind: frame.height for kind, frame in checked.frames.items()} == {
            "courses": 2,
            "modules": 2,
            "assessments": 3,
            "learners": 4,
            "enrollments": 5,
            "attempts": 5,
        }

    @pytest.mark.parametrize(
        ("kind", "text", "code", "lines"),
        [
            ("courses", COURSES + "C1,Hoist safety 2025,2025-02-01,100\n", "duplicate_row", [4]),
            ("modules", MODULES + "M1,C1,Other,3\n", "contradictory_rows", [2, 4]),
            ("modules", MODULES + "M3,C1,Doors,2\n", "position_taken", [3, 4]),
            ("modules", MODULES + "M3,C9,Doors,1\n", "unknown_reference", [4]),
            ("assessments", ASSESSMENTS + "A4,C9,Test,quiz,\n", "unknown_reference", [5]),
            ("learners", LEARNERS + "L5,Five,ONE@example.org\n", "address_twice", [2, 6]),
            ("learners", LEARNERS + "L5,Five,nobody\n", "unreadable_value", [6]),
            ("enrollments", ENROLLMENTS + "L1,C2,,dropped,2025-04-02,2025-04-01,\n", "end_before_start", [7]),
            ("enrollments", ENROLLMENTS + "L1,C2,,dropped,2025-04-02,,\n", "end_missing", [7]),
            ("enrollments", ENROLLMENTS + "L1,C2,,enrolled,2025-04-02,2025-05-01,\n", "open_with_end", [7]),
            ("enrollments", ENROLLMENTS + "L1,C2,,failed,2025-04-02,2025-05-01,5\n", "score_without_completion", [7]),
            ("enrollments", ENROLLMENTS + "L1,C2,,enrolled,2026-11-03,,\n", "in_the_future", [7]),
            ("enrollments", ENROLLMENTS + "L4,C2,2,enrolled,2025-05-01,,\n", "several_open_cycles", [6, 7]),
            ("enrollments", ENROLLMENTS + "L9,C2,,enrolled,2025-05-01,,\n", "unknown_reference", [7]),
            ("attempts", ATTEMPTS + "L1,A3,,,2025-05-01,50,\n", "attempt_without_enrollment", [7]),
            ("attempts", ATTEMPTS + "L2,A2,,,2025-05-01,50,\n", "ambiguous_cycle", [7]),
            ("attempts", ATTEMPTS + "L4,A3,,,2025-03-31,50,\n", "attempt_before_enrollment", [7]),
            ("attempts", ATTEMPTS + "L4,A9,,,2025-05-01,50,\n", "unknown_reference", [7]),
        ],
    )
    def test_bad_rows_are_refused_with_their_line(
        self, tmp_path: Path, kind: str, text: str, code: str, lines: list[int]
    ) -> None:
        _, findings = _check(tmp_path, **{kind: text})
        of_kind = [f for f in findings.refused if f.file == f"{kind}.csv"]
        assert [(f.line, f.code) for f in of_kind] == [(line, code) for line in lines]
        assert all(f.remedy for f in of_kind)

    def test_rows_that_hang_on_a_refused_row_are_refused_too(self, tmp_path: Path) -> None:
        checked, findings = _check(tmp_path, courses="course_id,title\nC1,=formula\nC2,Wiring basics\n")
        assert checked.frames["enrollments"]["course_id"].to_list() == ["C2"]
        assert checked.frames["modules"].is_empty()
        assert findings.reasons[("attempts.csv", "unknown_reference")] == 5

    def test_an_attempt_after_the_end_is_kept_and_noted(self, tmp_path: Path) -> None:
        checked, findings = _check(tmp_path, attempts=ATTEMPTS + "L3,A2,,,2025-03-02,50,\n")
        assert checked.frames["attempts"].height == 6
        assert [(f.line, f.code) for f in findings.notes] == [(7, "attempt_after_end"), (6, "unscored_attempt")]

    def test_a_learner_joins_on_the_day_of_the_first_enrollment(self, tmp_path: Path) -> None:
        checked, _ = _check(tmp_path)
        joined = dict(checked.frames["learners"].select("learner_id", "member_from").iter_rows())
        assert joined["L2"] == date(2025, 1, 11)

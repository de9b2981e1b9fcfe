"""Cells to typed values at their boundaries."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.imports.findings import Findings
from operational_db.imports.layout import HISTORY_LAYOUT
from operational_db.imports.values import to_typed


def _typed(kind: str, **cells: str | None) -> tuple[pl.DataFrame, Findings]:
    layout = HISTORY_LAYOUT.file(kind)
    required = {
        "enrollments": {"learner_id": "L", "course_id": "C", "status": "failed", "enrolled_on": "2025-01-01"},
        "attempts": {"learner_id": "L", "assessment_id": "A", "submitted_on": "2025-01-01"},
    }[kind]
    row = {column.name: None for column in layout.columns} | required | cells
    schema = {"line": pl.Int64, **{column.name: pl.String for column in layout.columns}}
    findings = Findings()
    return to_typed(pl.DataFrame([{"line": 2, **row}], schema=schema), layout, "file.csv", findings), findings


class TestToTyped:
    @pytest.mark.parametrize(
        ("cell", "score"), [("0", 0.0), ("100", 100.0), ("39.995", 40.0), ("39.994", 39.99), ("+7", 7.0)]
    )
    def test_scores_are_percent_with_two_decimals(self, cell: str, score: float) -> None:
        frame, findings = _typed("attempts", score=cell)
        assert frame["score"].to_list() == [score]
        assert not findings.refused

    @pytest.mark.parametrize(
        ("cell", "code"),
        [
            ("100.01", "out_of_range"),
            ("-0.01", "out_of_range"),
            ("1,5", "unreadable_value"),
            ("abc", "unreadable_value"),
        ],
    )
    def test_other_scores_are_refused(self, cell: str, code: str) -> None:
        frame, findings = _typed("attempts", score=cell)
        assert frame.is_empty()
        assert [(f.column, f.code) for f in findings.refused] == [("score", code)]

    @pytest.mark.parametrize("cell", ["2025-02-29", "01.02.2025", "2025-2-1", "1899-12-31", "2200-01-01", "soon"])
    def test_days_that_are_none_are_refused(self, cell: str) -> None:
        frame, findings = _typed("enrollments", enrolled_on=cell)
        assert frame.is_empty()
        assert findings.refused_count("file.csv") == 1

    def test_an_unknown_status_is_refused_with_the_known_ones(self) -> None:
        _, findings = _typed("enrollments", status="finished")
        assert "completed" in findings.refused[0].remedy

    def test_a_row_with_several_faults_is_one_refused_row(self) -> None:
        _, findings = _typed("enrollments", status="finished", enrolled_on="soon", learner_id=None)
        assert len(findings.refused) == 3
        assert findings.refused_count("file.csv") == 1

    @given(st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)))
    def test_every_written_day_reads_as_itself(self, day: date) -> None:
        frame, findings = _typed("enrollments", enrolled_on=day.isoformat())
        assert frame["enrolled_on"].to_list() == [day]
        assert not findings.refused

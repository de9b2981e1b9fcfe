"""Charts state their finding in words, start bars at zero, and do not break on empty frames."""

from datetime import date

import polars as pl
import pytest

from app.dashboards.charts import company, product, school
from app.dashboards.charts.chart import BLUE, ORANGE
from app.dashboards.formats import to_month

TODAY = date(2026, 11, 21)
RATES = {"as_of_on": pl.Date, "completed_count": pl.Int64, "required_count": pl.Int64, "exempted_count": pl.Int64}


def _points(*points: tuple[date, int, float | None]) -> pl.DataFrame:
    """Points without an expectation: no pace is known."""
    return pl.DataFrame(
        [
            {
                "as_of_on": day,
                "completed_count": done,
                "required_count": 110,
                "exempted_count": 10,
                "compliance_rate": rate,
            }
            for day, done, rate in points
        ],
        schema={**RATES, "compliance_rate": pl.Float64},
    )


def _forecast(*points: tuple[date, int, float | None], expected: float | None = None) -> pl.DataFrame:
    """Points with the same expectation on each day, ten points up and down."""
    none = pl.lit(None, pl.Float64)
    return _points(*points).with_columns(
        (none if expected is None else pl.lit(expected)).alias("expected_rate"),
        (none if expected is None else pl.lit(expected - 0.1)).alias("low"),
        (none if expected is None else pl.lit(expected + 0.1)).alias("high"),
        pl.lit(40 if expected is not None else 3).alias("pace_due_count"),
        pl.lit(30 if expected is not None else 3).alias("pace_renewed_count"),
    )


class TestComplianceOverTime:
    def test_finding_names_direction_and_what_remains(self) -> None:
        trend = _points((date(2025, 11, 30), 80, 0.8), (TODAY, 90, 0.9))
        forecast = _forecast((date(2026, 12, 21), 70, 0.7), (date(2027, 2, 19), 60, 0.6))
        chart = company.compliance_over_time(trend, forecast, 0.95)
        assert chart.finding == (
            "Compliance rose from 80\u202f% on 30 Nov 2025 to 90\u202f% now; "
            "too few renewals came due in the last year to say what to expect; "
            "if nobody renews, 60\u202f% remain on 19 Feb 2027."
        )
        ahead, known = chart.figure.data
        assert list(known.y) == [0.8, 0.9]
        assert list(ahead.y) == [0.9, 0.7, 0.6]
        assert known.customdata[1] == "90 of 100"
        assert chart.figure.layout.yaxis.range[0] == 0

    def test_what_is_expected_is_drawn_with_its_interval_and_said_with_its_pace(self) -> None:
        trend = _points((date(2025, 11, 30), 80, 0.8), (TODAY, 90, 0.9))
        forecast = _forecast((date(2026, 12, 21), 70, 0.7), (date(2027, 2, 19), 60, 0.6), expected=0.8)
        chart = company.compliance_over_time(trend, forecast, 0.95)
        assert (
            "at the pace of the last year (30 of 40 renewed) 80\u202f% are expected on 19 Feb 2027, "
            "70\u202f% to 90\u202f% in 95 of 100 cases; if nobody renews" in chart.finding
        )
        band, expected, ahead, known = chart.figure.data
        assert list(expected.y) == [0.9, 0.8, 0.8]
        assert list(band.y) == pytest.approx([0.9, 0.9, 0.9, 0.7, 0.7, 0.9])
        days = [TODAY, date(2026, 12, 21), date(2027, 2, 19)]
        assert list(band.x) == [*days, *reversed(days)]
        assert (list(ahead.y)[-1], list(known.y)[-1]) == (0.6, 0.9)

    @pytest.mark.parametrize(("last", "word"), [(0.8, "stayed"), (0.7, "fell"), (0.804, "stayed"), (0.81, "rose")])
    def test_small_changes_are_no_direction(self, last: float, word: str) -> None:
        trend = _points((date(2025, 11, 30), 80, 0.8), (TODAY, 80, last))
        assert f"Compliance {word} from" in company.compliance_over_time(trend, _forecast(), 0.95).finding

    def test_months_without_requirements_are_left_out(self) -> None:
        chart = company.compliance_over_time(_points((TODAY, 0, None)), _forecast(), 0.95)
        assert chart.finding == "Nothing was required in the last year."


class TestComplianceByPart:
    def test_parts_below_the_target_stand_out_and_the_lowest_is_named(self) -> None:
        parts = pl.DataFrame(
            {
                "label": ["Safety", "Equipment", "General"],
                "completed_count": [19, 10, 0],
                "counted_count": [20, 20, 0],
                "compliance_rate": [0.95, 0.5, None],
            }
        )
        chart = company.compliance_by_part(parts, 0.95, "By category")
        assert chart.finding == "1 of 2 below the target of 95\u202f%; lowest: Equipment with 50\u202f%."
        bars = chart.figure.data[0]
        assert list(bars.x) == [0.95, 0.5]
        assert list(bars.marker.color) == [BLUE, ORANGE]
        assert chart.figure.layout.xaxis.range[0] == 0
        assert "10 of 20" in chart.figure.layout.yaxis.ticktext[1]

    def test_labels_cannot_bring_markup(self) -> None:
        parts = pl.DataFrame(
            {"label": ["<b>x</b>"], "completed_count": [1], "counted_count": [1], "compliance_rate": [1.0]}
        )
        chart = company.compliance_by_part(parts, 0.95, "By team")
        assert chart.figure.layout.yaxis.ticktext[0].startswith("&lt;b&gt;x")
        assert chart.finding == "All reach the target of 95\u202f%."


def test_lapses_name_the_fullest_month() -> None:
    months = pl.DataFrame({"month_on": [date(2026, 11, 1), date(2026, 12, 1)], "lapsing_count": [2, 7]})
    chart = company.lapses_by_month(months, TODAY)
    assert chart.finding == "9 certificates lapse in the coming twelve months, most in Dec 2026 (7)."
    none = company.lapses_by_month(months.with_columns(lapsing_count=pl.lit(0)), TODAY)
    assert none.finding == "No certificate lapses in the coming twelve months."


class TestSchool:
    COHORTS = pl.DataFrame(
        {
            "cohort_on": [date(2025, 10, 1), date(2026, 2, 1)],
            "enrolled_count": [10, 8],
            "completed_count": [6, 3],
            "active_count": [0, 4],
            "failed_count": [2, 0],
            "dropped_count": [2, 1],
        }
    )

    def test_outcomes_name_the_latest_cohort(self) -> None:
        finding = school.outcomes_by_cohort(self.COHORTS).finding
        assert finding == (
            "The latest cohort, Feb 2026, has 8 enrollments: 3 completed, 4 still in the course, 0 failed, 1 dropped "
            "(75\u202f% of those that ended were completed)."
        )

    def test_a_chosen_cohort_stands_out_and_is_the_one_told_of(self) -> None:
        chosen = self.COHORTS["cohort_on"][0]
        chart = school.outcomes_by_cohort(self.COHORTS, chosen=chosen)
        assert chart.finding.startswith(f"The cohort of {to_month(chosen)} has ")
        assert [list(bar.marker.opacity) for bar in chart.figure.data] == [[1.0, 0.25]] * 4

    def test_completion_compares_courses_that_have_ended_enrollments(self) -> None:
        courses = pl.DataFrame(
            {
                "title": ["A", "B", "C"],
                "completion_rate": [0.5, 1.0, None],
                "completed_count": [1, 2, 0],
                "dropped_count": [1, 0, 0],
                "failed_count": [0, 0, 0],
            }
        )
        chart = school.completion_by_course(courses)
        assert chart.finding == "From 50\u202f% in A to 100\u202f% in B."
        assert school.completion_by_course(courses.tail(1)).finding == "No enrollment has ended yet."

    def test_the_drop_out_curve_names_the_worst_week(self) -> None:
        curve = pl.DataFrame(
            {
                "week_number": [0, 1, 2],
                "remaining_count": [10, 7, 6],
                "enrolled_count": [10, 10, 10],
                "lost_count": [0, 3, 1],
                "remaining_rate": [1.0, 0.7, 0.6],
            }
        )
        expected = "After 2 weeks, 60\u202f% are still there (6 of 10); most left in week 1 (3)."
        assert school.dropout_curve(curve).finding == expected
        assert school.dropout_curve(curve.head(0)).finding == "No course has started yet."


def test_a_measure_is_told_against_its_target() -> None:
    months = [date(2026, 9, 1), date(2026, 10, 1)]
    chart = product.measure_by_month("Completions", months, [4000, 5300], is_share=False, target=5000)
    assert chart.finding == (
        "From 4\u202f000 in Sep 2026 to 5\u202f300 in Oct 2026, at or above the target of 5\u202f000."
    )
    gap = product.measure_by_month("Rate", months, [None, 0.2], is_share=True, target=0.4)
    assert "below the target of 40\u202f%" in gap.finding
    empty = product.measure_by_month("Rate", [], [], is_share=True)
    assert empty.finding == "No month has a value yet."

"""The page of returns on the hand-made figures: the answer, intervals, states in words, and nothing of others."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from operational_db.settings import Settings
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import Visit, metrics, texts

PAGE = "company/roi"


def _rows(app: AppTest, number: int = 0) -> Any:  # pandas, untyped
    return app.dataframe[number].value


def _said(app: AppTest) -> str:
    return texts(app).replace("\u202f", " ")


def _alts(app: AppTest) -> str:
    return "\n".join(chart.proto.alt for chart in app.get("plotly_chart")).replace("\u202f", " ")


@pytest.mark.requirement("CMP-06", "US-TC020")
class TestReturn:
    def test_first_says_whether_training_paid_for_itself_and_how_sure_that_is(self, visit: Visit) -> None:
        app = visit.open("manager", PAGE)
        answer = "Whether training paid for itself is open: a return of +50 %, between −25 % and +125 % in 95 of 100"
        assert answer in _said(app)
        assert metrics(app) == {
            "Cost": "12 000",
            "Benefit": "18 000",
            "Return": "+50 %",
            "Outcomes counted": "1 of 2",
            "Results on record": "1 920",
        }

    def test_the_effect_is_drawn_month_by_month_with_what_would_change_it(self, visit: Visit) -> None:
        app = visit.open("manager", PAGE)
        assert "2 of 3 months after training differ from no change" in _alts(app)
        assert "0 of 3 months before it do" in _alts(app)
        said = _said(app)
        assert "What would change the answer" in said
        assert "p = 0.41" in said and "p = 0.62" in said
        rows = next(_rows(app, n) for n in range(len(app.dataframe)) if "interval" in _rows(app, n).columns)
        first = rows.iloc[0]
        assert (first["outcome"], first["course"], first["change"]) == ("Callback rate", "All courses", "−2.0 points")
        fixes = rows[(rows["outcome"] == "First time fix rate") & (rows["course"] == "All courses")].iloc[0]
        assert (fixes["change"], fixes["interval"]) == ("+6.2 points", "+3.1 points to +9.3 points")

    @pytest.mark.parametrize(
        ("outcome", "course", "state"),
        [
            ("Callback rate", None, "Pre-trends differ"),
            ("Incidents", None, "Not enough data"),
            ("First time fix rate", "Fall protection for lift shafts", "No visible effect"),
        ],
    )
    def test_each_state_is_said_in_plain_words(
        self, visit: Visit, outcome: str, course: str | None, state: str
    ) -> None:
        title = next(
            row["title"] for row in figures.rows_of_marts()["dim_course"] if row["course_id"] == figures.FALL_COURSE
        )
        address = {"returns_outcome": outcome} | ({"returns_course": str(title)} if course else {})
        assert f"{state}] What was found of {outcome.lower()}." in _said(visit.open("manager", PAGE, **address))

    def test_courses_and_teams_have_their_interval_or_why_there_is_none(self, visit: Visit) -> None:
        app = visit.open("manager", PAGE)
        assert "Of 1 with a return, 0 paid for themselves beyond doubt and 0 did not; of 1 it is open. 1 have none" in (
            _alts(app)
        )
        assert "Of 2 with a return, 1 paid for themselves beyond doubt" in _alts(app)
        tables = [_rows(app, n) for n in range(len(app.dataframe))]
        courses, teams = (rows for rows in tables if "roi" in rows.columns)
        assert [cell[0] for cell in courses["state"]] == ["· No visible effect", "○ Not enough data"]
        assert list(teams["name"]) == ["Modernisation", "Service north"]

    def test_nothing_of_another_company_is_shown(self, visit: Visit) -> None:
        said = _said(visit.open("manager", PAGE)) + _said(visit.open("manager", PAGE, returns_part="Costs"))
        assert "99 999" not in said and "90.0 points" not in said
        other = visit.open("other manager", PAGE)
        assert "No return can be stated across currencies" in _said(other)
        assert "12 000" not in _said(other)

    def test_a_supervisor_is_told_whom_to_ask(self, visit: Visit) -> None:
        app = visit.open("supervisor", PAGE)
        assert "shown to the company's managers and auditors" in _said(app)
        assert not app.metric

    def test_an_auditor_reads_and_is_offered_nothing_to_write(self, visit: Visit) -> None:
        app = visit.open("auditor", PAGE)
        assert metrics(app)["Return"].replace("\u202f", " ") == "+50 %"
        parts: Any = app.get("button_group")[0]
        assert "Wages" not in parts.options
        assert not [button for button in app.button if button.label in {"Estimate anew", "Record it"}]

    def test_without_any_record_it_says_what_fills_it(self, tmp_path: Any, visit: Visit) -> None:
        empty = Settings(home=tmp_path)
        names = ("roi_company", "roi_course", "roi_team", "roi_outcome", "roi_effect", "roi_event_study",
                 "training_cost_monthly", "outcome_panel", "income_context")  # fmt: skip
        figures.write_release(empty, marts={name: [] for name in names})
        visit.settings = empty
        said = _said(visit.open("manager", PAGE))
        assert "Nothing is on record yet of what training cost or changed." in said
        assert "Import what technicians' jobs yielded" in said
        assert "No published incomes were imported." in _said(
            visit.open("manager", PAGE, returns_part="Published incomes")
        )


class TestOtherParts:
    def test_costs_by_kind_course_and_team(self, visit: Visit) -> None:
        app = visit.open("manager", PAGE, returns_part="Costs")
        assert "Fee: 5 000 USD of 12 000 USD (42 %)." in _alts(app)
        assert list(_rows(app)["label"]) == ["Fee", "Instructor", "Paid hours", "Travel"]
        teams = visit.open("manager", PAGE, returns_part="Costs", returns_cost_part="Team")
        assert list(_rows(teams)["label"]) == ["Modernisation", "No team", "Service north"]
        recent = visit.open("manager", PAGE, returns_part="Costs", returns_cost_span="Last 3 months")
        assert list(_rows(recent)["label"]) == ["Fee", "Paid hours"]

    def test_without_the_database_figures_stay_and_writing_waits(self, visit: Visit) -> None:
        app = visit.open("manager", PAGE, returns_part="Costs")
        assert "Costs cannot be recorded now." in app.warning[0].value
        assert len(app.dataframe) == 1

    def test_published_incomes_are_told_apart_from_the_own_estimate(self, visit: Visit) -> None:
        app = visit.open("manager", PAGE, returns_part="Published incomes")
        assert "no part of any return above" in app.info[0].value
        assert "Certified in 2017: from 30 000 CAD two years before to 50 000 CAD two years after." in _alts(app)
        assert "Source: Statistics Canada, table 37-10-0195-01" in _said(app)

    def test_the_columns_of_a_file_of_jobs_are_on_the_page(self, visit: Visit) -> None:
        app = visit.open("manager", PAGE, returns_part="Results of jobs")
        assert "1 920 jobs of 16 technicians on record, 10 of them trained." in _said(app)
        assert list(_rows(app)["name"])[:3] == ["person", "job_number", "finished_on"]

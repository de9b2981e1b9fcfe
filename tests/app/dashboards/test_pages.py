"""Every page through the entry, on the hand-made figures: the right numbers, for the right people, from the address."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.dashboards import session
from app.dashboards.navigation import PAGES, areas_of
from app.dashboards.session import SignedIn
from operational_db.releases.health import LAST_RUN_ADAPTER, LastRun, RunOutcome, last_run_path
from operational_db.releases.verification import RECONCILIATIONS
from operational_db.settings import Settings
from tests.app.dashboards import owner_figures as owners
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards import trust_figures as trust
from tests.app.dashboards.conftest import PEOPLE, Visit, metrics, principal_of, texts

RECORDS = {
    "company/person": {"person": str(figures.PEOPLE[5])},
    "school/student": {"student": str(figures.STUDENTS[3])},
    "security/incident": {"incident": str(trust.INCIDENT)},
    "content/version": {"version": str(trust.LESSON_VERSIONS[3])},
    "school/course": {"course": str(figures.SCHOOL_COURSES[1])},
    "owner/building": {"building": str(owners.BUILDINGS[0])},
    "owner/contractor": {"contractor": str(figures.COMPANY)},
}


def _rows(app: AppTest, number: int = 0) -> Any:  # pandas, untyped
    return app.dataframe[number].value


@pytest.mark.requirement("PLT-02")
@pytest.mark.parametrize("who", sorted(PEOPLE))
def test_every_page_of_a_role_opens_with_frame_and_without_error(visit: Visit, who: str) -> None:
    for entry in PAGES:
        if entry.area not in areas_of(principal_of(who)):
            continue
        page = f"{entry.area}/{entry.file}"
        if who == "auditor" and entry.area in {"school", "owner"}:
            continue
        app = visit.open(who, page, **RECORDS.get(page, {}))
        said = texts(app)
        assert app.title[0].value == entry.title
        assert "As of 21 Nov 2026 09:05 · ledger 1\u202f204\u202f551 entries · root " in said
        assert "verified" in said
        assert "Simulated data" in said
        for word in ("release", "leaf", " mart"):
            assert word not in said.lower(), (page, word)


@pytest.mark.parametrize("who", sorted(PEOPLE))
def test_pages_of_other_roles_are_refused_with_a_way_home(visit: Visit, who: str) -> None:
    app = visit.start(who)
    for entry in PAGES:
        if entry.area in areas_of(principal_of(who)):
            continue
        app.switch_page(entry.path).run()
        assert not app.exception
        assert "This page is for" in app.warning[0].value
        assert not app.metric
        assert not app.dataframe


def test_a_lost_database_is_said_above_the_last_figures(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit.start("manager")
    person = SignedIn(principal_of("manager"), "UTC", is_remembered=True)
    monkeypatch.setattr(session, "current_person", lambda _context, _now: person)
    app.run()
    assert "The database cannot be reached" in app.warning[0].value
    assert metrics(app)["Compliance"] == "58 %"


class TestCompany:
    @pytest.mark.requirement("CMP-03", "US-TC017")
    def test_overview_says_rate_with_numerator_denominator_and_change(self, visit: Visit) -> None:
        app = visit.open("manager", "company/overview")
        assert "58\u202f% compliant: 40 of 69 required trainings are done; 10 people are overdue." in texts(app)
        assert metrics(app) == {
            "Compliance": "58 %",
            "Overdue": "10",
            "Due in 14 days": "13",
            "Expiring in 30 days": "6",
            "Expired": "6",
        }
        assert [metric.delta for metric in app.metric] == ["+1.4 points", "-1", "0", "-1", "+1"]
        trends = [element.proto.body for element in app.get("html") if "Trend of" in element.proto.body]
        assert [words.split('alt="')[1].split('"')[0] for words in trends] == [
            "Trend of Compliance: rising",
            "Trend of Overdue: falling",
            "Trend of Due in 14 days: unchanged",
            "Trend of Expiring in 30 days: falling",
            "Trend of Expired: rising",
        ]
        assert "40 of 69 done · 3 exempt" in texts(app)
        charts = [chart.proto.alt for chart in app.get("plotly_chart")]
        assert charts[0].startswith("Compliance over the last year and the next 90 days. Compliance rose from 39")
        assert "if nobody renews, 49\u202f% remain on 19 Feb 2027" in charts[0]
        assert "comes from no law" in texts(app)

    @pytest.mark.parametrize(
        ("status", "count"),
        [("Overdue", 10), ("Due in 14 days", 11), ("Expiring in 30 days", 5), ("Lapsed", 6), ("Exempt", 1)],
    )
    def test_people_behind_a_figure_come_from_the_address(self, visit: Visit, status: str, count: int) -> None:
        app = visit.open("manager", "company/people", people_status=status)
        assert len(_rows(app)) == count

    def test_people_are_one_row_each_with_a_chip_per_training(self, visit: Visit) -> None:
        app = visit.open("manager", "company/people")
        rows = _rows(app)
        assert len(rows) == 24
        assert list(rows["training_0"][0]) == ["◐ In progress"]
        assert list(rows["training_1"][0]) == ["✕ Overdue"]
        assert "person_id" not in rows.columns

    def test_team_category_and_search_narrow_the_people(self, visit: Visit) -> None:
        assert len(_rows(visit.open("manager", "company/people", people_team="Modernisation"))) == 7
        assert len(_rows(visit.open("manager", "company/people", people_category="Equipment"))) == 22
        found = _rows(visit.open("manager", "company/people", people_search="OKAFOR"))
        assert set(found["display_name"]) == {n for n in map(figures.name_of, figures.PEOPLE) if "Okafor" in n}

    def test_a_search_without_a_match_says_what_to_do(self, visit: Visit) -> None:
        app = visit.open("manager", "company/people", people_search="nobody has this name")
        assert "Nobody matches these filters. Choose another" in texts(app)
        assert not app.dataframe

    def test_an_unknown_filter_in_the_address_changes_nothing(self, visit: Visit) -> None:
        app = visit.open("manager", "company/people", people_status="'; drop table", people_team="x", people_page="99")
        assert len(_rows(app)) == 24

    @pytest.mark.parametrize("part", ["Required", "Certificates", "Courses", "Attempts", "History"])
    def test_a_persons_record_has_every_part(self, visit: Visit, part: str) -> None:
        app = visit.open("manager", "company/person", person=str(figures.PEOPLE[5]), person_part=part)
        assert app.header[0].value == figures.name_of(figures.PEOPLE[5])
        assert metrics(app)["Required and done"] == "67 %"
        assert len(_rows(app)) >= 2

    @pytest.mark.parametrize("person", ["", "no-id", str(figures.OTHER_PEOPLE[1]), str(figures.STUDENTS[0])])
    def test_a_person_of_somebody_else_is_not_there(self, visit: Visit, person: str) -> None:
        app = visit.open("manager", "company/person", person=person)
        assert "No person with this address is among the records you may see." in texts(app)
        assert not app.metric
        assert not any(figures.name_of(p) in texts(app) for p in (*figures.OTHER_PEOPLE, *figures.STUDENTS))

    def test_another_company_sees_its_own_people_only(self, visit: Visit) -> None:
        rows = _rows(visit.open("other manager", "company/people"))
        assert set(rows["display_name"]) == {figures.name_of(person) for person in figures.OTHER_PEOPLE}

    def test_certificates_are_listed_by_state_with_days_left(self, visit: Visit) -> None:
        app = visit.open("manager", "company/certificates", certificates_state="Expired")
        rows = _rows(app)
        assert len(rows) == 12
        assert (rows["days_left"] < 0).all()
        assert metrics(app)["Next 30 days"] == "6"
        assert metrics(app)["Renewed in time"] == "0 %"

    def test_assignments_are_listed_with_their_status(self, visit: Visit) -> None:
        app = visit.open("manager", "company/assignments", assignments_part="Assigned", assignments_status="Overdue")
        assert len(_rows(app)) == 4
        assert "7 assigned trainings are open, 4 of them overdue." in texts(app)

    def test_who_may_only_look_is_told_whom_to_ask(self, visit: Visit) -> None:
        app = visit.open("supervisor", "company/assignments")
        assert "Your role may look, but not assign training." in texts(app)
        assert not app.button

    def test_a_database_that_is_down_stops_writing_and_says_so(self, visit: Visit) -> None:
        app = visit.open("manager", "company/assignments", assign_requirement="Elevator code refresher")
        assert "The database cannot be reached" in app.error[0].value
        assert "go on working" in app.error[0].value


@pytest.mark.requirement("US-TC023")
class TestSchool:
    def test_overview_counts_enrollments_of_a_cohort_from_the_address(self, visit: Visit) -> None:
        whole = visit.open("school", "school/overview")
        assert metrics(whole)["Completed"] == "60 %"
        assert "90 of 150 ended" in texts(whole)
        cohort = visit.open("school", "school/overview", school_cohort="Feb 2026")
        assert "of 90 enrollments in 3 courses" in texts(cohort)
        queries = [link.proto.query_string for link in cohort.get("page_link")]
        leading = [query for query in queries if "students_state" in query]
        assert len(leading) == 4
        assert all("students_cohort=Feb" in query for query in leading), "the people behind a figure are of its cohort"

    def test_programmes_name_where_students_fall_behind(self, visit: Visit) -> None:
        app = visit.open("school", "school/programmes")
        assert "Students fall behind most in" in texts(app)
        assert len(_rows(app)) == 6
        assert _rows(app)["completion_rate"].max() == 100

    def test_one_course_shows_its_cohorts(self, visit: Visit) -> None:
        app = visit.open("school", "school/course", course=str(figures.SCHOOL_COURSES[1]))
        assert app.header[0].value == "Hydraulics"
        assert metrics(app)["Enrolled"] == "60"
        assert len(_rows(app)) == 2

    def test_a_course_of_somebody_else_is_not_there(self, visit: Visit) -> None:
        app = visit.open("school", "school/course", course=str(figures.LEADING_COURSE))
        assert "No course with this address is among yours." in texts(app)

    def test_students_are_paged_and_searched(self, visit: Visit) -> None:
        first, third = (visit.open("school", "school/students", students_page=page) for page in ("1", "3"))
        assert (len(_rows(first)), len(_rows(third))) == (25, 10)
        assert "**60 students**" in texts(first)
        at_risk = visit.open("school", "school/students", students_state="At risk")
        assert "**30 students**" in texts(at_risk)

    def test_a_students_record_opens(self, visit: Visit) -> None:
        app = visit.open("school", "school/student", student=str(figures.STUDENTS[3]), student_part="Attempts")
        assert app.header[0].value == figures.name_of(figures.STUDENTS[3])
        assert len(_rows(app)) == 6

    def test_a_companys_person_is_no_student(self, visit: Visit) -> None:
        app = visit.open("school", "school/student", student=str(figures.MANAGER))
        assert "No person with this address" in texts(app)


class TestProduct:
    @pytest.mark.requirement("KPI-01")
    def test_eight_criteria_stand_against_their_targets(self, visit: Visit) -> None:
        app = visit.open("product", "product/kpis")
        assert len(app.metric) == 8
        assert "6 of 8 targets are met; not yet: training completions, company adoption." in texts(app)
        assert metrics(app)["Mobile learning"] == "43.0 %"
        assert "43 of 100" in texts(app)
        deltas = {metric.label: metric.delta for metric in app.metric}
        assert (deltas["Company adoption"], deltas["Mobile learning"]) == ("+2", "+0.9 points")

    def test_a_running_month_is_not_shown_as_a_fall(self, visit: Visit) -> None:
        """Completions are those of the last whole month: so are the last row, the chart and the change."""
        app = visit.open("product", "product/kpis", kpis_criterion="Training completions")
        assert len(_rows(app)) == 23
        assert next(metric.delta for metric in app.metric if metric.label == "Training completions") == "+88"

    def test_a_criterion_opens_its_months_from_the_address(self, visit: Visit) -> None:
        app = visit.open("product", "product/kpis", kpis_criterion="Company adoption")
        assert "Company adoption" in app.subheader[0].value
        assert len(_rows(app)) == 24

    @pytest.mark.requirement("KPI-02", "KPI-03")
    def test_groups_show_the_last_full_month(self, visit: Visit) -> None:
        learning = visit.open("product", "product/trends")
        assert "Course completion rate: 72\u202f% in Oct 2026" in texts(learning)
        assert metrics(learning) == {
            "Course completion rate": "72 %",
            "Assessment pass rate": "78 %",
            "Return rate": "68 %",
            "Minutes a session": "21.5",
            "Sessions": "26 900",
        }
        impact = visit.open("product", "product/trends", trends_group="Certification impact")
        assert metrics(impact) == {
            "Renewal rate": "80 %",
            "New certificates": "323",
            "Renewed certificates": "200",
            "Verification requests": "63",
        }
        assert "200 of 250" in texts(impact)


class TestPlatform:
    def test_imports_are_counted_and_listed(self, visit: Visit) -> None:
        app = visit.open("administrator", "platform/imports", imports_state="Refused")
        assert metrics(app)["Rows refused"] == "181"
        assert len(_rows(app)) == 1

    def test_pipeline_says_what_it_knows_without_the_database(self, visit: Visit) -> None:
        app = visit.open("product", "platform/pipeline")
        assert metrics(app)["Behind the ledger"] == "unknown"
        assert "The database cannot be reached" in app.error[0].value
        assert metrics(app)["Checks passed"] == str(len(RECONCILIATIONS) + 1)
        assert app.link_button[0].url.endswith(":8502")


class TestMine:
    def test_own_training_names_the_next_thing_to_do(self, visit: Visit) -> None:
        app = visit.open("technician", "me/training")
        assert "Next: Traction controller, level 2, due 7 Nov 2026 (14 days ago)." in texts(app)

    @pytest.mark.requirement("US-TC002")
    def test_own_certificates_name_the_next_to_lapse(self, visit: Visit) -> None:
        app = visit.open("technician", "me/certificates")
        assert "You hold 1 valid; Fall protection lapses 6 Mar 2027 (in 105 days)." in texts(app)


class TestFrame:
    def test_home_leads_to_the_first_page_of_the_role(self, visit: Visit) -> None:
        assert visit.start("manager").title[0].value == "Overview"
        assert visit.start("product").title[0].value == "KPIs"
        assert visit.start("technician").title[0].value == "My training"

    def test_old_figures_are_amber_with_their_age(self, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("operational_db.clock.now", lambda: figures.AS_OF.replace(hour=20))
        said = texts(visit.open("manager", "company/overview"))
        assert ":orange[As of 21 Nov 2026 09:05" in said
        assert "older than usual" in said

    def test_a_failed_check_is_red_with_its_reason(self, visit: Visit) -> None:
        path = last_run_path(visit.settings)
        later = figures.AS_OF.replace(minute=30)
        run = LastRun(RunOutcome.CHECK_FAILED, later, later, 5, "Entries 7 to 9 are missing.")
        path.write_bytes(LAST_RUN_ADAPTER.dump_json(run))
        try:
            said = texts(visit.open("manager", "company/overview"))
        finally:
            path.unlink()
        assert ":red[As of" in said
        assert "Entries 7 to 9 are missing." in said

    def test_before_the_first_figures_every_page_says_how_to_get_them(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, visit: Visit
    ) -> None:
        empty = Visit(Settings(home=tmp_path), monkeypatch)
        for who, page in (("manager", "company/overview"), ("school", "school/students"), ("product", "product/kpis")):
            app = empty.open(who, page)
            assert "sitesync refresh" in app.error[0].value
            assert "Nothing was lost" in app.error[0].value

    def test_empty_figures_explain_themselves(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, visit: Visit
    ) -> None:
        settings = Settings(home=tmp_path)
        marts = ("fct_required_training", "fct_certificate", "fct_enrollment", "fct_attempt", "fct_assignment")
        measures = ("kpi_success_criteria", "kpi_engagement_monthly", "import_history")
        figures.write_release(settings, marts={mart: [] for mart in (*marts, *measures)})
        empty = Visit(settings, monkeypatch)
        for who, page, why in (
            ("manager", "company/overview", "Nothing is required of anybody yet."),
            ("manager", "company/certificates", "No certificates are on record."),
            ("manager", "company/assignments", "No requirement is in force."),
            ("school", "school/overview", "Nobody was enrolled in your courses yet."),
            ("school", "school/programmes", "No course has students yet."),
            ("school", "school/students", "No student matches these filters."),
            ("product", "product/kpis", "No target has been measured yet."),
            ("product", "product/trends", "No full month has been measured yet."),
            ("product", "platform/imports", "Nothing was imported yet."),
            ("technician", "me/training", "Nothing is required."),
            ("technician", "me/certificates", "No certificate is held."),
        ):
            assert why in texts(empty.open(who, page)), page

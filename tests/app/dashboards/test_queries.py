"""Queries on the hand-made figures: counts by hand, and nothing of anybody else's."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
import yaml  # type: ignore[import-untyped]

from app.dashboards.queries import assignments, certificates, people, platform
from app.dashboards.queries import company as company_queries
from app.dashboards.queries import product as product_queries
from app.dashboards.queries import school as school_queries
from app.dashboards.queries.listing import Listing, count_rows, rows
from operational_db.releases.reader import QueryRefusedError, ScopedWarehouse
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.release_columns import COLUMNS

MODELS = Path(__file__).parents[3] / "dbt_project" / "models" / "marts"


def test_the_hand_made_figures_have_the_columns_the_marts_promise() -> None:
    for path in MODELS.rglob("*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            ours = [column.split()[0] for column in _split(COLUMNS[model["name"]])]
            assert sorted(ours) == sorted(column["name"] for column in model["columns"]), model["name"]


def _split(columns: str) -> list[str]:
    return [part.strip() for part in re.sub(r"\(\d+, \d+\)", "", columns).split(",")]


class TestCompany:
    def test_headline_counts_this_company_only(self, company: ScopedWarehouse) -> None:
        found = _headline(company)
        assert (found.required_count, found.exempted_count, found.completed_count) == (72, 3, 40)
        assert found.counted_count == 69
        assert found.compliance_rate == pytest.approx(40 / 69)

    def test_parts_add_up_to_the_whole(self, company: ScopedWarehouse) -> None:
        for frame in (company_queries.by_category(company), company_queries.by_team(company)):
            assert frame["completed_count"].sum() == 40
            assert frame["counted_count"].sum() == 69
        assert set(company_queries.by_team(company)["label"]) == {"No team", *figures.TEAMS.values()}

    @pytest.mark.parametrize("sort", people.PEOPLE_SORTS)
    def test_people_are_all_members_in_every_order(self, company: ScopedWarehouse, sort: str) -> None:
        subjects = people.required_subjects(company)
        listing = people.people_listing(subjects=subjects, today=figures.TODAY)
        found = rows(company, listing, sort=sort)
        assert set(found["person_id"]) == {str(person) for person in figures.PEOPLE}
        assert count_rows(company, listing) == 24
        assert found["required_count"].sum() == 72

    def test_pages_of_a_list_are_disjoint_and_complete(self, company: ScopedWarehouse) -> None:
        listing = people.people_listing(subjects=[], today=figures.TODAY)
        pages = [rows(company, listing, sort="Name", limit=10, offset=offset) for offset in (0, 10, 20)]
        assert [page.height for page in pages] == [10, 10, 4]
        assert pl.concat(pages).equals(rows(company, listing, sort="Name"))

    @pytest.mark.parametrize("search", ["%", "_", "'", "\\", "ada'; drop view dim_person; --"])
    def test_a_search_is_text_and_nothing_else(self, company: ScopedWarehouse, search: str) -> None:
        assert count_rows(company, people.people_listing(subjects=[], today=figures.TODAY, search=search)) == 0

    def test_lapsed_is_what_was_once_met_and_is_not_now(self, company: ScopedWarehouse) -> None:
        lapsed = people.people_listing(subjects=[], today=figures.TODAY, status="Lapsed")
        assert count_rows(company, lapsed) == _headline(company).expired_count == 6

    def test_a_record_has_every_kind_of_history(self, company: ScopedWarehouse) -> None:
        history = people.history_of(company, person_id=figures.PEOPLE[5])
        told = " / ".join(history["what"])
        for part in (
            "Joined as technician",
            "Enrolled in",
            "Completed",
            "Handed in attempt 2 (",
            "Received the certificate",
        ):
            assert part in told
        assert history["happened_on"].to_list() == sorted(history["happened_on"], reverse=True)

    def test_somebody_elses_person_has_no_record(self, company: ScopedWarehouse) -> None:
        for person in (figures.OTHER_PEOPLE[1], figures.STUDENTS[0]):
            assert people.person_head(company, person_id=person) is None
            assert people.certificates_of(company, person_id=person, today=figures.TODAY).is_empty()
            assert people.enrollments_of(company, person_id=person).is_empty()


class TestCertificates:
    def test_states_agree_with_the_counts(self, company: ScopedWarehouse) -> None:
        counts = certificates.counts(company, today=figures.TODAY)

        def listed(state: str) -> int:
            return count_rows(company, certificates.listing(today=figures.TODAY, state=state))

        assert listed("All") == counts.held_count == 38
        assert listed("Valid") == counts.valid_count == 26
        assert listed("Next 30 days") == counts.expiring_30_count
        assert listed("Next 90 days") == counts.expiring_90_count
        assert listed("Expired") == counts.expired_count == 12

    def test_the_last_valid_day_counts_as_expiring_and_the_day_after_as_expired(self, company: ScopedWarehouse) -> None:
        first = rows(company, certificates.listing(today=figures.TODAY, state="Valid"), sort="Soonest first")
        last_day = first["expires_on"][0]
        on_the_day = certificates.listing(today=last_day, state="Next 30 days")
        day_after = certificates.listing(today=last_day + timedelta(days=1), state="Expired")
        key = first["certificate_id"][0]
        assert key in rows(company, on_the_day, sort="Person")["certificate_id"]
        assert key in rows(company, day_after, sort="Person")["certificate_id"]
        assert (
            key
            not in rows(company, certificates.listing(today=last_day, state="Expired"), sort="Person")["certificate_id"]
        )

    def test_twelve_months_are_told_even_when_nothing_lapses_in_them(self, company: ScopedWarehouse) -> None:
        months = certificates.lapses_by_month(company, today=figures.TODAY)
        assert months.height == 12
        assert months["lapsing_count"].sum() == 26

    def test_nothing_was_renewed_here(self, company: ScopedWarehouse) -> None:
        pace = certificates.renewal_pace(company, today=figures.TODAY)
        assert (pace.lapsed_count, pace.renewed_count, pace.in_time_count) == (12, 0, 0)


class TestAssignments:
    def test_requirements_say_how_many_lack_them(self, company: ScopedWarehouse) -> None:
        found = assignments.requirements(company)
        assert found["lacking_count"].sum() == 29
        assert found["overdue_count"].sum() == 10

    def test_arrival_is_counted_by_recipient(self, company: ScopedWarehouse) -> None:
        known = rows(company, assignments.listing(status="All", today=figures.TODAY), sort="Person")["recipient_id"]
        unknown = str(UUID(int=1))
        assert assignments.arrived_count(company, recipient_ids=(*known[:2], unknown)) == 2
        assert assignments.arrived_count(company, recipient_ids=()) == 0


class TestSchool:
    def test_totals_of_a_cohort(self, school: ScopedWarehouse) -> None:
        whole = _totals(school)
        assert (whole.enrolled_count, whole.active_count, whole.ended_count, whole.course_count) == (180, 30, 150, 3)

    def test_the_students_of_a_cohort_are_those_its_figures_count(self, school: ScopedWarehouse) -> None:
        for cohort_on in (None, *school_queries.cohorts(school)["cohort_on"].to_list()):
            totals = school_queries.totals(school, cohort_on=cohort_on)
            assert totals is not None
            listing = school_queries.students_listing(as_of=figures.TODAY, state="All", cohort_on=cohort_on)
            listed = rows(school, listing, sort="Name", limit=1_000)
            for name in ("active_count", "completed_count", "dropped_count", "failed_count"):
                assert listed[name].sum() == getattr(totals, name), (cohort_on, name)
            at_risk = school_queries.at_risk_count(school, as_of=figures.TODAY, cohort_on=cohort_on)
            assert listed["at_risk_count"].sum() == at_risk
            gone = school_queries.students_listing(
                as_of=figures.TODAY, state="Dropped or failed a course", cohort_on=cohort_on
            )
            lost = listed.filter(pl.col("dropped_count") + pl.col("failed_count") > 0)
            assert count_rows(school, gone) == lost.height

    def test_students_are_the_schools_own(self, school: ScopedWarehouse) -> None:
        listing = school_queries.students_listing(as_of=figures.TODAY, state="All")
        assert set(rows(school, listing, sort="Name")["person_id"]) == {str(s) for s in figures.STUDENTS}
        for state in school_queries.FILTERS:
            for sort in school_queries.STUDENT_SORTS:
                rows(school, school_queries.students_listing(as_of=figures.TODAY, state=state), sort=sort, limit=5)

    def test_losses_of_the_curve_are_within_cohorts(self, school: ScopedWarehouse) -> None:
        curve = school_queries.dropout_curve(school, course_id=None, cohort_on=None)
        assert curve["lost_count"].sum() == 30
        assert curve["remaining_count"][0] == 180

    @pytest.mark.parametrize("sort", school_queries.COURSE_SORTS)
    def test_courses_sort_every_way(self, school: ScopedWarehouse, sort: str) -> None:
        assert rows(school, school_queries.cohort_listing(cohort_on=None), sort=sort).height == 6


class TestProduct:
    def test_criteria_come_in_the_seeds_order(self, product: ScopedWarehouse) -> None:
        codes = [criterion.criterion_code for criterion in product_queries.criteria(product)]
        assert codes[0] == "course_catalog_size"
        assert codes[-1] == "ce_credits_per_year"
        assert len(codes) == 8

    def test_no_person_is_in_sight(self, product: ScopedWarehouse) -> None:
        assert product.query("select count(*) from dim_person").item() == 0
        assert product.query("select count(*) from fct_enrollment").item() == 0

    def test_imports_are_counted_by_state(self, product: ScopedWarehouse) -> None:
        counts = platform.import_counts(product)
        assert (counts["import_count"], counts["refused_count"], counts["refused_row_count"]) == (3, 1, 181)
        for state in platform.STATES:
            for sort in platform.SORTS:
                rows(product, platform.imports_listing(state=state), sort=sort)


def test_a_list_can_reach_nothing_but_the_scoped_views(company: ScopedWarehouse) -> None:
    with pytest.raises(QueryRefusedError):
        count_rows(company, Listing("select * from duckdb_tables()", {}))


def _headline(warehouse: ScopedWarehouse) -> company_queries.Headline:
    found = company_queries.headline(warehouse)
    assert found is not None
    return found


def _totals(warehouse: ScopedWarehouse) -> school_queries.Totals:
    found = school_queries.totals(warehouse, cohort_on=None)
    assert found is not None
    return found

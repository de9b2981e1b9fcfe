"""Scoped warehouse: what each viewer may see of a release, and every way around it that must be closed (D7)."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from operational_db.errors import ReleaseUnavailableError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Grant, Principal
from operational_db.releases.manifest import current_manifest, list_manifests
from operational_db.releases.reader import QueryRefusedError, ScopedWarehouse, open_scoped, relations_of
from operational_db.releases.scope import MART_CUTS, Scope, scope_for
from operational_db.settings import Settings
from operational_db.types import Role
from tests.operational_db.releases.release_builder import (
    BUILDING_A,
    BUILDING_B,
    COMPANY_A,
    COMPANY_B,
    COURSE_OF_B,
    FORMER_A,
    OWNER_A,
    OWNER_B,
    PERSON_A,
    PERSON_B,
    PLATFORM,
    PRODUCT,
    SCHOOL,
    SCHOOL_COURSE,
    STUDENT,
    number_id,
    write_release,
)

SCOPES = {
    "manager_of_a": Scope(
        company_ids=frozenset({COMPANY_A}),
        mentoring_ids=frozenset({COMPANY_A}),
        roi_ids=frozenset({COMPANY_A}),
        person_id=PERSON_A,
    ),
    "supervisor_of_a": Scope(company_ids=frozenset({COMPANY_A}), person_id=number_id(72)),
    "programme_of_a": Scope(mentoring_ids=frozenset({COMPANY_A})),
    "school_admin": Scope(school_ids=frozenset({SCHOOL}), mentoring_ids=frozenset({SCHOOL}), person_id=number_id(70)),
    "student": Scope(person_id=STUDENT),
    "product_team": Scope(person_id=PRODUCT, can_view_kpis=True, can_view_platform=True),
    "owner_a": Scope(owner_ids=frozenset({OWNER_A}), person_id=number_id(71)),
    "nobody": Scope(),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def opened(settings: Settings, request: pytest.FixtureRequest) -> Iterator[ScopedWarehouse]:
    write_release(settings)
    with open_scoped(current_manifest(settings), SCOPES[request.param]) as warehouse:
        yield warehouse


def for_viewer(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("opened", [name], indirect=True)


def ids(warehouse: ScopedWarehouse, column: str, view: str) -> set[str]:
    return set(warehouse.query(f"select {column} as value from {view}")["value"].to_list())


class TestCompanyManager:
    @for_viewer("manager_of_a")
    def test_no_view_holds_anything_of_the_other_company(self, opened: ScopedWarehouse) -> None:
        """Every cell of every view is searched: no id of company B, its people or its own courses is in it."""
        assert opened.views == frozenset(MART_CUTS)
        forbidden = {str(COMPANY_B), str(PERSON_B), str(COURSE_OF_B), "Ben of B", "Company B", "Secrets of B"}
        forbidden |= {str(OWNER_B), str(BUILDING_B), "Owner B"}
        for view in sorted(opened.views - {"dim_membership"}):
            cells = {str(cell) for row in opened.query(f"select * from {view}").rows() for cell in row}
            assert not cells & forbidden, view
        # Her own former membership elsewhere is her own record.
        memberships = opened.query("select person_id, organization_id from dim_membership").rows()
        assert (str(PERSON_A), str(COMPANY_B)) in memberships
        assert all(person != str(PERSON_B) for person, _ in memberships)

    @for_viewer("manager_of_a")
    def test_sees_own_people_and_their_records(self, opened: ScopedWarehouse) -> None:
        assert ids(opened, "display_name", "dim_person") == {"Anna of A"}
        assert ids(opened, "person_id", "fct_certificate") == {str(PERSON_A)}
        assert ids(opened, "organization_id", "compliance_by_person") == {str(COMPANY_A)}

    @for_viewer("manager_of_a")
    def test_people_who_left_are_not_named(self, opened: ScopedWarehouse) -> None:
        assert str(FORMER_A) not in ids(opened, "person_id", "dim_person")

    @for_viewer("manager_of_a")
    def test_sees_no_product_figures(self, opened: ScopedWarehouse) -> None:
        assert opened.query("select * from kpi_success_criteria").is_empty()


class TestContractor:
    @for_viewer("manager_of_a")
    def test_sees_the_own_side_of_contracts_and_visits(self, opened: ScopedWarehouse) -> None:
        assert ids(opened, "building_id", "dim_building") == {str(BUILDING_A)}
        assert ids(opened, "contractor_id", "dim_service_contract") == {str(COMPANY_A)}
        assert ids(opened, "contractor_id", "fct_visit") == {str(COMPANY_A)}
        assert ids(opened, "contractor_id", "contractor_requirement_coverage") == {str(COMPANY_A)}
        assert {"Owner A", "Company A"} <= ids(opened, "name", "dim_organization")

    @for_viewer("manager_of_a")
    @pytest.mark.parametrize(
        "view", ["owner_requirement_coverage", "contractor_scorecard", "fct_crew_decision", "crew_decision_daily"]
    )
    def test_sees_nothing_of_what_owners_think_of_it(self, opened: ScopedWarehouse, view: str) -> None:
        assert opened.query(f"select * from {view}").is_empty()

    @for_viewer("manager_of_a")
    def test_sees_the_own_peoples_skills(self, opened: ScopedWarehouse) -> None:
        for view in ("skill_matrix", "fct_certificate_event", "certificate_status_period", "dim_badge"):
            assert ids(opened, "person_id", view) == {str(PERSON_A)}
        assert ids(opened, "organization_id", "expiry_calendar") == {str(COMPANY_A)}


class TestBuildingOwner:
    """US-TC027: the owner's own buildings and what is disclosed; nothing of people, nothing of another owner."""

    OWN = ("dim_building", "dim_equipment", "dim_service_contract", "fct_visit", "owner_requirement_coverage")
    JUDGED = ("contractor_requirement_coverage", "contractor_scorecard", "fct_crew_decision", "crew_decision_daily")

    @for_viewer("owner_a")
    @pytest.mark.requirement("OWN-03")
    def test_sees_the_own_buildings_visits_and_scorecards(self, opened: ScopedWarehouse) -> None:
        for view in (*self.OWN, *self.JUDGED):
            assert ids(opened, "owner_id", view) == {str(OWNER_A)}, view
        assert {"Owner A", "Company A"} <= ids(opened, "name", "dim_organization")

    @for_viewer("owner_a")
    def test_no_view_holds_anything_of_others(self, opened: ScopedWarehouse) -> None:
        """Every cell of every view is searched: no person, no other owner, no contractor of another owner."""
        people = {PERSON_A, PERSON_B, STUDENT, FORMER_A, PRODUCT}
        forbidden = {str(each) for each in (*people, OWNER_B, BUILDING_B, COMPANY_B)} | {"Owner B", "Company B"}
        for view in sorted(opened.views):
            frame = opened.query(f"select * from {view}")
            cells = {str(cell) for row in frame.rows() for cell in row}
            assert not cells & forbidden, view
            assert "person_id" not in frame.columns or frame.is_empty(), view


STARS = ("mentee_rating", "mentee_rated_on", "mentor_rating", "mentor_rated_on")
OF_ROI = (
    "training_cost_monthly", "outcome_panel", "roi_effect", "roi_event_study", "roi_outcome", "roi_company",
    "roi_course", "roi_team",
)  # fmt: skip
OF_MENTORING = ("fct_mentorship", "mentorship_funnel", "mentorship_satisfaction", "mentor_load")


class TestMentoring:
    """Own people's mentorships on either side, whoever is not one's own unnamed; stars for the two alone."""

    @for_viewer("programme_of_a")
    def test_a_programme_sees_both_sides_of_its_people_without_names_of_others(self, opened: ScopedWarehouse) -> None:
        rows = opened.query(
            "select mentorship_id, mentor_id, mentee_id, organization_id, mentor_organization_id from fct_mentorship "
            "order by mentorship_id"
        ).rows()
        own, anna, fred = str(COMPANY_A), str(PERSON_A), str(FORMER_A)
        assert rows == [
            (str(number_id(101)), anna, fred, own, own),
            (str(number_id(102)), None, fred, own, None),
            (str(number_id(103)), fred, None, None, own),
        ]
        for view in ("mentorship_funnel", "mentorship_satisfaction", "mentor_load"):
            assert ids(opened, "organization_id", view) == {own}

    @for_viewer("programme_of_a")
    def test_a_programme_sees_nobodys_stars(self, opened: ScopedWarehouse) -> None:
        assert set(opened.query(f"select {', '.join(STARS)} from fct_mentorship").rows()) == {(None,) * len(STARS)}

    @for_viewer("student")
    def test_the_two_see_theirs_whole(self, opened: ScopedWarehouse) -> None:
        frame = opened.query(
            f"select mentor_id, mentee_id, mentor_organization_id, {', '.join(STARS)} from fct_mentorship"
        )
        assert frame.height == 1
        assert frame.row(0)[:3] == (str(PERSON_B), str(STUDENT), str(COMPANY_B))
        assert None not in frame.row(0)

    @for_viewer("school_admin")
    def test_a_school_sees_its_students_mentorships_and_no_returns(self, opened: ScopedWarehouse) -> None:
        assert ids(opened, "mentee_id", "fct_mentorship") == {str(STUDENT)}
        assert ids(opened, "mentor_id", "fct_mentorship") == {None}
        assert all(opened.query(f"select * from {view}").is_empty() for view in OF_ROI)

    @for_viewer("owner_a")
    def test_an_owner_sees_none(self, opened: ScopedWarehouse) -> None:
        for view in (*OF_MENTORING, *OF_ROI, "dim_learned_model", "learned_model_history"):
            assert opened.query(f"select * from {view}").is_empty(), view

    @for_viewer("product_team")
    def test_the_product_team_sees_aggregates_without_names(self, opened: ScopedWarehouse) -> None:
        for view in ("mentorship_funnel", "mentorship_satisfaction"):
            assert ids(opened, "organization_id", view) == {str(COMPANY_A), str(COMPANY_B), str(SCHOOL)}
        for view in ("fct_mentorship", "mentor_load", *OF_ROI):
            assert opened.query(f"select * from {view}").is_empty(), view
        assert not opened.query("select * from dim_learned_model").is_empty()


class TestReturns:
    @for_viewer("manager_of_a")
    @pytest.mark.requirement("US-TC020")
    def test_a_manager_sees_the_own_companys(self, opened: ScopedWarehouse) -> None:
        for view in OF_ROI:
            assert ids(opened, "organization_id", view) == {str(COMPANY_A)}, view

    @for_viewer("supervisor_of_a")
    def test_a_supervisor_sees_neither_money_nor_mentoring(self, opened: ScopedWarehouse) -> None:
        for view in (*OF_MENTORING, *OF_ROI):
            assert opened.query(f"select * from {view}").is_empty(), view


class TestSchool:
    @for_viewer("school_admin")
    def test_sees_students_of_its_courses_and_nothing_else_of_their_employers(self, opened: ScopedWarehouse) -> None:
        assert ids(opened, "course_id", "fct_enrollment") == {str(SCHOOL_COURSE)}
        assert ids(opened, "person_id", "dim_person") == {str(STUDENT), str(PERSON_B)}
        assert ids(opened, "person_id", "fct_certificate") == {str(STUDENT)}
        assert ids(opened, "organization_id", "compliance_by_organization") == {str(SCHOOL)}
        assert ids(opened, "organization_id", "school_progress") == {str(SCHOOL)}


class TestProductTeam:
    @for_viewer("product_team")
    def test_sees_aggregates_of_all_and_no_names_but_the_own(self, opened: ScopedWarehouse) -> None:
        assert ids(opened, "organization_id", "compliance_by_organization") == {
            str(COMPANY_A),
            str(COMPANY_B),
            str(SCHOOL),
        }
        assert not opened.query("select * from kpi_success_criteria").is_empty()
        assert not opened.query("select * from import_history").is_empty()
        assert ids(opened, "display_name", "dim_person") == {"Paula Product"}
        for view in ("coverage_by_persona_track", "gate_decision_daily", "tip_daily", "reinforcement_effect"):
            assert ids(opened, "organization_id", view) >= {str(COMPANY_A), str(COMPANY_B)}

    @for_viewer("product_team")
    @pytest.mark.parametrize(
        "view",
        [
            "compliance_by_person",
            "compliance_by_team",
            "fct_enrollment",
            "fct_attempt",
            "fct_certificate",
            "dim_team",
            "fct_lesson_attempt",
            "fct_proficiency",
            "fct_gate_decision",
            "fct_access",
            "training_exception",
            "training_by_person_track",
            "fct_incident_person",
        ],
    )
    def test_sees_no_single_person(self, opened: ScopedWarehouse, view: str) -> None:
        assert opened.query(f"select * from {view}").is_empty()


class TestPersonAlone:
    @for_viewer("student")
    def test_sees_the_own_record_only(self, opened: ScopedWarehouse) -> None:
        own = ("dim_person", "fct_enrollment", "fct_certificate", "compliance_by_person", "fct_proficiency")
        for view in (*own, "fct_gate_decision", "fct_lesson_attempt", "training_exception", "fct_access"):
            assert ids(opened, "person_id", view) == {str(STUDENT)}, view

    @for_viewer("nobody")
    def test_an_empty_scope_sees_public_dimensions_only(self, opened: ScopedWarehouse) -> None:
        filled = {view for view in opened.views if not opened.query(f"select * from {view}").is_empty()}
        assert filled == {
            "dim_course",
            "dim_certification",
            "dim_manufacturer",
            "dim_organization",
            "income_context",
            "release_information",
        }
        assert str(COMPANY_A) not in ids(opened, "organization_id", "dim_organization")


REFUSED = {
    "qualified": "select * from marts.dim_person",
    "qualified in a subquery": "select (select count(*) from marts.dim_person) as n",
    "qualified in a common table": "with p as (select * from release.marts.dim_person) select * from p",
    "unknown": "select * from secret_table",
    "scope table": "select * from scope_company",
    "catalogue": "select * from information_schema.tables",
    "catalogue function": "select * from duckdb_views()",
    "catalogue name": "select * from sqlite_master",
    "file": "select * from 'people.parquet'",
    "file function": "select * from read_parquet('people.parquet')",
    "text function": "select * from read_text('people.txt')",
    "query function": "select * from query('select 1')",
    "query_table function": "select * from query_table('dim_person')",
    "show": "select * from (show tables)",
    "attach": "attach 'other.duckdb' as other",
    "copy": "copy dim_person to 'people.csv'",
    "copy query": "copy (select * from dim_person) to 'people.csv'",
    "pragma": "pragma database_list",
    "setting": "set enable_external_access = true",
    "reset": "reset lock_configuration",
    "insert": "insert into dim_person select * from dim_person",
    "drop": "drop view dim_person",
    "two statements": "select 1; select 2",
    "explain": "explain select * from dim_person",
    "install": "install httpfs",
    "nothing": "",
    "nonsense": "selekt 1",
}


class TestRefusals:
    @for_viewer("manager_of_a")
    @pytest.mark.parametrize("sql", REFUSED.values(), ids=REFUSED.keys())
    def test_anything_but_a_select_over_scoped_views_is_refused(self, opened: ScopedWarehouse, sql: str) -> None:
        with pytest.raises(QueryRefusedError):
            opened.query(sql)

    @for_viewer("manager_of_a")
    def test_the_connection_itself_is_shut(self, opened: ScopedWarehouse, tmp_path: Path) -> None:
        """A second wall: even without the check of the query, files and settings are out of reach."""
        target = tmp_path / "out.csv"
        for sql in (f"copy dim_person to '{target}'", "set enable_external_access = true", f"attach '{target}' as o"):
            with pytest.raises(Exception, match=r"(?i)permission|configuration|disabled|locked"):
                opened._connection.cursor().execute(sql)
        assert not target.exists()

    @for_viewer("manager_of_a")
    def test_python_variables_are_no_tables(self, opened: ScopedWarehouse) -> None:
        frame = opened.query("select * from dim_person")
        assert frame.height == 1
        with pytest.raises(QueryRefusedError):
            opened.query("select * from frame")


class TestQueries:
    @for_viewer("manager_of_a")
    def test_parameters_common_tables_joins_and_ranges_work(self, opened: ScopedWarehouse) -> None:
        frame = opened.query(
            """
            with mine as (select person_id from dim_person where person_id = $person_id)
            select e.enrollment_id, n.range as n
            from fct_enrollment as e join mine using (person_id), range(2) as n
            order by n
            """,
            {"person_id": PERSON_A},
        )
        assert frame["n"].to_list() == [0, 1]
        assert frame["enrollment_id"].to_list() == [str(number_id(51))] * 2

    def test_relations_leave_out_names_the_query_defines(self) -> None:
        assert relations_of("with a as (from dim_x) select * from a join dim_y using (i)") == {"dim_x", "dim_y"}

    @for_viewer("manager_of_a")
    def test_many_threads_may_ask_at_once(self, opened: ScopedWarehouse) -> None:
        answers: list[int] = []

        def ask() -> None:
            for _ in range(20):
                answers.append(opened.query("select count(*)::int as n from fct_enrollment")["n"][0])

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        assert answers == [1] * 160


class TestReleases:
    def test_an_open_handle_keeps_its_release_after_the_flip_and_the_pruning(self, settings: Settings) -> None:
        first = write_release(settings, ledger_size=7)
        with open_scoped(first, SCOPES["manager_of_a"]) as old:
            second = write_release(settings, ledger_size=9, as_of=datetime(2026, 11, 22, tzinfo=UTC))
            first.path.unlink()
            with open_scoped(current_manifest(settings), SCOPES["manager_of_a"]) as new:
                assert new.query("select ledger_size from release_information").item() == 9
            assert old.query("select ledger_size from release_information").item() == 7
            assert old.query("select count(*) from fct_enrollment").item() == 1
            assert old.query("select count(*) from dim_person").item() == 1
        assert current_manifest(settings).name == second.name

    def test_nothing_released_is_said_in_words(self, settings: Settings) -> None:
        with pytest.raises(ReleaseUnavailableError, match="first `sitesync refresh`"):
            current_manifest(settings)

    def test_a_missing_or_damaged_file_is_named(self, settings: Settings) -> None:
        manifest = write_release(settings)
        manifest.path.write_bytes(b"not a database")
        with pytest.raises(ReleaseUnavailableError) as raised:
            open_scoped(manifest, Scope())
        assert raised.value.details["file"] == manifest.path.name
        manifest.path.unlink()
        with pytest.raises(ReleaseUnavailableError, match="missing"):
            current_manifest(settings)
        assert list_manifests(settings) == []

    def test_a_damaged_pointer_is_named(self, settings: Settings) -> None:
        write_release(settings)
        (settings.warehouse_path / "current.json").write_text("{")
        with pytest.raises(ReleaseUnavailableError, match="pointer"):
            current_manifest(settings)

    def test_releases_are_listed_newest_first(self, settings: Settings) -> None:
        first = write_release(settings, ledger_size=1)
        second = write_release(settings, ledger_size=2, as_of=datetime(2026, 11, 22, tzinfo=UTC))
        assert [manifest.name for manifest in list_manifests(settings)] == [second.name, first.name]


class TestScopeFor:
    def make(self, *grants: Grant) -> Principal:
        return Principal(person_id=PERSON_A, display_name="Anna", grants=frozenset(grants))

    def test_a_manager_sees_the_own_company(self) -> None:
        scope = scope_for(self.make(Grant(COMPANY_A, Role.COMPANY_MANAGER)))
        own = frozenset({COMPANY_A})
        assert scope == Scope(company_ids=own, mentoring_ids=own, roi_ids=own, person_id=PERSON_A)

    def test_a_technician_sees_the_own_record(self) -> None:
        assert scope_for(self.make(Grant(COMPANY_A, Role.TECHNICIAN))) == Scope(person_id=PERSON_A)

    def test_a_school_admin_sees_the_school(self) -> None:
        scope = scope_for(self.make(Grant(SCHOOL, Role.SCHOOL_ADMIN)))
        assert scope.school_ids == scope.mentoring_ids == {SCHOOL}
        assert not scope.roi_ids

    def test_an_auditor_sees_mentoring_and_returns_and_an_owner_neither(self) -> None:
        auditor = scope_for(self.make(Grant(COMPANY_A, Role.AUDITOR)))
        assert auditor.mentoring_ids == auditor.roi_ids == {COMPANY_A}
        owner = scope_for(self.make(Grant(OWNER_A, Role.BUILDING_OWNER)))
        assert not owner.mentoring_ids | owner.roi_ids

    def test_product_team_and_system_see_aggregates(self) -> None:
        scope = scope_for(self.make(Grant(PLATFORM, Role.PRODUCT_TEAM)))
        assert (scope.can_view_kpis, scope.can_view_platform) == (True, True)
        assert scope_for(SYSTEM_PRINCIPAL) == Scope(can_view_kpis=True, can_view_platform=True)

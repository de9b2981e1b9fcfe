"""Builds a tiny release by hand: two companies and a school, so that what a viewer must not see is there to be seen."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import duckdb

from operational_db.releases.manifest import (
    CURRENT_ADAPTER,
    CURRENT_FILE,
    MANIFEST_ADAPTER,
    CheckResult,
    CurrentRelease,
    ReleaseManifest,
)
from operational_db.settings import Settings


def number_id(number: int) -> UUID:
    """A readable id: the number, in the last digits."""
    return UUID(int=number)


COMPANY_A, COMPANY_B, SCHOOL, PLATFORM = (number_id(n) for n in (1, 2, 3, 4))
PERSON_A, PERSON_B, STUDENT, FORMER_A, PRODUCT = (number_id(n) for n in (11, 12, 13, 14, 15))
SCHOOL_COURSE, PUBLIC_COURSE, COURSE_OF_B = (number_id(n) for n in (21, 22, 23))

OWNER_A, OWNER_B = number_id(5), number_id(6)
BUILDING_A, BUILDING_B = number_id(81), number_id(82)

# Of two owners: A's buildings are serviced by company A, B's by company B. Nobody's name is in any of them.
_OWNER_TABLES = {
    "dim_building": "building_id uuid, name varchar",
    "dim_equipment": "equipment_id uuid, building_id uuid",
    "dim_service_contract": "contract_id uuid, contractor_id uuid, building_id uuid, is_current boolean",
    "fct_visit": "visit_id uuid, contractor_id uuid, building_id uuid",
    "owner_requirement_coverage": "contractor_id uuid, building_id uuid, qualified_count bigint",
    "contractor_requirement_coverage": "contractor_id uuid, rule_id uuid, qualified_count bigint",
    "contractor_scorecard": "contractor_id uuid, requirement_coverage double",
    "fct_crew_decision": "decision_id uuid, contractor_id uuid, building_id uuid",
    "crew_decision_daily": "contractor_id uuid, building_id uuid, decision_count bigint",
}

_ORGANIZATION_TABLES = {
    "compliance_by_person": "person_id uuid, compliance_rate double",
    "compliance_by_team": "team_id uuid, compliance_rate double",
    "compliance_by_category": "category varchar, compliance_rate double",
    "compliance_by_organization": "required_count bigint, compliance_rate double",
    "compliance_trend": "as_of_on date, compliance_rate double",
    "compliance_forecast": "as_of_on date, compliance_rate double",
    "fct_certificate_event": "leaf_index bigint, person_id uuid",
    "certificate_status_period": "certificate_id uuid, person_id uuid",
    "dim_badge": "badge_id uuid, person_id uuid",
    "skill_matrix": "person_id uuid, status varchar",
    "skill_depth": "certification_id uuid, holder_count bigint",
    "expiry_calendar": "on_date date, expiring_count bigint",
    "renewal_monthly": "month date, renewal_rate double",
    "fct_assignment": "recipient_id uuid, person_id uuid",
    "fct_required_training": "person_id uuid, required_training_id uuid",
    "school_progress": "course_id uuid, enrolled_count bigint",
    "school_dropout_curve": "course_id uuid, remaining_count bigint",
    "fct_engagement_month": "course_id uuid, minutes bigint",
    "import_history": "import_id uuid, read_count bigint",
    "dim_team": "team_id uuid, name varchar",
    "dim_lesson": "lesson_id uuid, title varchar",
    "dim_policy": "policy_id uuid, title varchar",
    "dim_track": "track_id uuid, title varchar",
    "dim_feature": "feature_id uuid, title varchar",
    "content_lifecycle": "lesson_id uuid, status varchar",
    "fct_lesson_attempt": "attempt_id uuid, person_id uuid",
    "fct_proficiency": "evidence_id uuid, person_id uuid",
    "fct_gate_decision": "decision_id uuid, person_id uuid",
    "fct_access": "access_id uuid, person_id uuid",
    "training_exception": "person_id uuid, reason varchar",
    "training_by_person_track": "person_id uuid, tier varchar",
    "fct_incident_person": "incident_id uuid, person_id uuid",
    "access_log": "entry varchar, person_id uuid",
    "coverage_by_persona_track": "persona varchar, coverage_rate double",
    "gate_decision_daily": "on_date date, decision_count bigint",
    "tip_daily": "on_date date, shown_count bigint",
    "reinforcement_effect": "lesson_id uuid, taken_without_next_share double",
}
# Of company A's mentoring and returns and the same of the others'; each person mentors the next organization's.
_ORGANIZATION_TABLES |= {
    "mentorship_funnel": "month date, requested_count bigint",
    "mentorship_satisfaction": "month date, average_rating double",
    "mentor_load": "mentor_id uuid, active_count bigint",
    "training_cost_monthly": "person_id uuid, amount double",
    "outcome_panel": "person_id uuid, job_count bigint",
    "roi_effect": "estimate_id uuid, effect double",
    "roi_event_study": "estimate_id uuid, effect double",
    "roi_outcome": "outcome_kind varchar, benefit double",
    "roi_company": "state varchar, roi double",
    "roi_course": "course_id uuid, roi double",
    "roi_team": "team_id uuid, roi double",
}
_OWN_TABLES = """
create table marts.fct_mentorship (
    mentorship_id uuid, mentor_id uuid, mentee_id uuid, organization_id uuid, mentor_organization_id uuid,
    mentee_rating integer, mentee_rated_on date, mentor_rating integer, mentor_rated_on date, leaf_index bigint
);
create table marts.income_context (source varchar, median_income double);
create table marts.dim_learned_model (model_id uuid, headline varchar);
create table marts.learned_model_history (leaf_index bigint, entry varchar);
create table marts.dim_person (person_id uuid, display_name varchar);
create table marts.dim_organization (organization_id uuid, name varchar, kind varchar);
create table marts.dim_course (course_id uuid, title varchar, provider_type varchar, provider_id uuid);
create table marts.dim_certification (certification_id uuid, name varchar);
create table marts.dim_membership (membership_id uuid, person_id uuid, organization_id uuid, is_current boolean);
create table marts.fct_enrollment
    (enrollment_id uuid, person_id uuid, course_id uuid, organization_id uuid, leaf_index bigint);
create table marts.fct_attempt
    (attempt_id uuid, person_id uuid, course_id uuid, organization_id uuid, leaf_index bigint);
create table marts.fct_certificate (certificate_id uuid, person_id uuid, organization_id uuid, leaf_index bigint);
create table marts.kpi_success_criteria (criterion_code varchar, value double);
create table marts.kpi_success_trend (criterion_code varchar, value double);
create table marts.kpi_engagement_monthly (month_on date, enrolled_count bigint);
create table marts.kpi_certification_monthly (month_on date, renewed_count bigint);
create table marts.verification_request_daily (on_date date, request_count bigint);
create table marts.dim_manufacturer (manufacturer_id uuid, name varchar);
create table marts.release_information (ledger_size bigint, is_simulated boolean);
create table marts.secret_table (secret varchar);
"""


def _fill(connection: duckdb.DuckDBPyConnection, ledger_size: int) -> None:
    def insert(table: str, *rows: tuple[object, ...]) -> None:
        for row in rows:
            marks = ", ".join("?" for _ in row)
            connection.execute(f"insert into marts.{table} values ({marks})", list(row))

    insert(
        "dim_person",
        (PERSON_A, "Anna of A"),
        (PERSON_B, "Ben of B"),
        (STUDENT, "Stella Student"),
        (FORMER_A, "Fred Formerly"),
        (PRODUCT, "Paula Product"),
    )
    insert(
        "dim_organization",
        (COMPANY_A, "Company A", "service_company"),
        (COMPANY_B, "Company B", "service_company"),
        (SCHOOL, "School", "trade_school"),
        (PLATFORM, "Platform", "platform"),
        (OWNER_A, "Owner A", "building_owner"),
        (OWNER_B, "Owner B", "building_owner"),
    )
    insert(
        "dim_course",
        (SCHOOL_COURSE, "Wiring", "trade_school", SCHOOL),
        (PUBLIC_COURSE, "Safety", "sitesync", None),
        (COURSE_OF_B, "Secrets of B", "company", COMPANY_B),
    )
    insert("dim_certification", (number_id(31), "EPA 608"))
    insert(
        "dim_membership",
        (number_id(41), PERSON_A, COMPANY_A, True),
        (number_id(42), PERSON_B, COMPANY_B, True),
        (number_id(43), FORMER_A, COMPANY_A, False),
        (number_id(44), PERSON_A, COMPANY_B, False),
        (number_id(45), PRODUCT, PLATFORM, True),
    )
    learning = (
        (number_id(51), PERSON_A, PUBLIC_COURSE, COMPANY_A, 1),
        (number_id(52), PERSON_B, COURSE_OF_B, COMPANY_B, 2),
        (number_id(53), STUDENT, SCHOOL_COURSE, SCHOOL, 3),
        (number_id(54), PERSON_B, SCHOOL_COURSE, COMPANY_B, 4),
    )
    insert("fct_enrollment", *learning)
    insert("fct_attempt", *learning)
    insert(
        "fct_certificate",
        (number_id(61), PERSON_A, COMPANY_A, 5),
        (number_id(62), PERSON_B, COMPANY_B, 6),
        (number_id(63), STUDENT, SCHOOL, 7),
    )
    insert("kpi_success_criteria", ("course_catalog_size", 3.0))
    insert("kpi_success_trend", ("course_catalog_size", 3.0))
    insert("kpi_engagement_monthly", ("2026-11-01", 4))
    insert("kpi_certification_monthly", ("2026-11-01", 1))
    insert("verification_request_daily", ("2026-11-01", 2))
    insert("dim_manufacturer", (number_id(91), "Maker"))
    stars = (4, "2026-11-01", 5, "2026-11-02")
    insert(
        "fct_mentorship",
        (number_id(101), PERSON_A, FORMER_A, COMPANY_A, COMPANY_A, *stars, 8),
        (number_id(102), PERSON_B, FORMER_A, COMPANY_A, COMPANY_B, *stars, 9),
        (number_id(103), FORMER_A, PERSON_B, COMPANY_B, COMPANY_A, *stars, 10),
        (number_id(104), PERSON_B, STUDENT, SCHOOL, COMPANY_B, *stars, 11),
    )
    insert("income_context", ("Statistics", 60_000.0))
    insert("dim_learned_model", (number_id(111), "Better than the formula"))
    insert("learned_model_history", (12, "model_promoted"))
    insert("release_information", (ledger_size, True))
    insert("secret_table", ("nobody may see this",))


def _fill_organization_tables(connection: duckdb.DuckDBPyConnection) -> None:
    people = {COMPANY_A: PERSON_A, COMPANY_B: PERSON_B, SCHOOL: STUDENT}
    for table, columns in _ORGANIZATION_TABLES.items():
        connection.execute(f"create table marts.{table} (organization_id uuid, {columns})")
        for organization_id, person_id in people.items():
            values = []
            for column in columns.split(", "):
                name, kind = column.split()
                course = SCHOOL_COURSE if organization_id == SCHOOL else PUBLIC_COURSE
                by_kind = {"double": 0.5, "bigint": 1, "varchar": "safety", "date": "2026-11-21", "uuid": number_id(99)}
                known = {"person_id": person_id, "mentor_id": person_id, "course_id": course}
                values.append(known.get(name, by_kind[kind]))
            marks = ", ".join("?" for _ in values)
            connection.execute(f"insert into marts.{table} values (?, {marks})", [organization_id, *values])


def _fill_owner_tables(connection: duckdb.DuckDBPyConnection) -> None:
    sides = ((OWNER_A, COMPANY_A, BUILDING_A), (OWNER_B, COMPANY_B, BUILDING_B))
    for table, columns in _OWNER_TABLES.items():
        connection.execute(f"create table marts.{table} (owner_id uuid, {columns})")
        for owner_id, contractor_id, building_id in sides:
            known = {"contractor_id": contractor_id, "building_id": building_id, "name": f"House {building_id}"}
            by_kind = {"double": 0.5, "bigint": 1, "boolean": True, "uuid": number_id(99), "varchar": "text"}
            values = [known.get(name, by_kind[kind]) for name, kind in map(str.split, columns.split(", "))]
            marks = ", ".join("?" for _ in values)
            connection.execute(f"insert into marts.{table} values (?, {marks})", [owner_id, *values])


def write_release(
    settings: Settings,
    *,
    ledger_size: int = 7,
    as_of: datetime = datetime(2026, 11, 21, 14, 5, tzinfo=UTC),
    checks: tuple[CheckResult, ...] = (),
) -> ReleaseManifest:
    """Write a whole release with its manifest and make it the current one."""
    settings.warehouse_path.mkdir(parents=True, exist_ok=True)
    name = f"warehouse_{as_of:%Y%m%dT%H%M%SZ}_{ledger_size}"
    path: Path = settings.warehouse_path / f"{name}.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create schema marts")
        connection.execute(_OWN_TABLES)
        _fill(connection, ledger_size)
        _fill_organization_tables(connection)
        _fill_owner_tables(connection)
    manifest = ReleaseManifest(
        name=name,
        path=path,
        ledger_size=ledger_size,
        root_hash="00" * 32,
        as_of=as_of,
        built_at=as_of,
        is_simulated=True,
        checks=checks,
        row_counts={"fct_enrollment": 4},
    )
    path.with_suffix(".json").write_bytes(MANIFEST_ADAPTER.dump_json(manifest))
    pointer = settings.warehouse_path / CURRENT_FILE
    pointer.write_bytes(CURRENT_ADAPTER.dump_json(CurrentRelease(name)))
    assert json.loads(pointer.read_text())["name"] == name
    return manifest

"""What a viewer may see of a release (decision D7): the scope made from a principal, and the cut of every mart.

A mart without a cut is shown to nobody. The cuts are SQL conditions over the release's own columns; they are turned
into views by `reader.py` and are the only tenant filter there is.
"""

# ruff: noqa: S608 - the conditions are put together from the constants below alone

from dataclasses import dataclass
from uuid import UUID

from operational_db.identity.rules import Permission, Principal


@dataclass(frozen=True)
class Scope:
    """The organizations, the person and the aggregates a viewer may see; hashable, a key for open handles."""

    company_ids: frozenset[UUID] = frozenset()
    school_ids: frozenset[UUID] = frozenset()
    owner_ids: frozenset[UUID] = frozenset()
    # Organizations whose people's mentorships, and whose costs and returns of training, the viewer may see.
    mentoring_ids: frozenset[UUID] = frozenset()
    roi_ids: frozenset[UUID] = frozenset()
    person_id: UUID | None = None
    can_view_kpis: bool = False
    can_view_platform: bool = False


def scope_for(principal: Principal) -> Scope:
    """The scope of a principal: organizations by permission, the own record always, aggregates by permission."""
    return Scope(
        company_ids=principal.organizations_with(Permission.VIEW_COMPLIANCE),
        school_ids=principal.organizations_with(Permission.VIEW_STUDENTS),
        owner_ids=principal.organizations_with(Permission.VIEW_BUILDINGS),
        mentoring_ids=principal.organizations_with(Permission.VIEW_MENTORING),
        roi_ids=principal.organizations_with(Permission.VIEW_ROI),
        person_id=None if principal.is_system else principal.person_id,
        can_view_kpis=principal.can(Permission.VIEW_KPIS),
        can_view_platform=principal.can(Permission.VIEW_PLATFORM),
    )


_OWN = "person_id = $person_id"
_COMPANY = "organization_id in (select organization_id from scope_company)"
_SCHOOL = "organization_id in (select organization_id from scope_school)"
_ANY_OWN_ORGANIZATION = f"{_COMPANY} or {_SCHOOL}"
_SCHOOL_COURSE = "course_id in (select course_id from scope_course)"
_MEMBER = "person_id in (select person_id from scope_member)"
_AGGREGATES = "$can_view_kpis or $can_view_platform"
_LEARNING = f"{_COMPANY} or {_SCHOOL} or {_SCHOOL_COURSE} or {_OWN}"
_COMPLIANCE_AGGREGATE = f"{_AGGREGATES} or {_ANY_OWN_ORGANIZATION}"
# What the platform offers everybody, and what an organization has of its own.
_SHARED = "organization_id is null or organization_id in (select organization_id from scope_organization)"
# Buildings and what is agreed about them: the owner's, and of each contract or visit the contractor's own side.
_OWNER = "owner_id in (select organization_id from scope_owner)"
_OWNER_OR_CONTRACTOR = f"{_OWNER} or contractor_id in (select organization_id from scope_company)"
_BUILDING = f"{_OWNER} or building_id in (select building_id from scope_building)"
# Mentorships of an organization's people, on either side; of those with others, whoever is not its own stays unnamed.
_MENTORING = "organization_id in (select organization_id from scope_mentoring)"
_MENTORS = "mentor_organization_id in (select organization_id from scope_mentoring)"
_PAIR = "mentor_id = $person_id or mentee_id = $person_id"
_ROI = "organization_id in (select organization_id from scope_roi)"
_MODELS = "$can_view_kpis or $can_view_platform or exists (select 1 from scope_mentoring)"
# The platform's own rules and policies hold for everybody; an export of one's own record is nobody else's business.
_SHARED_CHANGE = "organization_id is null and entry in ('gate_rule_set', 'gate_rule_ended', 'policy_version_published')"
_SCHOOL_AGGREGATE = f"{_AGGREGATES} or {_SCHOOL} or {_SCHOOL_COURSE}"

MART_CUTS: dict[str, str] = {
    "release_information": "true",
    "dim_certification": "true",
    "dim_course": ("provider_type <> 'company' or provider_id in (select organization_id from scope_organization)"),
    "dim_organization": (
        f"{_AGGREGATES} or organization_id in (select organization_id from scope_organization) "
        "or organization_id in (select organization_id from scope_partner) "
        "or kind in ('trade_school', 'manufacturer', 'platform')"
    ),
    "dim_team": "organization_id in (select organization_id from scope_organization)",
    "dim_person": f"person_id in (select person_id from scope_person) or {_OWN}",
    "dim_membership": f"{_ANY_OWN_ORGANIZATION} or {_OWN}",
    "fct_enrollment": _LEARNING,
    "fct_attempt": _LEARNING,
    "fct_certificate": f"{_MEMBER} or {_SCHOOL} or {_OWN}",
    "fct_certificate_event": f"{_MEMBER} or {_SCHOOL} or {_OWN}",
    "certificate_status_period": f"{_MEMBER} or {_OWN}",
    "dim_badge": f"{_MEMBER} or {_OWN}",
    "skill_matrix": f"{_ANY_OWN_ORGANIZATION} or {_OWN}",
    "skill_depth": _ANY_OWN_ORGANIZATION,
    "expiry_calendar": _ANY_OWN_ORGANIZATION,
    "renewal_monthly": _COMPLIANCE_AGGREGATE,
    "verification_request_daily": _AGGREGATES,
    "fct_assignment": f"{_ANY_OWN_ORGANIZATION} or {_OWN}",
    "fct_required_training": f"{_ANY_OWN_ORGANIZATION} or {_OWN}",
    "compliance_by_person": f"{_ANY_OWN_ORGANIZATION} or {_OWN}",
    "compliance_by_team": _ANY_OWN_ORGANIZATION,
    "compliance_by_category": _COMPLIANCE_AGGREGATE,
    "compliance_by_organization": _COMPLIANCE_AGGREGATE,
    "compliance_trend": _COMPLIANCE_AGGREGATE,
    "compliance_forecast": _COMPLIANCE_AGGREGATE,
    "school_progress": _SCHOOL_AGGREGATE,
    "school_dropout_curve": _SCHOOL_AGGREGATE,
    "fct_engagement_month": f"{_AGGREGATES} or {_ANY_OWN_ORGANIZATION} or {_SCHOOL_COURSE}",
    "kpi_success_criteria": _AGGREGATES,
    "kpi_success_trend": _AGGREGATES,
    "kpi_engagement_monthly": _AGGREGATES,
    "kpi_certification_monthly": _AGGREGATES,
    "dim_lesson": _SHARED,
    "dim_policy": _SHARED,
    "dim_track": _SHARED,
    "dim_feature": _SHARED,
    "content_lifecycle": f"{_AGGREGATES} or organization_id is null or {_COMPANY}",
    "fct_lesson_attempt": f"{_COMPANY} or {_OWN}",
    "fct_proficiency": f"{_COMPANY} or {_MEMBER} or {_OWN}",
    "fct_gate_decision": f"{_COMPANY} or {_OWN}",
    "fct_access": f"{_COMPANY} or {_OWN}",
    "training_exception": f"{_COMPANY} or {_OWN}",
    "training_by_person_track": f"{_COMPANY} or {_OWN}",
    "fct_incident_person": _COMPANY,
    "access_log": f"{_ANY_OWN_ORGANIZATION} or {_SHARED_CHANGE}",
    "coverage_by_persona_track": f"{_AGGREGATES} or {_COMPANY}",
    "gate_decision_daily": f"{_AGGREGATES} or {_COMPANY}",
    "tip_daily": f"{_AGGREGATES} or {_COMPANY}",
    "reinforcement_effect": f"{_AGGREGATES} or {_COMPANY}",
    "dim_building": _BUILDING,
    "dim_equipment": _BUILDING,
    "dim_manufacturer": "true",
    "dim_service_contract": _OWNER_OR_CONTRACTOR,
    "fct_visit": _OWNER_OR_CONTRACTOR,
    "owner_requirement_coverage": _OWNER,
    "contractor_requirement_coverage": _OWNER_OR_CONTRACTOR,
    "contractor_scorecard": _OWNER,
    "fct_crew_decision": _OWNER,
    "crew_decision_daily": f"{_AGGREGATES} or {_OWNER}",
    "fct_mentorship": f"{_MENTORING} or {_MENTORS} or {_PAIR}",
    "mentorship_funnel": f"{_AGGREGATES} or {_MENTORING}",
    "mentorship_satisfaction": f"{_AGGREGATES} or {_MENTORING}",
    "mentor_load": f"{_MENTORING} or mentor_id = $person_id",
    "training_cost_monthly": _ROI,
    "outcome_panel": _ROI,
    "roi_effect": _ROI,
    "roi_event_study": _ROI,
    "roi_outcome": _ROI,
    "roi_company": _ROI,
    "roi_course": _ROI,
    "roi_team": _ROI,
    "income_context": "true",
    "dim_learned_model": _MODELS,
    "learned_model_history": _MODELS,
    "import_history": (
        f"$can_view_platform or {_ANY_OWN_ORGANIZATION} or organization_id in (select organization_id from scope_owner)"
    ),
}

# Columns that not everybody sees who sees the row: null unless the condition holds.
MART_MASKS: dict[str, dict[str, str]] = {
    "fct_mentorship": {
        "mentor_id": f"{_MENTORS} or {_PAIR}",
        "mentor_organization_id": f"{_MENTORS} or {_PAIR}",
        "mentee_id": f"{_MENTORING} or {_PAIR}",
        "organization_id": f"{_MENTORING} or {_PAIR}",
        "mentee_rating": _PAIR,
        "mentee_rated_on": _PAIR,
        "mentor_rating": _PAIR,
        "mentor_rated_on": _PAIR,
    },
}

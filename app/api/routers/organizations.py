"""Training of an organization: assignments, requirements, compliance, content, custom courses (seed 3.2.5)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, status

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.queries import (
    COMPLIANCE_BY_CATEGORY,
    COMPLIANCE_BY_TEAM,
    COMPLIANCE_TOTALS,
    EMPLOYEES_WITH_OVERDUE,
    UPCOMING_DUE_DATES,
    OpenReleases,
    scope_of_organization,
)
from app.api.schemas.compliance import (
    AssignmentMade,
    AssignmentRequest,
    ComplianceStatusBody,
    EndRequirementRequest,
    ExemptionBody,
    OverdueEmployeeBody,
    RequirementBody,
    RequirementRequest,
    TeamComplianceBody,
    TrainingAssignmentBody,
    UpcomingDueDateBody,
)
from operational_db import clock
from operational_db.compliance import service as compliance
from operational_db.compliance.views import AssignmentFilters, AssignmentView, ExemptionOrder
from operational_db.identity.rules import Permission
from operational_db.notifications.rules import OVERDUE
from operational_db.tables.compliance import TrainingRequirement
from operational_db.types import TrainingStatus

router = APIRouter(prefix="/organizations/{organization_id}/training", tags=["organization training"])


def to_assignment_body(view: AssignmentView) -> TrainingAssignmentBody:
    """The seed's TrainingAssignment; a minimum score is what makes a passing score required."""
    values = {name: getattr(view, name) for name in view.__dataclass_fields__}
    minimum = view.minimum_score
    values["minimum_score"] = None if minimum is None else float(minimum)
    sent = values.pop("reminders_sent")
    return TrainingAssignmentBody(
        **values,
        requires_passing_score=minimum is not None,
        reminder_sent_7_days=7 in sent,
        reminder_sent_3_days=3 in sent,
        overdue_notification_sent=OVERDUE in sent,
    )


@router.post("/assign", status_code=status.HTTP_201_CREATED, summary="Assign training")
def assign_training(
    organization_id: UUID, body: AssignmentRequest, session: WriteSession, principal: CurrentPrincipal
) -> AssignmentMade:
    """To a person, a role or a team; or, with `requirement_id`, to everybody who lacks what it asks for."""
    now = clock.now()
    if body.requirement_id is not None:
        made = compliance.assign_missing(
            session,
            principal,
            organization_id=organization_id,
            requirement_id=body.requirement_id,
            person_ids=body.person_ids,
            due_on=body.due_on,
            now=now,
        )
        return AssignmentMade(
            assignment_ids=sorted({recipient.assignment_id for recipient in made.recipients}),
            course_id=made.course_id,
            recipient_count=len(made.recipients),
            already_assigned_count=len(made.already_assigned_ids),
            due_on=made.due_on,
        )
    if body.course_id is None:
        raise ValueError("The body's validator lets no request through without course_id or requirement_id.")
    assignment = compliance.assign_training(
        session,
        principal,
        organization_id=organization_id,
        course_id=body.course_id,
        person_id=body.assigned_to_person_id,
        role=body.assigned_to_role,
        team_id=body.assigned_to_team_id,
        due_on=body.due_on,
        is_mandatory=body.is_mandatory,
        minimum_score=body.minimum_score,
        now=now,
    )
    reached = compliance.count_recipients(session, assignment)
    return AssignmentMade(
        assignment_ids=[assignment.id],
        course_id=assignment.course_id,
        recipient_count=reached,
        already_assigned_count=0,
        due_on=assignment.due_on,
    )


@router.get("/assignments", summary="List assignments")
def list_assignments(
    organization_id: UUID,
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    person_id: Annotated[UUID | None, Query()] = None,
    course_id: Annotated[UUID | None, Query()] = None,
    team_id: Annotated[UUID | None, Query()] = None,
    requirement_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[TrainingStatus | None, Query()] = None,
    is_mandatory: Annotated[bool | None, Query()] = None,
    include_cancelled: Annotated[bool, Query()] = False,
) -> PageResponse[TrainingAssignmentBody]:
    """One entry a recipient, latest first, with the status of today."""
    filters = AssignmentFilters(
        person_id=person_id,
        course_id=course_id,
        team_id=team_id,
        requirement_id=requirement_id,
        status=status,
        is_mandatory=is_mandatory,
        include_cancelled=include_cancelled,
    )
    page = compliance.list_assignments(session, principal, organization_id, filters, paging, on=clock.today())
    return to_page_response(page, to_assignment_body)


@router.post("/requirements", status_code=status.HTTP_201_CREATED, summary="Set a requirement")
def set_requirement(
    organization_id: UUID, body: RequirementRequest, session: WriteSession, principal: CurrentPrincipal
) -> RequirementBody:
    """Every member in scope needs the course or certification; figures follow with the next refresh."""
    requirement = compliance.set_requirement(
        session,
        principal,
        organization_id=organization_id,
        course_id=body.course_id,
        certification_id=body.certification_id,
        category=body.category,
        role=body.role,
        team_id=body.team_id,
        due_within_days=body.due_within_days,
        effective_from=body.effective_from,
        now=clock.now(),
    )
    return _requirement(session, principal, requirement)


@router.get("/requirements", summary="List requirements")
def list_requirements(
    organization_id: UUID,
    session: ReadSession,
    principal: CurrentPrincipal,
    on: Annotated[date | None, Query(description="Those in force on this day; absent: all there ever were.")] = None,
) -> list[RequirementBody]:
    views = compliance.list_requirements(session, principal, organization_id, on=on)
    return [RequirementBody.model_validate(view) for view in views]


@router.post("/requirements/{requirement_id}/end", summary="End a requirement")
def end_requirement(
    organization_id: UUID,
    requirement_id: UUID,
    body: EndRequirementRequest,
    session: WriteSession,
    principal: CurrentPrincipal,
) -> RequirementBody:
    """What held until then stays on record; figures follow with the next refresh."""
    requirement = compliance.end_requirement(
        session,
        principal,
        organization_id=organization_id,
        requirement_id=requirement_id,
        ended_on=body.ended_on,
        now=clock.now(),
    )
    return _requirement(session, principal, requirement)


@router.get("/exemptions", summary="List exemptions")
def list_exemptions(
    organization_id: UUID,
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    on: Annotated[date | None, Query(description="Those in force on this day; absent: all there ever were.")] = None,
    order: Annotated[ExemptionOrder, Query()] = ExemptionOrder.ENDS_FIRST,
) -> PageResponse[ExemptionBody]:
    page = compliance.list_exemptions(session, principal, organization_id, paging, on=on, order=order)
    return to_page_response(page, ExemptionBody.model_validate)


def _requirement(
    session: WriteSession, principal: CurrentPrincipal, requirement: TrainingRequirement
) -> RequirementBody:
    views = compliance.list_requirements(session, principal, requirement.organization_id)
    return RequirementBody.model_validate(next(v for v in views if v.requirement_id == requirement.id))


def percent(share: float | None) -> float | None:
    """A share 0-1 as percent with one decimal, as the seed's ComplianceStatus has it."""
    return None if share is None else round(100 * share, 1)


@router.get("/compliance", summary="Compliance status")
def get_compliance(organization_id: UUID, request: Request, principal: CurrentPrincipal) -> ComplianceStatusBody:
    """The same figures as on the dashboards; `ledger_size` and `root_hash` say what they rest on."""
    principal.require(Permission.VIEW_COMPLIANCE, organization_id)
    releases: OpenReleases = request.app.state.releases
    warehouse = releases.warehouse(scope_of_organization(organization_id))
    manifest = warehouse.manifest
    chosen = {"organization_id": str(organization_id)}
    totals = warehouse.query(COMPLIANCE_TOTALS, chosen).to_dicts()
    total = totals[0] if totals else {}
    upcoming = warehouse.query(UPCOMING_DUE_DATES, {**chosen, "as_of_on": manifest.as_of.date()}).to_dicts()
    teams = warehouse.query(COMPLIANCE_BY_TEAM, chosen).to_dicts()
    for team in teams:
        team["team_name"] = team["team_name"] or "Without a team"
        team["compliance_rate"] = percent(team["compliance_rate"])
    categories = warehouse.query(COMPLIANCE_BY_CATEGORY, chosen).to_dicts()
    return ComplianceStatusBody(
        organization_id=organization_id,
        as_of=manifest.as_of,
        ledger_size=manifest.ledger_size,
        root_hash=manifest.root_hash,
        total_required_trainings=total.get("required_count", 0),
        completed_trainings=total.get("completed_count", 0),
        in_progress_trainings=total.get("in_progress_count", 0),
        overdue_trainings=total.get("overdue_count", 0),
        exempted_trainings=total.get("exempted_count", 0),
        compliance_rate=percent(total.get("compliance_rate")),
        compliance_by_category={row["category"]: percent(row["compliance_rate"]) for row in categories},
        compliance_by_team=[TeamComplianceBody(**team) for team in teams],
        employees_with_overdue=[
            OverdueEmployeeBody(**row) for row in warehouse.query(EMPLOYEES_WITH_OVERDUE, chosen).to_dicts()
        ],
        upcoming_due_dates=[UpcomingDueDateBody(**row) for row in upcoming],
        expiring_certifications_30_days=total.get("expiring_30_days_count", 0),
        expired_certifications=total.get("expired_count", 0),
    )

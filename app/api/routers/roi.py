"""What training cost and returned: costs, wages, unit values, job results, estimates and returns of an organization."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.queries import (
    RETURN_OF_COMPANY,
    RETURNS_BY_COURSE,
    RETURNS_BY_TEAM,
    TRAINING_EFFECTS,
    OpenReleases,
    scope_of_returns,
)
from app.api.schemas.roi import (
    CostBody,
    CostRequest,
    CostsMade,
    CourseReturnBody,
    EffectBody,
    EstimateBody,
    EstimatesMadeBody,
    ImportBody,
    OutcomesRequest,
    PaidHoursRequest,
    ProposedCostBody,
    ReturnBody,
    ReturnsBody,
    TakeProposalsRequest,
    TeamReturnBody,
    UnitValueBody,
    UnitValueRequest,
    WageBody,
    WageRequest,
)
from app.learned.roi import estimate_organization
from operational_db import clock
from operational_db.identity.rules import Permission
from operational_db.imports.outcomes_service import import_outcome_rows
from operational_db.roi import costs, estimates, values, wages
from operational_db.roi.views import CostFilters
from operational_db.types import CostKind

router = APIRouter(tags=["training returns"])

PREFIX = "/organizations/{organization_id}/training"


@router.get(f"{PREFIX}/costs", summary="List training costs")
def list_costs(
    organization_id: UUID,
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    cost_kind: CostKind | None = None,
    person_id: UUID | None = None,
    course_id: UUID | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
    has_withdrawn: bool = False,
) -> PageResponse[CostBody]:
    """The latest first. Whose paid hours they are, and how many, is told only to who manages costs."""
    filters = CostFilters(cost_kind, person_id, course_id, from_on, to_on, has_withdrawn)
    page = costs.list_costs(session, principal, organization_id=organization_id, filters=filters, page=paging)
    return to_page_response(page, CostBody.model_validate)


@router.post(f"{PREFIX}/costs", status_code=status.HTTP_201_CREATED, summary="Record a training cost")
def record_cost(
    organization_id: UUID, body: CostRequest, session: WriteSession, principal: CurrentPrincipal
) -> CostBody:
    """A fee, travel, or an instructor's time."""
    cost = costs.record_cost(session, principal, organization_id=organization_id, **body.model_dump(), now=clock.now())
    return CostBody.model_validate(costs.cost_of(session, principal, cost_id=cost.id))


@router.post(f"{PREFIX}/costs/paid-hours", status_code=status.HTTP_201_CREATED, summary="Record paid hours")
def record_paid_hours(
    organization_id: UUID, body: PaidHoursRequest, session: WriteSession, principal: CurrentPrincipal
) -> CostBody:
    """Time in training, at the person's wage in force on the day."""
    cost = costs.record_paid_hours(
        session, principal, organization_id=organization_id, **body.model_dump(), now=clock.now()
    )
    return CostBody.model_validate(costs.cost_of(session, principal, cost_id=cost.id))


@router.get(f"{PREFIX}/costs/proposals", summary="See what enrollments suggest as costs")
def propose_costs(
    organization_id: UUID, session: ReadSession, principal: CurrentPrincipal, since: date | None = None
) -> list[ProposedCostBody]:
    """Fees, and estimated hours at the wage in force. Nothing is recorded by this."""
    found = costs.propose_costs(session, principal, organization_id=organization_id, since=since, now=clock.now())
    return [ProposedCostBody.model_validate(each) for each in found]


@router.post(f"{PREFIX}/costs/proposals", status_code=status.HTTP_201_CREATED, summary="Record proposed costs")
def take_proposals(
    organization_id: UUID, body: TakeProposalsRequest, session: WriteSession, principal: CurrentPrincipal
) -> CostsMade:
    made = costs.record_proposed_costs(
        session, principal, organization_id=organization_id, keys=body.keys, since=body.since, now=clock.now()
    )
    return CostsMade(cost_ids=[cost.id for cost in made])


@router.delete("/training/costs/{cost_id}", summary="Take a training cost back")
def withdraw_cost(cost_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> CostBody:
    """It counts no more; that it was recorded stays in the ledger."""
    costs.withdraw_cost(session, principal, cost_id=cost_id, now=clock.now())
    return CostBody.model_validate(costs.cost_of(session, principal, cost_id=cost_id))


@router.get(f"{PREFIX}/wages", summary="List hourly wages")
def list_wages(
    organization_id: UUID, session: ReadSession, principal: CurrentPrincipal, paging: Paging
) -> PageResponse[WageBody]:
    """For who manages costs in the organization, and nobody else."""
    found = wages.wages_of(session, principal, organization_id=organization_id, page=paging)
    return to_page_response(found, WageBody.model_validate)


@router.put(f"{PREFIX}/wages", status_code=status.HTTP_204_NO_CONTENT, summary="Set an hourly wage")
def set_wage(organization_id: UUID, body: WageRequest, session: WriteSession, principal: CurrentPrincipal) -> Response:
    """From a day on. Hours that were recorded keep their amount."""
    wages.set_wage(session, principal, organization_id=organization_id, **body.model_dump(), now=clock.now())
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.delete(
    f"{PREFIX}/wages/{{person_id}}/{{starts_on}}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Take an hourly wage away",
)
def remove_wage(
    organization_id: UUID, person_id: UUID, starts_on: date, session: WriteSession, principal: CurrentPrincipal
) -> Response:
    wages.remove_wage(session, principal, organization_id=organization_id, person_id=person_id, starts_on=starts_on)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get(f"{PREFIX}/unit-values", summary="List unit values")
def list_unit_values(
    organization_id: UUID, session: ReadSession, principal: CurrentPrincipal, on: date | None = None
) -> list[UnitValueBody]:
    """What one unit of each outcome is worth to the organization, as in force on a day."""
    found = values.unit_values_of(session, principal, organization_id=organization_id, on=on or clock.today())
    return [UnitValueBody.model_validate(each) for each in found]


@router.put(f"{PREFIX}/unit-values", summary="Set a unit value")
def set_unit_value(
    organization_id: UUID, body: UnitValueRequest, session: WriteSession, principal: CurrentPrincipal
) -> list[UnitValueBody]:
    values.set_unit_value(session, principal, organization_id=organization_id, **body.model_dump(), now=clock.now())
    return list_unit_values(organization_id, session, principal)


@router.post(f"{PREFIX}/outcomes", summary="Bring in results of jobs")
def import_outcomes(
    organization_id: UUID,
    body: OutcomesRequest,
    session: WriteSession,
    principal: CurrentPrincipal,
    dry_run: Annotated[bool, Query(description="Show what would change and write nothing.")] = False,
) -> ImportBody:
    """In bulk. The same jobs again change nothing, those that differ are corrected, wrong ones refused one by one."""
    result = import_outcome_rows(
        session,
        principal,
        organization_id=organization_id,
        rows=[job.model_dump() for job in body.jobs],
        is_dry_run=dry_run,
        now=clock.now(),
    )
    return ImportBody(import_id=result.import_id, **{name: result.report[name] for name in _REPORTED})


_REPORTED = ("read", "added", "changed", "unchanged", "refused", "refused_rows", "noted_rows")


@router.get(f"{PREFIX}/roi/estimates", summary="List estimates of what training changed")
def list_estimates(organization_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> list[EstimateBody]:
    found = estimates.estimates_of(session, principal, organization_id=organization_id)
    return [EstimateBody.model_validate(each) for each in found]


@router.post(f"{PREFIX}/roi/estimates", summary="Estimate what training changed")
def estimate(organization_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> EstimatesMadeBody:
    """From what is on record now. It happens every night by itself; figures follow with the next refresh."""
    made = estimate_organization(session, principal, organization_id=organization_id, now=clock.now())
    return EstimatesMadeBody.model_validate(made)


@router.get(f"{PREFIX}/roi", summary="See what training returned")
def get_returns(organization_id: UUID, request: Request, principal: CurrentPrincipal) -> ReturnsBody:
    """Cost, benefit and return in all, by course and by team, each with its interval or why there is none."""
    principal.require(Permission.VIEW_ROI, organization_id)
    releases: OpenReleases = request.app.state.releases
    warehouse = releases.warehouse(scope_of_returns(organization_id))
    manifest = warehouse.manifest
    chosen = {"organization_id": str(organization_id)}
    company = warehouse.query(RETURN_OF_COMPANY, chosen).to_dicts()
    return ReturnsBody(
        organization_id=organization_id,
        as_of=manifest.as_of,
        ledger_size=manifest.ledger_size,
        root_hash=manifest.root_hash,
        company=ReturnBody(**company[0]) if company else None,
        courses=[CourseReturnBody(**row) for row in warehouse.query(RETURNS_BY_COURSE, chosen).to_dicts()],
        teams=[TeamReturnBody(**row) for row in warehouse.query(RETURNS_BY_TEAM, chosen).to_dicts()],
        effects=[EffectBody(**row) for row in warehouse.query(TRAINING_EFFECTS, chosen).to_dicts()],
    )

"""Incidents over HTTP: report one, name who was involved, and read the post-incident report."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.routers.certified import to_certified_body
from app.api.schemas.gates import GateName
from app.api.schemas.incidents import (
    IncidentBody,
    IncidentReportBody,
    IncidentRequest,
    InvolvedBody,
    InvolvementRequest,
    PersonAtIncidentBody,
)
from operational_db import clock
from operational_db.incidents import service
from operational_db.incidents.service import Involvement
from operational_db.incidents.views import IncidentReport

router = APIRouter(prefix="/incidents", tags=["incidents"])


def _report_body(report: IncidentReport) -> IncidentReportBody:
    return IncidentReportBody(
        incident=IncidentBody.model_validate(report.incident),
        as_known_at=report.as_known_at,
        people=[
            PersonAtIncidentBody(
                person_id=each.person.person_id,
                display_name=each.person.display_name,
                involvement=each.person.involvement,
                known_then=to_certified_body(each.known_then, each.person.person_id),
                known_now=to_certified_body(each.known_now, each.person.person_id),
            )
            for each in report.people
        ],
        certified_then_count=report.certified_then_count,
        certified_now_count=report.certified_now_count,
    )


@router.get("", summary="List incidents")
def list_incidents(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    organization_id: Annotated[UUID, Query(description="The organization.")],
    scope: Annotated[GateName | None, Query(description="This scope only.")] = None,
) -> PageResponse[IncidentBody]:
    page = service.list_incidents(session, principal, organization_id, scope=scope, page=paging)
    return to_page_response(page, IncidentBody.model_validate)


@router.post("", status_code=status.HTTP_201_CREATED, summary="Report an incident")
def report_incident(body: IncidentRequest, session: WriteSession, principal: CurrentPrincipal) -> IncidentReportBody:
    """Answers with the report: who was involved and whether each was certified for the scope then."""
    now = clock.now()
    values = body.model_dump(exclude={"people"})
    people = [Involvement(each.person_id, each.involvement) for each in body.people]
    incident = service.report_incident(session, principal, **values, people=people, now=now)
    return _report_body(service.incident_report(session, principal, incident_id=incident.id, now=now))


@router.post("/{incident_id}/people", status_code=status.HTTP_201_CREATED, summary="Name somebody involved")
def add_person(
    incident_id: UUID, body: InvolvementRequest, session: WriteSession, principal: CurrentPrincipal
) -> InvolvedBody:
    """Naming the same person again changes only the words on how she was involved."""
    made = service.add_person(session, principal, incident_id=incident_id, **body.model_dump(), now=clock.now())
    return InvolvedBody(incident_id=made.incident_id, person_id=made.person_id, involvement=made.involvement)


@router.get("/{incident_id}/report", summary="Post-incident report")
def incident_report(incident_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> IncidentReportBody:
    """Certified for the scope when it began, as known then and as known now."""
    return _report_body(service.incident_report(session, principal, incident_id=incident_id, now=clock.now()))

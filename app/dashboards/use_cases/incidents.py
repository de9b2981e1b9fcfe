"""Incidents as pages show and report them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_plural
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.incidents.service import Involvement, incident_report, list_incidents, report_incident
from operational_db.incidents.views import IncidentReport, IncidentView
from operational_db.paging import Page, PageRequest, every_item


def find(
    engine: Engine, principal: Principal, *, organization_id: UUID, scope: str | None, page: PageRequest
) -> Page[IncidentView]:
    """Incidents, the latest first.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return list_incidents(session, principal, organization_id, scope=scope, page=page)


def find_all(engine: Engine, principal: Principal, *, organization_id: UUID, scope: str | None) -> list[IncidentView]:
    """As `find`, all pages, for a download."""
    with read_only_session(engine) as session:
        return every_item(lambda page: list_incidents(session, principal, organization_id, scope=scope, page=page))


def report_of(engine: Engine, principal: Principal, *, incident_id: UUID, now: datetime) -> IncidentReport:
    """The post-incident report.

    Raises
    ------
    DomainError
        When there is none the principal may see, or the database is down.
    """
    with read_only_session(engine) as session:
        return incident_report(session, principal, incident_id=incident_id, now=now)


def report(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    title: str,
    summary: str,
    scope: str,
    action: str | None,
    started_at: datetime,
    ended_at: datetime | None,
    person_ids: Sequence[UUID],
    now: datetime,
) -> tuple[Receipt, UUID]:
    """Report an incident with those involved; returns its id for opening the report.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        incident = report_incident(
            session,
            principal,
            organization_id=organization_id,
            title=title,
            summary=summary,
            scope=scope,
            action=action,
            started_at=started_at,
            ended_at=ended_at,
            people=[Involvement(person_id) for person_id in person_ids],
            now=now,
        )
        incident_id = incident.id
    people = to_plural(len(person_ids), "person", "people")
    return Receipt(f"The incident “{title.strip()}” was reported with {people}.", now, 1 + len(person_ids)), incident_id

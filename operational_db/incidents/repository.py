"""Queries on incidents and the people involved. Nothing here decides who may see what."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from operational_db.incidents.views import IncidentView, InvolvedPerson
from operational_db.paging import Page, PageRequest
from operational_db.tables.gates import Incident, IncidentPerson
from operational_db.tables.identity import Membership, Person


class IncidentRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def incident(self, incident_id: UUID, *, lock: bool = False) -> Incident | None:
        statement = select(Incident).where(Incident.id == incident_id)
        return self.session.scalar(statement.with_for_update() if lock else statement)

    def view(self, incident_id: UUID) -> IncidentView | None:
        row = self.session.execute(_views().where(Incident.id == incident_id)).one_or_none()
        return None if row is None else _to_view(row)

    def incidents(self, organization_id: UUID, *, scope: str | None, page: PageRequest) -> Page[IncidentView]:
        """Latest first."""
        conditions = [Incident.organization_id == organization_id]
        if scope is not None:
            conditions.append(Incident.scope == scope)
        total = self.session.scalar(select(func.count()).select_from(Incident).where(*conditions)) or 0
        statement = (
            _views()
            .where(*conditions)
            .order_by(Incident.started_at.desc(), Incident.id)
            .limit(page.size)
            .offset(page.offset)
        )
        return Page([_to_view(row) for row in self.session.execute(statement)], total, page.number, page.size)

    def involved(self, incident_id: UUID) -> list[InvolvedPerson]:
        """By name."""
        statement = (
            select(IncidentPerson.person_id, Person.display_name, IncidentPerson.involvement)
            .join(Person, Person.id == IncidentPerson.person_id)
            .where(IncidentPerson.incident_id == incident_id)
            .order_by(Person.display_name, Person.id)
        )
        return [InvolvedPerson(*row) for row in self.session.execute(statement)]

    def involvement(self, incident_id: UUID, person_id: UUID) -> IncidentPerson | None:
        return self.session.get(IncidentPerson, (incident_id, person_id))

    def was_ever_member(self, organization_id: UUID, person_id: UUID) -> bool:
        """Also of somebody who left since: the incident may be older."""
        statement = select(Membership.id).where(
            Membership.organization_id == organization_id, Membership.person_id == person_id
        )
        return self.session.scalar(statement.limit(1)) is not None


def _views() -> Select[Any]:  # Any: more columns than the typed overloads know
    people = (
        select(func.count())
        .select_from(IncidentPerson)
        .where(IncidentPerson.incident_id == Incident.id)
        .scalar_subquery()
    )
    return select(
        Incident.id,
        Incident.organization_id,
        Incident.title,
        Incident.summary,
        Incident.scope,
        Incident.action,
        Incident.started_at,
        Incident.ended_at,
        Incident.reported_at,
        people,
    )


def _to_view(row: Row[Any]) -> IncidentView:  # Any: as above
    return IncidentView(*tuple(row))

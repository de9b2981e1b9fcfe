"""Principals for the tests of services, made directly from the roles a test needs, and the ledger as these see it."""

from datetime import date
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.identity.rules import Grant, Principal
from operational_db.tables.identity import Organization, Person, Team
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import Role
from tests import builders


def principal_of(person: Person, organization: Organization | None = None, role: Role = Role.TECHNICIAN) -> Principal:
    grants = frozenset() if organization is None else frozenset({Grant(organization.id, role)})
    return Principal(person_id=person.id, display_name=person.display_name, grants=grants)


def create_member(
    session: Session,
    organization: Organization,
    role: Role = Role.TECHNICIAN,
    *,
    team: Team | None = None,
    started_on: date = builders.LONG_AGO,
    ended_on: date | None = None,
) -> Principal:
    """A new person with the role in the organization, as the principal she acts as."""
    person = builders.create_person(session)
    builders.create_membership(session, person, organization, role, team, started_on=started_on, ended_on=ended_on)
    return principal_of(person, organization, role)


def create_manager(session: Session, organization: Organization | None = None) -> tuple[Principal, Organization]:
    """A company manager of the organization (a new one unless given)."""
    organization = organization or builders.create_organization(session)
    return create_member(session, organization, Role.COMPANY_MANAGER), organization


def kinds_about(session: Session, subject_id: UUID | None) -> list[str]:
    """Kinds of the events about a person, in the order of the ledger."""
    return [event.kind for event in events_about(session, subject_id)]


def events_about(session: Session, subject_id: UUID | None) -> list[LedgerEvent]:
    statement = select(LedgerEvent).where(LedgerEvent.subject_id.is_not_distinct_from(subject_id))
    return list(session.scalars(statement.order_by(LedgerEvent.id)))


def body_of(event: LedgerEvent) -> dict[str, object]:
    body: dict[str, object] = orjson.loads(event.body)
    return body

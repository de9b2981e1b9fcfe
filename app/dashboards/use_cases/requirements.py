"""What a company requires and whom it excuses, as its assignments page shows and ends it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_day
from operational_db.compliance import service
from operational_db.compliance.views import ExemptionOrder, ExemptionView, RequirementView
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.paging import Page, PageRequest, every_item


def requirements_of(
    engine: Engine, principal: Principal, organization_id: UUID, *, on: date | None
) -> list[RequirementView]:
    """Requirements in force on the day, or all there ever were.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return service.list_requirements(session, principal, organization_id, on=on)


def end_requirement(
    engine: Engine, principal: Principal, *, requirement: RequirementView, ended_on: date, now: datetime
) -> Receipt:
    """Stop requiring something from a day on.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        service.end_requirement(
            session,
            principal,
            organization_id=requirement.organization_id,
            requirement_id=requirement.requirement_id,
            ended_on=ended_on,
            now=now,
        )
    return Receipt(f"“{requirement.subject}” is no longer required from {to_day(ended_on)}.", now, 1)


def exemptions_of(
    engine: Engine,
    principal: Principal,
    organization_id: UUID,
    page: PageRequest,
    *,
    on: date | None,
    order: ExemptionOrder,
) -> Page[ExemptionView]:
    """Exemptions in force on the day, or all there ever were.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return service.list_exemptions(session, principal, organization_id, page, on=on, order=order)


def every_exemption(
    engine: Engine, principal: Principal, organization_id: UUID, *, on: date | None, order: ExemptionOrder
) -> list[ExemptionView]:
    """As `exemptions_of`, all pages, for a download."""
    with read_only_session(engine) as session:
        return every_item(
            lambda page: service.list_exemptions(session, principal, organization_id, page, on=on, order=order)
        )


def end_exemption(engine: Engine, principal: Principal, *, exemption: ExemptionView, now: datetime) -> Receipt:
    """Take an exemption back before its time; undone, it is granted anew for the days that were left.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        service.end_exemption(session, principal, exemption_id=exemption.exemption_id, now=now)

    def reverse(session: Session, principal: Principal, now: datetime) -> int:
        service.exempt(
            session,
            principal,
            organization_id=exemption.organization_id,
            person_id=exemption.person_id,
            requirement_id=exemption.requirement_id,
            recipient_id=exemption.recipient_id,
            reason=exemption.reason,
            starts_on=max(exemption.starts_on, now.date()),
            ends_on=exemption.ends_on,
            now=now,
        )
        return 1

    text = f"{exemption.display_name} is no longer exempt from “{exemption.subject}”."
    return Receipt(text, now, 1, reverse=reverse)

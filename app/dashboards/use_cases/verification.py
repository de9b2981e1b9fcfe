"""The queue of certificates whose evidence waits to be checked, as those who may verify work through it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from operational_db.credentials import verification
from operational_db.credentials.verification import CaseView
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.paging import Page, PageRequest


def queue(
    engine: Engine, principal: Principal, *, organization_id: UUID, on: date, page: PageRequest
) -> Page[CaseView]:
    """Open requests about members' certificates, the oldest first.

    Raises
    ------
    DomainError
        When the viewer may not verify here, or the database is down.
    """
    with read_only_session(engine) as session:
        return verification.queue(session, principal, organization_id, on=on, page=page)


def decide(
    engine: Engine,
    principal: Principal,
    *,
    case_id: UUID,
    is_approved: bool,
    reason: str | None,
    what: str,
    now: datetime,
) -> Receipt:
    """Say whether the evidence holds; a refusal says why.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        verification.decide_case(
            session, principal, case_id=case_id, is_approved=is_approved, reason=reason or None, now=now
        )
    return Receipt(f"{what} is verified." if is_approved else f"{what} was refused; its holder reads why.", now, 1)

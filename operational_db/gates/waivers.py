"""Waivers: a member may do an action without its training, for a time, because somebody else answers for it.

What a waiver does to a decision is the gate's rule. Source: embedded-training seed (governance).
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.gates.access import require_name
from operational_db.gates.access_repository import AccessRepository
from operational_db.gates.access_views import WaiverView
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import WaiverEnded, WaiverGranted
from operational_db.paging import Page, PageRequest
from operational_db.tables.gates import GateWaiver
from operational_db.types import new_id

# A waiver bridges a gap; what must hold longer than a year is a rule.
LONGEST_WAIVER = timedelta(days=366)


def grant_waiver(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    action: str,
    reason: str,
    ends_on: date,
    starts_on: date | None = None,
    now: datetime,
) -> GateWaiver:
    """Waive an action's training for a member from `starts_on` (None: today) through `ends_on`.

    The reason stays in the table and out of the ledger. The approver is the principal, who is never the person
    herself; the system is nobody who could answer for it.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    NotFoundError
        When the person is no member of the organization.
    ConflictError
        When a waiver of the same holds on one of these days.
    """
    principal.require(Permission.GRANT_WAIVERS, organization_id)
    if principal.actor_id is None:
        raise NotAuthorizedError("A waiver needs a person who approves it. Sign in as a manager to grant one.")
    if principal.is_person(person_id):
        raise NotAuthorizedError("Nobody waives her own training. Ask another manager of the organization to do it.")
    require_name(action, "action")
    if not reason.strip():
        raise InvalidInputError("Say why the training is waived; an auditor will ask.")
    first_day = starts_on or now.date()
    if ends_on < max(first_day, now.date()):
        raise InvalidInputError("A waiver ends today or later, and not before it starts. Check both dates.")
    if ends_on - first_day >= LONGEST_WAIVER:
        raise InvalidInputError(f"A waiver lasts at most {LONGEST_WAIVER.days} days. Choose an earlier end.")
    repository = AccessRepository(session)
    repository.lock_organization(organization_id)
    if not repository.is_member(organization_id, person_id, on=now.date()):
        raise NotFoundError("Your organization has no member with this id. Check the id in the list of members.")
    waiver = GateWaiver(
        id=new_id(),
        organization_id=organization_id,
        person_id=person_id,
        action=action,
        reason=reason.strip(),
        approver_id=principal.actor_id,
        starts_on=first_day,
        ends_on=ends_on,
        recorded_at=now,
    )
    other = repository.overlapping_waiver(waiver)
    if other is not None:
        raise ConflictError(
            f"The person already has a waiver of this through {other.ends_on:%d %b %Y}. End that one first.",
            details={"waiver_id": str(other.id)},
        )
    session.add(waiver)
    session.flush()
    event = WaiverGranted(
        subject_id=person_id,
        organization_id=organization_id,
        occurred_at=now,
        waiver_id=waiver.id,
        action=action,
        approver_id=waiver.approver_id,
        starts_on=first_day,
        ends_on=ends_on,
    )
    append_events(session, [event], now=now)
    return waiver


def end_waiver(session: Session, principal: Principal, *, waiver_id: UUID, now: datetime) -> GateWaiver:
    """Take a waiver back before its time; from this moment it no longer counts.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When it is over already.
    """
    waiver = AccessRepository(session).waiver(waiver_id, lock=True)
    if waiver is None or not (
        principal.can(Permission.GRANT_WAIVERS, waiver.organization_id)
        or principal.can(Permission.VIEW_GATES, waiver.organization_id)
    ):
        raise NotFoundError("There is no waiver with this id that you may see. Check the id in the list of waivers.")
    principal.require(Permission.GRANT_WAIVERS, waiver.organization_id)
    if waiver.ended_at is not None or waiver.ends_on < now.date():
        raise ConflictError("This waiver is over already.")
    waiver.ended_at = now
    session.flush()
    event = WaiverEnded(
        subject_id=waiver.person_id,
        organization_id=waiver.organization_id,
        occurred_at=now,
        waiver_id=waiver.id,
        action=waiver.action,
        ended_on=now.date(),
    )
    append_events(session, [event], now=now)
    return waiver


def list_waivers(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    *,
    on: date | None = None,
    person_id: UUID | None = None,
    page: PageRequest | None = None,
) -> Page[WaiverView]:
    """The organization's waivers, with reason and approver: those that hold on the day, or all (None)."""
    if not principal.can(Permission.GRANT_WAIVERS, organization_id):
        principal.require(Permission.VIEW_GATES, organization_id)
    return AccessRepository(session).waivers(organization_id, page or PageRequest(), on=on, person_id=person_id)

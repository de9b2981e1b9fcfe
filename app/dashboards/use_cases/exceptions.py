"""Exceptions as pages act on them: who has access without the training now, assigning what is missing, waivers."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_day, to_number, to_plural
from operational_db.database import read_only_session, unit_of_work
from operational_db.gates.access_views import AccessException, WaiverView
from operational_db.gates.exceptions import assign_missing, exceptions_of
from operational_db.gates.waivers import end_waiver, grant_waiver, list_waivers
from operational_db.identity.rules import Principal
from operational_db.paging import Page, PageRequest


def find(
    engine: Engine, principal: Principal, *, organization_id: UUID, action: str | None, now: datetime
) -> list[AccessException]:
    """Who has access and lacks the training at this moment, read from the records themselves.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return exceptions_of(session, principal, organization_id, action=action, now=now)


def assign(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    action: str | None,
    person_ids: Sequence[UUID] | None,
    now: datetime,
) -> Receipt:
    """Assign every exception's next lessons.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        done = assign_missing(
            session, principal, organization_id=organization_id, action=action, person_ids=person_ids, now=now
        )
    people = len({each.person_id for each in done.assigned})
    due_on = max((each.due_on for each in done.assigned), default=None)
    text = (
        f"{to_plural(len(done.assigned), 'lesson was', 'lessons were')} assigned to "
        f"{to_plural(people, 'person', 'people')}, due {to_day(due_on)}."
        if done.assigned
        else "Nothing had to be assigned."
    )
    if done.already_assigned_ids:
        text += f" Left out, because they have it to do already: {to_number(len(done.already_assigned_ids))}."
    if done.without_lesson_ids:
        text += f" Left out, because no lesson helps them: {to_number(len(done.without_lesson_ids))}."
    return Receipt(text, now, len(done.assigned))


def waivers(
    engine: Engine, principal: Principal, *, organization_id: UUID, on: date, page: PageRequest
) -> Page[WaiverView]:
    """Waivers that hold on the day.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return list_waivers(session, principal, organization_id, on=on, page=page)


def waive(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    person_name: str,
    action: str,
    reason: str,
    ends_on: date,
    now: datetime,
) -> Receipt:
    """Let somebody do an action without the training through a day, with the reason on record.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        grant_waiver(
            session,
            principal,
            organization_id=organization_id,
            person_id=person_id,
            action=action,
            reason=reason,
            ends_on=ends_on,
            now=now,
        )
    return Receipt(f"{person_name} may do “{action}” without the training through {to_day(ends_on)}.", now, 1)


def end(engine: Engine, principal: Principal, *, waiver: WaiverView, now: datetime) -> Receipt:
    """Take a waiver back.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        end_waiver(session, principal, waiver_id=waiver.waiver_id, now=now)
    return Receipt(f"The waiver of {waiver.display_name} for “{waiver.action}” ended.", now, 1)

"""What a manager can change from a page: each action is one use case of a service in one transaction. No Streamlit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.dashboards.formats import to_day, to_number, to_plural
from operational_db.compliance.service import (
    assign_missing,
    cancel_assignment,
    end_exemption,
    exempt,
    missing_people,
)
from operational_db.compliance.views import MissingPerson
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ConflictError
from operational_db.identity.rules import Principal

# Takes back in a transaction what was written, for a principal at an instant; returns how many entries that made.
Reversal = Callable[[Session, Principal, datetime], int]


@dataclass(frozen=True)
class Receipt:
    """What was written, when, and what takes it back; the figures will show `recipient_ids` when they hold it."""

    text: str
    written_at: datetime
    entry_count: int
    recipient_ids: tuple[str, ...] = ()
    reverse: Reversal | None = None

    @property
    def can_be_undone(self) -> bool:
        return self.reverse is not None


def find_missing(
    engine: Engine, principal: Principal, organization_id: UUID, requirement_id: UUID, on: date
) -> list[MissingPerson]:
    """Who lacks a requirement at this moment, read from the records themselves.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return missing_people(session, principal, organization_id, requirement_id, on)


def assign(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    requirement_id: UUID,
    person_ids: Sequence[UUID],
    due_on: date | None,
    now: datetime,
) -> Receipt:
    """Assign what meets a requirement to people who lack it.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        done = assign_missing(
            session,
            principal,
            organization_id=organization_id,
            requirement_id=requirement_id,
            person_ids=person_ids,
            due_on=due_on,
            now=now,
        )
    reached = to_plural(len(done.recipients), "person", "people")
    already, met = len(done.already_assigned_ids), len(done.not_missing_ids)
    text = f"“{done.course_title}” was assigned to {reached}, due {to_day(done.due_on)}."
    if already:
        text += f" Left out, because they have it to do already: {to_number(already)}."
    if met:
        text += f" Left out, because they no longer lack it: {to_number(met)}."
    assignment_ids = [recipient.assignment_id for recipient in done.recipients]

    def reverse(session: Session, principal: Principal, now: datetime) -> int:
        for assignment_id in assignment_ids:
            cancel_assignment(session, principal, assignment_id=assignment_id, now=now)
        return len(assignment_ids)

    return Receipt(
        text,
        now,
        len(done.recipients),
        tuple(str(recipient.id) for recipient in done.recipients),
        reverse if assignment_ids else None,
    )


def grant_exemption(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    person_name: str,
    requirement_id: UUID,
    training: str,
    reason: str,
    ends_on: date,
    now: datetime,
) -> Receipt:
    """Excuse somebody from a requirement through a day, with the reason on record.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        exemption = exempt(
            session,
            principal,
            organization_id=organization_id,
            person_id=person_id,
            requirement_id=requirement_id,
            reason=reason,
            ends_on=ends_on,
            now=now,
        )
        exemption_id = exemption.id

    def reverse(session: Session, principal: Principal, now: datetime) -> int:
        end_exemption(session, principal, exemption_id=exemption_id, now=now)
        return 1

    text = f"{person_name} is exempt from “{training}” through {to_day(ends_on)}."
    return Receipt(text, now, 1, reverse=reverse)


def undo(engine: Engine, principal: Principal, receipt: Receipt, *, now: datetime) -> Receipt:
    """Take back what a receipt says was written.

    Raises
    ------
    DomainError
        When it cannot be taken back, the service refuses or the database is down; nothing was changed then.
    """
    if receipt.reverse is None:
        raise ConflictError("This cannot be taken back from here.")
    with unit_of_work(engine) as session:
        entry_count = receipt.reverse(session, principal, now)
    return Receipt(f"Taken back: {receipt.text}", now, entry_count)

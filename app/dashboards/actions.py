"""What a manager can change from a page: each action is one use case of a service in one transaction. No Streamlit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.formats import to_day, to_number, to_plural
from operational_db.compliance.service import (
    assign_missing,
    cancel_assignment,
    end_exemption,
    exempt,
    missing_people,
)
from operational_db.compliance.views import MissingPerson
from operational_db.credentials.service import restore_certificate, withdraw_certificate
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal


@dataclass(frozen=True)
class Receipt:
    """What was written, when, and what takes it back; the figures will show `recipient_ids` when they hold it."""

    text: str
    written_at: datetime
    entry_count: int
    recipient_ids: tuple[str, ...] = ()
    assignment_ids: tuple[UUID, ...] = ()
    exemption_id: UUID | None = None
    added_certificate_id: UUID | None = None
    withdrawn_certificate_id: UUID | None = None

    @property
    def can_be_undone(self) -> bool:
        ids = (self.exemption_id, self.added_certificate_id, self.withdrawn_certificate_id)
        return bool(self.assignment_ids) or any(each is not None for each in ids)


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
    return Receipt(
        text,
        now,
        len(done.recipients),
        tuple(str(recipient.id) for recipient in done.recipients),
        tuple(recipient.assignment_id for recipient in done.recipients),
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
    text = f"{person_name} is exempt from “{training}” through {to_day(ends_on)}."
    return Receipt(text, now, 1, exemption_id=exemption_id)


def undo(engine: Engine, principal: Principal, receipt: Receipt, *, now: datetime) -> Receipt:
    """Take back what a receipt says was written: assignments, an exemption, a certificate added or withdrawn.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        for assignment_id in receipt.assignment_ids:
            cancel_assignment(session, principal, assignment_id=assignment_id, now=now)
        if receipt.exemption_id is not None:
            end_exemption(session, principal, exemption_id=receipt.exemption_id, now=now)
        if receipt.added_certificate_id is not None:
            withdraw_certificate(session, principal, certificate_id=receipt.added_certificate_id, now=now)
        if receipt.withdrawn_certificate_id is not None:
            restore_certificate(session, principal, certificate_id=receipt.withdrawn_certificate_id, now=now)
    return Receipt(f"Taken back: {receipt.text}", now, max(len(receipt.assignment_ids), 1))

"""Use cases of mentorship: request, accept, decline, complete, cancel, list one's own.

Every change appends its ledger event in the caller's transaction; nothing here commits. Matching, sessions and feedback
are not part of it. Source: training-platform seed 3.2.4.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    Event,
    MentorshipAccepted,
    MentorshipCancelled,
    MentorshipCompleted,
    MentorshipDeclined,
    MentorshipRequested,
)
from operational_db.mentorship.repository import MentorshipRepository
from operational_db.mentorship.rules import STEPS_OF_THE_MENTOR_ALONE, MentorshipStep, next_status
from operational_db.mentorship.views import MentorshipView
from operational_db.tables.mentorship import Mentorship
from operational_db.types import MentorshipStatus, MentorshipType, new_id


def request_mentorship(
    session: Session,
    principal: Principal,
    *,
    mentor_id: UUID,
    mentorship_type: MentorshipType = MentorshipType.GENERAL,
    expected_end_on: date | None = None,
    now: datetime,
) -> Mentorship:
    """Ask somebody who holds the role mentor to be one's mentor (US-TC005); the asker is the mentee.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
    ConflictError
        When the two have a request or a mentorship open, or the person asked is no mentor today.
    """
    mentee_id = principal.actor_id
    if mentee_id is None:
        raise NotAuthorizedError("A mentorship is requested by the person who wants it. Sign in as that person.")
    if mentee_id == mentor_id:
        raise InvalidInputError("Nobody is her own mentor. Choose somebody else.")
    if expected_end_on is not None and expected_end_on <= now.date():
        raise InvalidInputError("The expected end lies ahead. Choose a later day or leave it open.")
    repository = MentorshipRepository(session)
    repository.lock_person(mentor_id)
    if not repository.is_mentor(mentor_id, on=now.date()):
        raise ConflictError("This person does not mentor at present. Choose a mentor from the list.")
    if repository.open_between(mentor_id, mentee_id) is not None:
        raise ConflictError("You have already asked this mentor, or are mentored by her. Look under your mentorships.")
    mentorship = Mentorship(
        id=new_id(),
        mentor_id=mentor_id,
        mentee_id=mentee_id,
        mentorship_type=mentorship_type,
        status=MentorshipStatus.PENDING,
        requested_at=now,
        expected_end_on=expected_end_on,
        created_at=now,
        updated_at=now,
    )
    session.add(mentorship)
    session.flush()
    event = MentorshipRequested(
        subject_id=mentee_id,
        organization_id=None,
        occurred_at=now,
        mentorship_id=mentorship.id,
        mentor_id=mentor_id,
        mentorship_type=mentorship_type,
    )
    append_events(session, [event], now=now)
    return mentorship


def accept(session: Session, principal: Principal, *, mentorship_id: UUID, now: datetime) -> Mentorship:
    """The mentor takes the request; the mentorship starts now.

    Raises
    ------
    NotFoundError, NotAuthorizedError, ConflictError
    """
    mentorship = _move(session, principal, mentorship_id, MentorshipStep.ACCEPT)
    mentorship.started_at = now
    return _record(session, mentorship, MentorshipAccepted, now=now)


def decline(session: Session, principal: Principal, *, mentorship_id: UUID, now: datetime) -> Mentorship:
    """The mentor turns the request down.

    Raises
    ------
    NotFoundError, NotAuthorizedError, ConflictError
    """
    mentorship = _move(session, principal, mentorship_id, MentorshipStep.DECLINE)
    mentorship.ended_at = now
    return _record(session, mentorship, MentorshipDeclined, now=now)


def complete(session: Session, principal: Principal, *, mentorship_id: UUID, now: datetime) -> Mentorship:
    """Either of the two brings a running mentorship to its end.

    Raises
    ------
    NotFoundError, NotAuthorizedError, ConflictError
    """
    mentorship = _move(session, principal, mentorship_id, MentorshipStep.COMPLETE)
    mentorship.ended_at = now
    return _record(session, mentorship, MentorshipCompleted, now=now)


def cancel(session: Session, principal: Principal, *, mentorship_id: UUID, now: datetime) -> Mentorship:
    """Either of the two takes back a request or breaks off a running mentorship.

    Raises
    ------
    NotFoundError, NotAuthorizedError, ConflictError
    """
    mentorship = _move(session, principal, mentorship_id, MentorshipStep.CANCEL)
    mentorship.ended_at = now
    return _record(session, mentorship, MentorshipCancelled, now=now)


def my_mentorships(session: Session, principal: Principal) -> list[MentorshipView]:
    """Every mentorship the principal is or was part of, as mentor or mentee, latest request first."""
    return [] if principal.is_system else MentorshipRepository(session).of_person(principal.person_id)


def _move(session: Session, principal: Principal, mentorship_id: UUID, step: MentorshipStep) -> Mentorship:
    mentorship = MentorshipRepository(session).locked(mentorship_id)
    if mentorship is None or not any(
        principal.is_person(person_id) for person_id in (mentorship.mentor_id, mentorship.mentee_id)
    ):
        raise NotFoundError("You have no mentorship with this id. Look under your mentorships.")
    if step in STEPS_OF_THE_MENTOR_ALONE and not principal.is_person(mentorship.mentor_id):
        raise NotAuthorizedError(f"Only the mentor can {step} a request. You can cancel it.")
    mentorship.status = next_status(mentorship.status, step)
    return mentorship


def _record(
    session: Session,
    mentorship: Mentorship,
    event_type: type[MentorshipAccepted | MentorshipDeclined | MentorshipCompleted | MentorshipCancelled],
    *,
    now: datetime,
) -> Mentorship:
    session.flush()
    event: Event = event_type(
        subject_id=mentorship.mentee_id,
        organization_id=None,
        occurred_at=now,
        mentorship_id=mentorship.id,
        mentor_id=mentorship.mentor_id,
    )
    append_events(session, [event], now=now)
    return mentorship

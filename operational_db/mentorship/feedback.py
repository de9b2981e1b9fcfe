"""Use case of feedback: what each side says of the whole once it is over. Source: training-platform seed 3.2.4."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import MentorshipRated
from operational_db.mentorship import rules
from operational_db.mentorship.profile_repository import ProfileRepository
from operational_db.mentorship.repository import MentorshipRepository, side_of
from operational_db.mentorship.requests import NO_MENTORSHIP
from operational_db.tables.mentorship import MentorshipFeedback
from operational_db.types import MentorshipStatus, new_id


def give_feedback(
    session: Session, principal: Principal, *, mentorship_id: UUID, rating: int, comment: str = "", now: datetime
) -> MentorshipFeedback:
    """Stars (1 to 5) and a comment on a mentorship that is over, once for each side.

    The stars count in the mentor's record and the programme's figures; the comment is for the other side alone.

    Raises
    ------
    NotFoundError, InvalidInputError
    ConflictError
        While it runs, when it never began, or when this side has given its feedback.
    """
    repository = MentorshipRepository(session)
    mentorship = repository.mentorship(mentorship_id, lock=True)
    side = None if mentorship is None or principal.is_system else side_of(mentorship, principal.person_id)
    if mentorship is None or side is None:
        raise NotFoundError(NO_MENTORSHIP)
    if mentorship.started_at is None:
        raise ConflictError(f"This mentorship is {mentorship.status} and never began; there is nothing to rate.")
    if mentorship.status is MentorshipStatus.ACTIVE:
        raise ConflictError("This mentorship still runs. Complete it or end it first; until then rate its meetings.")
    stars, text = rules.require_stars(rating), rules.optional_text(comment, "comment") or ""
    if any(given.side is side for given in repository.feedback(mentorship.id)):
        raise ConflictError("You have given your feedback on this mentorship already; it stands.")
    feedback = MentorshipFeedback(
        id=new_id(),
        mentorship_id=mentorship.id,
        side=side,
        rating=stars,
        comment=text,
        given_at=now,
        created_at=now,
        updated_at=now,
    )
    session.add(feedback)
    session.flush()
    event = MentorshipRated(
        subject_id=mentorship.mentee_id,
        organization_id=ProfileRepository(session).organization_of(mentorship.mentee_id, on=now.date()),
        occurred_at=now,
        mentorship_id=mentorship.id,
        side=side,
        rating=stars,
    )
    append_events(session, [event], now=now)
    return feedback

"""Reading mentorships: one's own, and one of them with everything its reader may see.

The other side's notes leave the database here no more than they do anywhere else.
"""

from collections import defaultdict
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.identity.rules import Principal
from operational_db.mentorship.repository import MentorshipRepository, side_of, to_feedback_view, to_milestone_view
from operational_db.mentorship.requests import NO_MENTORSHIP
from operational_db.mentorship.rules import other_side
from operational_db.mentorship.views import ActionItemView, MentorshipDetail, MentorshipView, SessionView
from operational_db.tables.mentorship import ActionItem, MentoringSession, Mentorship
from operational_db.types import MentorshipSide


def my_mentorships(
    session: Session, principal: Principal, *, side: MentorshipSide | None = None
) -> list[MentorshipView]:
    """Every mentorship the principal is or was part of (on one side only when named), latest request first."""
    if principal.is_system:
        return []
    views = MentorshipRepository(session).of_person(principal.person_id)
    return [view for view in views if side is None or view.my_side is side]


def mentorship_of(session: Session, principal: Principal, *, mentorship_id: UUID) -> MentorshipDetail:
    """One mentorship of the principal's with milestones, meetings, action items and feedback.

    Raises
    ------
    NotFoundError
        Also for programme managers and administrators: what was said stays with the two.
    """
    repository = MentorshipRepository(session)
    mentorship = repository.mentorship(mentorship_id)
    side = None if mentorship is None or principal.is_system else side_of(mentorship, principal.person_id)
    if mentorship is None or side is None:
        raise NotFoundError(NO_MENTORSHIP)
    meetings = repository.sessions(mentorship_id)
    items: defaultdict[UUID, list[ActionItem]] = defaultdict(list)
    for item in repository.action_items([meeting.id for meeting in meetings]):
        items[item.session_id].append(item)
    feedback = {given.side: to_feedback_view(given) for given in repository.feedback(mentorship_id)}
    return MentorshipDetail(
        mentorship=repository.view(mentorship_id, principal.person_id),
        milestones=[to_milestone_view(milestone) for milestone in repository.milestones(mentorship_id)],
        sessions=[_to_session_view(meeting, mentorship, side, items[meeting.id]) for meeting in meetings],
        my_feedback=feedback.get(side),
        feedback_for_me=feedback.get(other_side(side)),
    )


def _to_session_view(
    meeting: MentoringSession, mentorship: Mentorship, side: MentorshipSide, items: list[ActionItem]
) -> SessionView:
    return SessionView(
        session_id=meeting.id,
        held_at=meeting.held_at,
        minutes=meeting.minutes,
        meeting_format=meeting.meeting_format,
        location=meeting.location,
        topics=meeting.topics,
        skills_practiced=meeting.skills_practiced,
        resources_shared=meeting.resources_shared,
        my_notes=meeting.mentor_notes if side is MentorshipSide.MENTOR else meeting.mentee_notes,
        mentor_rating=meeting.mentor_rating,
        mentee_rating=meeting.mentee_rating,
        logged_by=side_of(mentorship, meeting.logged_by_id) or MentorshipSide.MENTEE,
        action_items=[
            ActionItemView(item.id, item.session_id, item.assignee, item.task, item.due_on, item.done_at)
            for item in items
        ],
    )

"""Use cases of a running mentorship: log meetings, keep one's notes, rate, tick off, set milestones, change the plan.

Notes are private to the side that writes them; no function here returns or accepts those of the other. Source:
training-platform seed 3.2.4 (MentoringSession, MentorshipRelationship).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    Event,
    MentorshipMilestoneReached,
    MentorshipRated,
    MentorshipSessionLogged,
)
from operational_db.mentorship import rules
from operational_db.mentorship.profile_repository import ProfileRepository
from operational_db.mentorship.repository import MentorshipRepository, side_of
from operational_db.mentorship.requests import NO_MENTORSHIP
from operational_db.tables.mentorship import ActionItem, MentoringSession, Mentorship, MentorshipMilestone
from operational_db.types import MeetingFormat, MentorshipSide, MentorshipStatus, new_id

LONGEST_MINUTES = 720
# Clocks of clients run a little ahead of ours.
CLOCK_TOLERANCE = timedelta(minutes=5)
# What was held may still be written down for so long after the end.
LOGGED_UNTIL = timedelta(days=30)
LONGEST_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class NewActionItem:
    """Something one of the two takes upon herself in a meeting."""

    assignee: MentorshipSide
    task: str
    due_on: date | None = None


def log_session(
    session: Session,
    principal: Principal,
    *,
    mentorship_id: UUID,
    held_at: datetime,
    minutes: int,
    meeting_format: MeetingFormat,
    location: str | None = None,
    topics: Sequence[str] = (),
    skills_practiced: Sequence[str] = (),
    resources_shared: Sequence[str] = (),
    notes: str | None = None,
    rating: int | None = None,
    action_items: Sequence[NewActionItem] = (),
    next_session_at: datetime | None = None,
    now: datetime,
) -> MentoringSession:
    """Write down a meeting; either of the two may, once. The other adds her notes and stars with `add_to_session`.

    Parameters
    ----------
    notes, rating
        Of the side that logs: notes for her alone, 1 to 5 stars that both see.
    next_session_at
        When the two meet next; None leaves what is planned unless it has passed.

    Raises
    ------
    NotFoundError
    ConflictError
        When the mentorship does not run (or ended more than 30 days ago), or a meeting at that instant is on record.
    InvalidInputError
        When it lies ahead or before the start, or lasted no or too many minutes.
    """
    mentorship, side = _mine(session, principal, mentorship_id)
    _require_loggable(mentorship, held_at, now)
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise InvalidInputError(f"minutes: give 1 to {LONGEST_MINUTES} minutes.")
    repository = MentorshipRepository(session)
    if repository.session_held_at(mentorship.id, held_at) is not None:
        raise ConflictError("A meeting at this time is on record already. Add your notes and stars to that one.")
    ends_at = mentorship.ended_at
    if next_session_at is not None:
        _require_next(next_session_at, now)
        if ends_at is not None:
            raise ConflictError("This mentorship has ended; no next meeting can be planned. Leave next_session_at out.")
        mentorship.next_session_at = next_session_at
    elif mentorship.next_session_at is not None and mentorship.next_session_at <= now:
        mentorship.next_session_at = None
    meeting = MentoringSession(
        id=new_id(),
        mentorship_id=mentorship.id,
        held_at=held_at,
        minutes=minutes,
        meeting_format=meeting_format,
        location=rules.require_line(location, "location") if location and location.strip() else None,
        topics=rules.require_lines(topics, "topics"),
        skills_practiced=rules.require_lines(skills_practiced, "skills_practiced"),
        resources_shared=rules.require_lines(resources_shared, "resources_shared"),
        logged_by_id=principal.person_id,
        created_at=now,
        updated_at=now,
    )
    tasks = [(item, rules.require_line(item.task, "action_items")) for item in action_items]
    if len(tasks) > rules.MOST_LINES:
        raise InvalidInputError(f"action_items: give up to {rules.MOST_LINES} for one meeting.")
    session.add(meeting)
    session.flush()
    session.add_all(
        [
            ActionItem(
                id=new_id(),
                session_id=meeting.id,
                assignee=item.assignee,
                task=task,
                due_on=item.due_on,
                created_at=now,
                updated_at=now,
            )
            for item, task in tasks
        ]
    )
    _write_own(meeting, side, notes, rating)
    session.flush()
    events: list[Event] = [
        MentorshipSessionLogged(
            subject_id=mentorship.mentee_id,
            organization_id=_organization_id(session, mentorship, now),
            occurred_at=now,
            mentorship_id=mentorship.id,
            session_id=meeting.id,
            held_on=held_at.date(),
            minutes=minutes,
            meeting_format=meeting_format,
        )
    ]
    if rating is not None:
        events.append(_rated(session, mentorship, side, rating, meeting.id, now))
    append_events(session, events, now=now)
    return meeting


def add_to_session(
    session: Session,
    principal: Principal,
    *,
    session_id: UUID,
    notes: str | None = None,
    rating: int | None = None,
    now: datetime,
) -> MentoringSession:
    """Set one's own notes and stars of a meeting; what is None stays, an empty text clears the notes.

    Raises
    ------
    NotFoundError, InvalidInputError
    """
    repository = MentorshipRepository(session)
    meeting = repository.session_of(session_id)
    mentorship = None if meeting is None else repository.mentorship(meeting.mentorship_id)
    side = None if mentorship is None or principal.is_system else side_of(mentorship, principal.person_id)
    if meeting is None or mentorship is None or side is None:
        raise NotFoundError("You have no meeting with this id. Look under your mentorships.")
    before = meeting.mentor_rating if side is MentorshipSide.MENTOR else meeting.mentee_rating
    _write_own(meeting, side, notes, rating)
    meeting.updated_at = now
    session.flush()
    if rating is not None and rating != before:
        append_events(session, [_rated(session, mentorship, side, rating, meeting.id, now)], now=now)
    return meeting


def complete_action(
    session: Session, principal: Principal, *, action_item_id: UUID, is_done: bool = True, now: datetime
) -> ActionItem:
    """Tick off an action item, or take that back; either of the two may. Said again, it changes nothing.

    Raises
    ------
    NotFoundError
    """
    repository = MentorshipRepository(session)
    found = repository.action_item(action_item_id)
    mentorship = None if found is None else repository.mentorship(found[1])
    if found is None or mentorship is None or principal.is_system or side_of(mentorship, principal.person_id) is None:
        raise NotFoundError("You have no action item with this id. Look under your mentorships.")
    item = found[0]
    if is_done != (item.done_at is not None):
        item.done_at = now if is_done else None
        item.updated_at = now
        session.flush()
    return item


def set_milestones(
    session: Session, principal: Principal, *, mentorship_id: UUID, titles: Sequence[str], now: datetime
) -> list[MentorshipMilestone]:
    """The milestones still ahead, anew, in order; those reached stay and come first.

    Raises
    ------
    NotFoundError, InvalidInputError
    ConflictError
        When the mentorship is neither requested nor running.
    """
    mentorship, _ = _mine(session, principal, mentorship_id)
    _require_open(mentorship)
    wanted = rules.require_lines(titles, "milestones")
    repository = MentorshipRepository(session)
    existing = list(repository.milestones(mentorship.id))
    reached = [milestone for milestone in existing if milestone.reached_at is not None]
    done = {milestone.title for milestone in reached}
    by_title = {milestone.title: milestone for milestone in existing if milestone.reached_at is None}
    ahead = [title for title in wanted if title not in done]
    for title, milestone in by_title.items():
        if title not in ahead:
            session.delete(milestone)
    # Out of the way first: a position is there once.
    kept = [milestone for title, milestone in by_title.items() if title in ahead]
    for place, milestone in enumerate([*reached, *kept], start=1):
        milestone.position = -place
    session.flush()
    final = list(reached)
    for title in ahead:
        milestone = by_title.get(title) or MentorshipMilestone(
            id=new_id(), mentorship_id=mentorship.id, title=title, created_at=now
        )
        final.append(milestone)
    for place, milestone in enumerate(final, start=1):
        milestone.position, milestone.updated_at = place, now
    session.add_all(final)
    session.flush()
    return final


def reach_milestone(
    session: Session, principal: Principal, *, mentorship_id: UUID, milestone_id: UUID, now: datetime
) -> MentorshipMilestone:
    """Note that a milestone was reached; either of the two may. Said again, it changes nothing.

    Raises
    ------
    NotFoundError
    ConflictError
        When the mentorship does not run.
    """
    mentorship, _ = _mine(session, principal, mentorship_id)
    milestone = MentorshipRepository(session).milestone(mentorship.id, milestone_id)
    if milestone is None:
        raise NotFoundError("The mentorship has no milestone with this id. Reload to see those it has.")
    if milestone.reached_at is not None:
        return milestone
    if mentorship.status is not MentorshipStatus.ACTIVE:
        raise ConflictError(f"This mentorship is {mentorship.status}; milestones are reached while it runs.")
    milestone.reached_at = milestone.updated_at = now
    session.flush()
    event = MentorshipMilestoneReached(
        subject_id=mentorship.mentee_id,
        organization_id=_organization_id(session, mentorship, now),
        occurred_at=now,
        mentorship_id=mentorship.id,
        milestone_id=milestone.id,
    )
    append_events(session, [event], now=now)
    return milestone


def change_plan(
    session: Session,
    principal: Principal,
    *,
    mentorship_id: UUID,
    goals: Sequence[str] | None = None,
    duration_months: int | None = None,
    expected_end_on: date | None = None,
    next_session_at: datetime | None = None,
    now: datetime,
) -> Mentorship:
    """Change goals, length, expected end or the next meeting; either of the two may. What is None stays.

    Raises
    ------
    NotFoundError, InvalidInputError
    ConflictError
        When the mentorship is over, or a meeting is planned before it runs.
    """
    mentorship, _ = _mine(session, principal, mentorship_id)
    _require_open(mentorship)
    if goals is not None:
        mentorship.goals = rules.require_lines(goals, "goals")
    if duration_months is not None:
        mentorship.duration_months = rules.require_months(duration_months)
    if expected_end_on is not None:
        if expected_end_on <= now.date():
            raise InvalidInputError("expected_end_on: choose a day that lies ahead, or complete the mentorship.")
        mentorship.expected_end_on = expected_end_on
    if next_session_at is not None:
        if mentorship.status is not MentorshipStatus.ACTIVE:
            raise ConflictError("A meeting is planned once the request is accepted.")
        _require_next(next_session_at, now)
        mentorship.next_session_at = next_session_at
    mentorship.updated_at = now
    session.flush()
    return mentorship


def _mine(session: Session, principal: Principal, mentorship_id: UUID) -> tuple[Mentorship, MentorshipSide]:
    mentorship = MentorshipRepository(session).mentorship(mentorship_id, lock=True)
    side = None if mentorship is None or principal.is_system else side_of(mentorship, principal.person_id)
    if mentorship is None or side is None:
        raise NotFoundError(NO_MENTORSHIP)
    return mentorship, side


def _require_open(mentorship: Mentorship) -> None:
    if mentorship.status not in (MentorshipStatus.PENDING, MentorshipStatus.ACTIVE):
        raise ConflictError(f"This mentorship is {mentorship.status}; its plan is closed. Ask for a new one.")


def _require_loggable(mentorship: Mentorship, held_at: datetime, now: datetime) -> None:
    started_at, ended_at = mentorship.started_at, mentorship.ended_at
    if started_at is None:
        raise ConflictError(f"This mentorship is {mentorship.status}; meetings are logged once it was accepted.")
    if ended_at is not None and now - ended_at > LOGGED_UNTIL:
        raise ConflictError(f"This mentorship ended more than {LOGGED_UNTIL.days} days ago; its record is closed.")
    if held_at > now + CLOCK_TOLERANCE:
        raise InvalidInputError("held_at: the meeting lies ahead. Log it once it took place, or plan it as the next.")
    # By the day, because who notes a meeting of this morning may have accepted at noon.
    if held_at.astimezone(UTC).date() < started_at.date():
        raise InvalidInputError("held_at: the mentorship began later. Give a time after its start.")
    if ended_at is not None and held_at > ended_at:
        raise InvalidInputError("held_at: the mentorship had ended by then. Give a time before its end.")


def _require_next(next_session_at: datetime, now: datetime) -> None:
    if not now < next_session_at <= now + LONGEST_AHEAD:
        raise InvalidInputError("next_session_at: plan the next meeting within a year from now.")


def _write_own(meeting: MentoringSession, side: MentorshipSide, notes: str | None, rating: int | None) -> None:
    text = rules.optional_text(notes, "notes")
    stars = None if rating is None else rules.require_stars(rating)
    if side is MentorshipSide.MENTOR:
        meeting.mentor_notes = meeting.mentor_notes if notes is None else text
        meeting.mentor_rating = stars or meeting.mentor_rating
    else:
        meeting.mentee_notes = meeting.mentee_notes if notes is None else text
        meeting.mentee_rating = stars or meeting.mentee_rating


def _organization_id(session: Session, mentorship: Mentorship, now: datetime) -> UUID | None:
    return ProfileRepository(session).organization_of(mentorship.mentee_id, on=now.date())


def _rated(
    session: Session, mentorship: Mentorship, side: MentorshipSide, rating: int, session_id: UUID, now: datetime
) -> MentorshipRated:
    return MentorshipRated(
        subject_id=mentorship.mentee_id,
        organization_id=_organization_id(session, mentorship, now),
        occurred_at=now,
        mentorship_id=mentorship.id,
        side=side,
        rating=rating,
        session_id=session_id,
    )

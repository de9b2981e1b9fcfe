"""Mentoring as pages read and change it: profiles, requests, sessions, feedback; each change in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_plural
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.mentorship import feedback, listing, matching, profiles, requests, sessions
from operational_db.mentorship.profiles import About, Offer, Wish
from operational_db.mentorship.sessions import NewActionItem
from operational_db.mentorship.views import MenteeProfileView, MentorProfileView, MentorshipDetail, MentorshipView
from operational_db.settings import Settings
from operational_db.types import (
    DeclineReason,
    EarlyEndReason,
    MeetingFormat,
    MentoringReach,
    MentorshipSide,
    MentorshipType,
)

if TYPE_CHECKING:
    from app.learned.mentors import CohortComparison, MenteeList, MentorList


@dataclass(frozen=True)
class Profiles:
    """What somebody says of herself on either side; None where she said nothing yet."""

    mentor: MentorProfileView | None
    mentee: MenteeProfileView | None


@dataclass(frozen=True)
class Ask:
    """What goes with asking a mentor, or offering oneself."""

    mentorship_type: MentorshipType
    goals: Sequence[str]
    duration_months: int
    message: str


@dataclass(frozen=True)
class Dismissed:
    """A mentor somebody does not want to be shown."""

    mentor_id: UUID
    name: str


@dataclass(frozen=True)
class Meeting:
    """One session as its form says it."""

    held_at: datetime
    minutes: int
    meeting_format: MeetingFormat
    location: str | None
    topics: Sequence[str]
    skills_practiced: Sequence[str]
    resources_shared: Sequence[str]
    notes: str | None
    rating: int | None
    action_items: Sequence[NewActionItem] = field(default_factory=tuple)
    next_session_at: datetime | None = None


def profiles_of(engine: Engine, principal: Principal, *, on: date) -> Profiles:
    """One's own profiles.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return Profiles(
            profiles.mentor_profile_of(session, principal, on=on), profiles.mentee_profile_of(session, principal, on=on)
        )


def save_mentor_profile(engine: Engine, principal: Principal, about: About, offer: Offer, *, now: datetime) -> Receipt:
    """Write what one offers as a mentor.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        profiles.set_mentor_profile(session, principal, about, offer, now=now)
    shown = "is shown to mentees" if about.has_consented and offer.is_accepting_mentees else "is shown to nobody"
    return Receipt(f"Your mentor profile was saved; it {shown}.", now, 1)


def save_mentee_profile(engine: Engine, principal: Principal, about: About, wish: Wish, *, now: datetime) -> Receipt:
    """Write what one looks for in a mentor.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        profiles.set_mentee_profile(session, principal, about, wish, now=now)
    found = "mentors can find it" if about.has_consented else "mentors cannot find it"
    return Receipt(f"Your mentee profile was saved; {found}.", now, 0)


def pause(engine: Engine, principal: Principal, *, side: MentorshipSide, until: date | None, now: datetime) -> Receipt:
    """Pause until a day, or end the pause.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: profiles.pause_profile(session, principal, side=side, until=until, now=now),
        "Your pause has ended." if until is None else f"You are shown to nobody until {until:%d %b %Y}.",
        now,
        entry_count=int(side is MentorshipSide.MENTOR),
    )


def withdraw(engine: Engine, principal: Principal, *, side: MentorshipSide, now: datetime) -> Receipt:
    """Be shown to nobody any more.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: profiles.withdraw_profile(session, principal, side=side, now=now),
        "You are shown to nobody any more. What runs goes on.",
        now,
        entry_count=int(side is MentorshipSide.MENTOR),
    )


def reach_of(engine: Engine, principal: Principal, *, organization_id: UUID) -> MentoringReach:
    """With whom an organization lets its people be matched.

    Raises
    ------
    DomainError
        When the principal may not know or the database is down.
    """
    with read_only_session(engine) as session:
        return profiles.reach_of(session, principal, organization_id=organization_id).reach


def set_reach(
    engine: Engine, principal: Principal, *, organization_id: UUID, reach: MentoringReach, now: datetime
) -> Receipt:
    """Say with whom the organization's people may be matched.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: profiles.set_reach(session, principal, organization_id=organization_id, reach=reach, now=now),
        "Saved with whom your people may be matched. Mentorships that run go on.",
        now,
    )


def mentors_for(engine: Engine, settings: Settings, principal: Principal, *, now: datetime) -> "MentorList":
    """Mentors for the principal, ranked; that and what was shown is kept.

    Raises
    ------
    DomainError
        When she has no mentee profile yet, or the database is down.
    """
    from app.learned.mentors import find_mentors

    with unit_of_work(engine) as session:
        return find_mentors(session, settings, principal, now=now)


def mentees_for(engine: Engine, settings: Settings, principal: Principal, *, now: datetime) -> "MenteeList":
    """Mentees the principal would suit as a mentor, ranked.

    Raises
    ------
    DomainError
        When she has no mentor profile yet, or the database is down.
    """
    from app.learned.mentors import find_mentees

    with read_only_session(engine) as session:
        return find_mentees(session, settings, principal, now=now)


def ask_mentor(
    engine: Engine,
    principal: Principal,
    ask: Ask,
    *,
    mentor_id: UUID,
    name: str,
    showing_id: UUID | None,
    now: datetime,
) -> Receipt:
    """Ask somebody to be one's mentor.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    from app.learned.mentors import request_mentor

    return _changed(
        engine,
        lambda session: request_mentor(
            session, principal, mentor_id=mentor_id, showing_id=showing_id, **vars(ask), now=now
        ),
        f"You asked {name}. The request waits 14 days for an answer; you see it under your mentorships.",
        now,
    )


def offer_to(engine: Engine, principal: Principal, ask: Ask, *, mentee_id: UUID, name: str, now: datetime) -> Receipt:
    """Offer oneself as somebody's mentor.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    from app.learned.mentors import offer_to_mentee

    return _changed(
        engine,
        lambda session: offer_to_mentee(session, principal, mentee_id=mentee_id, **vars(ask), now=now),
        f"You offered yourself to {name}, who has 14 days to answer.",
        now,
    )


def dismiss(engine: Engine, principal: Principal, *, mentor_id: UUID, name: str, now: datetime) -> Receipt:
    """Not be shown a mentor again.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: matching.dismiss_mentor(session, principal, mentor_id=mentor_id, now=now),
        f"{name} is not shown to you any more. You can take that back at the end of the list.",
        now,
        entry_count=0,
    )


def show_again(engine: Engine, principal: Principal, *, mentor_id: UUID, name: str, now: datetime) -> Receipt:
    """Be shown a dismissed mentor again.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: matching.undo_dismissal(session, principal, mentor_id=mentor_id),
        f"{name} may be shown to you again.",
        now,
        entry_count=0,
    )


def dismissed(engine: Engine, principal: Principal) -> list[Dismissed]:
    """Mentors the principal does not want to be shown.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return [Dismissed(each, name) for each, name, _ in matching.my_dismissals(session, principal)]


def compare_cohort(
    engine: Engine, settings: Settings, principal: Principal, *, organization_id: UUID, now: datetime
) -> "CohortComparison":
    """The ways to assign an organization's mentees to its mentors, beside each other.

    Raises
    ------
    DomainError
        When the principal does not manage mentoring there, or the database is down.
    """
    from app.learned import mentors

    with read_only_session(engine) as session:
        return mentors.compare_cohort(session, settings, principal, organization_id, now=now)


def propose_cohort(
    engine: Engine,
    settings: Settings,
    principal: Principal,
    *,
    organization_id: UUID,
    method: str,
    leave_out: Sequence[UUID],
    duration_months: int,
    now: datetime,
) -> Receipt:
    """Make the requests of the chosen assignment.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    from app.learned import mentors

    with unit_of_work(engine) as session:
        made = mentors.propose_cohort(
            session,
            settings,
            principal,
            organization_id,
            method=method,
            leave_out=leave_out,
            duration_months=duration_months,
            now=now,
        )
        count, refused = len(made.mentorships), len(made.refused)
    text = f"{to_plural(count, 'request was', 'requests were')} made; the mentors have 14 days to answer."
    if refused:
        text += f" {to_plural(refused, 'pair was', 'pairs were')} left out: {made.refused[0][1]}"
    return Receipt(text, now, count)


def my_mentorships(engine: Engine, principal: Principal) -> list[MentorshipView]:
    """Every mentorship one is or was part of, the latest request first.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return listing.my_mentorships(session, principal)


def mentorship_of(engine: Engine, principal: Principal, *, mentorship_id: UUID) -> MentorshipDetail:
    """One mentorship with everything its reader may see.

    Raises
    ------
    DomainError
        When there is none for the principal, or the database is down.
    """
    with read_only_session(engine) as session:
        return listing.mentorship_of(session, principal, mentorship_id=mentorship_id)


def accept(engine: Engine, principal: Principal, *, mentorship_id: UUID, name: str, now: datetime) -> Receipt:
    """Take a request or an offer.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: requests.accept(session, principal, mentorship_id=mentorship_id, now=now),
        f"You and {name} have a mentorship now. Agree on goals and a first meeting.",
        now,
    )


def decline(
    engine: Engine,
    principal: Principal,
    *,
    mentorship_id: UUID,
    name: str,
    reason: DeclineReason,
    note: str,
    now: datetime,
) -> Receipt:
    """Turn a request or an offer down.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: requests.decline(
            session, principal, mentorship_id=mentorship_id, reason=reason, note=note or None, now=now
        ),
        f"You declined; {name} sees your reason and can ask somebody else.",
        now,
    )


def end_early(
    engine: Engine,
    principal: Principal,
    *,
    mentorship_id: UUID,
    reason: EarlyEndReason | None,
    note: str,
    now: datetime,
) -> Receipt:
    """Take a request back, or end a mentorship before its goals.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: requests.cancel(
            session, principal, mentorship_id=mentorship_id, reason=reason, note=note or None, now=now
        ),
        "The request was taken back." if reason is None else "The mentorship has ended. Say how it was below.",
        now,
    )


def complete(engine: Engine, principal: Principal, *, mentorship_id: UUID, now: datetime) -> Receipt:
    """Bring a mentorship to its end.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: requests.complete(session, principal, mentorship_id=mentorship_id, now=now),
        "The mentorship is completed. Say how it was below.",
        now,
    )


def log_session(
    engine: Engine, principal: Principal, meeting: Meeting, *, mentorship_id: UUID, now: datetime
) -> Receipt:
    """Write down a meeting.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: sessions.log_session(session, principal, mentorship_id=mentorship_id, **vars(meeting), now=now),
        f"The meeting of {meeting.minutes} minutes is on record.",
        now,
        entry_count=1 + int(meeting.rating is not None),
    )


def add_to_session(
    engine: Engine, principal: Principal, *, session_id: UUID, notes: str | None, rating: int | None, now: datetime
) -> Receipt:
    """Set one's own notes and stars of a meeting.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: sessions.add_to_session(
            session, principal, session_id=session_id, notes=notes, rating=rating, now=now
        ),
        "Your notes and stars of the meeting were saved.",
        now,
        entry_count=int(rating is not None),
    )


def tick_action(
    engine: Engine, principal: Principal, *, action_item_id: UUID, task: str, is_done: bool, now: datetime
) -> Receipt:
    """Tick off an action item, or take that back.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: sessions.complete_action(
            session, principal, action_item_id=action_item_id, is_done=is_done, now=now
        ),
        f"“{task}” is {'done' if is_done else 'open again'}.",
        now,
        entry_count=0,
    )


def save_plan(
    engine: Engine,
    principal: Principal,
    *,
    mentorship_id: UUID,
    goals: Sequence[str],
    milestones: Sequence[str],
    expected_end_on: date | None,
    next_session_at: datetime | None,
    now: datetime,
) -> Receipt:
    """Change goals, milestones ahead, the expected end and the next meeting.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """

    def change(session: Session) -> None:
        sessions.change_plan(
            session,
            principal,
            mentorship_id=mentorship_id,
            goals=goals,
            expected_end_on=expected_end_on,
            next_session_at=next_session_at,
            now=now,
        )
        sessions.set_milestones(session, principal, mentorship_id=mentorship_id, titles=milestones, now=now)

    return _changed(engine, change, "The plan was saved; the other side sees it too.", now, entry_count=0)


def reach_milestone(
    engine: Engine, principal: Principal, *, mentorship_id: UUID, milestone_id: UUID, title: str, now: datetime
) -> Receipt:
    """Note that a milestone was reached.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: sessions.reach_milestone(
            session, principal, mentorship_id=mentorship_id, milestone_id=milestone_id, now=now
        ),
        f"“{title}” was reached.",
        now,
    )


def give_feedback(
    engine: Engine, principal: Principal, *, mentorship_id: UUID, rating: int, comment: str, now: datetime
) -> Receipt:
    """Say how a mentorship was.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    return _changed(
        engine,
        lambda session: feedback.give_feedback(
            session, principal, mentorship_id=mentorship_id, rating=rating, comment=comment, now=now
        ),
        "Thank you: your feedback is on record.",
        now,
    )


def _changed(
    engine: Engine, change: Callable[[Session], object], text: str, now: datetime, *, entry_count: int = 1
) -> Receipt:
    """One change in one transaction, and its receipt."""
    with unit_of_work(engine) as session:
        change(session)
    return Receipt(text, now, entry_count)

"""Use cases of requests and what becomes of them: ask, offer, accept, decline, let expire, complete, end early.

A mentor's profile is the row on which everything that may take one of her places waits its turn, so she never has more
mentees than she takes. Every change appends its ledger event in the caller's transaction; nothing here commits. Source:
training-platform seed 3.2.4.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    Event,
    MentorshipAccepted,
    MentorshipCancelled,
    MentorshipCompleted,
    MentorshipDeclined,
    MentorshipExpired,
    MentorshipRequested,
)
from operational_db.mentorship import rules
from operational_db.mentorship.profile_repository import ProfileRepository
from operational_db.mentorship.repository import MentorshipRepository, asked_side, side_of
from operational_db.mentorship.rules import STEPS_OF_THE_ASKED, MentorshipStep, next_status
from operational_db.mentorship.views import ExpiryReport
from operational_db.proficiency.rules import add_months
from operational_db.tables.mentorship import MentorProfile, Mentorship, MentorshipMilestone, ShownMentor
from operational_db.types import (
    DeclineReason,
    EarlyEndReason,
    MentorshipStatus,
    MentorshipType,
    new_id,
)

NO_MENTORSHIP = "You have no mentorship with this id. Look under your mentorships."
NOT_AVAILABLE = "This person does not mentor at present. Choose another mentor from the list."
EXPIRY_BATCH = 500


def request_mentorship(
    session: Session,
    principal: Principal,
    *,
    mentor_id: UUID,
    mentorship_type: MentorshipType = MentorshipType.GENERAL,
    goals: Sequence[str] = (),
    duration_months: int | None = None,
    milestones: Sequence[str] = (),
    message: str = "",
    expected_end_on: date | None = None,
    showing_id: UUID | None = None,
    features: Mapping[str, float] | None = None,
    now: datetime,
) -> Mentorship:
    """Ask a mentor to be one's own (US-TC005); the asker is the mentee. Unanswered, it expires after 14 days.

    Parameters
    ----------
    showing_id
        The list from which the mentor was chosen; None counts it to the latest list of two weeks that had her.
    features
        Features of the pair as of now (`app.learned.mentors.request_mentor` reads them); None keeps those of the list.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
    ConflictError
        When the person does not mentor at present, has no place left, was dismissed, was her mentor before, turned
        her down within 90 days, an organization of either does not allow it, the two have something open, five
        requests of the mentee wait already, or as many wait for the mentor as may (`rules.most_waiting`).
    """
    mentee_id = _own_id(principal, "A mentorship is requested by the person who wants it. Sign in as that person.")
    plan = _Plan(mentorship_type, goals, duration_months, milestones, message, expected_end_on, now)
    profile = lock_pair(session, mentor_id=mentor_id, mentee_id=mentee_id, now=now)
    repository = MentorshipRepository(session)
    if ProfileRepository(session).dismissal(mentee_id, mentor_id) is not None:
        raise ConflictError("You asked not to be shown this mentor. Take that back first, then ask again.")
    _require_place_left(session, profile, NOT_AVAILABLE)
    _require_few_waiting(
        session,
        profile,
        "{count} requests wait for this mentor's answer already. Choose another mentor from the list, or ask again in "
        "some days: a request waits 14 days at most.",
    )
    if ProfileRepository(session).open_request_count(mentee_id) >= rules.MOST_OPEN_REQUESTS:
        raise ConflictError(
            f"{rules.MOST_OPEN_REQUESTS} of your requests wait for an answer. Take one back, or wait for an answer."
        )
    shown = _place_shown(repository, mentee_id, mentor_id, showing_id, now)
    return create_request(
        session, plan, mentor_id=mentor_id, mentee_id=mentee_id, shown=shown, features=features, proposed_by_id=None
    )


def offer_mentorship(
    session: Session,
    principal: Principal,
    *,
    mentee_id: UUID,
    mentorship_type: MentorshipType = MentorshipType.GENERAL,
    goals: Sequence[str] = (),
    duration_months: int | None = None,
    milestones: Sequence[str] = (),
    message: str = "",
    expected_end_on: date | None = None,
    features: Mapping[str, float] | None = None,
    now: datetime,
) -> Mentorship:
    """Offer oneself as the mentor of somebody who agreed to be found (US-TC009); the mentee answers.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    NotFoundError
        When the person agreed to be found by nobody, or does not want to see this mentor.
    ConflictError
        As for a request.
    """
    mentor_id = _own_id(principal, "A mentor offers herself. Sign in as that person.")
    plan = _Plan(mentorship_type, goals, duration_months, milestones, message, expected_end_on, now)
    profiles = ProfileRepository(session)
    if profiles.mentor_profile(mentor_id) is None:
        raise ConflictError("Fill in your mentor profile first, so that the mentee knows who offers.")
    profile = lock_pair(session, mentor_id=mentor_id, mentee_id=mentee_id, now=now)
    wish = profiles.mentee_profile(mentee_id)
    is_paused = wish is not None and wish.paused_until is not None and wish.paused_until > now.date()
    has_dismissed = profiles.dismissal(mentee_id, mentor_id) is not None
    if wish is None or wish.consented_at is None or is_paused or has_dismissed:
        raise NotFoundError("Nobody with this id looks for a mentor at present. Choose somebody from the list.")
    _require_place_left(session, profile, "You accept no mentees at present. Say so in your mentor profile first.")
    _require_few_waiting(
        session, profile, "{count} of your requests and offers wait for an answer. Answer one or take one back first."
    )
    return create_request(
        session, plan, mentor_id=mentor_id, mentee_id=mentee_id, shown=None, features=features, proposed_by_id=mentor_id
    )


def accept(session: Session, principal: Principal, *, mentorship_id: UUID, now: datetime) -> Mentorship:
    """Whoever was asked takes the request; the mentorship starts now. Of two for the last place one is taken.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When the request is no longer open, its time is up, or all places of the mentor are taken.
    """
    seen = _mine(session, principal, mentorship_id)
    profile = ProfileRepository(session).mentor_profile(seen.mentor_id, lock=True)
    mentorship, status = _next(session, principal, mentorship_id, MentorshipStep.ACCEPT)
    if mentorship.expires_at is not None and mentorship.expires_at <= now:
        raise ConflictError("This request waited too long and has expired. A new one can be made.")
    if profile is None:
        raise ConflictError("There is no mentor profile that says how many mentees are taken. Fill it in, then accept.")
    active = ProfileRepository(session).active_count(profile.person_id)
    if active >= profile.max_mentees:
        raise ConflictError(
            f"All {profile.max_mentees} places of the mentor are taken. Complete a mentorship, raise the number of "
            "mentees in the mentor profile, or decline the request.",
            details={"max_mentees": profile.max_mentees, "current_mentee_count": active},
        )
    mentorship.status = status
    mentorship.started_at = mentorship.answered_at = now
    if mentorship.expected_end_on is None and mentorship.duration_months is not None:
        mentorship.expected_end_on = add_months(now.date(), mentorship.duration_months)
    return _record(session, mentorship, MentorshipAccepted, now=now)


def decline(
    session: Session,
    principal: Principal,
    *,
    mentorship_id: UUID,
    reason: DeclineReason | None = None,
    note: str | None = None,
    now: datetime,
) -> Mentorship:
    """Whoever was asked turns the request down. The note is for the other side alone.

    Raises
    ------
    NotFoundError, NotAuthorizedError, ConflictError, InvalidInputError
    """
    text = rules.optional_text(note, "note")
    mentorship, status = _next(session, principal, mentorship_id, MentorshipStep.DECLINE)
    mentorship.status = status
    mentorship.answered_at = mentorship.ended_at = now
    mentorship.decline_reason = reason
    mentorship.decline_note = text
    return _record(session, mentorship, MentorshipDeclined, now=now, decline_reason=reason)


def complete(session: Session, principal: Principal, *, mentorship_id: UUID, now: datetime) -> Mentorship:
    """Either of the two brings a running mentorship to its end.

    Raises
    ------
    NotFoundError, ConflictError
    """
    _lock_place(session, principal, mentorship_id)
    mentorship, status = _next(session, principal, mentorship_id, MentorshipStep.COMPLETE)
    mentorship.status = status
    mentorship.ended_at = now
    mentorship.next_session_at = None
    return _record(session, mentorship, MentorshipCompleted, now=now)


def cancel(
    session: Session,
    principal: Principal,
    *,
    mentorship_id: UUID,
    reason: EarlyEndReason | None = None,
    note: str | None = None,
    now: datetime,
) -> Mentorship:
    """Either of the two takes back a request or ends a running mentorship early. The note is for the other side alone.

    Raises
    ------
    NotFoundError, ConflictError
    InvalidInputError
        When a running mentorship is ended without a reason.
    """
    _lock_place(session, principal, mentorship_id)
    text = rules.optional_text(note, "note")
    mentorship, status = _next(session, principal, mentorship_id, MentorshipStep.CANCEL)
    if mentorship.started_at is not None and reason is None:
        raise InvalidInputError("reason: say why the mentorship ends before its goals.")
    mentorship.status, mentorship.ended_at = status, now
    mentorship.end_reason = reason
    mentorship.end_note = text
    mentorship.next_session_at = None
    ended_by = side_of(mentorship, principal.person_id)
    return _record(session, mentorship, MentorshipCancelled, now=now, end_reason=reason, ended_by=ended_by)


def expire_requests(engine: Engine, *, now: datetime) -> ExpiryReport:
    """Let every request expire whose time is up, each once, in transactions of up to 500; safe to repeat at any time.

    Any number of workers may do this at once; a request that is answered at this moment is left to its answer.
    """
    expired: list[UUID] = []
    while True:
        with unit_of_work(engine) as session:
            batch = expire_batch(session, now=now)
        expired += batch
        if len(batch) < EXPIRY_BATCH:
            return ExpiryReport(expired)


def expire_batch(session: Session, *, now: datetime) -> list[UUID]:
    """Up to 500 requests whose time is up, in the caller's transaction; their ids."""
    overdue = MentorshipRepository(session).overdue_requests(now=now, limit=EXPIRY_BATCH)
    events: list[Event] = []
    for mentorship in overdue:
        mentorship.status = next_status(mentorship.status, MentorshipStep.EXPIRE)
        mentorship.ended_at = mentorship.updated_at = now
        events.append(_event(session, mentorship, MentorshipExpired, now))
    session.flush()
    append_events(session, events, now=now)
    return [mentorship.id for mentorship in overdue]


class _Plan:
    """What a request says, checked before anything is locked."""

    def __init__(
        self,
        mentorship_type: MentorshipType,
        goals: Sequence[str],
        duration_months: int | None,
        milestones: Sequence[str],
        message: str,
        expected_end_on: date | None,
        now: datetime,
    ) -> None:
        if expected_end_on is not None and expected_end_on <= now.date():
            raise InvalidInputError(
                "expected_end_on: the expected end lies ahead. Choose a later day or leave it open."
            )
        self.mentorship_type = mentorship_type
        self.goals = rules.require_lines(goals, "goals")
        self.duration_months = rules.require_months(duration_months)
        self.milestones = rules.require_lines(milestones, "milestones")
        self.message = rules.optional_text(message, "message") or ""
        self.expected_end_on = expected_end_on
        self.now = now


def plan_of_request(mentorship_type: MentorshipType, *, duration_months: int | None, now: datetime) -> _Plan:
    """The plan of a request that somebody makes for others, who fill in goals and milestones themselves."""
    return _Plan(mentorship_type, (), duration_months, (), "", None, now)


def lock_pair(session: Session, *, mentor_id: UUID, mentee_id: UUID, now: datetime) -> MentorProfile:
    """The mentor's profile, locked, when the two may become a pair.

    Raises
    ------
    InvalidInputError, NotFoundError
    ConflictError
        When she does not mentor at present, the two may not be matched, or a request between them came to nothing
        within 90 days: whom the lists leave out nobody asks either.
    """
    if mentee_id == mentor_id:
        raise InvalidInputError("mentor_id: nobody is her own mentor. Choose somebody else.")
    profiles, repository = ProfileRepository(session), MentorshipRepository(session)
    # In one order for everybody.
    for person_id in sorted((mentor_id, mentee_id)):
        profiles.lock_person(person_id)
    profile = profiles.mentor_profile(mentor_id, lock=True)
    if profile is None or profile.consented_at is None:
        raise ConflictError(NOT_AVAILABLE)
    if profile.paused_until is not None and profile.paused_until > now.date():
        raise ConflictError(NOT_AVAILABLE)
    if repository.open_between(mentor_id, mentee_id) is not None:
        raise ConflictError("You have already asked this mentor, or are mentored by her. Look under your mentorships.")
    if repository.is_former_pair(mentor_id, mentee_id):
        raise ConflictError("The two of you had a mentorship before. Choose somebody new from the list.")
    over_at = repository.came_to_nothing_at(mentor_id, mentee_id)
    if over_at is not None and over_at + rules.AGAIN_AFTER > now:
        again_at = over_at + rules.AGAIN_AFTER
        raise ConflictError(
            f"A request between the two of you was declined, taken back or left unanswered on {over_at:%d %b %Y}. "
            f"Ask again after {again_at:%d %b %Y}, or choose somebody else from the list.",
            details={"again_at": again_at.isoformat()},
        )
    if not repository.is_within_reach(mentor_id, mentee_id, on=now.date()):
        raise ConflictError("An organization of one of you does not allow this mentorship. Choose another mentor.")
    return profile


def create_request(
    session: Session,
    plan: _Plan,
    *,
    mentor_id: UUID,
    mentee_id: UUID,
    shown: ShownMentor | None,
    features: Mapping[str, float] | None,
    proposed_by_id: UUID | None,
) -> Mentorship:
    """Write the request down, with its event; who may was decided by the caller."""
    now = plan.now
    if features is None and shown is not None:
        features = shown.features
    mentorship = Mentorship(
        id=new_id(),
        mentor_id=mentor_id,
        mentee_id=mentee_id,
        mentorship_type=plan.mentorship_type,
        status=MentorshipStatus.PENDING,
        goals=plan.goals,
        duration_months=plan.duration_months,
        message=plan.message,
        requested_at=now,
        expires_at=now + rules.ANSWER_WITHIN,
        expected_end_on=plan.expected_end_on,
        showing_id=None if shown is None else shown.showing_id,
        proposed_by_id=proposed_by_id,
        features=None if features is None else {name: float(value) for name, value in features.items()},
        created_at=now,
        updated_at=now,
    )
    session.add(mentorship)
    session.flush()
    session.add_all(
        [
            MentorshipMilestone(
                id=new_id(), mentorship_id=mentorship.id, position=place, title=title, created_at=now, updated_at=now
            )
            for place, title in enumerate(plan.milestones, start=1)
        ]
    )
    return _record(
        session,
        mentorship,
        MentorshipRequested,
        now=now,
        mentorship_type=plan.mentorship_type,
        showing_id=mentorship.showing_id,
        shown_rank=None if shown is None else shown.rank,
    )


def _own_id(principal: Principal, refusal: str) -> UUID:
    person_id = principal.actor_id
    if person_id is None:
        raise NotAuthorizedError(refusal)
    return person_id


def _require_place_left(session: Session, profile: MentorProfile, refusal: str) -> None:
    if not profile.is_accepting_mentees:
        raise ConflictError(refusal)
    if ProfileRepository(session).active_count(profile.person_id) >= profile.max_mentees:
        raise ConflictError(
            "All places of this mentor are taken at present. Choose another mentor from the list.",
            details={"max_mentees": profile.max_mentees},
        )


def _require_few_waiting(session: Session, profile: MentorProfile, refusal: str) -> None:
    """Under the lock on the profile, so that of many who ask at once no more than may are let in."""
    count, most = ProfileRepository(session).waiting_count(profile.person_id), rules.most_waiting(profile.max_mentees)
    if count >= most:
        raise ConflictError(refusal.format(count=count), details={"waiting_count": count, "most_waiting": most})


def _place_shown(
    repository: MentorshipRepository, mentee_id: UUID, mentor_id: UUID, showing_id: UUID | None, now: datetime
) -> ShownMentor | None:
    if showing_id is None:
        found = repository.showing_with(mentee_id, mentor_id, since=now - rules.COUNTED_TO_SHOWING_WITHIN)
        return None if found is None else found[1]
    shown = repository.place_in_showing(showing_id, mentee_id, mentor_id)
    if shown is None:
        raise NotFoundError("You were shown no list with this id that has the mentor. Leave showing_id out.")
    return shown


def _mine(session: Session, principal: Principal, mentorship_id: UUID) -> Mentorship:
    mentorship = MentorshipRepository(session).mentorship(mentorship_id)
    if mentorship is None or principal.is_system or side_of(mentorship, principal.person_id) is None:
        raise NotFoundError(NO_MENTORSHIP)
    return mentorship


def _lock_place(session: Session, principal: Principal, mentorship_id: UUID) -> None:
    """Take the mentor's profile first, as accepting does, so that the two never wait for each other."""
    ProfileRepository(session).mentor_profile(_mine(session, principal, mentorship_id).mentor_id, lock=True)


def _next(
    session: Session, principal: Principal, mentorship_id: UUID, step: MentorshipStep
) -> tuple[Mentorship, MentorshipStatus]:
    """The mentorship, locked, and the status the step leads to."""
    mentorship = MentorshipRepository(session).mentorship(mentorship_id, lock=True)
    if mentorship is None or principal.is_system or side_of(mentorship, principal.person_id) is None:
        raise NotFoundError(NO_MENTORSHIP)
    asked = asked_side(mentorship)
    if step in STEPS_OF_THE_ASKED and side_of(mentorship, principal.person_id) is not asked:
        raise NotAuthorizedError(f"Only the {asked} can {step} this request. You can cancel it.")
    return mentorship, next_status(mentorship.status, step)


def _event(
    session: Session, mentorship: Mentorship, create: Callable[..., Event], now: datetime, **more: object
) -> Event:
    return create(
        subject_id=mentorship.mentee_id,
        organization_id=ProfileRepository(session).organization_of(mentorship.mentee_id, on=now.date()),
        occurred_at=now,
        mentorship_id=mentorship.id,
        mentor_id=mentorship.mentor_id,
        **more,
    )


def _record(
    session: Session, mentorship: Mentorship, create: Callable[..., Event], *, now: datetime, **more: object
) -> Mentorship:
    mentorship.updated_at = now
    session.flush()
    append_events(session, [_event(session, mentorship, create, now, **more)], now=now)
    return mentorship

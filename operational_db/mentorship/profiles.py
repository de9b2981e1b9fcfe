"""Use cases of profiles: say who one is as mentor or mentee, agree to be shown, pause, withdraw; set the reach.

A profile is shown to others only while its person has agreed to it. Source: training-platform seed 3.2.4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import MentoringReachSet, MentorProfileSet
from operational_db.mentorship import profile_rules as allowed
from operational_db.mentorship.profile_repository import ProfileRepository
from operational_db.mentorship.rules import optional_text, require_lines, require_months, require_one_of
from operational_db.mentorship.views import MenteeProfileView, MentorProfileView, PolicyView
from operational_db.tables.mentorship import MenteeProfile, MentoringPolicy, MentorProfile
from operational_db.types import MeetingFormat, MenteeLevel, MentoringReach, MentorshipSide, Specialization

NO_PROFILE = "You have no {side} profile yet. Fill it in first."


@dataclass(frozen=True)
class About:
    """What mentors and mentees both say of themselves; what is left out is empty.

    `preferred_times` are the seed's words, turned into windows of the profile's zone (`profile_rules.PREFERRED_TIMES`);
    without a `timezone` it is the person's own. `has_consented`: whether the profile may be shown to the other side.
    """

    has_consented: bool
    years_experience: float | None = None
    communication_preferences: Sequence[str] = ()
    hours_per_month: int | None = None
    availability: Sequence[Mapping[str, object]] = ()
    preferred_times: Sequence[str] = ()
    timezone: str | None = None
    location_city: str | None = None
    location_region: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    is_remote_welcome: bool = False


@dataclass(frozen=True)
class Offer:
    """What a mentor offers, beyond what both profiles hold."""

    specializations: Sequence[str] = ()
    equipment_expertise: Sequence[str] = ()
    is_accepting_mentees: bool = True
    max_mentees: int = 1
    preferred_mentee_levels: Sequence[str] = ()
    about: str = ""


@dataclass(frozen=True)
class Wish:
    """What a mentee looks for, beyond what both profiles hold."""

    current_level: str
    career_goal: str = ""
    specialization_interests: Sequence[str] = ()
    skills_to_develop: Sequence[str] = ()
    timeline_months: int | None = None


def set_mentor_profile(
    session: Session, principal: Principal, about: About, offer: Offer, *, now: datetime
) -> MentorProfile:
    """Say anew what one offers as a mentor (US-TC009). A pause goes on; without consent it is shown to nobody.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    InvalidInputError
        Naming the field and the remedy.
    """
    person_id = _own_id(principal)
    repository = ProfileRepository(session)
    shared = _shared(about, repository.lock_person(person_id).timezone, now)
    own = {
        "specializations": require_one_of(offer.specializations, Specialization, "specializations"),
        "equipment_expertise": require_lines(offer.equipment_expertise, "equipment_expertise"),
        "is_accepting_mentees": offer.is_accepting_mentees,
        "max_mentees": allowed.require_capacity(
            offer.max_mentees, is_accepting=offer.is_accepting_mentees, hours_per_month=about.hours_per_month
        ),
        "preferred_mentee_levels": require_one_of(
            offer.preferred_mentee_levels, MenteeLevel, "preferred_mentee_levels"
        ),
        "about": optional_text(offer.about, "about") or "",
    }
    if about.has_consented and offer.is_accepting_mentees and not own["specializations"]:
        raise InvalidInputError("specializations: name at least one field of work, so that mentees can find you.")
    profile = repository.mentor_profile(person_id, lock=True) or MentorProfile(person_id=person_id, created_at=now)
    _write(session, profile, {**shared, **own}, about.has_consented, now)
    _record_mentor(session, profile, now)
    return profile


def set_mentee_profile(
    session: Session, principal: Principal, about: About, wish: Wish, *, now: datetime
) -> MenteeProfile:
    """Say anew what one looks for in a mentor (US-TC005, US-TC015). A pause goes on.

    Without consent mentors cannot find the profile; one may look for a mentor all the same.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    InvalidInputError
        Naming the field and the remedy.
    """
    person_id = _own_id(principal)
    repository = ProfileRepository(session)
    shared = _shared(about, repository.lock_person(person_id).timezone, now)
    level = MenteeLevel(require_one_of([wish.current_level], MenteeLevel, "current_level")[0])
    allowed.require_level(level, about.years_experience)
    own = {
        "current_level": level,
        "career_goal": optional_text(wish.career_goal, "career_goal") or "",
        "specialization_interests": require_one_of(
            wish.specialization_interests, Specialization, "specialization_interests"
        ),
        "skills_to_develop": require_lines(wish.skills_to_develop, "skills_to_develop"),
        "timeline_months": require_months(wish.timeline_months, "timeline_months"),
    }
    profile = repository.mentee_profile(person_id, lock=True) or MenteeProfile(person_id=person_id, created_at=now)
    _write(session, profile, {**shared, **own}, about.has_consented, now)
    return profile


def pause_profile(
    session: Session, principal: Principal, *, side: MentorshipSide, until: date | None, now: datetime
) -> None:
    """Be shown to nobody until a day, the first on which one is shown again; None ends a pause.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    InvalidInputError
        When the day has passed or lies more than two years ahead.
    """
    if until is not None and not now.date() < until <= now.date() + timedelta(days=allowed.LONGEST_PAUSE_DAYS):
        raise InvalidInputError("paused_until: choose a day after today and within two years, or withdraw instead.")
    profile = _locked_profile(session, principal, side)
    profile.paused_until = until
    profile.updated_at = now
    session.flush()
    if isinstance(profile, MentorProfile):
        _record_mentor(session, profile, now)


def withdraw_profile(session: Session, principal: Principal, *, side: MentorshipSide, now: datetime) -> None:
    """Take back the consent: the profile is shown to nobody, and a mentor takes no one more. What runs goes on.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    """
    profile = _locked_profile(session, principal, side)
    profile.consented_at = profile.paused_until = None
    profile.updated_at = now
    if isinstance(profile, MentorProfile):
        profile.is_accepting_mentees = False
    session.flush()
    if isinstance(profile, MentorProfile):
        _record_mentor(session, profile, now)


def mentor_profile_of(session: Session, principal: Principal, *, on: date) -> MentorProfileView | None:
    """The principal's own profile as a mentor; None when she has none."""
    return None if principal.is_system else ProfileRepository(session).mentor_view(principal.person_id, on=on)


def mentee_profile_of(session: Session, principal: Principal, *, on: date) -> MenteeProfileView | None:
    """The principal's own profile as a mentee; None when she has none."""
    return None if principal.is_system else ProfileRepository(session).mentee_view(principal.person_id, on=on)


def set_reach(
    session: Session, principal: Principal, *, organization_id: UUID, reach: MentoringReach, now: datetime
) -> MentoringPolicy:
    """With whom the organization lets its people be matched from now on; mentorships that run go on.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    """
    principal.require(Permission.MANAGE_MENTORING, organization_id)
    repository = ProfileRepository(session)
    if repository.organization_name(organization_id, lock=True) is None:
        raise NotFoundError("There is no organization with this id. Check the id.")
    policy = repository.policy(organization_id)
    if policy is None:
        policy = MentoringPolicy(organization_id=organization_id, created_at=now)
        session.add(policy)
    elif policy.reach is reach:
        return policy
    policy.reach, policy.updated_at = reach, now
    session.flush()
    event = MentoringReachSet(subject_id=None, organization_id=organization_id, occurred_at=now, reach=reach)
    append_events(session, [event], now=now)
    return policy


def reach_of(session: Session, principal: Principal, *, organization_id: UUID) -> PolicyView:
    """With whom the organization lets its people be matched.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    """
    principal.require(Permission.VIEW_MENTORING, organization_id)
    repository = ProfileRepository(session)
    name = repository.organization_name(organization_id)
    if name is None:
        raise NotFoundError("There is no organization with this id. Check the id.")
    policy = repository.policy(organization_id)
    return PolicyView(organization_id, name, MentoringReach.EVERYONE if policy is None else policy.reach)


def _shared(about: About, own_timezone: str, now: datetime) -> dict[str, object]:
    """The checked fields of both profiles, under their columns' names."""
    timezone = about.timezone or own_timezone
    formats = require_one_of(about.communication_preferences, MeetingFormat, "communication_preferences")
    allowed.require_formats(formats, is_remote_welcome=about.is_remote_welcome)
    windows = allowed.to_windows(about.availability, about.preferred_times)
    allowed.require_place(about.latitude, about.longitude, timezone, on=now.date())
    return {
        "years_experience": allowed.require_years(about.years_experience),
        "communication_preferences": formats,
        "hours_per_month": allowed.require_hours(about.hours_per_month, allowed.minutes_of(windows)),
        "availability": windows,
        "timezone": timezone,
        "location_city": _line(about.location_city, "location_city"),
        "location_region": _line(about.location_region, "location_region"),
        "latitude": about.latitude,
        "longitude": about.longitude,
        "is_remote_welcome": about.is_remote_welcome,
    }


def _line(text: str | None, field: str) -> str | None:
    return require_lines([text], field)[0] if text is not None and text.strip() else None


def _write(
    session: Session,
    profile: MentorProfile | MenteeProfile,
    values: Mapping[str, object],
    has_consented: bool,
    now: datetime,
) -> None:
    for name, value in values.items():
        setattr(profile, name, value)
    profile.consented_at = (profile.consented_at or now) if has_consented else None
    profile.updated_at = now
    session.add(profile)
    session.flush()


def _own_id(principal: Principal) -> UUID:
    if principal.is_system:
        raise NotAuthorizedError("A profile is set by the person herself. Sign in as that person.")
    return principal.person_id


def _locked_profile(session: Session, principal: Principal, side: MentorshipSide) -> MentorProfile | MenteeProfile:
    person_id, repository = _own_id(principal), ProfileRepository(session)
    profile = (
        repository.mentor_profile(person_id, lock=True)
        if side is MentorshipSide.MENTOR
        else repository.mentee_profile(person_id, lock=True)
    )
    if profile is None:
        raise NotFoundError(NO_PROFILE.format(side=side))
    return profile


def _record_mentor(session: Session, profile: MentorProfile, now: datetime) -> None:
    is_paused = profile.paused_until is not None and profile.paused_until > now.date()
    event = MentorProfileSet(
        subject_id=profile.person_id,
        organization_id=None,
        occurred_at=now,
        max_mentees=profile.max_mentees,
        is_accepting=profile.is_accepting_mentees and profile.consented_at is not None and not is_paused,
        paused_until=profile.paused_until if is_paused else None,
    )
    append_events(session, [event], now=now)

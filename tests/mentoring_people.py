"""Mentors and mentees with profiles, written directly; for the arrangement of tests."""

from datetime import datetime

from sqlalchemy.orm import Session

from operational_db.tables.identity import Organization, Person
from operational_db.tables.mentorship import MenteeProfile, MentorProfile
from operational_db.types import MeetingFormat, MenteeLevel, Specialization
from tests import builders

EVENINGS = [{"weekday": day, "from": "18:00", "until": "21:00"} for day in range(5)]


def give_mentor_profile(session: Session, person: Person, now: datetime, **fields: object) -> MentorProfile:
    """A profile that is shown, with two places."""
    values: dict[str, object] = {
        "person_id": person.id,
        "years_experience": 12.0,
        "specializations": [Specialization.TRACTION_ELEVATORS, Specialization.SAFETY],
        "communication_preferences": [MeetingFormat.VIDEO, MeetingFormat.IN_PERSON],
        "hours_per_month": 6,
        "availability": EVENINGS,
        "timezone": "America/Toronto",
        "location_city": "Toronto",
        "location_region": "Ontario",
        "latitude": 43.7,
        "longitude": -79.4,
        "preferred_mentee_levels": [MenteeLevel.APPRENTICE],
        "is_remote_welcome": True,
        "max_mentees": 2,
        "consented_at": now,
    }
    profile = MentorProfile(**{**values, **fields})
    session.add(profile)
    session.flush()
    return profile


def give_mentee_profile(session: Session, person: Person, now: datetime, **fields: object) -> MenteeProfile:
    """A profile that may be found."""
    values: dict[str, object] = {
        "person_id": person.id,
        "current_level": MenteeLevel.APPRENTICE,
        "years_experience": 3.0,
        "specialization_interests": [Specialization.TRACTION_ELEVATORS],
        "communication_preferences": [MeetingFormat.VIDEO],
        "availability": EVENINGS,
        "timezone": "America/Toronto",
        "location_region": "Ontario",
        "latitude": 43.6,
        "longitude": -79.6,
        "is_remote_welcome": True,
        "consented_at": now,
    }
    profile = MenteeProfile(**{**values, **fields})
    session.add(profile)
    session.flush()
    return profile


def create_mentor(
    session: Session, now: datetime, organization: Organization | None = None, **fields: object
) -> Person:
    """Somebody who can be asked; with an organization, one of its members."""
    person = builders.create_person(session)
    if organization is not None:
        builders.create_membership(session, person, organization)
    give_mentor_profile(session, person, now, **fields)
    return person


def create_mentee(
    session: Session, now: datetime, organization: Organization | None = None, **fields: object
) -> Person:
    """Somebody who looks for a mentor; with an organization, one of its members."""
    person = builders.create_person(session)
    if organization is not None:
        builders.create_membership(session, person, organization)
    give_mentee_profile(session, person, now, **fields)
    return person

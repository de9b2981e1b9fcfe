"""Queries on profiles, organizations' reach and dismissals. Nothing here decides who may see what."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.identity.repository import is_open_on
from operational_db.mentorship.views import MenteeProfileView, MentorProfileView
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.tables.mentorship import (
    MenteeProfile,
    MentorDismissal,
    MentoringPolicy,
    MentorProfile,
    Mentorship,
    MentorshipFeedback,
)
from operational_db.types import MentorshipSide, MentorshipStatus, OrganizationKind, VerificationStatus


def has_ended() -> ColumnElement[bool]:
    """The mentorship began and is over, completed or not."""
    return and_(
        Mentorship.started_at.is_not(None),
        Mentorship.status.in_((MentorshipStatus.COMPLETED, MentorshipStatus.CANCELLED)),
    )


class ProfileRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def lock_person(self, person_id: UUID) -> Person:
        """The person, locked against her erasure until the transaction ends.

        Raises
        ------
        NotFoundError
            When nobody has the id, or the person was erased.
        """
        statement = select(Person).where(Person.id == person_id, Person.erased_at.is_(None))
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        person = self.session.scalar(statement)
        if person is None:
            raise NotFoundError("There is no person with this id. Choose somebody from the list.")
        return person

    def mentor_profile(self, person_id: UUID, *, lock: bool = False) -> MentorProfile | None:
        """The profile; locked, it is what requests and answers about this mentor take turns on."""
        statement = select(MentorProfile).where(MentorProfile.person_id == person_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(statement)

    def mentee_profile(self, person_id: UUID, *, lock: bool = False) -> MenteeProfile | None:
        statement = select(MenteeProfile).where(MenteeProfile.person_id == person_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(statement)

    def mentor_view(self, person_id: UUID, *, on: date) -> MentorProfileView | None:
        profile = self.mentor_profile(person_id)
        if profile is None:
            return None
        total, completed = self.session.execute(
            select(
                func.count().filter(Mentorship.started_at.is_not(None)),
                func.count().filter(Mentorship.status == MentorshipStatus.COMPLETED),
            ).where(Mentorship.mentor_id == person_id)
        ).one()
        rating = self.session.scalar(
            select(func.avg(MentorshipFeedback.rating))
            .join(Mentorship, Mentorship.id == MentorshipFeedback.mentorship_id)
            .where(Mentorship.mentor_id == person_id, MentorshipFeedback.side == MentorshipSide.MENTEE)
        )
        return MentorProfileView(
            person_id=person_id,
            years_experience=profile.years_experience,
            specializations=profile.specializations,
            certifications=self.certifications_of(person_id, on=on),
            equipment_expertise=profile.equipment_expertise,
            is_accepting_mentees=profile.is_accepting_mentees,
            max_mentees=profile.max_mentees,
            current_mentee_count=self.active_count(person_id),
            preferred_mentee_levels=profile.preferred_mentee_levels,
            communication_preferences=profile.communication_preferences,
            hours_per_month=profile.hours_per_month,
            availability=profile.availability,
            timezone=profile.timezone,
            location_city=profile.location_city,
            location_region=profile.location_region,
            latitude=profile.latitude,
            longitude=profile.longitude,
            is_remote_welcome=profile.is_remote_welcome,
            about=profile.about,
            consented_at=profile.consented_at,
            paused_until=profile.paused_until,
            total_mentees=total,
            successful_completions=completed,
            average_rating=None if rating is None else float(rating),
        )

    def mentee_view(self, person_id: UUID, *, on: date) -> MenteeProfileView | None:
        profile = self.mentee_profile(person_id)
        if profile is None:
            return None
        return MenteeProfileView(
            person_id=person_id,
            current_level=profile.current_level,
            years_experience=profile.years_experience,
            current_certifications=self.certifications_of(person_id, on=on),
            career_goal=profile.career_goal,
            specialization_interests=profile.specialization_interests,
            skills_to_develop=profile.skills_to_develop,
            timeline_months=profile.timeline_months,
            communication_preferences=profile.communication_preferences,
            hours_per_month=profile.hours_per_month,
            availability=profile.availability,
            timezone=profile.timezone,
            location_city=profile.location_city,
            location_region=profile.location_region,
            latitude=profile.latitude,
            longitude=profile.longitude,
            is_remote_welcome=profile.is_remote_welcome,
            consented_at=profile.consented_at,
            paused_until=profile.paused_until,
        )

    def certifications_of(self, person_id: UUID, *, on: date) -> list[str]:
        """Names of the certifications whose certificates count on the day."""
        statement = (
            select(Certification.name)
            .join(Certificate, Certificate.certification_id == Certification.id)
            .where(
                Certificate.person_id == person_id,
                Certificate.verification_status == VerificationStatus.VERIFIED,
                Certificate.withdrawn_at.is_(None),
                Certificate.issued_on <= on,
                or_(Certificate.expires_on.is_(None), Certificate.expires_on >= on),
                or_(Certificate.revoked_from.is_(None), Certificate.revoked_from > on),
            )
            .distinct()
            .order_by(Certification.name)
        )
        return list(self.session.scalars(statement))

    def active_count(self, mentor_id: UUID) -> int:
        """Mentorships of the mentor that run; under the lock on her profile nobody changes it."""
        return self._count(Mentorship.mentor_id == mentor_id, MentorshipStatus.ACTIVE)

    def waiting_count(self, mentor_id: UUID) -> int:
        """Requests to the mentor and offers by her without an answer; under the lock on her profile none is added."""
        return self._count(Mentorship.mentor_id == mentor_id, MentorshipStatus.PENDING)

    def open_request_count(self, mentee_id: UUID) -> int:
        return self._count(Mentorship.mentee_id == mentee_id, MentorshipStatus.PENDING)

    def _count(self, of_whom: ColumnElement[bool], status: MentorshipStatus) -> int:
        return self.session.scalar(select(func.count()).where(of_whom, Mentorship.status == status)) or 0

    def organization_name(self, organization_id: UUID, *, lock: bool = False) -> str | None:
        """The name, None for an unknown organization; locked, so that changes of its policy take turns."""
        statement = select(Organization.name).where(Organization.id == organization_id)
        return self.session.scalar(statement.with_for_update(key_share=True) if lock else statement)

    def organization_of(self, person_id: UUID, *, on: date) -> UUID | None:
        """Where the person works or learns on the day; of several the one she joined first, the platform last."""
        statement = (
            select(Membership.organization_id)
            .join(Organization, Organization.id == Membership.organization_id)
            .where(Membership.person_id == person_id, is_open_on(on))
            .order_by(Organization.kind == OrganizationKind.PLATFORM, Membership.started_on, Membership.organization_id)
        )
        return self.session.scalar(statement.limit(1))

    def policy(self, organization_id: UUID) -> MentoringPolicy | None:
        return self.session.get(MentoringPolicy, organization_id, populate_existing=True)

    def dismissal(self, mentee_id: UUID, mentor_id: UUID) -> MentorDismissal | None:
        return self.session.get(MentorDismissal, (mentee_id, mentor_id), populate_existing=True)

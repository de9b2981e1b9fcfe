"""Queries on mentorships. Nothing here decides who may see what."""

from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from operational_db.errors import NotFoundError
from operational_db.mentorship.views import MentorshipView
from operational_db.tables.identity import Membership, Person
from operational_db.tables.mentorship import Mentorship
from operational_db.types import MentorshipStatus, Role

_OPEN = (MentorshipStatus.PENDING, MentorshipStatus.ACTIVE)


class MentorshipRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def lock_person(self, person_id: UUID) -> Person:
        """The person, locked until the transaction ends.

        Raises
        ------
        NotFoundError
            When nobody has the id, or the person was erased.
        """
        statement = select(Person).where(Person.id == person_id, Person.erased_at.is_(None))
        person = self.session.scalar(statement.with_for_update(key_share=True))
        if person is None:
            raise NotFoundError("There is no person with this id. Choose a mentor from the list.")
        return person

    def is_mentor(self, person_id: UUID, *, on: date) -> bool:
        """Whether the person holds the role mentor in some organization on the day."""
        statement = select(Membership.id).where(
            Membership.person_id == person_id,
            Membership.role == Role.MENTOR,
            Membership.started_on <= on,
            or_(Membership.ended_on.is_(None), Membership.ended_on > on),
        )
        return self.session.scalar(statement.limit(1)) is not None

    def open_between(self, mentor_id: UUID, mentee_id: UUID) -> Mentorship | None:
        """The requested or running mentorship of the two."""
        statement = select(Mentorship).where(
            Mentorship.mentor_id == mentor_id, Mentorship.mentee_id == mentee_id, Mentorship.status.in_(_OPEN)
        )
        return self.session.scalar(statement)

    def locked(self, mentorship_id: UUID) -> Mentorship | None:
        """The mentorship, locked and read afresh."""
        statement = select(Mentorship).where(Mentorship.id == mentorship_id).with_for_update()
        return self.session.scalar(statement.execution_options(populate_existing=True))

    def of_person(self, person_id: UUID) -> list[MentorshipView]:
        """Every mentorship the person is or was part of, latest request first."""
        mentor, mentee = aliased(Person), aliased(Person)
        statement = (
            select(Mentorship, mentor.display_name, mentee.display_name)
            .join(mentor, mentor.id == Mentorship.mentor_id)
            .join(mentee, mentee.id == Mentorship.mentee_id)
            .where(or_(Mentorship.mentor_id == person_id, Mentorship.mentee_id == person_id))
            .order_by(Mentorship.requested_at.desc(), Mentorship.id)
        )
        return [_to_view(*row) for row in self.session.execute(statement)]


def _to_view(mentorship: Mentorship, mentor_name: str, mentee_name: str) -> MentorshipView:
    return MentorshipView(
        mentorship_id=mentorship.id,
        mentor_id=mentorship.mentor_id,
        mentor_name=mentor_name,
        mentee_id=mentorship.mentee_id,
        mentee_name=mentee_name,
        mentorship_type=mentorship.mentorship_type,
        status=mentorship.status,
        requested_at=mentorship.requested_at,
        started_at=mentorship.started_at,
        expected_end_on=mentorship.expected_end_on,
        ended_at=mentorship.ended_at,
    )

"""Asking for a mentor and what the two may do with it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.mentorship import service
from operational_db.tables.identity import Person
from operational_db.tables.mentorship import Mentorship
from operational_db.types import MentorshipStatus, MentorshipType, Role, new_id
from tests import builders
from tests.operational_db.principals import body_of, create_member, events_about, kinds_about, principal_of

Step = Callable[..., Mentorship]


@pytest.fixture
def mentor(session: Session) -> Principal:
    return create_member(session, builders.create_organization(session), Role.MENTOR)


@pytest.fixture
def mentee(session: Session) -> Principal:
    return principal_of(builders.create_person(session))


@pytest.fixture
def requested(session: Session, mentor: Principal, mentee: Principal, now: datetime) -> Mentorship:
    return service.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)


class TestRequest:
    def test_is_recorded_about_the_mentee(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        mentorship = service.request_mentorship(
            session,
            mentee,
            mentor_id=mentor.person_id,
            mentorship_type=MentorshipType.CERTIFICATION_PREP,
            expected_end_on=now.date() + timedelta(days=90),
            now=now,
        )
        assert (mentorship.status, mentorship.requested_at) == (MentorshipStatus.PENDING, now)
        (event,) = events_about(session, mentee.person_id)
        assert event.kind == "mentorship.requested"
        assert body_of(event) == {
            "mentorship_id": str(mentorship.id),
            "mentor_id": str(mentor.person_id),
            "mentorship_type": "certification_prep",
        }

    def test_is_made_once_while_it_is_open(
        self, session: Session, mentor: Principal, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        with pytest.raises(ConflictError, match="already asked"):
            service.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)
        service.decline(session, mentor, mentorship_id=requested.id, now=now)
        assert service.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now).id != requested.id

    def test_goes_to_somebody_who_mentors_today(self, session: Session, mentee: Principal, now: datetime) -> None:
        technician = create_member(session, builders.create_organization(session))
        former = create_member(session, builders.create_organization(session), Role.MENTOR, ended_on=now.date())
        for principal in (technician, former):
            with pytest.raises(ConflictError, match="does not mentor"):
                service.request_mentorship(session, mentee, mentor_id=principal.person_id, now=now)

    def test_refuses_what_cannot_be_meant(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        with pytest.raises(InvalidInputError, match="own mentor"):
            service.request_mentorship(session, mentor, mentor_id=mentor.person_id, now=now)
        with pytest.raises(InvalidInputError, match="lies ahead"):
            service.request_mentorship(session, mentee, mentor_id=mentor.person_id, expected_end_on=now.date(), now=now)
        with pytest.raises(NotFoundError):
            service.request_mentorship(session, mentee, mentor_id=new_id(), now=now)
        with pytest.raises(NotAuthorizedError):
            service.request_mentorship(session, SYSTEM_PRINCIPAL, mentor_id=mentor.person_id, now=now)
        session.get_one(Person, mentor.person_id).erased_at = now
        session.flush()
        with pytest.raises(NotFoundError):
            service.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)


class TestSteps:
    def test_the_mentor_accepts_and_either_completes(
        self, session: Session, mentor: Principal, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        service.accept(session, mentor, mentorship_id=requested.id, now=now)
        assert (requested.status, requested.started_at) == (MentorshipStatus.ACTIVE, now)
        service.complete(session, mentee, mentorship_id=requested.id, now=now)
        assert (requested.status, requested.ended_at) == (MentorshipStatus.COMPLETED, now)
        assert kinds_about(session, mentee.person_id) == [
            "mentorship.requested",
            "mentorship.accepted",
            "mentorship.completed",
        ]

    def test_the_mentor_declines(
        self, session: Session, mentor: Principal, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        service.decline(session, mentor, mentorship_id=requested.id, now=now)
        assert kinds_about(session, mentee.person_id)[-1] == "mentorship.declined"
        with pytest.raises(ConflictError, match="is declined"):
            service.accept(session, mentor, mentorship_id=requested.id, now=now)

    @pytest.mark.parametrize("step", [service.accept, service.decline])
    def test_the_mentee_does_not_answer_her_own_request(
        self, session: Session, mentee: Principal, requested: Mentorship, now: datetime, step: Step
    ) -> None:
        with pytest.raises(NotAuthorizedError, match="Only the mentor"):
            step(session, mentee, mentorship_id=requested.id, now=now)

    @pytest.mark.parametrize("is_accepted", [False, True])
    def test_either_cancels_what_is_open(
        self,
        session: Session,
        mentor: Principal,
        mentee: Principal,
        requested: Mentorship,
        now: datetime,
        is_accepted: bool,
    ) -> None:
        if is_accepted:
            service.accept(session, mentor, mentorship_id=requested.id, now=now)
        service.cancel(session, mentor if is_accepted else mentee, mentorship_id=requested.id, now=now)
        assert requested.status is MentorshipStatus.CANCELLED
        assert kinds_about(session, mentee.person_id)[-1] == "mentorship.cancelled"

    @pytest.mark.parametrize("step", [service.accept, service.decline, service.complete, service.cancel])
    def test_nobody_else_knows_of_it(self, session: Session, requested: Mentorship, now: datetime, step: Step) -> None:
        stranger = create_member(session, builders.create_organization(session), Role.COMPANY_MANAGER)
        for mentorship_id in (requested.id, new_id()):
            with pytest.raises(NotFoundError):
                step(session, stranger, mentorship_id=mentorship_id, now=now)


def test_each_sees_her_own(
    session: Session, mentor: Principal, mentee: Principal, requested: Mentorship, now: datetime
) -> None:
    builders.create_mentorship(session)
    for principal in (mentor, mentee):
        (view,) = service.my_mentorships(session, principal)
        assert (view.mentorship_id, view.mentor_name, view.mentee_name) == (
            requested.id,
            mentor.display_name,
            mentee.display_name,
        )
    assert service.my_mentorships(session, SYSTEM_PRINCIPAL) == []


def test_of_requests_at_once_one_stands_and_the_others_are_told(committed_engine: Engine, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        mentor = create_member(session, builders.create_organization(session), Role.MENTOR)
        mentee = principal_of(builders.create_person(session))
    barrier = Barrier(4)

    def ask(_: int) -> bool:
        barrier.wait(timeout=30)
        try:
            with unit_of_work(committed_engine) as session:
                service.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, range(4))) == 1
    with unit_of_work(committed_engine) as session:
        assert session.scalar(select(func.count()).select_from(Mentorship)) == 1

"""Many people at once on real PostgreSQL: no seat is sold twice, no cycle or attempt number is given twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, CourseFullError, DomainError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.learning import service
from operational_db.tables.learning import AssessmentAttempt, Enrollment
from operational_db.tables.ledger import LedgerEvent
from tests import builders

PEOPLE = 50
SEATS = 7


def all_at_once(count: int, act: Callable[[int], object]) -> list[str]:
    """Run `act` in `count` threads that start together; "done", or the name of the error that each met."""
    barrier = Barrier(count)

    def run(place: int) -> str:
        barrier.wait(timeout=60)
        try:
            act(place)
        except DomainError as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count), timeout=120))


@pytest.mark.requirement("LMS-06")
def test_fifty_people_for_seven_seats_fill_exactly_seven(committed_engine: Engine, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        course_id = builders.create_course(session, max_enrollment=SEATS).id
        people = [builders.create_person(session).id for _ in range(PEOPLE)]

    def enroll(place: int) -> None:
        principal = Principal(people[place], "Learner", frozenset())
        with unit_of_work(committed_engine) as session:
            service.enroll(session, principal, person_id=people[place], course_id=course_id, now=now)

    outcomes = all_at_once(PEOPLE, enroll)
    assert outcomes.count("done") == SEATS
    assert outcomes.count(CourseFullError.__name__) == PEOPLE - SEATS
    with unit_of_work(committed_engine) as session:
        assert session.scalar(select(func.count()).select_from(Enrollment)) == SEATS
        assert session.scalar(select(func.count()).select_from(LedgerEvent)) == SEATS


@pytest.mark.requirement("LMS-06")
def test_one_person_enrolling_many_times_at_once_opens_one_cycle(committed_engine: Engine, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        course_id = builders.create_course(session).id
        person_id = builders.create_person(session).id
    principal = Principal(person_id, "Learner", frozenset())

    def enroll(_: int) -> None:
        with unit_of_work(committed_engine) as session:
            service.enroll(session, principal, person_id=person_id, course_id=course_id, now=now)

    outcomes = all_at_once(8, enroll)
    assert sorted(set(outcomes)) == sorted({"done", ConflictError.__name__})
    assert outcomes.count("done") == 1
    with unit_of_work(committed_engine) as session:
        assert session.scalars(select(Enrollment.cycle_number)).all() == [1]


def test_attempts_at_once_get_each_their_number_and_stop_at_the_limit(committed_engine: Engine, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        course = builders.create_course(session, module_count=1)
        assessment_id: UUID = builders.create_assessment(session, course, attempts_allowed=3).id
        enrollment_id: UUID = builders.create_enrollment(session, course=course).id

    def attempt(place: int) -> None:
        with unit_of_work(committed_engine) as session:
            service.record_attempt(
                session,
                SYSTEM_PRINCIPAL,
                enrollment_id=enrollment_id,
                assessment_id=assessment_id,
                score=Decimal(50 + place),
                now=now,
            )

    outcomes = all_at_once(8, attempt)
    assert outcomes.count("done") == 3
    assert outcomes.count(ConflictError.__name__) == 5
    with unit_of_work(committed_engine) as session:
        numbers = session.scalars(select(AssessmentAttempt.attempt_number)).all()
        assert sorted(numbers) == [1, 2, 3]


def test_the_last_two_steps_at_once_complete_the_enrollment_once(committed_engine: Engine, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        course = builders.create_course(session, certification=builders.create_certification(session))
        modules = [builders.create_module(session, course, order_index=place).id for place in range(2)]
        enrollment_id = builders.create_enrollment(session, course=course).id

    def complete(place: int) -> None:
        with unit_of_work(committed_engine) as session:
            service.complete_module(
                session, SYSTEM_PRINCIPAL, enrollment_id=enrollment_id, module_id=modules[place % 2], now=now
            )

    assert all_at_once(6, complete) == ["done"] * 6
    with unit_of_work(committed_engine) as session:
        kinds = sorted(session.scalars(select(LedgerEvent.kind)))
        assert kinds == ["certificate.issued", "enrollment.completed", "module.completed", "module.completed"]

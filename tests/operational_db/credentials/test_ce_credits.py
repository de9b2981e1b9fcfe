"""Credits are logged once, count in the cycle of their day, and come from finished courses by themselves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.credentials import ce_credits
from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.learning.service import complete_module, enroll
from operational_db.tables.catalog import Course, CourseModule
from operational_db.tables.credentials import CeCredit, Certificate, Certification
from operational_db.tables.identity import Person
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import CeActivityType, Role, VerificationStatus
from tests import builders
from tests.operational_db.principals import create_manager, create_member, kinds_about, principal_of

WRITERS = 4


@pytest.fixture
def kind(session: Session) -> Certification:
    return builders.create_certification(
        session, ce_credits_required=Decimal(12), ce_carry_over_limit=Decimal(4), validity_period_months=24
    )


@pytest.fixture
def person(session: Session) -> Person:
    return builders.create_person(session)


@pytest.fixture
def held(session: Session, person: Person, kind: Certification) -> Certificate:
    return builders.create_certificate(session, person, kind, issued_on=date(2026, 1, 10), expires_on=date(2028, 1, 10))


def log(
    session: Session,
    principal: Principal,
    certificate_id: UUID,
    now: datetime,
    *,
    credits: str = "4.5",
    activity_on: date = date(2026, 5, 5),
    description: str = "Brake workshop",
) -> CeCredit:
    return ce_credits.log_credit(
        session,
        principal,
        certificate_id=certificate_id,
        credits=Decimal(credits),
        activity_type=CeActivityType.WEBINAR,
        activity_on=activity_on,
        activity_description=description,
        now=now,
    )


class TestLog:
    @pytest.mark.requirement("CRT-05")
    def test_what_was_logged_counts_and_what_was_taken_back_does_not(
        self, session: Session, person: Person, held: Certificate, now: datetime
    ) -> None:
        herself = principal_of(person)
        credit = log(session, herself, held.id, now)
        standing = ce_credits.standing(session, herself, certificate_id=held.id, on=now.date())
        assert (standing.earned, standing.short_by, standing.due_on) == (
            Decimal("4.5"),
            Decimal("7.5"),
            date(2028, 1, 10),
        )
        for _ in range(2):
            ce_credits.withdraw_credit(session, herself, credit_id=credit.id, now=now)
        assert ce_credits.standing(session, herself, certificate_id=held.id, on=now.date()).earned == 0
        assert kinds_about(session, person.id) == ["ce_credit.logged", "ce_credit.withdrawn"]
        log(session, herself, held.id, now)

    def test_the_same_activity_counts_once(
        self, session: Session, person: Person, held: Certificate, now: datetime
    ) -> None:
        log(session, principal_of(person), held.id, now)
        with pytest.raises(ConflictError, match="counts once"):
            log(session, principal_of(person), held.id, now, description=" BRAKE workshop ", credits="2")
        log(session, principal_of(person), held.id, now, activity_on=date(2026, 5, 6))

    def test_it_counts_in_the_cycle_of_its_day_whichever_certificate_is_named(
        self, session: Session, person: Person, kind: Certification, held: Certificate, now: datetime
    ) -> None:
        renewal = builders.create_certificate(
            session,
            person,
            kind,
            issued_on=date(2026, 10, 1),
            expires_on=date(2028, 10, 1),
            renews_id=held.id,
        )
        herself = principal_of(person)
        assert log(session, herself, renewal.id, now, activity_on=date(2026, 10, 1)).certificate_id == held.id
        assert log(session, herself, held.id, now, activity_on=date(2026, 10, 2)).certificate_id == renewal.id
        log(session, herself, held.id, now, activity_on=date(2026, 3, 3), credits="10")
        standing = ce_credits.standing(session, herself, certificate_id=renewal.id, on=now.date())
        assert (standing.earned, standing.carried_over) == (Decimal("4.5"), Decimal("2.5"))
        views = ce_credits.credits_of(session, herself, certificate_id=renewal.id, on=now.date())
        assert [view.certificate_id for view in views] == [renewal.id, held.id, held.id]

    def test_what_cannot_count_is_refused(
        self, session: Session, person: Person, kind: Certification, held: Certificate, now: datetime
    ) -> None:
        herself = principal_of(person)
        with pytest.raises(InvalidInputError, match="before the first"):
            log(session, herself, held.id, now, activity_on=date(2026, 1, 9))
        with pytest.raises(InvalidInputError, match="what the activity was"):
            log(session, herself, held.id, now, description="  ")
        without = builders.create_certificate(session, person)
        with pytest.raises(ConflictError, match="asks for no"):
            log(session, herself, without.id, now)
        held.withdrawn_at = now
        session.flush()
        with pytest.raises(ConflictError, match="withdrawn"):
            log(session, herself, held.id, now)

    def test_only_she_and_who_may_verify_hers_log_and_take_back(
        self, session: Session, kind: Certification, now: datetime
    ) -> None:
        manager, company = create_manager(session)
        member = create_member(session, company)
        held = builders.create_certificate(
            session, session.get_one(Person, member.person_id), kind, issued_on=date(2026, 1, 1)
        )
        credit = log(session, manager, held.id, now)
        foreign, _ = create_manager(session)
        for refused in (create_member(session, company, Role.SUPERVISOR), create_member(session, company), foreign):
            with pytest.raises(NotFoundError):
                log(session, refused, held.id, now)
            with pytest.raises(NotFoundError):
                ce_credits.withdraw_credit(session, refused, credit_id=credit.id, now=now)


def complete(session: Session, person: Person, course: Course, now: datetime) -> UUID:
    """Enroll and do the only module."""
    herself = principal_of(person)
    enrollment = enroll(session, herself, person_id=person.id, course_id=course.id, now=now)

    module_id = session.scalars(select(CourseModule.id).where(CourseModule.course_id == course.id)).one()
    complete_module(session, herself, enrollment_id=enrollment.id, module_id=module_id, now=now)
    return enrollment.id


class TestCourses:
    @pytest.mark.requirement("CRT-05")
    def test_a_finished_course_counts_once_for_each_certificate_that_asks_for_credits(
        self, session: Session, person: Person, kind: Certification, held: Certificate, now: datetime
    ) -> None:
        other = builders.create_certification(session, ce_credits_required=Decimal(3))
        builders.create_certificate(session, person, other, issued_on=date(2025, 1, 1), expires_on=date(2026, 1, 1))
        builders.create_certificate(session, person)
        unverified = builders.create_certification(session, ce_credits_required=Decimal(3))
        builders.create_certificate(session, person, unverified, verification_status=VerificationStatus.UNVERIFIED)
        course = builders.create_course(session, module_count=1, ce_credits=Decimal("2.5"))
        enrollment_id = complete(session, person, course, now)
        logged = session.scalars(select(CeCredit).where(CeCredit.person_id == person.id)).all()
        assert {credit.certification_id for credit in logged} == {kind.id, other.id}
        assert {(credit.activity_id, credit.credits) for credit in logged} == {(enrollment_id, Decimal("2.5"))}
        with pytest.raises(ConflictError, match="counts once"):
            ce_credits.log_course(
                session, principal_of(person), certificate_id=held.id, enrollment_id=enrollment_id, now=now
            )
        with pytest.raises(ConflictError, match="cannot be taken back"):
            ce_credits.withdraw_credit(session, principal_of(person), credit_id=logged[0].id, now=now)
        # Taken again a day later it is another activity.
        complete(session, person, course, now + timedelta(days=1))
        assert ce_credits.standing(
            session, principal_of(person), certificate_id=held.id, on=now.date() + timedelta(days=1)
        ).earned == Decimal(5)

    def test_credits_of_the_course_that_renews_belong_to_the_cycle_it_ends(
        self, session: Session, person: Person, kind: Certification, held: Certificate, now: datetime
    ) -> None:
        course = builders.create_course(session, module_count=1, certification=kind, ce_credits=Decimal(3))
        complete(session, person, course, now)
        renewal = session.scalars(select(Certificate).where(Certificate.renews_id == held.id)).one()
        herself, on = principal_of(person), now.date()
        assert ce_credits.standing(session, herself, certificate_id=held.id, on=on).earned == Decimal(3)
        assert ce_credits.standing(session, herself, certificate_id=renewal.id, on=on).earned == 0

    def test_a_course_completed_before_the_certificate_was_recorded_is_counted_by_hand(
        self, session: Session, person: Person, kind: Certification, now: datetime
    ) -> None:
        course = builders.create_course(session, module_count=1, ce_credits=Decimal(2))
        enrollment_id = complete(session, person, course, now - timedelta(days=10))
        held = builders.create_certificate(session, person, kind, issued_on=date(2026, 1, 1))
        credit = ce_credits.log_course(
            session, principal_of(person), certificate_id=held.id, enrollment_id=enrollment_id, now=now
        )
        assert (credit.credits, credit.activity_on) == (Decimal(2), (now - timedelta(days=10)).date())
        stranger = builders.create_enrollment(session)
        with pytest.raises(NotFoundError):
            ce_credits.log_course(
                session, principal_of(person), certificate_id=held.id, enrollment_id=stranger.id, now=now
            )


def test_of_two_who_log_the_same_activity_at_once_one_does(committed_engine: Engine) -> None:
    now = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    with unit_of_work(committed_engine) as session:
        kind = builders.create_certification(session, ce_credits_required=Decimal(12))
        held = builders.create_certificate(session, certification=kind, issued_on=date(2026, 1, 1))
        certificate_id, herself = held.id, principal_of(session.get_one(Person, held.person_id))
    barrier = Barrier(WRITERS)

    def write(_: int) -> bool:
        barrier.wait(timeout=30)
        try:
            with unit_of_work(committed_engine) as session:
                log(session, herself, certificate_id, now)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        assert sorted(pool.map(write, range(WRITERS))) == [False, False, False, True]
    with unit_of_work(committed_engine) as session:
        assert session.scalar(select(func.sum(CeCredit.credits))) == Decimal("4.5")
        assert session.scalars(select(LedgerEvent.kind)).all() == ["ce_credit.logged"]

"""Enrolling, learning, grading and finishing, with their events, and what strangers are told."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational_db.errors import (
    ConflictError,
    CourseFullError,
    EnrollmentClosedError,
    InvalidInputError,
    NotAuthorizedError,
    NotFoundError,
    PrerequisiteMissingError,
)
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Grant, Principal
from operational_db.learning import service
from operational_db.tables.catalog import Course, CourseAssessment, CourseModule
from operational_db.tables.compliance import AssignmentRecipient
from operational_db.tables.credentials import Certificate
from operational_db.tables.identity import Organization, Person
from operational_db.tables.learning import DailyEngagement, Enrollment
from operational_db.types import (
    AssessmentType,
    CourseStatus,
    CourseVisibility,
    EnrollmentStatus,
    OrganizationKind,
    PricingModel,
    ProviderType,
    Role,
    new_id,
)
from tests import builders
from tests.operational_db.principals import body_of, create_manager, create_member, events_about, kinds_about


@pytest.fixture
def company(session: Session) -> Organization:
    return builders.create_organization(session)


@pytest.fixture
def learner(session: Session, company: Organization) -> Principal:
    return create_member(session, company)


@pytest.fixture
def manager(session: Session, company: Organization) -> Principal:
    return create_member(session, company, Role.COMPANY_MANAGER)


@pytest.fixture
def stranger(session: Session) -> Principal:
    """The manager of another company."""
    return create_manager(session)[0]


def modules_of(session: Session, course: Course) -> list[CourseModule]:
    statement = select(CourseModule).where(CourseModule.course_id == course.id)
    return list(session.scalars(statement.order_by(CourseModule.order_index)))


def assessments_of(session: Session, course: Course) -> list[CourseAssessment]:
    statement = select(CourseAssessment).where(CourseAssessment.course_id == course.id)
    return list(session.scalars(statement.order_by(CourseAssessment.id)))


class TestEnroll:
    @pytest.mark.requirement("LMS-06")
    def test_a_person_enrolls_herself_and_the_ledger_says_so(
        self, session: Session, learner: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session, module_count=2)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        assert (enrollment.status, enrollment.cycle_number) == (EnrollmentStatus.ENROLLED, 1)
        assert enrollment.organization_id is None
        assert enrollment.current_module_id == modules_of(session, course)[0].id
        (event,) = events_about(session, learner.person_id)
        assert event.kind == "enrollment.opened"
        assert body_of(event) == {
            "enrollment_id": str(enrollment.id),
            "course_id": str(course.id),
            "cycle_number": 1,
        }

    def test_a_manager_enrolls_a_member_on_the_companys_account(
        self, session: Session, learner: Principal, manager: Principal, company: Organization, now: datetime
    ) -> None:
        course = builders.create_course(
            session, pricing_model=PricingModel.EMPLOYER_PAID, price=Decimal(90), currency="USD"
        )
        enrollment = service.enroll(
            session, manager, person_id=learner.person_id, course_id=course.id, organization_id=company.id, now=now
        )
        assert enrollment.organization_id == company.id
        assert events_about(session, learner.person_id)[0].organization_id == company.id

    @pytest.mark.requirement("LMS-06")
    def test_who_enrolls_a_member_and_names_no_sponsor_does_so_for_the_organization_of_both(
        self, session: Session, learner: Principal, manager: Principal, company: Organization, now: datetime
    ) -> None:
        first, second = builders.create_course(session), builders.create_course(session)
        enrollment = service.enroll(session, manager, person_id=learner.person_id, course_id=first.id, now=now)
        assert enrollment.organization_id == company.id
        assert service.enrollment_view(session, manager, enrollment_id=enrollment.id).status == "enrolled"
        other = builders.create_organization(session)
        builders.create_membership(session, session.get_one(Person, learner.person_id), other)
        both = replace(manager, grants=manager.grants | {Grant(other.id, Role.COMPANY_MANAGER)})
        with pytest.raises(InvalidInputError, match="Name the one"):
            service.enroll(session, both, person_id=learner.person_id, course_id=second.id, now=now)
        alone = service.enroll(session, learner, person_id=learner.person_id, course_id=second.id, now=now)
        assert alone.organization_id is None

    def test_an_instructor_enrolls_a_student_and_the_school_is_noted(self, session: Session, now: datetime) -> None:
        school = builders.create_organization(session, OrganizationKind.TRADE_SCHOOL)
        student = create_member(session, school, Role.STUDENT)
        instructor = create_member(session, school, Role.INSTRUCTOR)
        course = builders.create_course(session, provider_type=ProviderType.TRADE_SCHOOL, provider_id=school.id)
        enrollment = service.enroll(session, instructor, person_id=student.person_id, course_id=course.id, now=now)
        assert enrollment.organization_id == school.id

    def test_another_companys_manager_may_not(
        self, session: Session, learner: Principal, stranger: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session)
        with pytest.raises(NotAuthorizedError):
            service.enroll(session, stranger, person_id=learner.person_id, course_id=course.id, now=now)
        assert session.scalar(select(func.count()).select_from(Enrollment)) == 0

    def test_a_colleague_may_not(
        self, session: Session, learner: Principal, company: Organization, now: datetime
    ) -> None:
        colleague = create_member(session, company)
        course = builders.create_course(session)
        with pytest.raises(NotAuthorizedError):
            service.enroll(session, colleague, person_id=learner.person_id, course_id=course.id, now=now)

    def test_a_former_member_is_no_longer_the_managers(
        self, session: Session, manager: Principal, company: Organization, now: datetime
    ) -> None:
        former = create_member(session, company, ended_on=now.date())
        course = builders.create_course(session)
        with pytest.raises(NotAuthorizedError):
            service.enroll(session, manager, person_id=former.person_id, course_id=course.id, now=now)

    def test_the_sponsor_is_one_of_the_persons_own(self, session: Session, learner: Principal, now: datetime) -> None:
        course = builders.create_course(session)
        foreign = builders.create_organization(session)
        with pytest.raises(InvalidInputError, match="does not belong"):
            service.enroll(
                session, learner, person_id=learner.person_id, course_id=course.id, organization_id=foreign.id, now=now
            )

    @pytest.mark.requirement("LMS-06")
    def test_a_sponsor_that_pays_has_to_agree(
        self, session: Session, learner: Principal, company: Organization, now: datetime
    ) -> None:
        course = builders.create_course(
            session, pricing_model=PricingModel.EMPLOYER_PAID, price=Decimal(90), currency="USD"
        )

        def enroll() -> Enrollment:
            return service.enroll(
                session, learner, person_id=learner.person_id, course_id=course.id, organization_id=company.id, now=now
            )

        with pytest.raises(NotAuthorizedError, match="Ask a manager"):
            enroll()
        person = builders.create_person(session)
        assignment = builders.create_assignment(session, company, course, (person,))
        recipient = session.scalars(
            select(AssignmentRecipient).where(AssignmentRecipient.assignment_id == assignment.id)
        ).one()
        recipient.person_id = learner.person_id
        session.flush()
        assert enroll().organization_id == company.id

    @pytest.mark.requirement("LMS-06")
    def test_an_employer_paid_course_needs_a_sponsor(self, session: Session, learner: Principal, now: datetime) -> None:
        course = builders.create_course(
            session, pricing_model=PricingModel.EMPLOYER_PAID, price=Decimal(90), currency="USD"
        )
        with pytest.raises(EnrollmentClosedError, match="Name the organization"):
            service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)

    @pytest.mark.requirement("LMS-06")
    def test_an_open_cycle_refuses_and_a_finished_one_lets_the_next_open(
        self, session: Session, learner: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session)

        def enroll() -> Enrollment:
            return service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)

        first = enroll()
        with pytest.raises(ConflictError, match=r"cycle 1"):
            enroll()
        service.drop_enrollment(session, learner, enrollment_id=first.id, now=now)
        second = enroll()
        assert second.cycle_number == 2
        assert session.scalar(select(func.count()).select_from(Enrollment)) == 2

    @pytest.mark.requirement("LMS-06")
    @pytest.mark.parametrize(("seconds", "is_open"), [(-1, False), (0, True), (1, True)])
    def test_the_deadline_is_the_last_instant(
        self, session: Session, learner: Principal, now: datetime, seconds: int, is_open: bool
    ) -> None:
        course = builders.create_course(session, enrollment_deadline=now + timedelta(seconds=seconds))
        if is_open:
            assert service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now).is_open
        else:
            with pytest.raises(EnrollmentClosedError, match="closed at"):
                service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)

    @pytest.mark.requirement("LMS-06")
    def test_a_dropped_seat_is_free_again(
        self, session: Session, learner: Principal, company: Organization, now: datetime
    ) -> None:
        course = builders.create_course(session, max_enrollment=1)
        other = create_member(session, company)
        taken = service.enroll(session, other, person_id=other.person_id, course_id=course.id, now=now)
        with pytest.raises(CourseFullError):
            service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        service.drop_enrollment(session, other, enrollment_id=taken.id, now=now)
        assert service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now).is_open

    @pytest.mark.requirement("LMS-06")
    @pytest.mark.parametrize(("expires_in_days", "is_missing"), [(-1, True), (0, False), (1, False), (None, False)])
    def test_a_certification_has_to_count_on_the_day(
        self, session: Session, learner: Principal, now: datetime, expires_in_days: int | None, is_missing: bool
    ) -> None:
        certification = builders.create_certification(session)
        course = builders.create_course(session, prerequisites=[{"type": "certification", "id": str(certification.id)}])
        expires_on = None if expires_in_days is None else now.date() + timedelta(days=expires_in_days)
        builders.create_certificate(
            session, certification=certification, person_id=learner.person_id, expires_on=expires_on
        )
        if is_missing:
            with pytest.raises(PrerequisiteMissingError, match=certification.name):
                service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        else:
            assert service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now).is_open

    @pytest.mark.requirement("LMS-06")
    def test_a_course_has_to_be_completed_first(self, session: Session, learner: Principal, now: datetime) -> None:
        basics = builders.create_course(session)
        course = builders.create_course(session, prerequisites=[{"type": "course", "id": str(basics.id)}])
        builders.create_enrollment(
            session, course=basics, person_id=learner.person_id, status=EnrollmentStatus.FAILED, ended_at=now
        )
        with pytest.raises(PrerequisiteMissingError, match=basics.title):
            service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        builders.create_enrollment(
            session,
            course=basics,
            person_id=learner.person_id,
            cycle_number=2,
            status=EnrollmentStatus.COMPLETED,
            ended_at=now,
        )
        assert service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now).is_open

    @pytest.mark.parametrize("status", [CourseStatus.DRAFT, CourseStatus.ARCHIVED])
    def test_only_published_courses_take_enrollments(
        self, session: Session, learner: Principal, now: datetime, status: CourseStatus
    ) -> None:
        course = builders.create_course(session, status=status)
        with pytest.raises(EnrollmentClosedError):
            service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)

    def test_another_companys_own_course_is_not_found(
        self, session: Session, learner: Principal, now: datetime
    ) -> None:
        owner = builders.create_organization(session)
        course = builders.create_course(
            session,
            provider_type=ProviderType.COMPANY,
            provider_id=owner.id,
            visibility=CourseVisibility.ORGANIZATION,
        )
        with pytest.raises(NotFoundError):
            service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        with pytest.raises(NotFoundError):
            service.enroll(session, learner, person_id=learner.person_id, course_id=new_id(), now=now)

    def test_a_teams_course_is_for_the_team(self, session: Session, company: Organization, now: datetime) -> None:
        team = builders.create_team(session, company)
        course = builders.create_course(
            session,
            provider_type=ProviderType.COMPANY,
            provider_id=company.id,
            visibility=CourseVisibility.TEAM,
            visible_to_team_id=team.id,
        )
        inside = create_member(session, company, team=team)
        outside = create_member(session, company)
        assert service.enroll(session, inside, person_id=inside.person_id, course_id=course.id, now=now).is_open
        with pytest.raises(NotFoundError):
            service.enroll(session, outside, person_id=outside.person_id, course_id=course.id, now=now)


class TestCompleteModule:
    @pytest.mark.requirement("LMS-10")
    def test_it_moves_on_to_the_next_module_and_adds_the_time(
        self, session: Session, learner: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session, module_count=3)
        first, second, _ = modules_of(session, course)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        service.complete_module(
            session, learner, enrollment_id=enrollment.id, module_id=first.id, time_spent_minutes=25, now=now
        )
        view = service.enrollment_view(session, learner, enrollment_id=enrollment.id)
        assert view.status is EnrollmentStatus.IN_PROGRESS
        assert view.progress_pct == Decimal("33.33")
        assert view.current_module_id == second.id
        assert view.time_spent_minutes == 25
        assert view.last_activity_at == now

    def test_said_twice_it_changes_nothing_and_adds_no_event(
        self, session: Session, learner: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session, module_count=1)
        (module,) = modules_of(session, course)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        first = service.complete_module(
            session, learner, enrollment_id=enrollment.id, module_id=module.id, time_spent_minutes=10, now=now
        )
        before = kinds_about(session, learner.person_id)
        later = now + timedelta(hours=1)
        again = service.complete_module(
            session, learner, enrollment_id=enrollment.id, module_id=module.id, time_spent_minutes=10, now=later
        )
        assert again.id == first.id
        assert again.completed_at == now
        assert enrollment.time_spent_minutes == 10
        assert kinds_about(session, learner.person_id) == before

    def test_another_courses_module_is_not_found(self, session: Session, learner: Principal, now: datetime) -> None:
        course = builders.create_course(session, module_count=1)
        other = builders.create_course(session, module_count=1)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        with pytest.raises(NotFoundError):
            service.complete_module(
                session,
                learner,
                enrollment_id=enrollment.id,
                module_id=modules_of(session, other)[0].id,
                now=now,
            )

    def test_a_stranger_may_not(self, session: Session, learner: Principal, stranger: Principal, now: datetime) -> None:
        course = builders.create_course(session, module_count=1)
        (module,) = modules_of(session, course)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        with pytest.raises(NotAuthorizedError):
            service.complete_module(session, stranger, enrollment_id=enrollment.id, module_id=module.id, now=now)

    def test_an_ended_enrollment_takes_no_more(self, session: Session, learner: Principal, now: datetime) -> None:
        course = builders.create_course(session, module_count=1)
        (module,) = modules_of(session, course)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        service.drop_enrollment(session, learner, enrollment_id=enrollment.id, now=now)
        with pytest.raises(ConflictError, match="dropped"):
            service.complete_module(session, learner, enrollment_id=enrollment.id, module_id=module.id, now=now)


class TestAttempts:
    def test_attempts_are_numbered_and_limited(
        self, session: Session, learner: Principal, manager: Principal, company: Organization, now: datetime
    ) -> None:
        course = builders.create_course(session, module_count=1)
        exam = builders.create_assessment(session, course, attempts_allowed=2)
        enrollment = service.enroll(
            session, learner, person_id=learner.person_id, course_id=course.id, organization_id=company.id, now=now
        )

        def attempt(score: int) -> tuple[int, bool | None]:
            recorded = service.record_attempt(
                session,
                manager,
                enrollment_id=enrollment.id,
                assessment_id=exam.id,
                score=Decimal(score),
                now=now,
            )
            return recorded.attempt_number, recorded.passed

        assert attempt(69) == (1, False)
        assert attempt(70) == (2, True)
        with pytest.raises(ConflictError, match="All 2 attempts"):
            attempt(90)
        assert kinds_about(session, learner.person_id).count("attempt.graded") == 2

    def test_nobody_grades_herself_and_no_stranger_does(
        self, session: Session, manager: Principal, stranger: Principal, company: Organization, now: datetime
    ) -> None:
        course = builders.create_course(session)
        exam = builders.create_assessment(session, course)
        enrollment = service.enroll(
            session, manager, person_id=manager.person_id, course_id=course.id, organization_id=company.id, now=now
        )
        for principal in (manager, stranger, create_member(session, company)):
            with pytest.raises(NotAuthorizedError):
                service.record_attempt(
                    session,
                    principal,
                    enrollment_id=enrollment.id,
                    assessment_id=exam.id,
                    score=Decimal(100),
                    now=now,
                )

    def test_a_manager_does_not_grade_what_her_company_does_not_sponsor(
        self, session: Session, learner: Principal, manager: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session)
        exam = builders.create_assessment(session, course)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        with pytest.raises(NotAuthorizedError):
            service.record_attempt(
                session, manager, enrollment_id=enrollment.id, assessment_id=exam.id, score=Decimal(80), now=now
            )

    def test_a_practical_is_handed_in_and_graded_by_a_person(
        self, session: Session, learner: Principal, manager: Principal, company: Organization, now: datetime
    ) -> None:
        course = builders.create_course(session)
        practical = builders.create_assessment(session, course, assessment_type=AssessmentType.PRACTICAL)
        enrollment = service.enroll(
            session, learner, person_id=learner.person_id, course_id=course.id, organization_id=company.id, now=now
        )
        handed_in = service.submit_attempt(
            session, learner, enrollment_id=enrollment.id, assessment_id=practical.id, now=now
        )
        assert (handed_in.score, handed_in.passed) == (None, None)
        assert kinds_about(session, learner.person_id) == ["enrollment.opened"]
        with pytest.raises(NotAuthorizedError):
            service.grade_attempt(session, learner, attempt_id=handed_in.id, score=Decimal(100), now=now)
        later = now + timedelta(days=1)
        graded = service.grade_attempt(session, manager, attempt_id=handed_in.id, score=Decimal(91), now=later)
        assert graded.passed
        assert enrollment.status is EnrollmentStatus.COMPLETED
        event = events_about(session, learner.person_id)[1]
        assert (event.kind, event.occurred_at, event.recorded_at) == ("attempt.graded", now, later)
        again = service.grade_attempt(session, manager, attempt_id=handed_in.id, score=Decimal(91), now=later)
        assert again is graded
        with pytest.raises(ConflictError, match="graded with 91"):
            service.grade_attempt(session, manager, attempt_id=handed_in.id, score=Decimal(50), now=later)

    def test_a_quiz_is_not_handed_in(self, session: Session, learner: Principal, now: datetime) -> None:
        course = builders.create_course(session, assessment_count=1)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        with pytest.raises(InvalidInputError, match="Only practicals"):
            service.submit_attempt(
                session,
                learner,
                enrollment_id=enrollment.id,
                assessment_id=assessments_of(session, course)[0].id,
                now=now,
            )


class TestFinish:
    @pytest.mark.requirement("US-TC007")
    def test_the_last_step_completes_issues_the_certificate_and_fulfils_the_assignment(
        self, session: Session, learner: Principal, company: Organization, now: datetime
    ) -> None:
        certification = builders.create_certification(session, validity_period_months=12)
        course = builders.create_course(session, module_count=1, certification=certification, ce_credits=Decimal("1.5"))
        one = builders.create_assessment(session, course)
        two = builders.create_assessment(session, course)
        builders.create_assessment(session, course, is_required=False)
        (module,) = modules_of(session, course)
        person = builders.create_person(session)
        assignment = builders.create_assignment(session, company, course, (person,))
        recipient = session.scalars(
            select(AssignmentRecipient).where(AssignmentRecipient.assignment_id == assignment.id)
        ).one()
        recipient.person_id = learner.person_id
        session.flush()
        enrollment = service.enroll(
            session, learner, person_id=learner.person_id, course_id=course.id, organization_id=company.id, now=now
        )
        for assessment, score in ((one, 60), (one, 80), (two, 91)):
            service.record_attempt(
                session,
                SYSTEM_PRINCIPAL,
                enrollment_id=enrollment.id,
                assessment_id=assessment.id,
                score=Decimal(score),
                now=now,
            )
        assert enrollment.is_open
        service.complete_module(session, learner, enrollment_id=enrollment.id, module_id=module.id, now=now)
        assert service.enrollment_view(session, learner, enrollment_id=enrollment.id).progress_pct == 100
        assert enrollment.status is EnrollmentStatus.COMPLETED
        assert enrollment.final_score == Decimal("85.50")
        assert enrollment.ended_at == now
        certificate = session.scalars(select(Certificate).where(Certificate.person_id == learner.person_id)).one()
        assert (certificate.certification_id, certificate.enrollment_id) == (certification.id, enrollment.id)
        assert (certificate.issued_on, certificate.expires_on) == (now.date(), date(2027, 11, 2))
        assert recipient.completed_at == now
        kinds = kinds_about(session, learner.person_id)
        assert kinds[-3:] == ["module.completed", "enrollment.completed", "certificate.issued"]
        completed = events_about(session, learner.person_id)[-2]
        assert body_of(completed)["final_score"] == "85.5"
        assert body_of(completed)["ce_credits"] == "1.5"

    @pytest.mark.requirement("US-TC007")
    def test_taking_it_again_renews_the_certificate(self, session: Session, learner: Principal, now: datetime) -> None:
        course = builders.create_course(session, module_count=1, certification=builders.create_certification(session))
        (module,) = modules_of(session, course)
        for instant in (now - timedelta(days=300), now):
            enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=instant)
            service.complete_module(session, learner, enrollment_id=enrollment.id, module_id=module.id, now=instant)
        kinds = kinds_about(session, learner.person_id)
        assert kinds.count("certificate.issued") == 1
        assert kinds.count("certificate.renewed") == 1

    def test_a_course_without_steps_is_completed_by_its_instructor(self, session: Session, now: datetime) -> None:
        school = builders.create_organization(session, OrganizationKind.TRADE_SCHOOL)
        student = create_member(session, school, Role.STUDENT)
        instructor = create_member(session, school, Role.INSTRUCTOR)
        course = builders.create_course(session, provider_type=ProviderType.TRADE_SCHOOL, provider_id=school.id)
        enrollment = service.enroll(session, student, person_id=student.person_id, course_id=course.id, now=now)
        with pytest.raises(NotAuthorizedError):
            service.complete_enrollment(session, student, enrollment_id=enrollment.id, now=now)
        completed = service.complete_enrollment(session, instructor, enrollment_id=enrollment.id, now=now)
        assert (completed.status, completed.final_score) == (EnrollmentStatus.COMPLETED, None)
        count = len(events_about(session, student.person_id))
        service.complete_enrollment(session, instructor, enrollment_id=enrollment.id, now=now)
        assert len(events_about(session, student.person_id)) == count

    def test_open_steps_refuse_completion(self, session: Session, learner: Principal, now: datetime) -> None:
        course = builders.create_course(session, module_count=2, assessment_count=1)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        with pytest.raises(ConflictError, match="2 modules and 1 passed assessments"):
            service.complete_enrollment(session, SYSTEM_PRINCIPAL, enrollment_id=enrollment.id, now=now)

    def test_a_failed_enrollment_keeps_its_score_and_another_cycle_may_follow(
        self, session: Session, learner: Principal, stranger: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session)
        exam = builders.create_assessment(session, course)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        service.record_attempt(
            session, SYSTEM_PRINCIPAL, enrollment_id=enrollment.id, assessment_id=exam.id, score=Decimal(40), now=now
        )
        with pytest.raises(NotAuthorizedError):
            service.fail_enrollment(session, stranger, enrollment_id=enrollment.id, now=now)
        failed = service.fail_enrollment(session, SYSTEM_PRINCIPAL, enrollment_id=enrollment.id, now=now)
        service.fail_enrollment(session, SYSTEM_PRINCIPAL, enrollment_id=enrollment.id, now=now)
        assert (failed.status, failed.final_score) == (EnrollmentStatus.FAILED, Decimal(40))
        assert kinds_about(session, learner.person_id).count("enrollment.failed") == 1
        again = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        assert again.cycle_number == 2

    def test_dropping_twice_is_said_once_and_not_by_strangers(
        self, session: Session, learner: Principal, stranger: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session)
        enrollment = service.enroll(session, learner, person_id=learner.person_id, course_id=course.id, now=now)
        with pytest.raises(NotAuthorizedError):
            service.drop_enrollment(session, stranger, enrollment_id=enrollment.id, now=now)
        service.drop_enrollment(session, learner, enrollment_id=enrollment.id, now=now)
        service.drop_enrollment(session, learner, enrollment_id=enrollment.id, now=now)
        assert kinds_about(session, learner.person_id) == ["enrollment.opened", "enrollment.dropped"]
        with pytest.raises(ConflictError, match="dropped"):
            service.fail_enrollment(session, SYSTEM_PRINCIPAL, enrollment_id=enrollment.id, now=now)


class TestEngagement:
    def report(
        self, session: Session, principal: Principal, enrollment: Enrollment, now: datetime, **counts: int
    ) -> None:
        service.record_engagement(
            session,
            principal,
            person_id=enrollment.person_id,
            course_id=enrollment.course_id,
            on_date=now.date(),
            now=now,
            **counts,
        )

    def test_reports_of_a_day_add_up_and_stay_out_of_the_ledger(
        self, session: Session, learner: Principal, company: Organization, now: datetime
    ) -> None:
        course = builders.create_course(session)
        enrollment = service.enroll(
            session, learner, person_id=learner.person_id, course_id=course.id, organization_id=company.id, now=now
        )
        count = len(events_about(session, learner.person_id))
        self.report(session, learner, enrollment, now, interaction_count=3)
        assert session.scalars(select(DailyEngagement.minutes)).one() is None
        self.report(session, learner, enrollment, now, session_count=2, mobile_session_count=1, minutes=20)
        self.report(session, learner, enrollment, now, interaction_count=4, minutes=5)
        day = session.scalars(select(DailyEngagement)).one()
        assert (day.interaction_count, day.session_count, day.mobile_session_count, day.minutes) == (7, 2, 1, 25)
        assert day.organization_id == company.id
        assert len(events_about(session, learner.person_id)) == count

    @pytest.mark.parametrize("counts", [{"interaction_count": -1}, {"mobile_session_count": 1}, {"minutes": 1441}])
    def test_impossible_counts_are_refused(
        self, session: Session, learner: Principal, now: datetime, counts: dict[str, int]
    ) -> None:
        enrollment = builders.create_enrollment(session, person_id=learner.person_id)
        with pytest.raises(InvalidInputError):
            self.report(session, learner, enrollment, now, **counts)

    def test_nobody_reports_for_another_nor_without_enrollment(
        self, session: Session, learner: Principal, manager: Principal, now: datetime
    ) -> None:
        enrollment = builders.create_enrollment(session, person_id=learner.person_id)
        with pytest.raises(NotAuthorizedError):
            self.report(session, manager, enrollment, now, interaction_count=1)
        with pytest.raises(InvalidInputError):
            service.record_engagement(
                session,
                learner,
                person_id=learner.person_id,
                course_id=enrollment.course_id,
                on_date=now.date() + timedelta(days=1),
                now=now,
            )
        with pytest.raises(NotFoundError):
            service.record_engagement(
                session,
                learner,
                person_id=learner.person_id,
                course_id=builders.create_course(session).id,
                on_date=now.date(),
                now=now,
            )


class TestReading:
    def test_a_manager_sees_what_her_company_sponsors_and_a_stranger_nothing(
        self, session: Session, learner: Principal, manager: Principal, stranger: Principal, now: datetime
    ) -> None:
        (company_id,) = learner.organization_ids
        sponsored = builders.create_enrollment(session, person_id=learner.person_id, organization_id=company_id)
        private = builders.create_enrollment(session, person_id=learner.person_id)

        def seen_by(principal: Principal) -> set[object]:
            views = service.list_enrollments(session, principal, person_id=learner.person_id)
            return {view.enrollment_id for view in views}

        assert seen_by(learner) == {sponsored.id, private.id}
        assert seen_by(manager) == {sponsored.id}
        assert seen_by(stranger) == set()
        assert seen_by(SYSTEM_PRINCIPAL) == {sponsored.id, private.id}
        with pytest.raises(NotAuthorizedError):
            seen_by(create_member(session, builders.create_organization(session)))
        assert service.enrollment_view(session, manager, enrollment_id=sponsored.id).person_id == learner.person_id
        for principal, enrollment in ((manager, private), (stranger, sponsored)):
            with pytest.raises(NotFoundError):
                service.enrollment_view(session, principal, enrollment_id=enrollment.id)

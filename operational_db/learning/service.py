"""Use cases of learning: enroll, complete a module, hand in and grade attempts, finish, fail or drop a course.

Completing a course issues the certificate it or its path leads to (CRT-08), counts its continuing education credits and
fulfils assignments, in the same transaction.
Correct answers and grading by the machine belong to assessment; here a grade is recorded by somebody who may give it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.compliance.service import mark_recipients_completed
from operational_db.credentials.ce_credits import record_course_credits
from operational_db.credentials.progress import issue_for_path
from operational_db.credentials.service import issue_certificate
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Permission, Principal, not_authorized
from operational_db.learning import rules
from operational_db.learning.repository import LearningRepository
from operational_db.learning.views import EnrollmentView, Progress
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    AttemptGraded,
    EnrollmentCompleted,
    EnrollmentDropped,
    EnrollmentFailed,
    EnrollmentOpened,
    ModuleCompleted,
)
from operational_db.proficiency.service import record_course_completion
from operational_db.tables.catalog import Course, CourseAssessment
from operational_db.tables.identity import Membership
from operational_db.tables.learning import AssessmentAttempt, Enrollment, ModuleCompletion
from operational_db.types import (
    AssessmentType,
    CourseVisibility,
    EnrollmentStatus,
    PricingModel,
)

# Models under which an enrollment costs the sponsor money, so that somebody must have agreed to it.
SPONSOR_PAYS = frozenset({PricingModel.PAID, PricingModel.EMPLOYER_PAID})


def enroll(
    session: Session,
    principal: Principal,
    *,
    person_id: UUID,
    course_id: UUID,
    organization_id: UUID | None = None,
    now: datetime,
) -> Enrollment:
    """Open the person's next cycle in a course (LMS-06).

    The course's row is locked, so that of several people who want the last seat exactly one gets it. A person enrolls
    herself; whoever may enroll the members of an organization enrolls those. The sponsor must be an organization the
    person belongs to; when it pays, a manager enrolls, or the organization has assigned her the course. Without a
    sponsor, the organization is noted in which the principal enrolls the person, so that both see the progress, and
    for who enrolls herself the provider of the course when she is its student or employee.

    Parameters
    ----------
    organization_id
        The sponsor, which may then see the progress.

    Raises
    ------
    NotFoundError
        When the course does not exist or is not visible to the person.
    NotAuthorizedError
        When the principal may not enroll this person, or not on this organization's account.
    InvalidInputError
        When the person does not belong to the sponsor, or none is named and several would do.
    EnrollmentClosedError, CourseFullError, PrerequisiteMissingError, ConflictError
        As `rules.enrollment_obstacle`.
    """
    repository = LearningRepository(session)
    memberships = repository.open_memberships(person_id, on=now.date())
    organizations = frozenset(membership.organization_id for membership in memberships)
    if not principal.may_act_for(Permission.ENROLL_MEMBERS, person_id, organizations):
        raise not_authorized(Permission.ENROLL_MEMBERS, organization_id)
    course = repository.course(course_id, lock=True)
    if not _is_visible_to_person(course, memberships):
        raise NotFoundError("There is no course with this id. Browse the catalogue to find it.")
    if organization_id is None:
        organization_id = _enrolling_organization(principal, person_id, course, organizations)
    else:
        _require_sponsor(repository, principal, person_id, course, organization_id, organizations)
    cycles = repository.cycles(person_id, course_id)
    facts = rules.EnrollmentFacts(
        title=course.title,
        status=course.status,
        enrollment_deadline=course.enrollment_deadline,
        available_seats=rules.available_seats(
            course.max_enrollment, 0 if course.max_enrollment is None else repository.open_enrollment_count(course_id)
        ),
        missing_prerequisites=_missing_prerequisites(repository, course, person_id, on=now.date()),
        open_cycle_number=next((cycle.cycle_number for cycle in cycles if cycle.is_open), None),
        pricing_model=course.pricing_model,
        has_sponsor=organization_id is not None,
    )
    obstacle = rules.enrollment_obstacle(facts, now=now)
    if obstacle is not None:
        raise obstacle
    if organization_id is None and course.provider_id in organizations:
        organization_id = course.provider_id
    enrollment = Enrollment(
        person_id=person_id,
        course_id=course_id,
        cycle_number=rules.next_cycle(cycle.cycle_number for cycle in cycles),
        status=EnrollmentStatus.ENROLLED,
        organization_id=organization_id,
        time_spent_minutes=0,
        enrolled_at=now,
        created_at=now,
        updated_at=now,
    )
    session.add(enrollment)
    session.flush()
    enrollment.current_module_id = repository.first_open_module_id(enrollment)
    session.flush()
    event = EnrollmentOpened(
        subject_id=person_id,
        organization_id=organization_id,
        occurred_at=now,
        enrollment_id=enrollment.id,
        course_id=course_id,
        cycle_number=enrollment.cycle_number,
    )
    append_events(session, [event], now=now)
    return enrollment


def complete_module(
    session: Session,
    principal: Principal,
    *,
    enrollment_id: UUID,
    module_id: UUID,
    time_spent_minutes: int | None = None,
    now: datetime,
) -> ModuleCompletion:
    """Note that a module is done; said again, it changes nothing and adds no event.

    The person herself, her instructor, or whoever enrolls members of the sponsor may say so. The last required step
    completes the enrollment.

    Raises
    ------
    NotFoundError
        When the enrollment does not exist, or the course has no such module.
    NotAuthorizedError
        When the principal is a stranger to the enrollment.
    ConflictError
        When the enrollment has ended.
    InvalidInputError
        When the time spent is negative or more than a day.
    """
    repository = LearningRepository(session)
    enrollment, course = _for_change(repository, principal, enrollment_id, Permission.ENROLL_MEMBERS)
    module = repository.module(course.id, module_id)
    done = repository.completion(enrollment_id, module_id)
    if done is not None:
        return done
    _require_open(enrollment, course)
    minutes = rules.require_minutes(time_spent_minutes)
    completion = ModuleCompletion(
        enrollment_id=enrollment_id, module_id=module.id, completed_at=now, time_spent_minutes=minutes
    )
    session.add(completion)
    session.flush()
    _note_activity(enrollment, minutes, now)
    enrollment.current_module_id = repository.first_open_module_id(enrollment)
    session.flush()
    event = ModuleCompleted(
        subject_id=enrollment.person_id,
        organization_id=enrollment.organization_id,
        occurred_at=now,
        enrollment_id=enrollment_id,
        course_id=course.id,
        module_id=module.id,
        time_spent_minutes=minutes,
    )
    append_events(session, [event], now=now)
    _complete_when_finished(session, repository, enrollment, course, now)
    return completion


def record_attempt(
    session: Session,
    principal: Principal,
    *,
    enrollment_id: UUID,
    assessment_id: UUID,
    score: Decimal,
    time_spent_minutes: int | None = None,
    is_banked: bool = False,
    now: datetime,
) -> AssessmentAttempt:
    """Record a graded try; a passed last step completes the enrollment.

    Nobody grades herself: the grade comes from an instructor, a supervisor or manager of the sponsor or provider, or
    from the platform's own grading (`SYSTEM_PRINCIPAL`). The enrollment is locked while the attempt gets its number.

    Parameters
    ----------
    score
        Percent, 0-100; passing is `score >= passing_score` of the assessment.
    is_banked
        Carried over from an earlier cycle; it counts for the person, not for pass rates.

    Raises
    ------
    NotFoundError
        When the enrollment does not exist, or the course has no such assessment.
    NotAuthorizedError
        When the principal may not grade this person.
    ConflictError
        When the enrollment has ended or the allowed attempts are used up.
    InvalidInputError
        When score or time are out of range.
    """
    repository = LearningRepository(session)
    enrollment, course = _for_grading(repository, principal, enrollment_id)
    assessment = repository.assessment(course.id, assessment_id)
    value = rules.require_percent(score)
    attempt = _add_attempt(session, repository, enrollment, course, assessment, time_spent_minutes, now)
    attempt.is_banked = is_banked
    _grade(session, repository, enrollment, course, assessment, attempt, value, now)
    return attempt


def submit_attempt(
    session: Session,
    principal: Principal,
    *,
    enrollment_id: UUID,
    assessment_id: UUID,
    time_spent_minutes: int | None = None,
    now: datetime,
) -> AssessmentAttempt:
    """Hand in a practical that waits for its grade (ASM-07); it uses up an attempt.

    The ledger hears of it when it is graded: until then there is no result that any figure could be made of.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        As `complete_module`.
    ConflictError
        When the enrollment has ended or the allowed attempts are used up.
    InvalidInputError
        When the assessment is no practical.
    """
    repository = LearningRepository(session)
    enrollment, course = _for_change(repository, principal, enrollment_id, Permission.GRADE_ATTEMPTS)
    assessment = repository.assessment(course.id, assessment_id)
    if assessment.assessment_type is not AssessmentType.PRACTICAL:
        raise InvalidInputError(
            f"'{assessment.title}' is a {assessment.assessment_type} and is graded when it is taken. "
            "Only practicals are handed in to be graded."
        )
    return _add_attempt(session, repository, enrollment, course, assessment, time_spent_minutes, now)


def grade_attempt(
    session: Session, principal: Principal, *, attempt_id: UUID, score: Decimal, now: datetime
) -> AssessmentAttempt:
    """Give a handed-in attempt its score; the same score again changes nothing.

    Raises
    ------
    NotFoundError, NotAuthorizedError, InvalidInputError
        As `record_attempt`.
    ConflictError
        When it was graded differently before, or the enrollment has ended.
    """
    repository = LearningRepository(session)
    enrollment, course = _for_grading(repository, principal, repository.attempt(attempt_id).enrollment_id)
    attempt = repository.attempt(attempt_id)
    value = rules.require_percent(score)
    if attempt.score is not None:
        if attempt.score == value:
            return attempt
        raise ConflictError(f"The attempt was graded with {attempt.score} already. Record another attempt instead.")
    _require_open(enrollment, course)
    assessment = repository.assessment(course.id, attempt.assessment_id)
    _grade(session, repository, enrollment, course, assessment, attempt, value, now)
    return attempt


def complete_enrollment(session: Session, principal: Principal, *, enrollment_id: UUID, now: datetime) -> Enrollment:
    """Finish a course by an instructor's word, for courses that have no required steps to finish by themselves.

    An enrollment with required steps completes by itself with the last of them; here it is refused until then.
    Said again, it changes nothing.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        As `record_attempt`.
    ConflictError
        When required steps are open, or the enrollment was dropped or failed.
    """
    repository = LearningRepository(session)
    enrollment, course = _for_grading(repository, principal, enrollment_id)
    if enrollment.status is EnrollmentStatus.COMPLETED:
        return enrollment
    _require_open(enrollment, course)
    progress = repository.progress([enrollment])[enrollment.id]
    if progress.done_steps < progress.required_steps:
        raise ConflictError(
            f"'{course.title}' still requires {progress.required_modules - progress.done_modules} modules and "
            f"{progress.required_assessments - progress.passed_assessments} passed assessments.",
            details={"required": progress.required_steps, "done": progress.done_steps},
        )
    _complete(session, repository, enrollment, course, now)
    return enrollment


def drop_enrollment(session: Session, principal: Principal, *, enrollment_id: UUID, now: datetime) -> Enrollment:
    """Leave a course; the seat is free again. Said again, it changes nothing.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        As `complete_module`.
    ConflictError
        When it was completed or failed.
    """
    repository = LearningRepository(session)
    enrollment, course = _for_change(repository, principal, enrollment_id, Permission.ENROLL_MEMBERS)
    if enrollment.status is EnrollmentStatus.DROPPED:
        return enrollment
    _require_open(enrollment, course)
    _close(session, enrollment, EnrollmentStatus.DROPPED, now)
    event = EnrollmentDropped(
        subject_id=enrollment.person_id,
        organization_id=enrollment.organization_id,
        occurred_at=now,
        enrollment_id=enrollment.id,
        course_id=course.id,
    )
    append_events(session, [event], now=now)
    return enrollment


def fail_enrollment(session: Session, principal: Principal, *, enrollment_id: UUID, now: datetime) -> Enrollment:
    """Close an enrollment as not passed; another cycle may follow. Said again, it changes nothing.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        As `record_attempt`.
    ConflictError
        When it was completed or dropped.
    """
    repository = LearningRepository(session)
    enrollment, course = _for_grading(repository, principal, enrollment_id)
    if enrollment.status is EnrollmentStatus.FAILED:
        return enrollment
    _require_open(enrollment, course)
    enrollment.final_score = rules.final_score(repository.best_required_scores(enrollment))
    _close(session, enrollment, EnrollmentStatus.FAILED, now)
    event = EnrollmentFailed(
        subject_id=enrollment.person_id,
        organization_id=enrollment.organization_id,
        occurred_at=now,
        enrollment_id=enrollment.id,
        course_id=course.id,
    )
    append_events(session, [event], now=now)
    return enrollment


def record_engagement(
    session: Session,
    principal: Principal,
    *,
    person_id: UUID,
    course_id: UUID,
    on_date: date,
    interaction_count: int = 0,
    session_count: int = 0,
    mobile_session_count: int = 0,
    minutes: int | None = None,
    now: datetime,
) -> None:
    """Add to what a person did in a course on a day: telemetry (D2), kept as counters and outside the ledger.

    Raises
    ------
    NotAuthorizedError
        When it is not the person herself or the operator who reports.
    NotFoundError
        When the person never enrolled in the course.
    InvalidInputError
        When a count is negative, the day lies ahead, or more sessions were mobile than there were.
    """
    if not principal.is_system and not principal.is_person(person_id):
        raise NotAuthorizedError("Engagement is reported for oneself only. Sign in as that person.")
    if min(interaction_count, session_count, mobile_session_count) < 0 or mobile_session_count > session_count:
        raise InvalidInputError("Counts are 0 or more, and mobile sessions are a part of all sessions.")
    if on_date > now.date():
        raise InvalidInputError("Engagement is reported for today or earlier days.")
    repository = LearningRepository(session)
    cycles = repository.cycles(person_id, course_id)
    if not cycles:
        raise NotFoundError("The person has no enrollment in this course. Enroll first.")
    repository.add_engagement(
        person_id=person_id,
        course_id=course_id,
        on_date=on_date,
        organization_id=cycles[-1].organization_id,
        interaction_count=interaction_count,
        session_count=session_count,
        mobile_session_count=mobile_session_count,
        minutes=rules.require_minutes(minutes),
        now=now,
    )


def list_enrollments(session: Session, principal: Principal, *, person_id: UUID) -> list[EnrollmentView]:
    """The person's enrollments, latest first: all of them for herself, else those of the principal's organizations.

    A manager sees what her organization sponsors, a school what its students take there.

    Raises
    ------
    NotAuthorizedError
        When it is neither the person herself nor somebody who may see members or students anywhere.
    """
    repository = LearningRepository(session)
    found = repository.enrollments_of(person_id)
    if not principal.is_person(person_id) and not principal.is_unrestricted:
        seen = principal.organizations_with(Permission.VIEW_COMPLIANCE)
        seen |= principal.organizations_with(Permission.VIEW_STUDENTS)
        if not seen:
            raise not_authorized(Permission.VIEW_STUDENTS)
        found = [(enrollment, title) for enrollment, title in found if enrollment.organization_id in seen]
    progress = repository.progress([enrollment for enrollment, _ in found])
    return [to_enrollment_view(enrollment, title, progress[enrollment.id]) for enrollment, title in found]


def enrollment_view(session: Session, principal: Principal, *, enrollment_id: UUID) -> EnrollmentView:
    """One enrollment with its progress, for those who may see it.

    Raises
    ------
    NotFoundError
        When there is none, or it is neither the principal's own nor one of her organizations'.
    """
    repository = LearningRepository(session)
    enrollment = repository.enrollment(enrollment_id)
    course = repository.course(enrollment.course_id)
    organizations = _organizations_of(enrollment, course)
    if not any(
        principal.may_act_for(permission, enrollment.person_id, organizations)
        for permission in (Permission.VIEW_COMPLIANCE, Permission.VIEW_STUDENTS)
    ):
        raise NotFoundError("There is no enrollment with this id. Look at the person's enrollments.")
    return to_enrollment_view(enrollment, course.title, repository.progress([enrollment])[enrollment.id])


def to_enrollment_view(enrollment: Enrollment, course_title: str, progress: Progress) -> EnrollmentView:
    is_completed = enrollment.status is EnrollmentStatus.COMPLETED
    return EnrollmentView(
        enrollment_id=enrollment.id,
        person_id=enrollment.person_id,
        course_id=enrollment.course_id,
        course_title=course_title,
        cycle_number=enrollment.cycle_number,
        status=enrollment.status,
        organization_id=enrollment.organization_id,
        progress_pct=Decimal("100.00")
        if is_completed
        else rules.progress_pct(progress.done_steps, progress.required_steps),
        current_module_id=enrollment.current_module_id,
        time_spent_minutes=enrollment.time_spent_minutes,
        final_score=enrollment.final_score,
        enrolled_at=enrollment.enrolled_at,
        last_activity_at=enrollment.last_activity_at,
        ended_at=enrollment.ended_at,
    )


def _is_visible_to_person(course: Course, memberships: Sequence[Membership]) -> bool:
    if course.visibility is CourseVisibility.PUBLIC:
        return True
    if course.visibility is CourseVisibility.TEAM:
        return any(m.team_id is not None and m.team_id == course.visible_to_team_id for m in memberships)
    return any(m.organization_id == course.provider_id for m in memberships)


def _enrolling_organization(
    principal: Principal, person_id: UUID, course: Course, organizations: frozenset[UUID]
) -> UUID | None:
    """Where the principal enrolls somebody else; None for herself, for an administrator, and in an own course."""
    if principal.is_unrestricted or principal.is_person(person_id):
        return None
    shared = principal.organizations_with(Permission.ENROLL_MEMBERS) & organizations
    if course.provider_id in shared:
        return None
    if len(shared) > 1:
        raise InvalidInputError("You enroll members of several of her organizations. Name the one that sponsors her.")
    return next(iter(shared))


def _require_sponsor(
    repository: LearningRepository,
    principal: Principal,
    person_id: UUID,
    course: Course,
    organization_id: UUID,
    organizations: frozenset[UUID],
) -> None:
    if organization_id not in organizations:
        raise InvalidInputError("The person does not belong to the sponsoring organization. Name one of her own.")
    if principal.can(Permission.ENROLL_MEMBERS, organization_id):
        return
    if not principal.is_person(person_id):
        raise not_authorized(Permission.ENROLL_MEMBERS, organization_id)
    is_agreed = repository.is_course_assigned(person_id, course.id, organization_id)
    if course.pricing_model in SPONSOR_PAYS and not is_agreed:
        raise NotAuthorizedError(
            f"'{course.title}' is paid by your organization. Ask a manager to enroll you or to assign you the course.",
            details={"organization_id": str(organization_id)},
        )


def _missing_prerequisites(
    repository: LearningRepository, course: Course, person_id: UUID, *, on: date
) -> tuple[str, ...]:
    """Courses completed in any cycle; certifications by a certificate that counts on the day."""
    by_type: dict[str, set[UUID]] = {"course": set(), "certification": set()}
    for prerequisite in course.prerequisites:
        by_type[str(prerequisite["type"])].add(UUID(str(prerequisite["id"])))
    courses = repository.missing_courses(person_id, by_type["course"])
    return (*courses, *repository.missing_certifications(person_id, by_type["certification"], on=on))


def _organizations_of(enrollment: Enrollment, course: Course) -> frozenset[UUID]:
    """Those with a say in the enrollment: its sponsor or school, and the course's provider."""
    return frozenset(id_ for id_ in (enrollment.organization_id, course.provider_id) if id_ is not None)


def _for_change(
    repository: LearningRepository, principal: Principal, enrollment_id: UUID, permission: Permission
) -> tuple[Enrollment, Course]:
    enrollment = repository.enrollment(enrollment_id, lock=True)
    course = repository.course(enrollment.course_id)
    if not principal.may_act_for(permission, enrollment.person_id, _organizations_of(enrollment, course)):
        raise not_authorized(permission, enrollment.organization_id)
    return enrollment, course


def _for_grading(
    repository: LearningRepository, principal: Principal, enrollment_id: UUID
) -> tuple[Enrollment, Course]:
    enrollment, course = _for_change(repository, principal, enrollment_id, Permission.GRADE_ATTEMPTS)
    if principal.is_person(enrollment.person_id):
        raise NotAuthorizedError("Nobody grades herself. Ask your instructor or supervisor.")
    return enrollment, course


def _require_open(enrollment: Enrollment, course: Course) -> None:
    if not enrollment.is_open:
        raise ConflictError(
            f"This enrollment in '{course.title}' is {enrollment.status}. Enroll again to go on.",
            details={"enrollment_id": str(enrollment.id), "status": str(enrollment.status)},
        )


def _note_activity(enrollment: Enrollment, minutes: int | None, now: datetime) -> None:
    enrollment.status = EnrollmentStatus.IN_PROGRESS
    enrollment.time_spent_minutes += minutes or 0
    enrollment.last_activity_at = now
    enrollment.updated_at = now


def _add_attempt(
    session: Session,
    repository: LearningRepository,
    enrollment: Enrollment,
    course: Course,
    assessment: CourseAssessment,
    time_spent_minutes: int | None,
    now: datetime,
) -> AssessmentAttempt:
    _require_open(enrollment, course)
    minutes = rules.require_minutes(time_spent_minutes)
    numbers = repository.attempt_numbers(enrollment.id, assessment.id)
    attempt = AssessmentAttempt(
        enrollment_id=enrollment.id,
        assessment_id=assessment.id,
        attempt_number=rules.next_attempt_number(numbers, assessment.attempts_allowed, assessment.title),
        submitted_at=now,
        is_banked=False,
        time_spent_minutes=minutes,
    )
    session.add(attempt)
    enrollment.time_spent_minutes += minutes or 0
    enrollment.last_activity_at = now
    session.flush()
    return attempt


def _grade(
    session: Session,
    repository: LearningRepository,
    enrollment: Enrollment,
    course: Course,
    assessment: CourseAssessment,
    attempt: AssessmentAttempt,
    score: Decimal,
    now: datetime,
) -> None:
    attempt.score = score
    attempt.passed = rules.is_passing(score, assessment.passing_score)
    _note_activity(enrollment, None, now)
    session.flush()
    event = AttemptGraded(
        subject_id=enrollment.person_id,
        organization_id=enrollment.organization_id,
        occurred_at=attempt.submitted_at,
        attempt_id=attempt.id,
        enrollment_id=enrollment.id,
        course_id=course.id,
        assessment_id=assessment.id,
        attempt_number=attempt.attempt_number,
        score=attempt.score,
        passed=attempt.passed,
        is_banked=attempt.is_banked,
    )
    append_events(session, [event], now=now)
    _complete_when_finished(session, repository, enrollment, course, now)


def _complete_when_finished(
    session: Session, repository: LearningRepository, enrollment: Enrollment, course: Course, now: datetime
) -> None:
    progress = repository.progress([enrollment])[enrollment.id]
    if rules.is_finished(
        required_modules=progress.required_modules,
        done_modules=progress.done_modules,
        required_assessments=progress.required_assessments,
        passed_assessments=progress.passed_assessments,
    ):
        _complete(session, repository, enrollment, course, now)


def _complete(
    session: Session, repository: LearningRepository, enrollment: Enrollment, course: Course, now: datetime
) -> None:
    enrollment.final_score = rules.final_score(repository.best_required_scores(enrollment))
    _close(session, enrollment, EnrollmentStatus.COMPLETED, now)
    event = EnrollmentCompleted(
        subject_id=enrollment.person_id,
        organization_id=enrollment.organization_id,
        occurred_at=now,
        enrollment_id=enrollment.id,
        course_id=course.id,
        final_score=enrollment.final_score,
        ce_credits=course.ce_credits,
    )
    append_events(session, [event], now=now)
    # Before a certificate is issued: credits of the day of a renewal belong to the cycle it ends.
    record_course_credits(session, enrollment=enrollment, course=course, now=now)
    if course.leads_to_certification and course.certification_id is not None:
        issue_certificate(
            session,
            SYSTEM_PRINCIPAL,
            person_id=enrollment.person_id,
            certification_id=course.certification_id,
            issued_on=now.date(),
            enrollment_id=enrollment.id,
            organization_id=enrollment.organization_id,
            now=now,
        )
    issue_for_path(
        session,
        person_id=enrollment.person_id,
        course_id=course.id,
        organization_id=enrollment.organization_id,
        now=now,
    )
    mark_recipients_completed(
        session,
        person_id=enrollment.person_id,
        course_id=course.id,
        completed_at=now,
        final_score=enrollment.final_score,
    )
    record_course_completion(
        session,
        person_id=enrollment.person_id,
        organization_id=enrollment.organization_id,
        course_id=course.id,
        final_score=enrollment.final_score,
        now=now,
    )


def _close(session: Session, enrollment: Enrollment, status: EnrollmentStatus, now: datetime) -> None:
    enrollment.status = status
    enrollment.ended_at = now
    enrollment.last_activity_at = now
    enrollment.updated_at = now
    session.flush()

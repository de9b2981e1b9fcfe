"""Queries on enrollments, completions, attempts and engagement, with the locks that keep counts right."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.learning.views import Progress
from operational_db.tables.catalog import Course, CourseAssessment, CourseModule
from operational_db.tables.compliance import AssignmentRecipient, TrainingAssignment
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Membership
from operational_db.tables.learning import AssessmentAttempt, DailyEngagement, Enrollment, ModuleCompletion
from operational_db.types import OPEN_ENROLLMENT_STATUSES, EnrollmentStatus, VerificationStatus


def is_open_enrollment() -> ColumnElement[bool]:
    return Enrollment.status.in_(OPEN_ENROLLMENT_STATUSES)


class LearningRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def course(self, course_id: UUID, *, lock: bool = False) -> Course:
        """The course; `lock` lets one enrollment at a time count its seats, while others may still refer to the row.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        statement = select(Course).where(Course.id == course_id)
        if lock:
            statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        course = self.session.scalar(statement)
        if course is None:
            raise NotFoundError("There is no course with this id. Browse the catalogue to find it.")
        return course

    def open_memberships(self, person_id: UUID, *, on: date) -> Sequence[Membership]:
        statement = select(Membership).where(
            Membership.person_id == person_id,
            Membership.started_on <= on,
            or_(Membership.ended_on.is_(None), Membership.ended_on > on),
        )
        return self.session.scalars(statement).all()

    def open_enrollment_count(self, course_id: UUID) -> int:
        statement = select(func.count()).where(Enrollment.course_id == course_id, is_open_enrollment())
        return self.session.scalar(statement) or 0

    def cycles(self, person_id: UUID, course_id: UUID) -> Sequence[Enrollment]:
        """Every enrollment of the person in the course, first cycle first."""
        statement = select(Enrollment).where(Enrollment.person_id == person_id, Enrollment.course_id == course_id)
        return self.session.scalars(statement.order_by(Enrollment.cycle_number)).all()

    def is_course_assigned(self, person_id: UUID, course_id: UUID, organization_id: UUID) -> bool:
        """Whether the organization has assigned the course to the person and not taken it back."""
        statement = (
            select(AssignmentRecipient.id)
            .join(TrainingAssignment, TrainingAssignment.id == AssignmentRecipient.assignment_id)
            .where(
                AssignmentRecipient.person_id == person_id,
                AssignmentRecipient.cancelled_at.is_(None),
                TrainingAssignment.course_id == course_id,
                TrainingAssignment.organization_id == organization_id,
                TrainingAssignment.cancelled_at.is_(None),
            )
        )
        return self.session.scalar(statement.limit(1)) is not None

    def missing_courses(self, person_id: UUID, course_ids: Collection[UUID]) -> list[str]:
        """Titles of those courses the person has never completed."""
        if not course_ids:
            return []
        completed = select(Enrollment.course_id).where(
            Enrollment.person_id == person_id, Enrollment.status == EnrollmentStatus.COMPLETED
        )
        statement = select(Course.title).where(Course.id.in_(course_ids), Course.id.not_in(completed))
        return list(self.session.scalars(statement.order_by(Course.title)))

    def missing_certifications(self, person_id: UUID, certification_ids: Collection[UUID], *, on: date) -> list[str]:
        """Names of those certifications of which the person holds no certificate that counts on the day."""
        if not certification_ids:
            return []
        held = select(Certificate.certification_id).where(
            Certificate.person_id == person_id,
            Certificate.issued_on <= on,
            or_(Certificate.expires_on.is_(None), Certificate.expires_on >= on),
            or_(Certificate.revoked_from.is_(None), Certificate.revoked_from > on),
            Certificate.withdrawn_at.is_(None),
            Certificate.verification_status == VerificationStatus.VERIFIED,
        )
        statement = select(Certification.name).where(
            Certification.id.in_(certification_ids), Certification.id.not_in(held)
        )
        return list(self.session.scalars(statement.order_by(Certification.name)))

    def enrollment(self, enrollment_id: UUID, *, lock: bool = False) -> Enrollment:
        """The enrollment; locked when it is about to change, so that retries and parallel calls take turns.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        statement = select(Enrollment).where(Enrollment.id == enrollment_id)
        if lock:
            statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        enrollment = self.session.scalar(statement)
        if enrollment is None:
            raise NotFoundError("There is no enrollment with this id. Look at the person's enrollments.")
        return enrollment

    def enrollments_of(self, person_id: UUID) -> list[tuple[Enrollment, str]]:
        """The person's enrollments with their courses' titles, latest first."""
        statement = (
            select(Enrollment, Course.title)
            .join(Course, Course.id == Enrollment.course_id)
            .where(Enrollment.person_id == person_id)
            .order_by(Enrollment.enrolled_at.desc(), Enrollment.id.desc())
        )
        return [(enrollment, title) for enrollment, title in self.session.execute(statement)]

    def module(self, course_id: UUID, module_id: UUID) -> CourseModule:
        """The module of this very course.

        Raises
        ------
        NotFoundError
            When the course has no such module.
        """
        statement = select(CourseModule).where(CourseModule.id == module_id, CourseModule.course_id == course_id)
        module = self.session.scalar(statement)
        if module is None:
            raise NotFoundError("The course has no module with this id. Look at its syllabus.")
        return module

    def completion(self, enrollment_id: UUID, module_id: UUID) -> ModuleCompletion | None:
        statement = select(ModuleCompletion).where(
            ModuleCompletion.enrollment_id == enrollment_id, ModuleCompletion.module_id == module_id
        )
        return self.session.scalar(statement)

    def first_open_module_id(self, enrollment: Enrollment) -> UUID | None:
        """Where the person resumes: the first module, in the course's order, not completed in this enrollment."""
        done = select(ModuleCompletion.module_id).where(ModuleCompletion.enrollment_id == enrollment.id)
        statement = select(CourseModule.id).where(
            CourseModule.course_id == enrollment.course_id, CourseModule.id.not_in(done)
        )
        return self.session.scalar(statement.order_by(CourseModule.order_index).limit(1))

    def assessment(self, course_id: UUID, assessment_id: UUID) -> CourseAssessment:
        """The assessment of this very course.

        Raises
        ------
        NotFoundError
            When the course has no such assessment.
        """
        statement = select(CourseAssessment).where(
            CourseAssessment.id == assessment_id, CourseAssessment.course_id == course_id
        )
        assessment = self.session.scalar(statement)
        if assessment is None:
            raise NotFoundError("The course has no assessment with this id. Look at its syllabus.")
        return assessment

    def attempt(self, attempt_id: UUID) -> AssessmentAttempt:
        """The attempt, read afresh.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        statement = select(AssessmentAttempt).where(AssessmentAttempt.id == attempt_id)
        attempt = self.session.scalar(statement.execution_options(populate_existing=True))
        if attempt is None:
            raise NotFoundError("There is no attempt with this id. Look at the enrollment's attempts.")
        return attempt

    def attempt_numbers(self, enrollment_id: UUID, assessment_id: UUID) -> Sequence[int]:
        statement = select(AssessmentAttempt.attempt_number).where(
            AssessmentAttempt.enrollment_id == enrollment_id, AssessmentAttempt.assessment_id == assessment_id
        )
        return self.session.scalars(statement).all()

    def best_required_scores(self, enrollment: Enrollment) -> list[Decimal]:
        """The best score of every required assessment that was scored at all."""
        statement = (
            select(func.max(AssessmentAttempt.score))
            .join(CourseAssessment, CourseAssessment.id == AssessmentAttempt.assessment_id)
            .where(AssessmentAttempt.enrollment_id == enrollment.id, CourseAssessment.is_required)
            .group_by(AssessmentAttempt.assessment_id)
        )
        return [score for score in self.session.scalars(statement) if score is not None]

    def progress(self, enrollments: Collection[Enrollment]) -> Mapping[UUID, Progress]:
        """Steps required and done of each enrollment, in four statements however many there are."""
        enrollment_ids = [enrollment.id for enrollment in enrollments]
        course_ids = {enrollment.course_id for enrollment in enrollments}
        modules = self._counts(
            select(CourseModule.course_id, func.count())
            .where(CourseModule.course_id.in_(course_ids), CourseModule.is_required)
            .group_by(CourseModule.course_id)
        )
        assessments = self._counts(
            select(CourseAssessment.course_id, func.count())
            .where(CourseAssessment.course_id.in_(course_ids), CourseAssessment.is_required)
            .group_by(CourseAssessment.course_id)
        )
        done = self._counts(
            select(ModuleCompletion.enrollment_id, func.count())
            .join(CourseModule, and_(CourseModule.id == ModuleCompletion.module_id, CourseModule.is_required))
            .where(ModuleCompletion.enrollment_id.in_(enrollment_ids))
            .group_by(ModuleCompletion.enrollment_id)
        )
        passed = self._counts(
            select(AssessmentAttempt.enrollment_id, func.count(func.distinct(AssessmentAttempt.assessment_id)))
            .join(
                CourseAssessment,
                and_(CourseAssessment.id == AssessmentAttempt.assessment_id, CourseAssessment.is_required),
            )
            .where(AssessmentAttempt.enrollment_id.in_(enrollment_ids), AssessmentAttempt.passed.is_(True))
            .group_by(AssessmentAttempt.enrollment_id)
        )
        return {
            enrollment.id: Progress(
                required_modules=modules.get(enrollment.course_id, 0),
                done_modules=done.get(enrollment.id, 0),
                required_assessments=assessments.get(enrollment.course_id, 0),
                passed_assessments=passed.get(enrollment.id, 0),
            )
            for enrollment in enrollments
        }

    def _counts(self, statement: Select[UUID, int]) -> dict[UUID, int]:
        return {key: count for key, count in self.session.execute(statement)}

    def add_engagement(
        self,
        *,
        person_id: UUID,
        course_id: UUID,
        on_date: date,
        organization_id: UUID | None,
        interaction_count: int,
        session_count: int,
        mobile_session_count: int,
        minutes: int | None,
        now: datetime,
    ) -> None:
        """Add to the day's counters in one statement, so that parallel reports of the same day lose nothing."""
        statement = insert(DailyEngagement).values(
            person_id=person_id,
            course_id=course_id,
            on_date=on_date,
            organization_id=organization_id,
            interaction_count=interaction_count,
            session_count=session_count,
            mobile_session_count=mobile_session_count,
            minutes=minutes,
            updated_at=now,
        )
        new = statement.excluded
        added_minutes = case(
            (and_(DailyEngagement.minutes.is_(None), new.minutes.is_(None)), None),
            else_=func.coalesce(DailyEngagement.minutes, 0) + func.coalesce(new.minutes, 0),
        )
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[DailyEngagement.person_id, DailyEngagement.course_id, DailyEngagement.on_date],
                set_={
                    "organization_id": func.coalesce(new.organization_id, DailyEngagement.organization_id),
                    "interaction_count": DailyEngagement.interaction_count + new.interaction_count,
                    "session_count": DailyEngagement.session_count + new.session_count,
                    "mobile_session_count": DailyEngagement.mobile_session_count + new.mobile_session_count,
                    "minutes": added_minutes,
                    "updated_at": now,
                },
            )
        )

"""Queries for recommending: courses as one person finds them, what counts for and against each, paths, wishes."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational_db.catalog.repository import is_visible_to
from operational_db.catalog.search import Viewer
from operational_db.learning.repository import is_open_enrollment
from operational_db.tables.catalog import Course, LearningPath, LearningPathCourse
from operational_db.tables.compliance import AssignmentRecipient, TrainingAssignment
from operational_db.tables.credentials import Certificate, Certification, LearningPathCertification
from operational_db.tables.identity import Membership, Organization
from operational_db.tables.learning import CourseDismissal, Enrollment
from operational_db.tables.mentorship import MenteeProfile
from operational_db.types import CourseStatus, EnrollmentStatus, VerificationStatus

RECENT_DAYS = 365


class RecommendingRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def memberships(self, person_id: UUID, *, on: date) -> Sequence[tuple[Membership, str]]:
        """Open memberships with the organizations' names."""
        statement = (
            select(Membership, Organization.name)
            .join(Organization, Organization.id == Membership.organization_id)
            .where(
                Membership.person_id == person_id,
                Membership.started_on <= on,
                or_(Membership.ended_on.is_(None), Membership.ended_on > on),
            )
            .order_by(Membership.organization_id, Membership.role)
        )
        return [(membership, name) for membership, name in self.session.execute(statement)]

    def courses(self, viewer: Viewer, taken: Collection[UUID]) -> Sequence[Course]:
        """Published courses the person finds, and whatever she took."""
        statement = select(Course).where(
            or_((Course.status == CourseStatus.PUBLISHED) & is_visible_to(viewer), Course.id.in_(taken))
        )
        return self.session.scalars(statement.order_by(Course.id)).all()

    def enrollments(self, person_id: UUID) -> Sequence[Enrollment]:
        statement = select(Enrollment).where(Enrollment.person_id == person_id)
        return self.session.scalars(statement.order_by(Enrollment.enrolled_at, Enrollment.id)).all()

    def open_counts(self, course_ids: Collection[UUID]) -> dict[UUID, int]:
        """Seats taken, of the courses that limit them."""
        statement = (
            select(Enrollment.course_id, func.count())
            .where(Enrollment.course_id.in_(course_ids), is_open_enrollment())
            .group_by(Enrollment.course_id)
        )
        return {course_id: count for course_id, count in self.session.execute(statement)}

    def recent_completions(self, *, now: datetime) -> dict[UUID, int]:
        """People who completed each course within the last year."""
        statement = (
            select(Enrollment.course_id, func.count(Enrollment.person_id.distinct()))
            .where(
                Enrollment.status == EnrollmentStatus.COMPLETED,
                Enrollment.ended_at > now - timedelta(days=RECENT_DAYS),
                Enrollment.ended_at <= now,
            )
            .group_by(Enrollment.course_id)
        )
        return {course_id: count for course_id, count in self.session.execute(statement)}

    def assigned_by(self, person_id: UUID) -> dict[UUID, UUID]:
        """Courses assigned to her and not taken back, each with an organization that did so."""
        statement = (
            select(TrainingAssignment.course_id, TrainingAssignment.organization_id)
            .join(AssignmentRecipient, AssignmentRecipient.assignment_id == TrainingAssignment.id)
            .where(
                AssignmentRecipient.person_id == person_id,
                AssignmentRecipient.cancelled_at.is_(None),
                TrainingAssignment.cancelled_at.is_(None),
            )
            .order_by(TrainingAssignment.assigned_at, TrainingAssignment.id)
        )
        return {course_id: organization_id for course_id, organization_id in self.session.execute(statement)}

    def held_certifications(self, person_id: UUID, *, on: date) -> frozenset[UUID]:
        """Certifications of which she holds a certificate that counts on the day."""
        statement = select(Certificate.certification_id).where(
            Certificate.person_id == person_id,
            Certificate.issued_on <= on,
            or_(Certificate.expires_on.is_(None), Certificate.expires_on >= on),
            or_(Certificate.revoked_from.is_(None), Certificate.revoked_from > on),
            Certificate.withdrawn_at.is_(None),
            Certificate.verification_status == VerificationStatus.VERIFIED,
        )
        return frozenset(self.session.scalars(statement))

    def certification_names(self) -> dict[UUID, str]:
        return {id_: name for id_, name in self.session.execute(select(Certification.id, Certification.name))}

    def path_steps(self, member_of: Collection[UUID]) -> Sequence[tuple[LearningPath, LearningPathCourse]]:
        """Steps of the active paths that are everybody's or one of the organizations'."""
        statement = (
            select(LearningPath, LearningPathCourse)
            .join(LearningPathCourse, LearningPathCourse.path_id == LearningPath.id)
            .where(
                LearningPath.is_active.is_(True),
                or_(LearningPath.organization_id.is_(None), LearningPath.organization_id.in_(member_of)),
            )
            .order_by(LearningPath.title, LearningPath.id, LearningPathCourse.order_index)
        )
        return [(path, step) for path, step in self.session.execute(statement)]

    def path_certifications(self, path_ids: Collection[UUID]) -> dict[UUID, list[str]]:
        """Names of what each path earns."""
        statement = (
            select(LearningPathCertification.path_id, Certification.name)
            .join(Certification, Certification.id == LearningPathCertification.certification_id)
            .where(LearningPathCertification.path_id.in_(path_ids))
            .order_by(Certification.name)
        )
        found: dict[UUID, list[str]] = {}
        for path_id, name in self.session.execute(statement):
            found.setdefault(path_id, []).append(name)
        return found

    def mentee_profile(self, person_id: UUID) -> MenteeProfile | None:
        return self.session.get(MenteeProfile, person_id)

    def dismissed(self, person_id: UUID) -> frozenset[UUID]:
        statement = select(CourseDismissal.course_id).where(CourseDismissal.person_id == person_id)
        return frozenset(self.session.scalars(statement))

    def dismissed_titles(self, person_id: UUID) -> Sequence[tuple[UUID, str]]:
        statement = (
            select(Course.id, Course.title)
            .join(CourseDismissal, CourseDismissal.course_id == Course.id)
            .where(CourseDismissal.person_id == person_id)
            .order_by(Course.title, Course.id)
        )
        return [(course_id, title) for course_id, title in self.session.execute(statement)]

    def put_dismissal(self, person_id: UUID, course_id: UUID, now: datetime) -> None:
        statement = insert(CourseDismissal).values(person_id=person_id, course_id=course_id, dismissed_at=now)
        self.session.execute(statement.on_conflict_do_nothing())

    def remove_dismissal(self, person_id: UUID, course_id: UUID) -> None:
        self.session.execute(
            delete(CourseDismissal).where(
                CourseDismissal.person_id == person_id, CourseDismissal.course_id == course_id
            )
        )

"""Queries on what people set out to renew, and on the courses that renew a certificate."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from operational_db.credentials import rules
from operational_db.credentials.renewal_rules import CourseToTake
from operational_db.tables.catalog import Course, LearningPath, LearningPathCourse
from operational_db.tables.credentials import Certificate, LearningPathCertification
from operational_db.tables.learning import Enrollment
from operational_db.types import CourseStatus, CourseVisibility, EnrollmentStatus


class RenewalRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def courses_to_take(self, certificate: Certificate) -> list[CourseToTake] | None:
        """The courses whose completion renews the certificate, without those completed since it was issued.

        One that leads to it, the person's own first; else the courses of the path it was earned by, or of one that
        leads to it. None when nothing on the platform does.
        """
        direct = self._direct_course(certificate)
        if direct is not None:
            return [direct]
        path_id = certificate.path_id or self.session.scalar(
            select(LearningPathCertification.path_id)
            .join(LearningPath, LearningPath.id == LearningPathCertification.path_id)
            .where(
                LearningPathCertification.certification_id == certificate.certification_id,
                LearningPath.is_active.is_(True),
                LearningPath.organization_id.is_(None),
            )
            .order_by(LearningPathCertification.path_id)
            .limit(1)
        )
        return None if path_id is None else self._courses_of_path(path_id, certificate)

    def _direct_course(self, certificate: Certificate) -> CourseToTake | None:
        taken = exists().where(Enrollment.course_id == Course.id, Enrollment.person_id == certificate.person_id)
        statement = (
            select(Course.id, Course.title)
            .where(
                Course.certification_id == certificate.certification_id,
                Course.leads_to_certification.is_(True),
                Course.status == CourseStatus.PUBLISHED,
                (Course.visibility == CourseVisibility.PUBLIC) | taken,
            )
            .order_by(taken.desc(), Course.title, Course.id)
        )
        row = self.session.execute(statement.limit(1)).one_or_none()
        return None if row is None else CourseToTake(row[0], row[1])

    def _courses_of_path(self, path_id: UUID, certificate: Certificate) -> list[CourseToTake] | None:
        rows = self.session.execute(
            select(Course.id, Course.title, LearningPathCourse.is_required)
            .join(LearningPathCourse, LearningPathCourse.course_id == Course.id)
            .where(LearningPathCourse.path_id == path_id)
            .order_by(LearningPathCourse.order_index)
        ).all()
        counted = [row for row in rows if row[2]] or list(rows)
        done = set(
            self.session.scalars(
                select(Enrollment.course_id).where(
                    Enrollment.person_id == certificate.person_id,
                    Enrollment.status == EnrollmentStatus.COMPLETED,
                    Enrollment.ended_at > rules.earned_at(certificate.issued_on, certificate.created_at),
                    Enrollment.course_id.in_([row[0] for row in counted]),
                )
            )
        )
        return [CourseToTake(row[0], row[1]) for row in counted if row[0] not in done] if counted else None

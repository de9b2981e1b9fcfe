"""Queries on what leads to certifications: courses, learning paths and tracks, and what a person has done of each."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational_db.credentials.rules import earned_at
from operational_db.identity.repository import is_open_on
from operational_db.tables.catalog import Course, LearningPath, LearningPathCourse
from operational_db.tables.content import Lesson
from operational_db.tables.credentials import (
    Certificate,
    Certification,
    LearningPathCertification,
    TrackCertification,
)
from operational_db.tables.gates import TrainingTrack
from operational_db.tables.identity import Membership
from operational_db.tables.learning import Enrollment
from operational_db.types import OPEN_ENROLLMENT_STATUSES, EnrollmentStatus


@dataclass(frozen=True)
class PathWay:
    """A learning path that leads to a certification, with the courses that count on it, in their order."""

    path_id: UUID
    title: str
    certification_id: UUID
    courses: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True)
class TrackWay:
    """A track that leads to a certification."""

    track_id: UUID
    title: str
    organization_id: UUID | None
    certification_id: UUID


class ProgressRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def paths_with(self, course_id: UUID, person_id: UUID, *, on: date) -> list[PathWay]:
        """Active paths that contain the course and lead to something, of the platform or the person's organizations."""
        contains = exists().where(
            LearningPathCourse.path_id == LearningPath.id, LearningPathCourse.course_id == course_id
        )
        return self._paths(person_id, contains, on=on)

    def paths_begun(self, person_id: UUID, *, on: date) -> list[PathWay]:
        """As `paths_with`, for every path of which the person has taken a course."""
        begun = (
            exists()
            .where(LearningPathCourse.path_id == LearningPath.id, Enrollment.person_id == person_id)
            .where(Enrollment.course_id == LearningPathCourse.course_id, Enrollment.status != EnrollmentStatus.DROPPED)
        )
        return self._paths(person_id, begun, on=on)

    def _paths(self, person_id: UUID, condition: ColumnElement[bool], *, on: date) -> list[PathWay]:
        organizations = select(Membership.organization_id).where(Membership.person_id == person_id, is_open_on(on))
        ways = self.session.execute(
            select(LearningPath.id, LearningPath.title, LearningPathCertification.certification_id)
            .join(LearningPathCertification, LearningPathCertification.path_id == LearningPath.id)
            .where(
                LearningPath.is_active.is_(True),
                or_(LearningPath.organization_id.is_(None), LearningPath.organization_id.in_(organizations)),
                condition,
            )
            .order_by(LearningPath.id, LearningPathCertification.certification_id)
        ).all()
        courses = self._courses_of({path_id for path_id, _, _ in ways})
        return [PathWay(path_id, title, kind_id, courses[path_id]) for path_id, title, kind_id in ways]

    def _courses_of(self, path_ids: Collection[UUID]) -> Mapping[UUID, tuple[tuple[UUID, str], ...]]:
        """The required courses of each path; all of them where none is required."""
        rows: dict[UUID, list[tuple[UUID, str, bool]]] = defaultdict(list)
        statement = (
            select(LearningPathCourse.path_id, Course.id, Course.title, LearningPathCourse.is_required)
            .join(Course, Course.id == LearningPathCourse.course_id)
            .where(LearningPathCourse.path_id.in_(path_ids))
            .order_by(LearningPathCourse.order_index)
        )
        for path_id, course_id, title, is_required in self.session.execute(statement):
            rows[path_id].append((course_id, title, is_required))
        counted: dict[UUID, tuple[tuple[UUID, str], ...]] = defaultdict(tuple)
        for path_id, courses in rows.items():
            required = [course for course in courses if course[2]] or courses
            counted[path_id] = tuple((course_id, title) for course_id, title, _ in required)
        return counted

    def completed_at(self, person_id: UUID, course_ids: Collection[UUID]) -> dict[UUID, datetime]:
        """When the person last completed which of the courses."""
        statement = select(Enrollment.course_id, Enrollment.ended_at).where(
            Enrollment.person_id == person_id,
            Enrollment.status == EnrollmentStatus.COMPLETED,
            Enrollment.course_id.in_(course_ids),
        )
        latest: dict[UUID, datetime] = {}
        for course_id, ended_at in self.session.execute(statement):
            if ended_at is not None and (course_id not in latest or ended_at > latest[course_id]):
                latest[course_id] = ended_at
        return latest

    def earned_by_path_at(self, person_id: UUID, path_id: UUID, certification_id: UUID) -> datetime | None:
        """When the path last earned the person a certificate of the kind; also one that was revoked since."""
        statement = select(Certificate.issued_on, Certificate.created_at).where(
            Certificate.person_id == person_id,
            Certificate.path_id == path_id,
            Certificate.certification_id == certification_id,
        )
        instants = [earned_at(issued_on, recorded_at) for issued_on, recorded_at in self.session.execute(statement)]
        return max(instants, default=None)

    def open_enrollments(self, person_id: UUID) -> Sequence[tuple[Enrollment, Course]]:
        """Open enrollments in courses that lead to a certification."""
        statement = (
            select(Enrollment, Course)
            .join(Course, Course.id == Enrollment.course_id)
            .where(
                Enrollment.person_id == person_id,
                Enrollment.status.in_(OPEN_ENROLLMENT_STATUSES),
                Course.leads_to_certification.is_(True),
            )
            .order_by(Enrollment.enrolled_at, Enrollment.id)
        )
        return [(enrollment, course) for enrollment, course in self.session.execute(statement)]

    def kinds_of_track(self, track_id: UUID) -> Sequence[UUID]:
        return self.session.scalars(
            select(TrackCertification.certification_id)
            .where(TrackCertification.track_id == track_id)
            .order_by(TrackCertification.certification_id)
        ).all()

    def track_certificates(self, person_id: UUID, track_id: UUID, *, issued_on: date) -> Sequence[Certificate]:
        """What a track earned the person on a day and was not taken back since, locked."""
        statement = select(Certificate).where(
            Certificate.person_id == person_id,
            Certificate.track_id == track_id,
            Certificate.issued_on == issued_on,
            Certificate.revoked_at.is_(None),
            Certificate.withdrawn_at.is_(None),
        )
        locked = statement.order_by(Certificate.id).with_for_update().execution_options(populate_existing=True)
        return self.session.scalars(locked).all()

    def tracks(self, person_id: UUID, *, on: date) -> list[TrackWay]:
        """Tracks that lead to something, of the platform or of the person's organizations."""
        organizations = select(Membership.organization_id).where(Membership.person_id == person_id, is_open_on(on))
        statement = (
            select(
                TrainingTrack.id,
                TrainingTrack.title,
                TrainingTrack.organization_id,
                TrackCertification.certification_id,
            )
            .join(TrackCertification, TrackCertification.track_id == TrainingTrack.id)
            .where(or_(TrainingTrack.organization_id.is_(None), TrainingTrack.organization_id.in_(organizations)))
            .order_by(TrainingTrack.id, TrackCertification.certification_id)
        )
        return [TrackWay(*row) for row in self.session.execute(statement)]

    def lesson_titles(self, lesson_ids: Collection[UUID]) -> dict[UUID, str]:
        statement = select(Lesson.id, Lesson.title).where(Lesson.id.in_(lesson_ids))
        return {lesson_id: title for lesson_id, title in self.session.execute(statement)}

    def kinds(self, certification_ids: Collection[UUID]) -> dict[UUID, Certification]:
        found = self.session.scalars(select(Certification).where(Certification.id.in_(certification_ids)))
        return {kind.id: kind for kind in found}

    def path(self, path_id: UUID) -> LearningPath | None:
        return self.session.get(LearningPath, path_id)

    def tracks_titled(self, title: str) -> Sequence[TrainingTrack]:
        """Tracks of that title; of each organization there is one at most."""
        return self.session.scalars(select(TrainingTrack).where(TrainingTrack.title == title)).all()

    def set_path_kinds(self, path_id: UUID, certification_ids: Collection[UUID]) -> None:
        self.session.execute(
            delete(LearningPathCertification).where(
                LearningPathCertification.path_id == path_id,
                LearningPathCertification.certification_id.not_in(certification_ids),
            )
        )
        for certification_id in certification_ids:
            statement = insert(LearningPathCertification).values(path_id=path_id, certification_id=certification_id)
            self.session.execute(statement.on_conflict_do_nothing())

    def set_track_kinds(self, track_id: UUID, certification_ids: Collection[UUID]) -> None:
        self.session.execute(
            delete(TrackCertification).where(
                TrackCertification.track_id == track_id, TrackCertification.certification_id.not_in(certification_ids)
            )
        )
        for certification_id in certification_ids:
            statement = insert(TrackCertification).values(track_id=track_id, certification_id=certification_id)
            self.session.execute(statement.on_conflict_do_nothing())

"""Queries on courses, their parts and counters, paths, reviews and organizations' content.

Counters are counted here, never stored, so that they stay right under concurrent writes (LMS-08); lists are read in a
fixed number of statements however long they are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from operational_db.catalog.search import CourseFilters, CourseSort, Viewer
from operational_db.errors import NotFoundError
from operational_db.paging import Page, PageRequest
from operational_db.tables.catalog import (
    AutoAssignment,
    Course,
    CourseAssessment,
    CourseModule,
    CourseReview,
    LearningPath,
    LearningPathCourse,
    ModuleContent,
    OrganizationContent,
    StoredFile,
)
from operational_db.tables.credentials import Certification, LearningPathCertification
from operational_db.tables.identity import Organization, Team
from operational_db.tables.learning import AssessmentAttempt, Enrollment, ModuleCompletion
from operational_db.types import (
    OPEN_ENROLLMENT_STATUSES,
    CourseStatus,
    CourseVisibility,
    EnrollmentStatus,
)


@dataclass(frozen=True)
class CourseCounts:
    """Counters of one course, as of the statement that counted them."""

    module_count: int = 0
    enrollment_count: int = 0
    open_enrollment_count: int = 0
    completion_count: int = 0
    average_score: Decimal | None = None
    average_rating: Decimal | None = None
    review_count: int = 0


@dataclass(frozen=True)
class AttemptCounts:
    attempt_count: int
    best_score: Decimal | None


@dataclass(frozen=True)
class PathCourse:
    """A course in its place on a learning path, with the certification it leads to."""

    path_id: UUID
    course: Course
    order_index: int
    is_required: bool
    certification_name: str | None


def is_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """`catalog.rules.is_visible`, for the database to apply; a test holds both together."""
    if viewer.is_unrestricted:
        return Course.id.is_not(None)
    for_all = Course.visibility == CourseVisibility.PUBLIC
    for_members = and_(
        Course.visibility == CourseVisibility.ORGANIZATION, Course.provider_id.in_(sorted(viewer.member_of))
    )
    for_team = and_(Course.visibility == CourseVisibility.TEAM, Course.visible_to_team_id.in_(sorted(viewer.teams)))
    return or_(
        Course.provider_id.in_(sorted(viewer.manages)),
        and_(Course.status != CourseStatus.DRAFT, or_(for_all, for_members, for_team)),
    )


class CatalogRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def course(self, course_id: UUID) -> Course:
        """The course.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        course = self.session.scalar(select(Course).where(Course.id == course_id))
        if course is None:
            raise course_not_found()
        return course

    def visible_course(self, course_id: UUID, viewer: Viewer) -> Course:
        """The course, when the viewer may find it.

        Raises
        ------
        NotFoundError
            When there is none with the id, or the viewer may not know of it.
        """
        course = self.session.scalar(select(Course).where(Course.id == course_id, is_visible_to(viewer)))
        if course is None:
            raise course_not_found()
        return course

    def find_courses(self, viewer: Viewer, filters: CourseFilters, sort: CourseSort, page: PageRequest) -> Page[Course]:
        """Courses the viewer may find and that pass every filter."""
        conditions = [is_visible_to(viewer), *_filter_conditions(filters)]
        total = self.session.scalar(select(func.count()).select_from(Course).where(*conditions)) or 0
        statement = select(Course).where(*conditions).order_by(*_order(sort, filters.text), Course.title, Course.id)
        courses = self.session.scalars(statement.limit(page.size).offset(page.offset)).all()
        return Page(courses, total, page.number, page.size)

    def counts(self, course_ids: Collection[UUID]) -> Mapping[UUID, CourseCounts]:
        """Counters of several courses in three statements."""
        is_open = Enrollment.status.in_(OPEN_ENROLLMENT_STATUSES)
        is_completed = Enrollment.status == EnrollmentStatus.COMPLETED
        enrollments = self._by_key(
            select(
                Enrollment.course_id,
                func.count(),
                func.count().filter(is_open),
                func.count().filter(is_completed),
                func.avg(Enrollment.final_score).filter(is_completed),
            )
            .where(Enrollment.course_id.in_(course_ids))
            .group_by(Enrollment.course_id)
        )
        modules = self._by_key(
            select(CourseModule.course_id, func.count())
            .where(CourseModule.course_id.in_(course_ids))
            .group_by(CourseModule.course_id)
        )
        reviews = self._by_key(
            select(CourseReview.course_id, func.avg(CourseReview.rating), func.count())
            .where(CourseReview.course_id.in_(course_ids))
            .group_by(CourseReview.course_id)
        )
        return {
            course_id: _to_counts(modules.get(course_id), enrollments.get(course_id), reviews.get(course_id))
            for course_id in course_ids
        }

    def names_of_certifications(self, certification_ids: Collection[UUID]) -> dict[UUID, str]:
        return self._names(select(Certification.id, Certification.name), Certification.id, certification_ids)

    def titles_of_courses(self, course_ids: Collection[UUID]) -> dict[UUID, str]:
        return self._names(select(Course.id, Course.title), Course.id, course_ids)

    def latest_enrollments(self, person_id: UUID | None, course_ids: Collection[UUID]) -> dict[UUID, Enrollment]:
        """The person's latest cycle in each of the courses, by course."""
        if person_id is None or not course_ids:
            return {}
        statement = (
            select(Enrollment)
            .where(Enrollment.person_id == person_id, Enrollment.course_id.in_(course_ids))
            .ext(distinct_on(Enrollment.course_id))
            .order_by(Enrollment.course_id, Enrollment.cycle_number.desc())
        )
        return {enrollment.course_id: enrollment for enrollment in self.session.scalars(statement)}

    def completed_at(self, person_id: UUID | None, course_ids: Collection[UUID]) -> dict[UUID, datetime]:
        """When the person last completed each of the courses, in whichever cycle; absent where she never did."""
        if person_id is None or not course_ids:
            return {}
        statement = (
            select(Enrollment.course_id, func.max(Enrollment.ended_at))
            .where(
                Enrollment.person_id == person_id,
                Enrollment.course_id.in_(course_ids),
                Enrollment.status == EnrollmentStatus.COMPLETED,
            )
            .group_by(Enrollment.course_id)
        )
        return {course_id: ended_at for course_id, ended_at in self.session.execute(statement) if ended_at is not None}

    def modules(self, course_id: UUID) -> Sequence[CourseModule]:
        statement = select(CourseModule).where(CourseModule.course_id == course_id)
        return self.session.scalars(statement.order_by(CourseModule.order_index)).all()

    def module(self, module_id: UUID) -> CourseModule:
        """The module.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        module = self.session.get(CourseModule, module_id)
        if module is None:
            raise NotFoundError("There is no module with this id. Look at the course's syllabus.")
        return module

    def contents(self, course_id: UUID) -> Sequence[tuple[ModuleContent, StoredFile | None]]:
        """Content items of all modules of a course, in order, with their files."""
        statement = (
            select(ModuleContent, StoredFile)
            .join(CourseModule, CourseModule.id == ModuleContent.module_id)
            .outerjoin(StoredFile, StoredFile.id == ModuleContent.file_id)
            .where(CourseModule.course_id == course_id)
            .order_by(CourseModule.order_index, ModuleContent.order_index)
        )
        return [(content, file) for content, file in self.session.execute(statement)]

    def assessments(self, course_id: UUID) -> Sequence[CourseAssessment]:
        statement = select(CourseAssessment).where(CourseAssessment.course_id == course_id)
        return self.session.scalars(statement.order_by(CourseAssessment.created_at, CourseAssessment.id)).all()

    def required_step_count(self, course_id: UUID) -> int:
        """Required modules and assessments of a course."""
        modules = select(func.count()).where(CourseModule.course_id == course_id, CourseModule.is_required)
        assessments = select(func.count()).where(CourseAssessment.course_id == course_id, CourseAssessment.is_required)
        return (self.session.scalar(modules) or 0) + (self.session.scalar(assessments) or 0)

    def next_module_index(self, course_id: UUID) -> int:
        highest = self.session.scalar(
            select(func.max(CourseModule.order_index)).where(CourseModule.course_id == course_id)
        )
        return 0 if highest is None else highest + 1

    def next_content_index(self, module_id: UUID) -> int:
        highest = self.session.scalar(
            select(func.max(ModuleContent.order_index)).where(ModuleContent.module_id == module_id)
        )
        return 0 if highest is None else highest + 1

    def lock_course(self, course_id: UUID) -> Course:
        """The course, locked and read afresh, so that parallel authors take turns.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        statement = select(Course).where(Course.id == course_id).with_for_update(key_share=True)
        course = self.session.scalar(statement.execution_options(populate_existing=True))
        if course is None:
            raise course_not_found()
        return course

    def completed_module_ids(self, enrollment_id: UUID) -> set[UUID]:
        statement = select(ModuleCompletion.module_id).where(ModuleCompletion.enrollment_id == enrollment_id)
        return set(self.session.scalars(statement))

    def attempts(self, enrollment_id: UUID) -> dict[UUID, AttemptCounts]:
        """Attempts and best score of an enrollment, by assessment."""
        rows = self._by_key(
            select(AssessmentAttempt.assessment_id, func.count(), func.max(AssessmentAttempt.score))
            .where(AssessmentAttempt.enrollment_id == enrollment_id)
            .group_by(AssessmentAttempt.assessment_id)
        )
        return {assessment_id: AttemptCounts(count, best) for assessment_id, (count, best) in rows.items()}

    def organization(self, organization_id: UUID) -> Organization:
        """The organization.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        organization = self.session.get(Organization, organization_id)
        if organization is None:
            raise NotFoundError("There is no organization with this id. Check the id.")
        return organization

    def require_team(self, organization_id: UUID, team_id: UUID) -> None:
        """Make sure that the team is one of the organization's.

        Raises
        ------
        NotFoundError
            When it is not.
        """
        statement = select(Team.id).where(Team.id == team_id, Team.organization_id == organization_id)
        if self.session.scalar(statement) is None:
            raise NotFoundError("The organization has no team with this id. Choose one of its own teams.")

    def is_slug_taken(self, slug: str) -> bool:
        return self.session.scalar(select(Course.id).where(Course.slug == slug)) is not None

    def is_path_slug_taken(self, slug: str) -> bool:
        return self.session.scalar(select(LearningPath.id).where(LearningPath.slug == slug)) is not None

    def has_completed(self, person_id: UUID, course_id: UUID) -> bool:
        return course_id in self.completed_at(person_id, [course_id])

    def put_review(self, course_id: UUID, person_id: UUID, rating: int, comment: str | None, now: datetime) -> None:
        """Insert or replace the person's review in one statement, so that two at once leave one."""
        statement = insert(CourseReview).values(
            course_id=course_id, person_id=person_id, rating=rating, comment=comment, created_at=now, updated_at=now
        )
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[CourseReview.course_id, CourseReview.person_id],
                set_={"rating": rating, "comment": comment, "updated_at": now},
            )
        )

    def review(self, course_id: UUID, person_id: UUID) -> CourseReview:
        """The person's review of the course, read afresh."""
        statement = select(CourseReview).where(CourseReview.course_id == course_id, CourseReview.person_id == person_id)
        return self.session.scalars(statement.execution_options(populate_existing=True)).one()

    def paths(self, viewer: Viewer, *, trade: str | None, page: PageRequest) -> Page[LearningPath]:
        """Active learning paths that are everybody's or the viewer's organizations', by title."""
        conditions: list[ColumnElement[bool]] = [LearningPath.is_active.is_(True)]
        if not viewer.is_unrestricted:
            own = LearningPath.organization_id.in_(sorted(viewer.member_of))
            conditions.append(or_(LearningPath.organization_id.is_(None), own))
        if trade is not None:
            conditions.append(LearningPath.trade == trade)
        total = self.session.scalar(select(func.count()).select_from(LearningPath).where(*conditions)) or 0
        statement = select(LearningPath).where(*conditions).order_by(LearningPath.title, LearningPath.id)
        paths = self.session.scalars(statement.limit(page.size).offset(page.offset)).all()
        return Page(paths, total, page.number, page.size)

    def path_courses(self, path_ids: Collection[UUID]) -> list[PathCourse]:
        """Courses of several paths, in each path's order."""
        statement = (
            select(
                LearningPathCourse.path_id,
                Course,
                LearningPathCourse.order_index,
                LearningPathCourse.is_required,
                Certification.name,
            )
            .join(Course, Course.id == LearningPathCourse.course_id)
            .outerjoin(Certification, and_(Certification.id == Course.certification_id, Course.leads_to_certification))
            .where(LearningPathCourse.path_id.in_(path_ids))
            .order_by(LearningPathCourse.path_id, LearningPathCourse.order_index)
        )
        return [PathCourse(*row) for row in self.session.execute(statement)]

    def stored_file(self, file_id: UUID) -> StoredFile:
        """The record of a stored file.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        file = self.session.get(StoredFile, file_id)
        if file is None:
            raise NotFoundError("There is no file with this id. Look at the course's syllabus or the content list.")
        return file

    def path_certifications(self, path_ids: Collection[UUID]) -> dict[UUID, dict[UUID, str]]:
        """What finishing each path earns, by path: the certification's name by its id."""
        statement = (
            select(LearningPathCertification.path_id, Certification.id, Certification.name)
            .join(Certification, Certification.id == LearningPathCertification.certification_id)
            .where(LearningPathCertification.path_id.in_(path_ids))
            .order_by(Certification.name)
        )
        found: dict[UUID, dict[UUID, str]] = {}
        for path_id, certification_id, name in self.session.execute(statement):
            found.setdefault(path_id, {})[certification_id] = name
        return found

    def courses_with_file(self, file_id: UUID, viewer: Viewer) -> list[tuple[Course, str]]:
        """Courses the viewer may find that use the file, with the title the file has there."""
        statement = (
            select(Course, ModuleContent.title)
            .join(CourseModule, CourseModule.course_id == Course.id)
            .join(ModuleContent, ModuleContent.module_id == CourseModule.id)
            .where(ModuleContent.file_id == file_id, is_visible_to(viewer))
        )
        return [(course, title) for course, title in self.session.execute(statement)]

    def content_with_file(self, file_id: UUID, organization_ids: Collection[UUID] | None) -> OrganizationContent | None:
        """Content of one of the organizations (of any, for None) that uses the file and was not removed."""
        statement = select(OrganizationContent).where(
            OrganizationContent.file_id == file_id, OrganizationContent.removed_at.is_(None)
        )
        if organization_ids is not None:
            statement = statement.where(OrganizationContent.organization_id.in_(organization_ids))
        return self.session.scalar(statement.limit(1))

    def organization_content(self, organization_id: UUID, content_id: UUID) -> OrganizationContent:
        """Content of this very organization that was not removed.

        Raises
        ------
        NotFoundError
            When it has none with the id.
        """
        statement = select(OrganizationContent).where(
            OrganizationContent.id == content_id,
            OrganizationContent.organization_id == organization_id,
            OrganizationContent.removed_at.is_(None),
        )
        content = self.session.scalar(statement)
        if content is None:
            raise NotFoundError("The organization has no content with this id. List its content to find it.")
        return content

    def organization_contents(
        self, organization_id: UUID, page: PageRequest
    ) -> Page[tuple[OrganizationContent, StoredFile | None]]:
        """Content of an organization that was not removed, latest first."""
        conditions = [OrganizationContent.organization_id == organization_id, OrganizationContent.removed_at.is_(None)]
        total = self.session.scalar(select(func.count()).select_from(OrganizationContent).where(*conditions)) or 0
        statement = (
            select(OrganizationContent, StoredFile)
            .outerjoin(StoredFile, StoredFile.id == OrganizationContent.file_id)
            .where(*conditions)
            .order_by(OrganizationContent.created_at.desc(), OrganizationContent.id)
            .limit(page.size)
            .offset(page.offset)
        )
        items = [(content, file) for content, file in self.session.execute(statement)]
        return Page(items, total, page.number, page.size)

    def auto_assignments(self, course_id: UUID) -> Sequence[AutoAssignment]:
        statement = select(AutoAssignment).where(AutoAssignment.course_id == course_id)
        return self.session.scalars(statement.order_by(AutoAssignment.role.nulls_first())).all()

    def custom_courses(self, organization_id: UUID, page: PageRequest) -> Page[Course]:
        """Courses the organization itself provides, latest first."""
        conditions = [Course.provider_id == organization_id]
        total = self.session.scalar(select(func.count()).select_from(Course).where(*conditions)) or 0
        statement = select(Course).where(*conditions).order_by(Course.created_at.desc(), Course.id)
        courses = self.session.scalars(statement.limit(page.size).offset(page.offset)).all()
        return Page(courses, total, page.number, page.size)

    def _by_key(self, statement: Select[*tuple[Any, ...]]) -> dict[UUID, tuple[Any, ...]]:
        # Any: the columns after the key differ from statement to statement.
        return {row[0]: tuple(row[1:]) for row in self.session.execute(statement)}

    def _names(
        self, statement: Select[UUID, str], key: ColumnElement[UUID] | Any, ids: Collection[UUID]
    ) -> dict[UUID, str]:
        if not ids:
            return {}
        return {id_: name for id_, name in self.session.execute(statement.where(key.in_(ids)))}


def course_not_found() -> NotFoundError:
    """The same words whether the course does not exist or the viewer may not know of it."""
    return NotFoundError("There is no course with this id. Browse the catalogue to find it.")


def _filter_conditions(filters: CourseFilters) -> list[ColumnElement[bool]]:
    price = func.coalesce(Course.price, 0)
    wanted: list[tuple[object, ColumnElement[bool]]] = [
        (filters.category, Course.category == filters.category),
        (filters.trade, Course.trade == filters.trade),
        (filters.level, Course.level == filters.level),
        (filters.delivery_method, Course.delivery_method == filters.delivery_method),
        (filters.provider_type, Course.provider_type == filters.provider_type),
        (filters.provider_id, Course.provider_id == filters.provider_id),
        (filters.equipment_type, Course.applicable_equipment_types.contains([filters.equipment_type])),
        (filters.manufacturer, Course.applicable_manufacturers.contains([filters.manufacturer])),
        (filters.model, Course.applicable_models.contains([filters.model])),
        (filters.pricing_model, Course.pricing_model == filters.pricing_model),
        (filters.price_from, price >= (filters.price_from or 0)),
        (filters.price_to, price <= (filters.price_to or 0)),
        (filters.tag, Course.tags.contains([filters.tag])),
        (filters.text or None, Course.search_vector.bool_op("@@")(_query(filters.text or ""))),
        (filters.status, Course.status == filters.status),
    ]
    return [condition for value, condition in wanted if value is not None]


def _query(text: str) -> ColumnElement[Any]:
    return func.websearch_to_tsquery("english", text)


def _order(sort: CourseSort, text: str | None) -> list[ColumnElement[Any]]:
    enrollments = select(func.count()).where(Enrollment.course_id == Course.id).correlate(Course).scalar_subquery()
    rating = (
        select(func.avg(CourseReview.rating))
        .where(CourseReview.course_id == Course.id)
        .correlate(Course)
        .scalar_subquery()
    )
    newest: ColumnElement[Any] = Course.published_at.desc().nulls_last()
    orders: dict[CourseSort, list[ColumnElement[Any]]] = {
        CourseSort.NEWEST: [newest],
        CourseSort.TITLE: [],
        CourseSort.PRICE: [func.coalesce(Course.price, 0).asc()],
        CourseSort.HOURS: [Course.estimated_hours.asc().nulls_last()],
        CourseSort.RATING: [rating.desc().nulls_last()],
        CourseSort.POPULARITY: [enrollments.desc()],
        CourseSort.RELEVANCE: [func.ts_rank(Course.search_vector, _query(text)).desc()] if text else [newest],
    }
    return orders[sort]


def _to_counts(
    modules: tuple[Any, ...] | None, enrollments: tuple[Any, ...] | None, reviews: tuple[Any, ...] | None
) -> CourseCounts:
    # Any: what the database counted; the types are those of CourseCounts.
    hundredth = Decimal("0.01")
    enrolled, is_open, completed, score = enrollments or (0, 0, 0, None)
    rating, review_count = reviews or (None, 0)
    return CourseCounts(
        module_count=modules[0] if modules else 0,
        enrollment_count=enrolled,
        open_enrollment_count=is_open,
        completion_count=completed,
        average_score=None if score is None else score.quantize(hundredth),
        average_rating=None if rating is None else rating.quantize(hundredth),
        review_count=review_count,
    )

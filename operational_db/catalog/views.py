"""The catalogue as a viewer sees it: courses, syllabus, learning paths, an organization's content.

Reads only; each list takes a fixed number of statements however long it is. Shapes follow the seed's CourseResponse,
CourseSyllabus, LearningPath and CompanyCustomCourse (3.2.1.1, 3.2.5.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.catalog import rules
from operational_db.catalog.repository import CatalogRepository, CourseCounts, PathCourse
from operational_db.catalog.search import CourseFilters, CourseSort, Viewer
from operational_db.errors import NotFoundError
from operational_db.identity.repository import IdentityRepository
from operational_db.identity.rules import Permission, Principal
from operational_db.learning.repository import LearningRepository
from operational_db.learning.rules import available_seats, progress_pct
from operational_db.paging import Page, PageRequest
from operational_db.tables.catalog import (
    AutoAssignment,
    Course,
    CourseAssessment,
    CourseModule,
    LearningPath,
    ModuleContent,
    OrganizationContent,
    StoredFile,
)
from operational_db.tables.learning import Enrollment
from operational_db.types import (
    AssessmentType,
    ContentType,
    CourseCategory,
    CourseLevel,
    CourseStatus,
    CourseVisibility,
    DeliveryMethod,
    EnrollmentStatus,
    PricingModel,
    ProviderType,
)


@dataclass(frozen=True)
class PrerequisiteView:
    """`name` is the course's title or the certification's name; None when the record is gone."""

    type: str
    id: UUID
    name: str | None


@dataclass(frozen=True, kw_only=True)
class CourseView:
    """Every field of the seed's CourseResponse; counters are counted when it is read."""

    id: UUID
    title: str
    slug: str
    description: str
    short_description: str
    provider_type: ProviderType
    provider_id: UUID | None
    provider_name: str
    # The platform keeps no logos of providers; the field is part of the seed's shape.
    provider_logo_url: str | None
    category: CourseCategory
    subcategory: str | None
    tags: Sequence[str]
    trade: str
    level: CourseLevel
    prerequisites: Sequence[PrerequisiteView]
    delivery_method: DeliveryMethod
    estimated_hours: Decimal | None
    module_count: int
    has_video: bool
    has_assessments: bool
    has_practical: bool
    applicable_equipment_types: Sequence[str]
    applicable_manufacturers: Sequence[str]
    applicable_models: Sequence[str]
    leads_to_certification: bool
    certification_id: UUID | None
    certification_name: str | None
    ce_credits: Decimal
    pricing_model: PricingModel
    price: Decimal | None
    currency: str | None
    requires_enrollment: bool
    enrollment_deadline: datetime | None
    max_enrollment: int | None
    available_seats: int | None
    # The day of the coming session; None when the course has none or it has begun.
    next_session_on: date | None
    session_location: str | None
    enrollment_count: int
    completion_count: int
    average_rating: Decimal | None
    review_count: int
    # Of the viewer: an open cycle, the progress of her latest cycle, and whether and when she last completed it.
    user_enrolled: bool
    user_progress_pct: Decimal | None
    user_completed: bool
    user_completed_at: datetime | None
    status: CourseStatus
    visibility: CourseVisibility
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None


@dataclass(frozen=True)
class ModuleView:
    id: UUID
    title: str
    description: str
    duration_minutes: int | None
    order_index: int
    content_types: Sequence[str]
    is_required: bool
    user_completed: bool


@dataclass(frozen=True)
class AssessmentView:
    """Attempts and best score are those of the viewer's latest cycle."""

    id: UUID
    module_id: UUID | None
    title: str
    assessment_type: AssessmentType
    is_required: bool
    passing_score: int
    attempts_allowed: int | None
    user_attempts: int
    user_best_score: Decimal | None


@dataclass(frozen=True)
class MaterialView:
    """A file of the course; it is read through `service.open_file` by its `file_id`."""

    id: UUID
    file_id: UUID
    title: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True)
class SyllabusView:
    course_id: UUID
    course_title: str
    learning_objectives: Sequence[str]
    modules: Sequence[ModuleView]
    assessments: Sequence[AssessmentView]
    downloadable_materials: Sequence[MaterialView]


@dataclass(frozen=True)
class PathCourseView:
    course_id: UUID
    course_title: str
    order_index: int
    is_required: bool
    user_completed: bool


@dataclass(frozen=True)
class LearningPathView:
    """A path with the viewer's progress, which counts its required courses (all, when none is required)."""

    id: UUID
    title: str
    slug: str
    description: str
    organization_id: UUID | None
    target_role: str
    level: str
    trade: str
    estimated_total_hours: Decimal
    courses: Sequence[PathCourseView]
    leads_to_certifications: Mapping[UUID, str]
    career_outcomes: Sequence[str]
    user_started: bool
    user_progress_pct: Decimal
    user_completed_courses: int
    user_remaining_courses: int


@dataclass(frozen=True)
class ContentView:
    """Content of an organization; exactly one of text, address and file is there."""

    id: UUID
    organization_id: UUID
    title: str
    description: str
    content_type: ContentType
    content_text: str | None
    content_url: str | None
    file_id: UUID | None
    media_type: str | None
    size_bytes: int | None
    uploaded_by: UUID
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class CustomModuleView:
    id: UUID
    title: str
    order_index: int
    content_types: Sequence[str]
    duration_minutes: int | None


@dataclass(frozen=True)
class CustomCourseView:
    """The seed's CompanyCustomCourse."""

    id: UUID
    organization_id: UUID
    title: str
    slug: str
    description: str
    category: CourseCategory
    modules: Sequence[CustomModuleView]
    is_mandatory: bool
    auto_assign_to_new_employees: bool
    auto_assign_to_roles: Sequence[str]
    track_completion: bool
    requires_assessment: bool
    passing_score: int | None
    visibility: CourseVisibility
    enrollment_count: int
    completion_count: int
    average_score: Decimal | None
    status: CourseStatus


def viewer_of(session: Session, principal: Principal, *, now: datetime) -> Viewer:
    """The principal as the catalogue sees her: memberships, teams, and organizations whose courses she manages."""
    teams = (
        frozenset()
        if principal.is_system
        else IdentityRepository(session).open_team_ids(principal.person_id, on=now.date())
    )
    return Viewer(
        person_id=principal.actor_id,
        member_of=principal.organization_ids,
        teams=teams,
        manages=principal.organizations_with(Permission.MANAGE_COURSES),
        is_unrestricted=principal.is_unrestricted,
    )


def browse_courses(
    session: Session,
    principal: Principal,
    *,
    filters: CourseFilters | None = None,
    sort: CourseSort = CourseSort.RELEVANCE,
    page: PageRequest | None = None,
    now: datetime,
) -> Page[CourseView]:
    """Courses the principal may find (LMS-01, LMS-09), with her own status in each."""
    repository = CatalogRepository(session)
    viewer = viewer_of(session, principal, now=now)
    found = repository.find_courses(viewer, filters or CourseFilters(), sort, page or PageRequest())
    views = _course_views(session, viewer, found.items, now=now)
    return Page(views, found.total, found.number, found.size)


def course_response(session: Session, principal: Principal, *, course_id: UUID, now: datetime) -> CourseView:
    """One course with every field of CourseResponse (LMS-02).

    Raises
    ------
    NotFoundError
        When there is none with the id, or the principal may not find it.
    """
    viewer = viewer_of(session, principal, now=now)
    course = CatalogRepository(session).visible_course(course_id, viewer)
    return _course_views(session, viewer, [course], now=now)[0]


def course_syllabus(session: Session, principal: Principal, *, course_id: UUID, now: datetime) -> SyllabusView:
    """Objectives, modules, assessments and files of a course, with where the principal stands (LMS-03).

    Raises
    ------
    NotFoundError
        When there is no such course, or the principal may not find it.
    """
    repository = CatalogRepository(session)
    viewer = viewer_of(session, principal, now=now)
    course = repository.visible_course(course_id, viewer)
    enrollment = repository.latest_enrollments(viewer.person_id, [course_id]).get(course_id)
    done = repository.completed_module_ids(enrollment.id) if enrollment is not None else set()
    attempts = repository.attempts(enrollment.id) if enrollment is not None else {}
    assessments = repository.assessments(course_id)
    contents = repository.contents(course_id)
    return SyllabusView(
        course_id=course.id,
        course_title=course.title,
        learning_objectives=course.learning_objectives,
        modules=[
            ModuleView(
                id=module.id,
                title=module.title,
                description=module.description,
                duration_minutes=module.duration_minutes,
                order_index=module.order_index,
                content_types=_content_types(module, contents, assessments),
                is_required=module.is_required,
                user_completed=module.id in done,
            )
            for module in repository.modules(course_id)
        ],
        assessments=[
            AssessmentView(
                id=assessment.id,
                module_id=assessment.module_id,
                title=assessment.title,
                assessment_type=assessment.assessment_type,
                is_required=assessment.is_required,
                passing_score=assessment.passing_score,
                attempts_allowed=assessment.attempts_allowed,
                user_attempts=attempts[assessment.id].attempt_count if assessment.id in attempts else 0,
                user_best_score=attempts[assessment.id].best_score if assessment.id in attempts else None,
            )
            for assessment in assessments
        ],
        downloadable_materials=[
            MaterialView(content.id, file.id, content.title, file.media_type, file.size_bytes)
            for content, file in contents
            if file is not None
        ],
    )


def learning_paths(
    session: Session,
    principal: Principal,
    *,
    trade: str | None = None,
    page: PageRequest | None = None,
    now: datetime,
) -> Page[LearningPathView]:
    """Learning paths the principal may follow, with her progress on each (LMS-04).

    Courses on a path that she may not find are left out of her view and her progress.
    """
    repository = CatalogRepository(session)
    viewer = viewer_of(session, principal, now=now)
    paths = repository.paths(viewer, trade=trade, page=page or PageRequest())
    entries = repository.path_courses([path.id for path in paths.items])
    entries = [entry for entry in entries if _may_find(entry.course, viewer)]
    course_ids = {entry.course.id for entry in entries}
    completed = repository.completed_at(viewer.person_id, course_ids)
    started = repository.latest_enrollments(viewer.person_id, course_ids)
    earned = repository.path_certifications([path.id for path in paths.items])
    return paths.map(
        lambda path: _to_path_view(
            path, [e for e in entries if e.path_id == path.id], set(completed), set(started), earned.get(path.id, {})
        )
    )


def organization_contents(
    session: Session, principal: Principal, *, organization_id: UUID, page: PageRequest | None = None
) -> Page[ContentView]:
    """Content an organization uploaded and did not remove, latest first (CMP-05).

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the organization's content.
    """
    principal.require(Permission.MANAGE_CONTENT, organization_id)
    repository = CatalogRepository(session)
    repository.organization(organization_id)
    found = repository.organization_contents(organization_id, page or PageRequest())
    return found.map(lambda item: to_content_view(*item))


def organization_content(
    session: Session, principal: Principal, *, organization_id: UUID, content_id: UUID
) -> ContentView:
    """One content of an organization (CMP-05).

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the organization's content.
    NotFoundError
        When the organization has none with the id, or removed it.
    """
    principal.require(Permission.MANAGE_CONTENT, organization_id)
    repository = CatalogRepository(session)
    content = repository.organization_content(organization_id, content_id)
    file = None if content.file_id is None else repository.stored_file(content.file_id)
    return to_content_view(content, file)


def custom_courses(
    session: Session, principal: Principal, *, organization_id: UUID, page: PageRequest | None = None
) -> Page[CustomCourseView]:
    """Courses an organization made for itself, latest first, drafts included (CMP-05).

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the organization's courses.
    """
    principal.require(Permission.MANAGE_COURSES, organization_id)
    found = CatalogRepository(session).custom_courses(organization_id, page or PageRequest())
    return found.map(lambda course: _to_custom_course_view(session, course, organization_id))


def custom_course_response(session: Session, principal: Principal, *, course_id: UUID) -> CustomCourseView:
    """One course an organization made for itself, with its settings and figures.

    Raises
    ------
    NotFoundError
        When there is none, or the principal does not manage the courses of the organization it belongs to.
    """
    course = CatalogRepository(session).course(course_id)
    if course.provider_id is None or not principal.can(Permission.MANAGE_COURSES, course.provider_id):
        raise NotFoundError("The organization has no course of its own with this id. Look at its courses.")
    return _to_custom_course_view(session, course, course.provider_id)


def to_content_view(content: OrganizationContent, file: StoredFile | None) -> ContentView:
    return ContentView(
        id=content.id,
        organization_id=content.organization_id,
        title=content.title,
        description=content.description,
        content_type=content.content_type,
        content_text=content.content_text,
        content_url=content.content_url,
        file_id=content.file_id,
        media_type=file.media_type if file is not None else None,
        size_bytes=file.size_bytes if file is not None else None,
        uploaded_by=content.uploaded_by,
        created_at=content.created_at,
        updated_at=content.updated_at,
    )


def _course_views(
    session: Session, viewer: Viewer, courses: Sequence[Course], *, now: datetime
) -> Sequence[CourseView]:
    repository = CatalogRepository(session)
    course_ids = [course.id for course in courses]
    counts = repository.counts(course_ids)
    latest = repository.latest_enrollments(viewer.person_id, course_ids)
    progress = _progress(session, latest)
    completed = repository.completed_at(viewer.person_id, course_ids)
    needed = {course.id: [rules.to_prerequisite(entry) for entry in course.prerequisites] for course in courses}
    names = _names(repository, courses, [entry for entries in needed.values() for entry in entries])
    return [
        _to_course_view(
            course,
            counts[course.id],
            [PrerequisiteView(entry.type, entry.id, names.get(entry.id)) for entry in needed[course.id]],
            names.get(course.certification_id) if course.certification_id is not None else None,
            latest.get(course.id),
            progress.get(course.id),
            completed.get(course.id),
            now=now,
        )
        for course in courses
    ]


def _to_course_view(
    course: Course,
    counts: CourseCounts,
    prerequisites: Sequence[PrerequisiteView],
    certification_name: str | None,
    latest: Enrollment | None,
    progress: Decimal | None,
    completed_at: datetime | None,
    *,
    now: datetime,
) -> CourseView:
    starts_on = course.session_starts_on
    return CourseView(
        id=course.id,
        title=course.title,
        slug=course.slug,
        description=course.description,
        short_description=course.short_description,
        provider_type=course.provider_type,
        provider_id=course.provider_id,
        provider_name=course.provider_name,
        provider_logo_url=None,
        category=course.category,
        subcategory=course.subcategory,
        tags=course.tags,
        trade=course.trade,
        level=course.level,
        prerequisites=prerequisites,
        delivery_method=course.delivery_method,
        estimated_hours=course.estimated_hours,
        module_count=counts.module_count,
        has_video=course.has_video,
        has_assessments=course.has_assessments,
        has_practical=course.has_practical,
        applicable_equipment_types=course.applicable_equipment_types,
        applicable_manufacturers=course.applicable_manufacturers,
        applicable_models=course.applicable_models,
        leads_to_certification=course.leads_to_certification,
        certification_id=course.certification_id,
        certification_name=certification_name,
        ce_credits=course.ce_credits,
        pricing_model=course.pricing_model,
        price=course.price,
        currency=course.currency,
        requires_enrollment=course.requires_enrollment,
        enrollment_deadline=course.enrollment_deadline,
        max_enrollment=course.max_enrollment,
        available_seats=available_seats(course.max_enrollment, counts.open_enrollment_count),
        next_session_on=starts_on if starts_on is not None and starts_on >= now.date() else None,
        session_location=course.session_location,
        enrollment_count=counts.enrollment_count,
        completion_count=counts.completion_count,
        average_rating=counts.average_rating,
        review_count=counts.review_count,
        user_enrolled=latest is not None and latest.is_open,
        user_progress_pct=progress,
        user_completed=completed_at is not None,
        user_completed_at=completed_at,
        status=course.status,
        visibility=course.visibility,
        created_at=course.created_at,
        updated_at=course.updated_at,
        published_at=course.published_at,
    )


def _progress(session: Session, latest: Mapping[UUID, Enrollment]) -> dict[UUID, Decimal]:
    """Progress of the latest cycles, by course; 100 when completed."""
    if not latest:
        return {}
    steps = LearningRepository(session).progress(list(latest.values()))
    return {
        course_id: Decimal("100.00")
        if enrollment.status is EnrollmentStatus.COMPLETED
        else progress_pct(steps[enrollment.id].done_steps, steps[enrollment.id].required_steps)
        for course_id, enrollment in latest.items()
    }


def _names(
    repository: CatalogRepository, courses: Sequence[Course], prerequisites: Sequence[rules.Prerequisite]
) -> dict[UUID, str]:
    certification_ids = {course.certification_id for course in courses if course.certification_id is not None}
    certification_ids |= {entry.id for entry in prerequisites if entry.type == "certification"}
    course_ids = {entry.id for entry in prerequisites if entry.type == "course"}
    return {**repository.names_of_certifications(certification_ids), **repository.titles_of_courses(course_ids)}


def _content_types(
    module: CourseModule,
    contents: Sequence[tuple[ModuleContent, StoredFile | None]],
    assessments: Sequence[CourseAssessment],
) -> list[str]:
    """What is in the module, and what its author says will be."""
    found = rules.content_types_of_module(
        {content.content_type for content, _ in contents if content.module_id == module.id},
        {assessment.assessment_type for assessment in assessments if assessment.module_id == module.id},
    )
    said = {
        "video": module.has_video,
        "text": module.has_text,
        "quiz": module.has_quiz,
        "practical": module.has_practical,
    }
    return [name for name, is_said in said.items() if is_said or name in found]


def _may_find(course: Course, viewer: Viewer) -> bool:
    return viewer.is_unrestricted or rules.is_visible(
        status=course.status,
        visibility=course.visibility,
        provider_id=course.provider_id,
        team_id=course.visible_to_team_id,
        member_of=viewer.member_of,
        teams=viewer.teams,
        manages=viewer.manages,
    )


def _to_path_view(
    path: LearningPath,
    entries: Sequence[PathCourse],
    completed: set[UUID],
    started: set[UUID],
    earned: Mapping[UUID, str],
) -> LearningPathView:
    counted = [entry for entry in entries if entry.is_required] or list(entries)
    done = sum(entry.course.id in completed for entry in counted)
    hours = sum((entry.course.estimated_hours or Decimal(0) for entry in entries), Decimal(0))
    return LearningPathView(
        id=path.id,
        title=path.title,
        slug=path.slug,
        description=path.description,
        organization_id=path.organization_id,
        target_role=path.target_role,
        level=path.level,
        trade=path.trade,
        estimated_total_hours=hours if path.estimated_total_hours is None else path.estimated_total_hours,
        courses=[
            PathCourseView(
                course_id=entry.course.id,
                course_title=entry.course.title,
                order_index=entry.order_index,
                is_required=entry.is_required,
                user_completed=entry.course.id in completed,
            )
            for entry in entries
        ],
        leads_to_certifications={
            entry.course.certification_id: entry.certification_name
            for entry in entries
            if entry.course.certification_id is not None and entry.certification_name is not None
        }
        | dict(earned),
        career_outcomes=path.career_outcomes,
        user_started=any(entry.course.id in started for entry in entries),
        user_progress_pct=progress_pct(done, len(counted)),
        user_completed_courses=done,
        user_remaining_courses=len(counted) - done,
    )


def _to_custom_course_view(session: Session, course: Course, organization_id: UUID) -> CustomCourseView:
    repository = CatalogRepository(session)
    counts = repository.counts([course.id])[course.id]
    contents = repository.contents(course.id)
    assessments = repository.assessments(course.id)
    auto: Sequence[AutoAssignment] = repository.auto_assignments(course.id)
    final = [assessment for assessment in assessments if assessment.module_id is None]
    return CustomCourseView(
        id=course.id,
        organization_id=organization_id,
        title=course.title,
        slug=course.slug,
        description=course.description,
        category=course.category,
        modules=[
            CustomModuleView(
                module.id,
                module.title,
                module.order_index,
                _content_types(module, contents, assessments),
                module.duration_minutes,
            )
            for module in repository.modules(course.id)
        ],
        is_mandatory=course.is_mandatory,
        auto_assign_to_new_employees=any(entry.role is None for entry in auto),
        auto_assign_to_roles=[entry.role for entry in auto if entry.role is not None],
        track_completion=course.requires_enrollment,
        requires_assessment=bool(final),
        passing_score=final[0].passing_score if final else None,
        visibility=course.visibility,
        enrollment_count=counts.enrollment_count,
        completion_count=counts.completion_count,
        average_score=counts.average_score,
        status=course.status,
    )

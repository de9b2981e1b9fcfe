"""Use cases of the catalogue: make, publish and archive courses, learning paths, reviews.

Reading is in `views`; content that organizations bring and their own courses are in `company_content`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

from slugify import slugify
from sqlalchemy.orm import Session

from operational_db.catalog import rules
from operational_db.catalog.repository import CatalogRepository, course_not_found
from operational_db.catalog.views import viewer_of
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError
from operational_db.identity.rules import Permission, Principal
from operational_db.tables.catalog import (
    Course,
    CourseAssessment,
    CourseModule,
    CourseReview,
    LearningPath,
    LearningPathCourse,
    ModuleContent,
    StoredFile,
)
from operational_db.types import (
    AssessmentType,
    ContentType,
    CourseCategory,
    CourseLevel,
    CourseStatus,
    CourseVisibility,
    DeliveryMethod,
    PricingModel,
    ProviderType,
    new_id,
)


class CourseFields(TypedDict, total=False):
    """Fields of a course that may be left out when it is created."""

    # Left out: made of the title.
    slug: str | None
    description: str
    short_description: str
    learning_objectives: list[str]
    provider_id: UUID | None
    # Left out: the providing organization's name.
    provider_name: str | None
    visibility: CourseVisibility
    visible_to_team_id: UUID | None
    subcategory: str | None
    tags: list[str]
    trade: str
    level: CourseLevel
    # [{"type": "course" | "certification", "id": "…"}]
    prerequisites: list[dict[str, str]]
    estimated_hours: Decimal | None
    applicable_equipment_types: list[str]
    applicable_manufacturers: list[str]
    applicable_models: list[str]
    # Set: the course leads to this certification.
    certification_id: UUID | None
    ce_credits: Decimal
    pricing_model: PricingModel
    price: Decimal | None
    currency: str | None
    requires_enrollment: bool
    enrollment_deadline: datetime | None
    max_enrollment: int | None
    session_starts_on: date | None
    session_length_days: int | None
    session_location: str | None
    is_mandatory: bool


@dataclass(frozen=True)
class PathStep:
    """A course on a learning path; its place is its place in the list."""

    course_id: UUID
    is_required: bool = True


def create_course(
    session: Session,
    principal: Principal,
    *,
    title: str,
    provider_type: ProviderType,
    category: CourseCategory,
    delivery_method: DeliveryMethod,
    now: datetime,
    **fields: Unpack[CourseFields],
) -> Course:
    """Draft a course. Organizations draft their own; courses without a providing organization are the platform's.

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the provider's courses.
    NotFoundError
        When the provider, team, certification or a prerequisite does not exist.
    InvalidInputError
        When provider, price, visibility, seats or hours do not go together.
    ConflictError
        When the slug given is taken.
    """
    repository = CatalogRepository(session)
    provider_id = fields.get("provider_id")
    principal.require(Permission.ADMINISTER if provider_id is None else Permission.MANAGE_COURSES, provider_id)
    name = _required(title, "A course needs a title.")
    provider_name = _provider_name(repository, provider_type, provider_id, fields.get("provider_name"))
    _require_consistent(repository, fields)
    certification_id = fields.get("certification_id")
    course = Course(
        **{
            **fields,
            "title": name,
            "slug": _course_slug(repository, name, fields.get("slug")),
            "provider_type": provider_type,
            "provider_name": provider_name,
            "category": category,
            "delivery_method": delivery_method,
            "prerequisites": _prerequisites(repository, fields.get("prerequisites", [])),
            "leads_to_certification": certification_id is not None,
            "currency": currency.upper() if (currency := fields.get("currency")) else None,
            "status": CourseStatus.DRAFT,
            "created_by": principal.actor_id,
            "created_at": now,
            "updated_at": now,
        }
    )
    session.add(course)
    session.flush()
    return course


def publish_course(session: Session, principal: Principal, *, course_id: UUID, now: datetime) -> Course:
    """Open a draft to its audience; publishing it again changes nothing.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        When there is no such course, or the principal does not manage its provider's courses.
    InvalidInputError
        When nobody could complete it.
    ConflictError
        When it is archived.
    """
    repository = CatalogRepository(session)
    course = _own_course(repository, principal, course_id)
    if course.status is CourseStatus.ARCHIVED:
        raise ConflictError(f"'{course.title}' is archived. Draft a new course instead.")
    if course.status is CourseStatus.PUBLISHED:
        return course
    rules.require_publishable(
        course.status, course.delivery_method, repository.required_step_count(course_id), course.title
    )
    course.status = CourseStatus.PUBLISHED
    course.published_at = now
    course.updated_at = now
    session.flush()
    return course


def archive_course(
    session: Session, principal: Principal, *, organization_id: UUID, course_id: UUID, now: datetime
) -> Course:
    """Take an organization's course out of the catalogue; who is enrolled may finish. Again, it changes nothing.

    Raises
    ------
    NotAuthorizedError
    NotFoundError
        When the organization has no course of its own with the id.
    """
    principal.require(Permission.MANAGE_COURSES, organization_id)
    course = CatalogRepository(session).lock_course(course_id)
    if course.provider_id != organization_id:
        raise course_not_found()
    if course.status is not CourseStatus.ARCHIVED:
        course.status = CourseStatus.ARCHIVED
        course.updated_at = now
        session.flush()
    return course


def add_module(
    session: Session,
    principal: Principal,
    *,
    course_id: UUID,
    title: str,
    description: str = "",
    duration_minutes: int | None = None,
    is_required: bool = True,
    has_video: bool = False,
    has_text: bool = False,
    has_quiz: bool = False,
    has_practical: bool = False,
    now: datetime,
) -> CourseModule:
    """Add a module at the end of a course.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        As `publish_course`.
    InvalidInputError
        When the title is empty or the duration negative.
    """
    repository = CatalogRepository(session)
    course = _own_course(repository, principal, course_id)
    if duration_minutes is not None and duration_minutes < 0:
        raise InvalidInputError("A module lasts 0 minutes or more.")
    module = CourseModule(
        course_id=course_id,
        title=_required(title, "A module needs a title."),
        description=description,
        order_index=repository.next_module_index(course_id),
        duration_minutes=duration_minutes,
        is_required=is_required,
        has_video=has_video,
        has_text=has_text,
        has_quiz=has_quiz,
        has_practical=has_practical,
        created_at=now,
        updated_at=now,
    )
    session.add(module)
    course.has_video = course.has_video or has_video
    course.has_practical = course.has_practical or has_practical
    course.updated_at = now
    session.flush()
    return module


def add_content_item(
    session: Session,
    principal: Principal,
    *,
    module_id: UUID,
    title: str,
    content_type: ContentType,
    content_text: str | None = None,
    content_url: str | None = None,
    file: StoredFile | None = None,
    video_duration_seconds: int | None = None,
    video_transcript: str | None = None,
    now: datetime,
) -> ModuleContent:
    """Add a content item at the end of a module, from exactly one of text, address and stored file.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        As `publish_course`.
    InvalidInputError
        When it has no title, or not exactly one source.
    """
    repository = CatalogRepository(session)
    module = repository.module(module_id)
    course = _own_course(repository, principal, module.course_id)
    rules.require_one_source(content_text, content_url, file is not None)
    content = ModuleContent(
        module_id=module_id,
        title=_required(title, "A content item needs a title."),
        content_type=content_type,
        order_index=repository.next_content_index(module_id),
        content_text=content_text,
        content_url=content_url,
        file_id=file.id if file is not None else None,
        video_duration_seconds=video_duration_seconds,
        video_transcript=video_transcript,
        created_at=now,
        updated_at=now,
    )
    session.add(content)
    module.has_video = module.has_video or content_type is ContentType.VIDEO
    module.has_text = module.has_text or content_type in {ContentType.TEXT, ContentType.DOCUMENT}
    course.has_video = course.has_video or content_type is ContentType.VIDEO
    course.updated_at = now
    session.flush()
    return content


def add_assessment(
    session: Session,
    principal: Principal,
    *,
    course_id: UUID,
    title: str,
    assessment_type: AssessmentType,
    module_id: UUID | None = None,
    description: str = "",
    is_required: bool = True,
    passing_score: int = 70,
    attempts_allowed: int | None = 3,
    question_count: int | None = None,
    time_limit_minutes: int | None = None,
    randomize_questions: bool = True,
    requires_proctoring: bool = False,
    proctoring_type: str | None = None,
    now: datetime,
) -> CourseAssessment:
    """Add an assessment to a course, or to one of its modules.

    Parameters
    ----------
    passing_score
        Percent, 0-100.
    attempts_allowed
        None for as many as one likes.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        As `publish_course`.
    InvalidInputError
        When the title is empty, the module is another course's, or a number is out of range.
    """
    repository = CatalogRepository(session)
    course = _own_course(repository, principal, course_id)
    module = None if module_id is None else repository.module(module_id)
    if module is not None and module.course_id != course_id:
        raise InvalidInputError("The module belongs to another course. Choose one of this course.")
    if not 0 <= passing_score <= 100 or (attempts_allowed is not None and attempts_allowed < 1):
        raise InvalidInputError("A passing score is 0 to 100 percent, and at least one attempt is allowed.")
    assessment = CourseAssessment(
        course_id=course_id,
        module_id=module_id,
        title=_required(title, "An assessment needs a title."),
        description=description,
        assessment_type=assessment_type,
        is_required=is_required,
        question_count=question_count,
        time_limit_minutes=time_limit_minutes,
        passing_score=passing_score,
        attempts_allowed=attempts_allowed,
        randomize_questions=randomize_questions,
        requires_proctoring=requires_proctoring,
        proctoring_type=proctoring_type,
        created_at=now,
        updated_at=now,
    )
    session.add(assessment)
    is_practical = assessment_type is AssessmentType.PRACTICAL
    if module is not None:
        module.has_quiz = module.has_quiz or not is_practical
        module.has_practical = module.has_practical or is_practical
    course.has_assessments = True
    course.has_practical = course.has_practical or is_practical
    course.updated_at = now
    session.flush()
    return assessment


def create_learning_path(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    title: str,
    target_role: str,
    level: str,
    courses: Sequence[PathStep],
    description: str = "",
    slug: str | None = None,
    trade: str = "elevators",
    estimated_total_hours: Decimal | None = None,
    career_outcomes: Sequence[str] = (),
    now: datetime,
) -> LearningPath:
    """Order courses towards a role, for an organization's own people.

    Parameters
    ----------
    estimated_total_hours
        None: the sum of the courses' hours, taken when the path is read.

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the organization's courses.
    NotFoundError
        When a course does not exist or the principal may not find it.
    InvalidInputError
        When the path has no course, or one twice.
    ConflictError
        When the slug given is taken.
    """
    principal.require(Permission.MANAGE_COURSES, organization_id)
    repository = CatalogRepository(session)
    name = _required(title, "A learning path needs a title.")
    course_ids = [step.course_id for step in courses]
    if not course_ids or len(set(course_ids)) != len(course_ids):
        raise InvalidInputError("A learning path has at least one course, and each course once.")
    viewer = viewer_of(session, principal, now=now)
    for course_id in course_ids:
        repository.visible_course(course_id, viewer)
    wanted = slugify(slug or name)
    if repository.is_path_slug_taken(wanted):
        if slug is not None:
            raise ConflictError(f"Another learning path uses the address name '{wanted}'. Give another slug.")
        wanted = _with_suffix(wanted)
    path = LearningPath(
        title=name,
        slug=wanted,
        description=description,
        organization_id=organization_id,
        target_role=_required(target_role, "A learning path needs a target role."),
        level=_required(level, "A learning path needs a level."),
        trade=trade,
        estimated_total_hours=estimated_total_hours,
        career_outcomes=list(career_outcomes),
        created_at=now,
        updated_at=now,
    )
    session.add(path)
    session.flush()
    session.add_all(
        LearningPathCourse(path_id=path.id, course_id=step.course_id, order_index=place, is_required=step.is_required)
        for place, step in enumerate(courses)
    )
    session.flush()
    return path


def review_course(
    session: Session,
    principal: Principal,
    *,
    course_id: UUID,
    rating: int,
    comment: str | None = None,
    now: datetime,
) -> CourseReview:
    """Rate a course one has completed, 1 to 5; a second review replaces the first (LMS-08).

    Raises
    ------
    NotAuthorizedError
        When the principal is the system, which has no opinion.
    NotFoundError
        When there is no such course, or the principal may not find it.
    ConflictError
        When the principal has not completed it.
    InvalidInputError
        When the rating is out of range.
    """
    person_id = principal.actor_id
    if person_id is None:
        raise NotAuthorizedError("A review is a person's. Sign in as the person who took the course.")
    if not 1 <= rating <= 5:
        raise InvalidInputError("A rating is 1 to 5.")
    repository = CatalogRepository(session)
    course = repository.visible_course(course_id, viewer_of(session, principal, now=now))
    if not repository.has_completed(person_id, course_id):
        raise ConflictError(f"Complete '{course.title}' first, then review it.")
    text = comment.strip() if comment is not None else None
    repository.put_review(course_id, person_id, rating, text or None, now)
    return repository.review(course_id, person_id)


def _own_course(repository: CatalogRepository, principal: Principal, course_id: UUID) -> Course:
    """The course, locked, when the principal manages its provider's courses."""
    course = repository.lock_course(course_id)
    if course.provider_id is None:
        principal.require(Permission.ADMINISTER)
    else:
        principal.require(Permission.MANAGE_COURSES, course.provider_id)
    return course


def _provider_name(
    repository: CatalogRepository, provider_type: ProviderType, provider_id: UUID | None, given: str | None
) -> str:
    if provider_id is not None:
        organization = repository.organization(provider_id)
        rules.require_provider_fits(provider_type, organization.kind)
        return given or organization.name
    if given:
        return given
    if provider_type is ProviderType.SITESYNC:
        return "SiteSync"
    raise InvalidInputError("Name the provider of the course.")


def _require_consistent(repository: CatalogRepository, fields: CourseFields) -> None:
    provider_id = fields.get("provider_id")
    team_id = fields.get("visible_to_team_id")
    rules.require_visibility(fields.get("visibility", CourseVisibility.PUBLIC), provider_id, team_id)
    if provider_id is not None and team_id is not None:
        repository.require_team(provider_id, team_id)
    rules.require_price(fields.get("pricing_model", PricingModel.FREE), fields.get("price"), fields.get("currency"))
    seats, hours = fields.get("max_enrollment"), fields.get("estimated_hours")
    if (seats is not None and seats < 0) or (hours is not None and hours < 0) or fields.get("ce_credits", 0) < 0:
        raise InvalidInputError("Seats, hours and credits are 0 or more.")
    certification_id = fields.get("certification_id")
    if certification_id is not None and not repository.names_of_certifications([certification_id]):
        raise InvalidInputError("The registry has no certification with this id. Register it first.")


def _prerequisites(repository: CatalogRepository, entries: Sequence[object]) -> list[dict[str, str]]:
    found = [rules.to_prerequisite(entry) for entry in entries]
    courses = {entry.id for entry in found if entry.type == "course"}
    certifications = {entry.id for entry in found if entry.type == "certification"}
    known = {*repository.titles_of_courses(courses), *repository.names_of_certifications(certifications)}
    if (courses | certifications) - known:
        raise InvalidInputError("A prerequisite names a course or certification that does not exist. Check its id.")
    return [entry.to_json() for entry in found]


def _course_slug(repository: CatalogRepository, title: str, given: str | None) -> str:
    wanted = _required(slugify(given or title), "The title has no letters to make an address name of; give a slug.")
    if not repository.is_slug_taken(wanted):
        return wanted
    if given is not None:
        raise ConflictError(f"Another course uses the address name '{wanted}'. Give another slug.")
    return _with_suffix(wanted)


def _with_suffix(slug: str) -> str:
    return f"{slug}-{new_id().hex[-8:]}"


def _required(value: str, message: str) -> str:
    text = value.strip()
    if not text:
        raise InvalidInputError(message)
    return text

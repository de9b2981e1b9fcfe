"""Use cases of content that organizations bring: upload, update, remove, read files, and make courses of it (CMP-05).

A custom course takes over text, address or file as they are when it is made; changing content later leaves it alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.catalog import rules
from operational_db.catalog.files import Upload, checked
from operational_db.catalog.repository import CatalogRepository
from operational_db.catalog.service import (
    add_assessment,
    add_content_item,
    add_module,
    create_course,
    publish_course,
)
from operational_db.catalog.views import viewer_of
from operational_db.documents.service import keep_file
from operational_db.documents.store import FileStore
from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.tables.catalog import AutoAssignment, Course, CourseAssessment, OrganizationContent, StoredFile
from operational_db.types import (
    AssessmentType,
    ContentType,
    CourseCategory,
    CourseVisibility,
    DeliveryMethod,
    Role,
)


class CustomModuleKind(StrEnum):
    """What a module of a custom course is made of (seed 3.2.5.2); text and interactive content are ours to add."""

    VIDEO = "video"
    DOCUMENT = "document"
    TEXT = "text"
    INTERACTIVE = "interactive"
    QUIZ = "quiz"


@dataclass(frozen=True)
class CustomModule:
    """A module to be: of the organization's content, or a quiz, which has none."""

    title: str
    kind: CustomModuleKind
    content_id: UUID | None = None
    duration_minutes: int | None = None


@dataclass(frozen=True)
class OpenedFile:
    """A stored file for download, by its hash; `title` is what it is called where the reader found it."""

    sha256: bytes
    media_type: str
    size_bytes: int
    title: str


def upload_organization_content(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    title: str,
    content_type: ContentType,
    store: FileStore,
    description: str = "",
    content_text: str | None = None,
    content_url: str | None = None,
    upload: Upload | None = None,
    now: datetime,
) -> OrganizationContent:
    """Add content to an organization: a text, an address, or a file that is kept under its hash.

    The file is in the store before the row is committed, so that no row ever names a file that is not there; a file
    whose row was rolled back is found again by its hash when it is uploaded the next time.

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the organization's content, or is no person.
    InvalidInputError
        When it has no title, or not exactly one source; with status 413 or 415 for size and type of a file.
    """
    principal.require(Permission.MANAGE_CONTENT, organization_id)
    uploader_id = principal.actor_id
    if uploader_id is None:
        raise NotAuthorizedError("Content is uploaded by a person. Sign in as a member of the organization.")
    repository = CatalogRepository(session)
    repository.organization(organization_id)
    name = _required_title(title)
    rules.require_one_source(content_text, content_url, upload is not None)
    file = None if upload is None else store_file(session, store, upload, content_type, now=now)
    content = OrganizationContent(
        organization_id=organization_id,
        title=name,
        description=description,
        content_type=content_type,
        content_text=content_text,
        content_url=content_url,
        file_id=file.id if file is not None else None,
        uploaded_by=uploader_id,
        created_at=now,
        updated_at=now,
    )
    session.add(content)
    session.flush()
    return content


def update_organization_content(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    content_id: UUID,
    store: FileStore,
    title: str | None = None,
    description: str | None = None,
    content_text: str | None = None,
    content_url: str | None = None,
    upload: Upload | None = None,
    now: datetime,
) -> OrganizationContent:
    """Change title or description, or put one new source in the place of the old; what is None stays.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
        As `upload_organization_content`.
    NotFoundError
        When the organization has no such content.
    """
    principal.require(Permission.MANAGE_CONTENT, organization_id)
    content = CatalogRepository(session).organization_content(organization_id, content_id)
    if title is not None:
        content.title = _required_title(title)
    if description is not None:
        content.description = description
    if content_text is not None or content_url is not None or upload is not None:
        rules.require_one_source(content_text, content_url, upload is not None)
        file = None if upload is None else store_file(session, store, upload, content.content_type, now=now)
        content.content_text = content_text
        content.content_url = content_url
        content.file_id = file.id if file is not None else None
    content.updated_at = now
    session.flush()
    return content


def remove_organization_content(
    session: Session, principal: Principal, *, organization_id: UUID, content_id: UUID, now: datetime
) -> OrganizationContent:
    """Take content out of an organization's list; courses made of it keep what they have.

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the organization's content.
    NotFoundError
        When the organization has no such content, or it was removed before.
    """
    principal.require(Permission.MANAGE_CONTENT, organization_id)
    content = CatalogRepository(session).organization_content(organization_id, content_id)
    content.removed_at = now
    content.updated_at = now
    session.flush()
    return content


def create_custom_course(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    title: str,
    category: CourseCategory,
    modules: Sequence[CustomModule],
    description: str = "",
    is_mandatory: bool = False,
    auto_assign_to_new_employees: bool = False,
    auto_assign_to_roles: Sequence[Role] = (),
    due_within_days: int = 30,
    track_completion: bool = True,
    requires_assessment: bool = False,
    passing_score: int | None = None,
    visibility: CourseVisibility = CourseVisibility.ORGANIZATION,
    team_id: UUID | None = None,
    delivery_method: DeliveryMethod = DeliveryMethod.ONLINE_SELF_PACED,
    now: datetime,
) -> Course:
    """Make and publish an organization's own course of its content (seed: CompanyCustomCourse).

    People who join later are assigned it by `compliance.service.add_recipients_for_membership`: everybody when it is
    for new employees, else those with one of the roles. Such assignments are mandatory when the course is.

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the organization's courses.
    NotFoundError
        When the organization lacks the team or a content.
    InvalidInputError
        When there is no module, a module and its content do not go together, or days or score are out of range.
    """
    principal.require(Permission.MANAGE_COURSES, organization_id)
    if not modules:
        raise InvalidInputError("A course needs at least one module. Add one made of your content.")
    if due_within_days < 0:
        raise InvalidInputError("New people get 0 days or more to complete the course.")
    organization = CatalogRepository(session).organization(organization_id)
    course = create_course(
        session,
        principal,
        title=title,
        description=description,
        provider_type=rules.PROVIDER_OF_KIND[organization.kind],
        provider_id=organization_id,
        category=category,
        delivery_method=delivery_method,
        visibility=visibility,
        visible_to_team_id=team_id,
        requires_enrollment=track_completion,
        is_mandatory=is_mandatory,
        now=now,
    )
    for module in modules:
        _add_custom_module(session, principal, organization_id, course, module, passing_score, now=now)
    if requires_assessment:
        _add_quiz(session, principal, course, "Final assessment", None, passing_score, now=now)
    roles: list[str | None] = [None] if auto_assign_to_new_employees else [str(role) for role in auto_assign_to_roles]
    session.add_all(
        AutoAssignment(
            organization_id=organization_id,
            course_id=course.id,
            role=role,
            due_within_days=due_within_days,
            is_mandatory=is_mandatory,
            created_at=now,
            updated_at=now,
        )
        for role in dict.fromkeys(roles)
    )
    return publish_course(session, principal, course_id=course.id, now=now)


def store_file(
    session: Session, store: FileStore, upload: Upload, content_type: ContentType, *, now: datetime
) -> StoredFile:
    """Keep an upload under its hash and record it; callers have authorised it.

    Raises
    ------
    InvalidInputError
        As `files.checked`.
    """
    with checked(store, upload, content_type) as file:
        return keep_file(
            session,
            store,
            file.stream,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            media_type=file.media_type,
            file_name=file.file_name,
            now=now,
        )


def open_file(session: Session, principal: Principal, *, file_id: UUID, store: FileStore, now: datetime) -> OpenedFile:
    """A stored file, for whoever manages the organization that uploaded it or may take a course that contains it.

    A course that requires enrollment opens its files to those who are or were enrolled.

    Raises
    ------
    NotFoundError
        When there is no such file, the principal may not read it, or the store has lost it.
    """
    repository = CatalogRepository(session)
    file = repository.stored_file(file_id)
    managed = None if principal.is_unrestricted else principal.organizations_with(Permission.MANAGE_CONTENT)
    content = repository.content_with_file(file_id, managed)
    title = content.title if content is not None else _title_in_course(session, principal, file_id, now=now)
    if title is None:
        raise NotFoundError("There is no file with this id among your courses. Enroll in the course that contains it.")
    if not store.has(file.sha256):
        raise NotFoundError("The stored file is missing from the files folder. Restore it or upload it again.")
    return OpenedFile(file.sha256, file.media_type, file.size_bytes, title)


def _title_in_course(session: Session, principal: Principal, file_id: UUID, *, now: datetime) -> str | None:
    repository = CatalogRepository(session)
    viewer = viewer_of(session, principal, now=now)
    found = repository.courses_with_file(file_id, viewer)
    enrolled = repository.latest_enrollments(viewer.person_id, [course.id for course, _ in found])
    for course, title in found:
        is_open = not course.requires_enrollment or course.id in enrolled
        if viewer.is_unrestricted or is_open or course.provider_id in viewer.manages:
            return title
    return None


def _add_custom_module(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    course: Course,
    module: CustomModule,
    passing_score: int | None,
    *,
    now: datetime,
) -> None:
    is_quiz = module.kind is CustomModuleKind.QUIZ
    if is_quiz != (module.content_id is None):
        raise InvalidInputError(f"Module '{module.title}': a quiz has no content, every other module has one.")
    made = add_module(
        session,
        principal,
        course_id=course.id,
        title=module.title,
        duration_minutes=module.duration_minutes,
        has_quiz=is_quiz,
        now=now,
    )
    if module.content_id is None:
        _add_quiz(session, principal, course, made.title, made.id, passing_score, now=now)
        return
    content = CatalogRepository(session).organization_content(organization_id, module.content_id)
    if content.content_type.value != module.kind.value:
        raise InvalidInputError(
            f"Module '{module.title}' is said to be {module.kind}, but the content is {content.content_type}."
        )
    file = None if content.file_id is None else CatalogRepository(session).stored_file(content.file_id)
    add_content_item(
        session,
        principal,
        module_id=made.id,
        title=content.title,
        content_type=content.content_type,
        content_text=content.content_text,
        content_url=content.content_url,
        file=file,
        now=now,
    )


def _add_quiz(
    session: Session,
    principal: Principal,
    course: Course,
    title: str,
    module_id: UUID | None,
    passing_score: int | None,
    *,
    now: datetime,
) -> CourseAssessment:
    """Without a passing score given, the seed's default of 70 percent holds."""
    return add_assessment(
        session,
        principal,
        course_id=course.id,
        module_id=module_id,
        title=title,
        assessment_type=AssessmentType.QUIZ if module_id is not None else AssessmentType.EXAM,
        passing_score=70 if passing_score is None else passing_score,
        now=now,
    )


def _required_title(title: str) -> str:
    text = title.strip()
    if not text:
        raise InvalidInputError("Content needs a title.")
    return text

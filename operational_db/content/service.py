"""Use cases of lessons: register one, draft and revise its versions, hand them in, list and read them.

Reviews are in `reviewing`, shipping in `publishing`, policies in `policies`, runbooks and protected features in
`features`; taking a lesson is `assessment`.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Unpack
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.content import reading, rules
from operational_db.content.body import parse_body
from operational_db.content.drafting import (
    VersionFields,
    free_code,
    required,
    set_default_refresh,
    tie_to_policies,
    write_draft,
)
from operational_db.content.opening import lesson_for, require_status, version_for, works_on
from operational_db.content.permissions import (
    require_visible,
    require_work_on,
    require_working,
    visible_organizations,
)
from operational_db.content.repository import ContentRepository, no_version
from operational_db.content.review_tasks import ask_for_reviews
from operational_db.content.rules import VersionChange
from operational_db.content.views import LessonListItem, VersionView
from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.tables.content import (
    Lesson,
    LessonReview,
    LessonVersion,
)
from operational_db.types import (
    LessonStatus,
    LessonType,
    ReviewArea,
    ReviewReason,
)


def create_lesson(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    code: str,
    title: str,
    lesson_type: LessonType,
    owner_id: UUID | None = None,
    course_id: UUID | None = None,
    now: datetime,
) -> Lesson:
    """Register a lesson; its content comes with its versions. Its author owns it unless somebody else is named.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not author the organization's lessons, the course does not exist, or the owner does not
        belong to the organization (for a lesson of the platform: to the one that runs it).
    InvalidInputError
        When a lesson of the type course names none, or another type names one.
    ConflictError
        When the code is taken.
    """
    repository = ContentRepository(session)
    require_work_on(repository, principal, Permission.AUTHOR_LESSONS, organization_id)
    if (lesson_type is LessonType.COURSE) != (course_id is not None):
        raise InvalidInputError("A lesson of the type course names a course of the catalogue; no other type does.")
    if course_id is not None:
        repository.course(course_id)
    if owner_id is not None and not repository.is_member(owner_id, organization_id, on=now.date()):
        raise NotFoundError("The owner is no member of the organization today. Check the id.")
    lesson = Lesson(
        organization_id=organization_id,
        code=free_code(repository, Lesson, code, organization_id),
        title=required(title, "A lesson needs a title."),
        lesson_type=lesson_type,
        owner_id=owner_id or principal.actor_id,
        course_id=course_id,
        created_at=now,
        updated_at=now,
    )
    session.add(lesson)
    session.flush()
    return lesson


def draft_version(
    session: Session,
    principal: Principal,
    *,
    lesson_id: UUID,
    body: Mapping[str, Any],
    duration_minutes: Decimal,
    change: VersionChange = VersionChange.MINOR,
    now: datetime,
    **fields: Unpack[VersionFields],
) -> LessonVersion:
    """Draft the next version of a lesson; a lesson has one draft at a time.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not author the lesson, or a policy or runbook code stands for nothing.
    InvalidInputError
        When the body is not well formed, naming every place, or a number is out of range.
    ConflictError
        When a draft or a version in review is there already.
    """
    repository = ContentRepository(session)
    lesson = lesson_for(repository, principal, Permission.AUTHOR_LESSONS, lesson_id)
    versions = repository.versions_of(lesson_id)
    open_version = next((v for v in versions if v.status in (LessonStatus.DRAFT, LessonStatus.IN_REVIEW)), None)
    if open_version is not None:
        raise ConflictError(
            f"Version {open_version.version} is not finished yet. Revise it instead of drafting another.",
            details={"version_id": str(open_version.id)},
        )
    version = LessonVersion(
        lesson_id=lesson_id,
        version=rules.next_version(versions[0].version if versions else None, change),
        status=LessonStatus.DRAFT,
        body={},
        duration_minutes=duration_minutes,
        created_by=principal.actor_id,
        created_at=now,
    )
    write_draft(repository, lesson, version, parse_body(lesson.lesson_type, body), duration_minutes, fields, now=now)
    session.add(version)
    session.flush()
    tie_to_policies(session, repository, lesson, version, fields)
    set_default_refresh(repository, version, fields)
    session.flush()
    return version


def import_lesson(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    code: str,
    title: str,
    lesson_type: LessonType,
    body: Mapping[str, Any],
    duration_minutes: Decimal,
    now: datetime,
    **fields: Unpack[VersionFields],
) -> LessonVersion:
    """Draft the next version of the lesson with this code, or the first one of a new lesson.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
        As `create_lesson` and `draft_version`.
    ConflictError
        When the lesson is of another type, or a draft of it is there already.
    """
    repository = ContentRepository(session)
    require_work_on(repository, principal, Permission.AUTHOR_LESSONS, organization_id)
    lesson = repository.by_code(Lesson, code.strip().upper(), organization_id)
    if lesson is None or lesson.organization_id != organization_id:
        lesson = create_lesson(
            session,
            principal,
            organization_id=organization_id,
            code=code,
            title=title,
            lesson_type=lesson_type,
            now=now,
        )
    elif lesson.lesson_type is not lesson_type:
        raise ConflictError(f"{lesson.code} is a {lesson.lesson_type.replace('_', ' ')}. Choose another code.")
    return draft_version(
        session, principal, lesson_id=lesson.id, body=body, duration_minutes=duration_minutes, now=now, **fields
    )


def revise_version(
    session: Session,
    principal: Principal,
    *,
    version_id: UUID,
    body: Mapping[str, Any],
    duration_minutes: Decimal,
    now: datetime,
    **fields: Unpack[VersionFields],
) -> LessonVersion:
    """Replace what a draft says; fields that are left out keep their values, policies move to their newest version.

    Whoever wrote it last counts as its author, who does not review it.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
        As `draft_version`.
    ConflictError
        When the version is in review or beyond.
    """
    repository = ContentRepository(session)
    version, lesson = version_for(repository, principal, Permission.AUTHOR_LESSONS, version_id)
    require_status(version, LessonStatus.DRAFT)
    write_draft(repository, lesson, version, parse_body(lesson.lesson_type, body), duration_minutes, fields, now=now)
    version.created_by = principal.actor_id or version.created_by
    if "policy_codes" not in fields:
        fields["policy_codes"] = [policy.code for policy, _ in repository.policies_of(version_id)]
    if "runbook_codes" not in fields:
        fields["runbook_codes"] = [runbook.code for runbook in repository.runbooks_of(version_id)]
    tie_to_policies(session, repository, lesson, version, fields)
    set_default_refresh(repository, version, fields)
    session.flush()
    return version


def submit_for_review(session: Session, principal: Principal, *, version_id: UUID, now: datetime) -> list[LessonReview]:
    """Hand a draft in: one task for security and compliance, one for UX, one for each further language.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not author the lesson.
    ConflictError
        When the version is no draft.
    """
    repository = ContentRepository(session)
    version, lesson = version_for(repository, principal, Permission.AUTHOR_LESSONS, version_id)
    require_status(version, LessonStatus.DRAFT)
    default = parse_body(lesson.lesson_type, version.body).default_locale
    wanted: list[tuple[ReviewArea, str | None]] = [(ReviewArea.SECURITY_COMPLIANCE, None), (ReviewArea.UX, None)]
    wanted += [(ReviewArea.LOCALIZATION, locale) for locale in version.locales if locale != default]
    version.status = LessonStatus.IN_REVIEW
    version.updated_at = now
    return ask_for_reviews(session, lesson, version, wanted, ReviewReason.PUBLICATION, now=now)


def list_lessons(
    session: Session,
    principal: Principal,
    *,
    lesson_type: LessonType | None = None,
    scope: str | None = None,
    locale: str | None = None,
) -> list[LessonListItem]:
    """Published lessons of the platform and of the principal's organizations, by title."""
    found = ContentRepository(session).published_lessons(
        visible_organizations(principal), lesson_type=lesson_type, scope=scope
    )
    return [reading.lesson_item(lesson, version, locale) for lesson, version in found]


def list_unfinished(session: Session, principal: Principal) -> list[tuple[Lesson, LessonVersion]]:
    """Drafts and versions in review of lessons the principal works on."""
    repository = ContentRepository(session)
    found = repository.versions_in(visible_organizations(principal), [LessonStatus.DRAFT, LessonStatus.IN_REVIEW])
    return [(lesson, version) for lesson, version in found if works_on(repository, principal, lesson.organization_id)]


def version_view(session: Session, principal: Principal, *, version_id: UUID) -> VersionView:
    """A version with its right answers, reviews and checklist, for those who work on it.

    Raises
    ------
    NotFoundError
        When it does not exist or belongs to another organization.
    NotAuthorizedError
        For people of the organization who neither write, review nor publish.
    """
    repository = ContentRepository(session)
    version, lesson = repository.version(version_id)
    require_visible(principal, lesson.organization_id, no_version())
    require_working(repository, principal, lesson.organization_id)
    return reading.version_view(repository, lesson, version)

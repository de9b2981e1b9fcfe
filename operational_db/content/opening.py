"""Opens a lesson or a version for somebody who wants to work on it: locked, with the right, in the right state."""

from uuid import UUID

from operational_db.content.permissions import (
    require_visible,
    require_work_on,
    require_working,
)
from operational_db.content.repository import ContentRepository, no_version
from operational_db.errors import ConflictError, NotAuthorizedError
from operational_db.identity.rules import Permission, Principal
from operational_db.tables.content import (
    Lesson,
    LessonVersion,
)
from operational_db.types import (
    LessonStatus,
)


def works_on(repository: ContentRepository, principal: Principal, organization_id: UUID | None) -> bool:
    """Whether the principal writes, reviews or publishes the organization's lessons."""
    try:
        require_working(repository, principal, organization_id)
    except NotAuthorizedError:
        return False
    return True


def lesson_for(repository: ContentRepository, principal: Principal, permission: Permission, lesson_id: UUID) -> Lesson:
    """The lesson, locked; raises NotFoundError and NotAuthorizedError as `require_work_on`."""
    lesson = repository.lesson(lesson_id, lock=True)
    require_work_on(repository, principal, permission, lesson.organization_id)
    return lesson


def version_for(
    repository: ContentRepository, principal: Principal, permission: Permission, version_id: UUID
) -> tuple[LessonVersion, Lesson]:
    """The version, locked, and its lesson; raises as `lesson_for`."""
    version, lesson = repository.version(version_id, lock=True)
    require_visible(principal, lesson.organization_id, no_version())
    require_work_on(repository, principal, permission, lesson.organization_id)
    return version, lesson


def require_status(version: LessonVersion, *wanted: LessonStatus) -> None:
    """Raise ConflictError, naming the states, unless the version is in one that is wanted."""
    if version.status not in wanted:
        names = " or ".join(status.replace("_", " ") for status in wanted)
        raise ConflictError(
            f"Version {version.version} is {version.status.replace('_', ' ')}; this works while it is {names}.",
            details={"status": str(version.status)},
        )

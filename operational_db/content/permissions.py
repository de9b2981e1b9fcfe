"""Who may see and change which content: an organization its own, all people what the platform published."""

from uuid import UUID

from operational_db.content.repository import ContentRepository, no_lesson
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission, Principal, not_authorized

# Whoever has one of these works on content and may see drafts and right answers.
WORKING = (Permission.AUTHOR_LESSONS, Permission.REVIEW_LESSONS, Permission.PUBLISH_LESSONS)


def visible_organizations(principal: Principal) -> frozenset[UUID] | None:
    """Organizations whose content the principal meets beside the platform's; None for all."""
    return None if principal.is_unrestricted else principal.organization_ids


def is_visible(principal: Principal, organization_id: UUID | None) -> bool:
    return organization_id is None or principal.is_unrestricted or organization_id in principal.organization_ids


def require_visible(principal: Principal, organization_id: UUID | None, missing: DomainError | None = None) -> None:
    """Raise `missing` (NotFoundError for a lesson unless given) for content of an organization one has no part in."""
    if not is_visible(principal, organization_id):
        raise missing or no_lesson()


def can_work_on(
    repository: ContentRepository, principal: Principal, permission: Permission, organization_id: UUID | None
) -> bool:
    """Whether the permission holds on the organization's content; on the platform's, when held in the platform."""
    if principal.is_unrestricted:
        return True
    if organization_id is not None:
        return principal.can(permission, organization_id)
    return not principal.organizations_with(permission).isdisjoint(repository.platform_ids())


def require_work_on(
    repository: ContentRepository, principal: Principal, permission: Permission, organization_id: UUID | None
) -> None:
    """Like `can_work_on`.

    Raises
    ------
    NotFoundError
        For an organization the principal has no part in.
    NotAuthorizedError
        When no role held there carries the permission.
    """
    require_visible(principal, organization_id)
    if not can_work_on(repository, principal, permission, organization_id):
        raise not_authorized(permission, organization_id)


def require_working(repository: ContentRepository, principal: Principal, organization_id: UUID | None) -> None:
    """Authors, reviewers and publishers may see drafts and right answers. Raises as `require_work_on`."""
    require_visible(principal, organization_id)
    if not any(can_work_on(repository, principal, permission, organization_id) for permission in WORKING):
        raise not_authorized(Permission.AUTHOR_LESSONS, organization_id)

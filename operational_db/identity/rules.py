"""Who may do what: permissions, the roles that carry them, and the principal every service is called with.

Pure: nothing here reads the database. A principal is made from open memberships by `identity.service.principal_for`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from operational_db.errors import InvalidInputError, NotAuthorizedError
from operational_db.types import OrganizationKind, Role


class Permission(StrEnum):
    """What a role allows on the organization it is held in."""

    VIEW_MEMBERS = "view_members"
    VIEW_COMPLIANCE = "view_compliance"
    VIEW_STUDENTS = "view_students"
    VIEW_KPIS = "view_kpis"
    VIEW_PLATFORM = "view_platform"
    ASSIGN_TRAINING = "assign_training"
    EXEMPT_TRAINING = "exempt_training"
    SET_REQUIREMENTS = "set_requirements"
    ENROLL_MEMBERS = "enroll_members"
    GRADE_ATTEMPTS = "grade_attempts"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_CONTENT = "manage_content"
    MANAGE_COURSES = "manage_courses"
    RUN_IMPORTS = "run_imports"
    ISSUE_CERTIFICATES = "issue_certificates"
    VERIFY_CERTIFICATES = "verify_certificates"
    VIEW_GATES = "view_gates"
    MANAGE_GATES = "manage_gates"
    EVALUATE_GATES = "evaluate_gates"
    GRANT_WAIVERS = "grant_waivers"
    MANAGE_ACCESS_LISTS = "manage_access_lists"
    REPORT_INCIDENTS = "report_incidents"
    REPORT_NEAR_MISSES = "report_near_misses"
    AUTHOR_LESSONS = "author_lessons"
    REVIEW_LESSONS = "review_lessons"
    PUBLISH_LESSONS = "publish_lessons"
    CHANGE_POLICIES = "change_policies"
    EXPORT_EVIDENCE = "export_evidence"
    VIEW_BUILDINGS = "view_buildings"
    MANAGE_BUILDINGS = "manage_buildings"
    CHECK_CREWS = "check_crews"
    PLAN_VISITS = "plan_visits"
    VIEW_MENTORING = "view_mentoring"
    MANAGE_MENTORING = "manage_mentoring"
    VIEW_ROI = "view_roi"
    MANAGE_ROI = "manage_roi"
    VIEW_MODELS = "view_models"
    MANAGE_MODELS = "manage_models"
    ADMINISTER = "administer"


PERMISSIONS_OF_ROLE: dict[Role, frozenset[Permission]] = {
    Role.TECHNICIAN: frozenset(),
    Role.STUDENT: frozenset(),
    Role.MENTOR: frozenset(),
    Role.SUPERVISOR: frozenset(
        {
            Permission.VIEW_MEMBERS,
            Permission.VIEW_COMPLIANCE,
            Permission.ENROLL_MEMBERS,
            Permission.GRADE_ATTEMPTS,
            Permission.VIEW_GATES,
            Permission.EVALUATE_GATES,
            Permission.REPORT_INCIDENTS,
            Permission.REPORT_NEAR_MISSES,
        }
    ),
    Role.COMPANY_MANAGER: frozenset(
        {
            Permission.VIEW_MEMBERS,
            Permission.VIEW_COMPLIANCE,
            Permission.ASSIGN_TRAINING,
            Permission.EXEMPT_TRAINING,
            Permission.SET_REQUIREMENTS,
            Permission.ENROLL_MEMBERS,
            Permission.GRADE_ATTEMPTS,
            Permission.MANAGE_MEMBERS,
            Permission.MANAGE_CONTENT,
            Permission.MANAGE_COURSES,
            Permission.ISSUE_CERTIFICATES,
            Permission.VERIFY_CERTIFICATES,
            Permission.VIEW_GATES,
            Permission.MANAGE_GATES,
            Permission.EVALUATE_GATES,
            Permission.GRANT_WAIVERS,
            Permission.MANAGE_ACCESS_LISTS,
            Permission.REPORT_INCIDENTS,
            Permission.REPORT_NEAR_MISSES,
            Permission.AUTHOR_LESSONS,
            Permission.PUBLISH_LESSONS,
            Permission.CHANGE_POLICIES,
            Permission.EXPORT_EVIDENCE,
            Permission.CHECK_CREWS,
            Permission.PLAN_VISITS,
            Permission.VIEW_MENTORING,
            Permission.MANAGE_MENTORING,
            Permission.VIEW_ROI,
            Permission.MANAGE_ROI,
            Permission.VIEW_MODELS,
        }
    ),
    Role.SCHOOL_ADMIN: frozenset(
        {
            Permission.VIEW_MEMBERS,
            Permission.VIEW_STUDENTS,
            Permission.ASSIGN_TRAINING,
            Permission.EXEMPT_TRAINING,
            Permission.SET_REQUIREMENTS,
            Permission.ENROLL_MEMBERS,
            Permission.GRADE_ATTEMPTS,
            Permission.MANAGE_MEMBERS,
            Permission.MANAGE_CONTENT,
            Permission.MANAGE_COURSES,
            Permission.RUN_IMPORTS,
            Permission.ISSUE_CERTIFICATES,
            Permission.VERIFY_CERTIFICATES,
            Permission.EXPORT_EVIDENCE,
            Permission.VIEW_MENTORING,
            Permission.MANAGE_MENTORING,
            Permission.VIEW_MODELS,
        }
    ),
    Role.INSTRUCTOR: frozenset(
        {
            Permission.VIEW_MEMBERS,
            Permission.VIEW_STUDENTS,
            Permission.ENROLL_MEMBERS,
            Permission.GRADE_ATTEMPTS,
            Permission.MANAGE_CONTENT,
            Permission.MANAGE_COURSES,
        }
    ),
    Role.BUILDING_OWNER: frozenset(
        {
            Permission.VIEW_MEMBERS,
            Permission.MANAGE_MEMBERS,
            Permission.VIEW_BUILDINGS,
            Permission.MANAGE_BUILDINGS,
            Permission.CHECK_CREWS,
            Permission.PLAN_VISITS,
            Permission.RUN_IMPORTS,
            Permission.EXPORT_EVIDENCE,
        }
    ),
    Role.PRODUCT_TEAM: frozenset({Permission.VIEW_KPIS, Permission.VIEW_PLATFORM, Permission.VIEW_MODELS}),
    Role.AUDITOR: frozenset(
        {
            Permission.VIEW_MEMBERS,
            Permission.VIEW_COMPLIANCE,
            Permission.VIEW_STUDENTS,
            Permission.VIEW_GATES,
            Permission.EXPORT_EVIDENCE,
            Permission.VIEW_BUILDINGS,
            Permission.VIEW_MENTORING,
            Permission.VIEW_ROI,
            Permission.VIEW_MODELS,
        }
    ),
    Role.CONTENT_REVIEWER: frozenset({Permission.MANAGE_CONTENT, Permission.REVIEW_LESSONS}),
    Role.PLATFORM_ADMIN: frozenset(Permission),
}

# Roles that exist only in organizations of certain kinds; every other role may be held anywhere.
KINDS_OF_ROLE: dict[Role, frozenset[OrganizationKind]] = {
    Role.PLATFORM_ADMIN: frozenset({OrganizationKind.PLATFORM}),
    Role.PRODUCT_TEAM: frozenset({OrganizationKind.PLATFORM}),
    Role.SCHOOL_ADMIN: frozenset({OrganizationKind.TRADE_SCHOOL}),
    Role.BUILDING_OWNER: frozenset({OrganizationKind.BUILDING_OWNER}),
    Role.COMPANY_MANAGER: frozenset(
        {OrganizationKind.SERVICE_COMPANY, OrganizationKind.MANUFACTURER, OrganizationKind.BUILDING_OWNER}
    ),
}


def require_role_fits(role: Role, kind: OrganizationKind) -> None:
    """Platform roles exist on the platform only, because they reach every organization.

    Raises
    ------
    InvalidInputError
        When an organization of this kind cannot have the role.
    """
    kinds = KINDS_OF_ROLE.get(role)
    if kinds is not None and kind not in kinds:
        wanted = ", ".join(sorted(kinds))
        raise InvalidInputError(
            f"The role {role} exists only in organizations of the kind {wanted}; this one is a {kind}. "
            "Choose another role.",
            details={"role": str(role), "kind": str(kind)},
        )


@dataclass(frozen=True)
class Grant:
    """A role held in an organization on the day the principal was made."""

    organization_id: UUID
    role: Role


@dataclass(frozen=True)
class Principal:
    """The person on whose behalf a use case runs, with the roles held; the operator's work is `SYSTEM_PRINCIPAL`."""

    person_id: UUID
    display_name: str
    grants: frozenset[Grant]
    is_system: bool = False

    @property
    def actor_id(self) -> UUID | None:
        """The person to write into a `created_by`-like column; None for the system, which is no person."""
        return None if self.is_system else self.person_id

    @property
    def is_unrestricted(self) -> bool:
        """Whether every permission holds on every organization: the operator and the platform's administrators."""
        return self.is_system or self.has_role(Role.PLATFORM_ADMIN)

    def is_person(self, person_id: UUID) -> bool:
        return not self.is_system and self.person_id == person_id

    def has_role(self, role: Role) -> bool:
        return any(grant.role is role for grant in self.grants)

    def can(self, permission: Permission, organization_id: UUID | None = None) -> bool:
        """Whether a role held in the organization (in any organization, when none is named) carries the permission."""
        if self.is_unrestricted:
            return True
        organizations = self.organizations_with(permission)
        return bool(organizations) if organization_id is None else organization_id in organizations

    def require(self, permission: Permission, organization_id: UUID | None = None) -> None:
        """Like `can`.

        Raises
        ------
        NotAuthorizedError
            When no role held carries the permission there.
        """
        if not self.can(permission, organization_id):
            raise not_authorized(permission, organization_id)

    def organizations_with(self, permission: Permission) -> frozenset[UUID]:
        """Organizations in which a role held carries the permission; an unrestricted principal may act beyond them."""
        return frozenset(
            grant.organization_id for grant in self.grants if permission in PERMISSIONS_OF_ROLE[grant.role]
        )

    @property
    def organization_ids(self) -> frozenset[UUID]:
        """Every organization the person belongs to."""
        return frozenset(grant.organization_id for grant in self.grants)

    def may_act_for(self, permission: Permission, person_id: UUID, organization_ids: Collection[UUID]) -> bool:
        """Whether this is the person herself, or the permission is held in one of the organizations she belongs to.

        Parameters
        ----------
        organization_ids
            Organizations the person concerned belongs to (or those a record of hers belongs to).
        """
        if self.is_unrestricted or self.is_person(person_id):
            return True
        return not self.organizations_with(permission).isdisjoint(organization_ids)


def not_authorized(permission: Permission, organization_id: UUID | None = None) -> NotAuthorizedError:
    """The refusal that says which permission is missing and who can help."""
    where = "this organization" if organization_id is not None else "any of your organizations"
    return NotAuthorizedError(
        f"None of your roles in {where} allows you to {permission.replace('_', ' ')}. "
        "Ask a manager of the organization to do it or to give you the role.",
        details={"permission": str(permission), "organization_id": organization_id and str(organization_id)},
    )


SYSTEM_PRINCIPAL = Principal(person_id=UUID(int=0), display_name="System", grants=frozenset(), is_system=True)

"""Permissions reach exactly as far as the roles that carry them."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.errors import InvalidInputError, NotAuthorizedError
from operational_db.identity.rules import (
    KINDS_OF_ROLE,
    PERMISSIONS_OF_ROLE,
    SYSTEM_PRINCIPAL,
    Grant,
    Permission,
    Principal,
    require_role_fits,
)
from operational_db.types import OrganizationKind, Role, new_id

ORGANIZATIONS = [UUID(int=number) for number in range(1, 5)]
PERSON = UUID(int=99)
GRANTS = st.frozensets(st.builds(Grant, st.sampled_from(ORGANIZATIONS), st.sampled_from(Role)), max_size=6)
PERMISSIONS = st.sampled_from(Permission)


def principal_with(grants: frozenset[Grant]) -> Principal:
    return Principal(PERSON, "Somebody", grants)


def test_every_role_has_its_permissions_listed() -> None:
    assert set(PERMISSIONS_OF_ROLE) == set(Role)


@given(GRANTS, PERMISSIONS, st.sampled_from(ORGANIZATIONS))
def test_a_permission_holds_where_a_role_carries_it_and_nowhere_else(
    grants: frozenset[Grant], permission: Permission, organization_id: UUID
) -> None:
    principal = principal_with(grants)
    is_carried = any(
        grant.organization_id == organization_id and permission in PERMISSIONS_OF_ROLE[grant.role] for grant in grants
    )
    is_admin = any(grant.role is Role.PLATFORM_ADMIN for grant in grants)
    assert principal.can(permission, organization_id) is (is_carried or is_admin)


@given(GRANTS, PERMISSIONS)
def test_asking_anywhere_agrees_with_the_organizations_listed(grants: frozenset[Grant], permission: Permission) -> None:
    principal = principal_with(grants)
    if not principal.is_unrestricted:
        assert principal.can(permission) is bool(principal.organizations_with(permission))
    assert principal.organizations_with(permission) <= principal.organization_ids


@given(GRANTS, GRANTS, PERMISSIONS, st.sampled_from(ORGANIZATIONS))
def test_another_grant_never_takes_a_permission_away(
    grants: frozenset[Grant], more: frozenset[Grant], permission: Permission, organization_id: UUID
) -> None:
    if principal_with(grants).can(permission, organization_id):
        assert principal_with(grants | more).can(permission, organization_id)


@given(GRANTS, PERMISSIONS, st.frozensets(st.sampled_from(ORGANIZATIONS)))
def test_acting_for_another_needs_the_permission_in_one_of_her_organizations(
    grants: frozenset[Grant], permission: Permission, hers: frozenset[UUID]
) -> None:
    principal = principal_with(grants)
    assert principal.may_act_for(permission, PERSON, hers)
    expected = any(principal.can(permission, organization_id) for organization_id in hers)
    assert principal.may_act_for(permission, new_id(), hers) is (expected or principal.is_unrestricted)


def test_the_system_may_everything_and_is_nobody() -> None:
    assert all(SYSTEM_PRINCIPAL.can(permission, new_id()) for permission in Permission)
    assert SYSTEM_PRINCIPAL.actor_id is None
    assert not SYSTEM_PRINCIPAL.is_person(SYSTEM_PRINCIPAL.person_id)
    assert SYSTEM_PRINCIPAL.organization_ids == frozenset()


def test_a_refusal_says_what_is_missing_and_whom_to_ask() -> None:
    with pytest.raises(NotAuthorizedError, match=r"assign training.*Ask a manager") as caught:
        principal_with(frozenset()).require(Permission.ASSIGN_TRAINING, ORGANIZATIONS[0])
    assert caught.value.details == {"permission": "assign_training", "organization_id": str(ORGANIZATIONS[0])}


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.STUDENT, Role.MENTOR])
def test_learners_have_no_permission_over_others(role: Role) -> None:
    assert PERMISSIONS_OF_ROLE[role] == frozenset()


def test_auditors_only_look_and_take_evidence_away() -> None:
    changing = {each for each in PERMISSIONS_OF_ROLE[Role.AUDITOR] if not each.startswith("view_")}
    assert changing == {Permission.EXPORT_EVIDENCE}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("kind", list(OrganizationKind))
def test_roles_exist_in_their_kinds_of_organization_only(role: Role, kind: OrganizationKind) -> None:
    if role in KINDS_OF_ROLE and kind not in KINDS_OF_ROLE[role]:
        with pytest.raises(InvalidInputError, match="Choose another role"):
            require_role_fits(role, kind)
    else:
        require_role_fits(role, kind)


def test_roles_that_reach_every_organization_are_the_platforms() -> None:
    far_reaching = {Permission.ADMINISTER, Permission.VIEW_PLATFORM, Permission.VIEW_KPIS}
    for role, permissions in PERMISSIONS_OF_ROLE.items():
        if permissions & far_reaching:
            assert KINDS_OF_ROLE[role] == {OrganizationKind.PLATFORM}

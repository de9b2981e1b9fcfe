"""Who may know of a certificate, who issued it, and for whom somebody acts on it; shared by the use cases here."""

from datetime import date
from uuid import UUID

from operational_db.credentials.repository import CredentialsRepository
from operational_db.errors import NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.tables.credentials import Certificate

# Who looks after somebody's training, or checks her evidence, sees all she holds.
VIEWING = (Permission.VIEW_COMPLIANCE, Permission.VIEW_STUDENTS, Permission.VERIFY_CERTIFICATES)


def issuers(repository: CredentialsRepository, certificate: Certificate) -> frozenset[UUID]:
    """Who may take the certificate back: its issuer, and the provider of the course that earned it."""
    found = {repository.certification(certificate.certification_id).issuing_organization_id}
    if certificate.enrollment_id is not None:
        found.add(repository.enrollment_with_course(certificate.enrollment_id)[1].provider_id)
    return frozenset(issuer for issuer in found if issuer is not None)


def visible_certificate(
    repository: CredentialsRepository, principal: Principal, certificate_id: UUID, *, on: date
) -> Certificate:
    """The certificate, as far as the principal may know of it: her own, a member's, or one her organization issued.

    Raises
    ------
    NotFoundError
    """
    certificate = repository.certificate(certificate_id)
    if certificate is None:
        raise no_certificate()
    known_in = repository.organization_ids_of(certificate.person_id, on=on) | issuers(repository, certificate)
    if not principal.may_act_for(Permission.VIEW_MEMBERS, certificate.person_id, known_in):
        raise no_certificate()
    return certificate


def may_see_all(repository: CredentialsRepository, principal: Principal, person_id: UUID, *, on: date) -> bool:
    """Whether the principal sees everything the person holds, and not only what she shows to everybody."""
    organizations = repository.organization_ids_of(person_id, on=on)
    return any(principal.may_act_for(permission, person_id, organizations) for permission in VIEWING)


def require_may_see_all(repository: CredentialsRepository, principal: Principal, person_id: UUID, *, on: date) -> None:
    """As `may_see_all`.

    Raises
    ------
    NotFoundError
        When she may not: that the person exists is none of her business then.
    """
    if not may_see_all(repository, principal, person_id, on=on):
        raise NotFoundError("There is no person with this id among your members. Check the id or search by name.")


def no_certificate() -> NotFoundError:
    return NotFoundError("There is no certificate with this id that you may see. Check the id.")


def shared_organization(principal: Principal, organization_ids: frozenset[UUID]) -> UUID | None:
    """The organization the principal acts for, when it is clear which one."""
    shared = principal.organization_ids & organization_ids
    return min(shared) if shared else None

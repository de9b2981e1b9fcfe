"""Checking the evidence of certificates that people report: ask for it, the queue of who may check, the decision.

Nobody verifies her own. Every request and decision stays, with who made it and when. Source: training-platform seed
3.2.2.1 (`verification_status`, `verified_at`, `verified_by`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials.access import (
    no_certificate,
    require_may_see_all,
    shared_organization,
    visible_certificate,
)
from operational_db.credentials.recording import close_renewal
from operational_db.credentials.repository import CredentialsRepository
from operational_db.credentials.verification_repository import CaseRow, VerificationRepository
from operational_db.credentials.views import CertificateView
from operational_db.documents.service import require_document
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import CertificateVerified, VerificationCaseOpened
from operational_db.paging import Page, PageRequest
from operational_db.tables.credentials import Certificate, VerificationCase
from operational_db.types import EarnedThrough, VerificationStatus, new_id

LONGEST_REASON = 2000


@dataclass(frozen=True)
class CaseView:
    """A request to check a certificate, with the evidence handed in, and the decision once there is one."""

    case_id: UUID
    certificate: CertificateView
    document_id: UUID | None
    document_name: str | None
    requested_at: datetime
    requested_by: str | None
    # The principal may not decide it: it is about her own certificate.
    is_own: bool
    decided_at: datetime | None
    decided_by: str | None
    is_approved: bool | None
    reason: str | None


def open_case(
    session: Session, principal: Principal, *, certificate_id: UUID, document_id: UUID | None, now: datetime
) -> VerificationCase:
    """Ask that a reported certificate be checked; asking again with the same document returns the open request.

    The holder asks, or who may verify her certificates.

    Raises
    ------
    NotFoundError
        Also when the document is not the holder's.
    ConflictError
        When there is nothing to check: it was withdrawn or revoked, is verified, or the platform proves it; or when it
        waits with another document.
    """
    repository = CredentialsRepository(session)
    certificate = _lock_checkable(repository, principal, certificate_id, now=now)
    evidence = document_id or certificate.document_id
    if evidence is not None:
        require_document(session, principal, document_id=evidence, person_id=certificate.person_id, on=now.date())
    former = VerificationRepository(session).open_case(certificate.id)
    if former is not None:
        if former.document_id == evidence:
            return former
        raise ConflictError(
            "This certificate already waits for verification with another document. Correct the certificate to hand in "
            "a better one.",
            details={"case_id": str(former.id)},
        )
    if certificate.verification_status is VerificationStatus.VERIFIED:
        raise ConflictError("This certificate is verified already.")
    case = VerificationCase(
        id=new_id(),
        certificate_id=certificate.id,
        document_id=evidence,
        requested_at=now,
        requested_by_id=principal.actor_id,
        created_at=now,
        updated_at=now,
    )
    session.add(case)
    certificate.verification_status = VerificationStatus.PENDING
    certificate.document_id = certificate.document_id or evidence
    certificate.updated_at = now
    session.flush()
    organizations = repository.organization_ids_of(certificate.person_id, on=now.date())
    event = VerificationCaseOpened(
        subject_id=certificate.person_id,
        organization_id=shared_organization(principal, organizations),
        occurred_at=now,
        case_id=case.id,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
    )
    append_events(session, [event], now=now)
    return case


def queue(
    session: Session, principal: Principal, organization_id: UUID, *, on: date, page: PageRequest
) -> Page[CaseView]:
    """Open requests about certificates of an organization's members, the oldest first.

    Raises
    ------
    NotAuthorizedError
        When the principal may not verify certificates there.
    """
    principal.require(Permission.VERIFY_CERTIFICATES, organization_id)
    found = VerificationRepository(session).open_cases(organization_id, on=on, page=page)
    return found.map(lambda row: _to_view(row, principal))


def cases_of(session: Session, principal: Principal, *, certificate_id: UUID, on: date) -> list[CaseView]:
    """All requests about a certificate and how they were decided, the latest first.

    Raises
    ------
    NotFoundError
        When the principal may not see all of the holder's certificates.
    """
    repository = CredentialsRepository(session)
    certificate = repository.certificate(certificate_id)
    if certificate is None:
        raise no_certificate()
    require_may_see_all(repository, principal, certificate.person_id, on=on)
    return [_to_view(row, principal) for row in VerificationRepository(session).cases_of(certificate_id, on=on)]


def decide_case(
    session: Session,
    principal: Principal,
    *,
    case_id: UUID,
    is_approved: bool,
    reason: str | None = None,
    now: datetime,
) -> VerificationCase:
    """Say whether the evidence holds; a refusal says why. The same decision by the same person changes nothing.

    Raises
    ------
    NotFoundError
        When there is none with the id among those the principal may decide.
    NotAuthorizedError
        When it is about her own certificate.
    InvalidInputError
        When a refusal gives no reason.
    ConflictError
        When it was decided otherwise, or the certificate was withdrawn or revoked meanwhile.
    """
    repository = CredentialsRepository(session)
    case = VerificationRepository(session).case(case_id)
    certificate = None if case is None else repository.certificate(case.certificate_id)
    organizations = (
        frozenset[UUID]()
        if certificate is None
        else repository.organization_ids_of(certificate.person_id, on=now.date())
    )
    if case is None or certificate is None:
        raise _no_case()
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, certificate.person_id, organizations):
        raise _no_case()
    _require_not_own(principal, certificate)
    text = _to_reason(reason)
    if not is_approved and text is None:
        raise InvalidInputError("Say why the evidence does not hold; its holder will want to mend it.")
    repository.lock_person(certificate.person_id)
    certificate = repository.lock_certificate(certificate)
    session.refresh(case)
    if case.decided_at is not None:
        if case.is_approved is is_approved and case.decided_by_id == principal.actor_id:
            return case
        raise ConflictError(
            "Somebody decided about this certificate before you. Look at the decision; when it was wrong, ask for "
            "another check."
        )
    _decide(case, principal.actor_id, is_approved=is_approved, reason=text, now=now)
    _note_result(session, repository, principal, certificate, is_verified=is_approved, now=now)
    return case


def verify_certificate(
    session: Session, principal: Principal, *, certificate_id: UUID, is_verified: bool, now: datetime
) -> Certificate:
    """Note the result of checking a certificate's evidence outside a request; an open request is decided by it.

    Needs VERIFY_CERTIFICATES in an organization the holder belongs to. Nobody verifies her own. The same result twice
    changes nothing.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When it was withdrawn or revoked, or the platform's own records prove it.
    """
    repository = CredentialsRepository(session)
    found = visible_certificate(repository, principal, certificate_id, on=now.date())
    _require_not_own(principal, found)
    organizations = repository.organization_ids_of(found.person_id, on=now.date())
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, found.person_id, organizations):
        principal.require(Permission.VERIFY_CERTIFICATES, next(iter(organizations), None))
    repository.lock_person(found.person_id)
    certificate = repository.lock_certificate(found)
    case = VerificationRepository(session).open_case(certificate.id)
    if case is not None:
        _decide(case, principal.actor_id, is_approved=is_verified, reason=None, now=now)
    _note_result(session, repository, principal, certificate, is_verified=is_verified, now=now)
    return certificate


def close_open_case(session: Session, certificate_id: UUID, *, reason: str, now: datetime) -> bool:
    """End an open request that lost its object, as not approved and by nobody; whether there was one."""
    case = VerificationRepository(session).open_case(certificate_id)
    if case is None:
        return False
    _decide(case, None, is_approved=False, reason=reason, now=now)
    session.flush()
    return True


def _lock_checkable(
    repository: CredentialsRepository, principal: Principal, certificate_id: UUID, *, now: datetime
) -> Certificate:
    found = repository.certificate(certificate_id)
    if found is None:
        raise no_certificate()
    organizations = repository.organization_ids_of(found.person_id, on=now.date())
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, found.person_id, organizations):
        raise no_certificate()
    repository.lock_person(found.person_id)
    certificate = repository.lock_certificate(found)
    _require_checkable(certificate)
    return certificate


def _require_checkable(certificate: Certificate) -> None:
    if certificate.withdrawn_at is not None or certificate.revoked_at is not None:
        raise ConflictError("This certificate was withdrawn or revoked; there is nothing left to verify.")
    if certificate.earned_through is EarnedThrough.SITESYNC_COURSE or certificate.enrollment_id is not None:
        raise ConflictError(
            "This certificate was earned on the platform, whose records prove it. Revoke it when it must not count."
        )


def _require_not_own(principal: Principal, certificate: Certificate) -> None:
    if principal.is_person(certificate.person_id):
        raise NotAuthorizedError("Nobody verifies her own certificate. Ask a manager of your organization to check it.")


def _decide(
    case: VerificationCase, decided_by_id: UUID | None, *, is_approved: bool, reason: str | None, now: datetime
) -> None:
    case.decided_at = now
    case.decided_by_id = decided_by_id
    case.is_approved = is_approved
    case.reason = reason
    case.updated_at = now


def _note_result(
    session: Session,
    repository: CredentialsRepository,
    principal: Principal,
    certificate: Certificate,
    *,
    is_verified: bool,
    now: datetime,
) -> None:
    _require_checkable(certificate)
    result = VerificationStatus.VERIFIED if is_verified else VerificationStatus.FAILED
    if certificate.verification_status is result:
        return
    if is_verified and certificate.renews_id is not None and repository.successor(certificate.renews_id) is not None:
        raise ConflictError(
            "Another certificate has renewed the former one since this was reported. Let its holder withdraw this one "
            "and report it again, so that it finds its place."
        )
    certificate.verification_status = result
    certificate.verified_at = now
    certificate.verified_by_id = principal.actor_id
    certificate.updated_at = now
    session.flush()
    organizations = repository.organization_ids_of(certificate.person_id, on=now.date())
    event = CertificateVerified(
        subject_id=certificate.person_id,
        organization_id=shared_organization(principal, organizations),
        occurred_at=now,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
        is_verified=is_verified,
    )
    append_events(session, [event], now=now)
    if is_verified:
        close_renewal(session, certificate, now=now)


def _to_reason(reason: str | None) -> str | None:
    text = (reason or "").strip() or None
    if text is not None and len(text) > LONGEST_REASON:
        raise InvalidInputError(f"A reason has at most {LONGEST_REASON} characters.")
    return text


def _no_case() -> NotFoundError:
    return NotFoundError("There is no verification with this id among those you may decide. Look at the queue.")


def _to_view(row: CaseRow, principal: Principal) -> CaseView:
    case = row.case
    return CaseView(
        case_id=case.id,
        certificate=row.certificate,
        document_id=case.document_id,
        document_name=row.document_name,
        requested_at=case.requested_at,
        requested_by=row.requested_by,
        is_own=principal.is_person(row.certificate.person_id),
        decided_at=case.decided_at,
        decided_by=row.decided_by,
        is_approved=case.is_approved,
        reason=case.reason,
    )

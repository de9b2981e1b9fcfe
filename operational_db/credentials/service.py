"""Use cases on certificates: register a kind, issue, renew, record a claim, verify, revoke, withdraw, list.

Every change appends its ledger event in the caller's transaction; nothing here commits. Source: training-platform seed
3.2.2.1 and 3.2.2.2. Who lacks a certificate is a matter of `compliance`.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials import rules
from operational_db.credentials.repository import CredentialsRepository
from operational_db.credentials.views import CertificateView
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    CertificateIssued,
    CertificateRenewed,
    CertificateRevoked,
    CertificateVerified,
    CertificateWithdrawn,
)
from operational_db.paging import Page, PageRequest
from operational_db.tables.credentials import Certificate, Certification
from operational_db.types import (
    CertificationCategory,
    CertificationSource,
    EarnedThrough,
    EnrollmentStatus,
    VerificationStatus,
    new_id,
)

LONGEST_OUTLOOK_DAYS = 730


def register_certification(
    session: Session,
    principal: Principal,
    *,
    name: str,
    code: str,
    source: CertificationSource,
    category: CertificationCategory,
    issuing_organization_id: UUID | None = None,
    issuing_organization: str | None = None,
    description: str = "",
    trade: str = "elevators",
    level: str | None = None,
    validity_period_months: int | None = None,
    exam_required: bool = False,
    renewal_requirements: str | None = None,
    can_be_verified: bool = False,
    verification_url: str | None = None,
    now: datetime,
) -> Certification:
    """Add a kind of certificate to the registry.

    An organization registers what it issues itself (MANAGE_COURSES there); kinds of issuers outside the platform are
    registered by the platform. `validity_period_months` None means it never expires.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    ConflictError
        When the code is taken.
    """
    repository = CredentialsRepository(session)
    if issuing_organization_id is not None:
        principal.require(Permission.MANAGE_COURSES, issuing_organization_id)
        issuer = issuing_organization or repository.organization_name(issuing_organization_id)
    elif not principal.is_unrestricted:
        raise NotAuthorizedError(
            "Only the platform registers certifications of outside issuers. Name your own organization as the issuer."
        )
    elif not issuing_organization:
        raise InvalidInputError("Name the organization that issues this certification.")
    else:
        issuer = issuing_organization
    if not name.strip() or not code.strip():
        raise InvalidInputError("A certification needs a name and a code.")
    if validity_period_months is not None and validity_period_months < 1:
        raise InvalidInputError("The validity is a number of months from 1, or nothing when it never expires.")
    if repository.is_code_taken(code):
        raise ConflictError(f"The registry already has a certification with the code {code}. Use it or choose another.")
    certification = Certification(
        name=name.strip(),
        code=code,
        source=source,
        category=category,
        issuing_organization=issuer,
        issuing_organization_id=issuing_organization_id,
        description=description,
        trade=trade,
        level=level,
        validity_period_months=validity_period_months,
        exam_required=exam_required,
        renewal_requirements=renewal_requirements,
        can_be_verified=can_be_verified,
        verification_url=verification_url,
        created_at=now,
        updated_at=now,
    )
    session.add(certification)
    session.flush()
    return certification


def issue_certificate(
    session: Session,
    principal: Principal,
    *,
    person_id: UUID,
    certification_id: UUID,
    issued_on: date,
    organization_id: UUID | None = None,
    enrollment_id: UUID | None = None,
    certificate_number: str | None = None,
    now: datetime,
) -> Certificate:
    """Issue a verified certificate, continuing the line when the person already holds one of the kind.

    Two ways lead here. With `enrollment_id`, a completed enrollment of the person in a course that leads to the
    certification is the authority (CRT-08); asking again for the same enrollment returns the certificate it earned.
    Without it, the issuing organization of the certification issues it (ISSUE_CERTIFICATES there), or the platform.
    A renewal names the latest certificate that is neither revoked nor withdrawn and keeps its `first_earned_on`;
    validity runs from `issued_on`, the day of completion.

    Parameters
    ----------
    organization_id
        Organization on whose behalf it is issued, noted in the ledger; None when there is none.

    Raises
    ------
    NotFoundError, NotAuthorizedError, InvalidInputError
    ConflictError
        When the enrollment is not completed, or the same certificate of the same day exists.
    """
    repository = CredentialsRepository(session)
    certification = repository.certification(certification_id)
    earned_through = EarnedThrough.MANUAL
    if enrollment_id is None:
        _require_issuer(principal, certification, organization_id)
    else:
        _require_earned(repository, enrollment_id, person_id, certification_id)
        earned_through = EarnedThrough.SITESYNC_COURSE
    _require_not_ahead(issued_on, now)
    repository.lock_person(person_id)
    if enrollment_id is not None:
        earned = repository.certificate_of_enrollment(enrollment_id, certification_id)
        if earned is not None:
            return earned
    elif repository.same_day_certificate(person_id, certification_id, issued_on) is not None:
        raise _already_recorded(certification, issued_on)
    former = repository.renewable(person_id, certification_id, until=issued_on, is_verified_only=True)
    return _record(
        session,
        Certificate(
            person_id=person_id,
            certification_id=certification_id,
            issued_on=issued_on,
            expires_on=rules.expires_on(issued_on, certification.validity_period_months),
            certificate_number=certificate_number,
            verification_status=VerificationStatus.VERIFIED,
            verified_at=now,
            earned_through=earned_through,
            enrollment_id=enrollment_id,
        ),
        former=former,
        organization_id=organization_id,
        now=now,
    )


def renew_certificate(
    session: Session,
    principal: Principal,
    *,
    certificate_id: UUID,
    issued_on: date,
    organization_id: UUID | None = None,
    certificate_number: str | None = None,
    now: datetime,
) -> Certificate:
    """Renew this very certificate (CRT-07); of two who renew it at once, one does and the other is told.

    Raises
    ------
    NotFoundError, NotAuthorizedError, InvalidInputError
    ConflictError
        When it was renewed, revoked or withdrawn before.
    """
    repository = CredentialsRepository(session)
    found = _visible_certificate(repository, principal, certificate_id, now=now)
    certification = repository.certification(found.certification_id)
    _require_issuer(principal, certification, organization_id)
    _require_not_ahead(issued_on, now)
    repository.lock_person(found.person_id)
    former = repository.lock_certificate(found)
    if former.revoked_at is not None or former.withdrawn_at is not None:
        raise ConflictError(
            "This certificate was revoked or withdrawn and cannot be renewed. Issue a new one once it is earned again.",
            details={"certificate_id": str(certificate_id)},
        )
    if former.verification_status is not VerificationStatus.VERIFIED:
        raise ConflictError(
            "This certificate is a claim nobody has verified. Verify it first, then renew it.",
            details={"certificate_id": str(certificate_id)},
        )
    successor = repository.successor(former.id)
    if successor is not None:
        raise ConflictError(
            f"This certificate was already renewed on {successor.issued_on:%d %b %Y}. Open the renewal instead.",
            details={"certificate_id": str(certificate_id), "renewed_by_id": str(successor.id)},
        )
    if issued_on <= former.issued_on:
        raise InvalidInputError(
            f"A renewal is dated after the certificate it renews ({former.issued_on:%d %b %Y}). Choose a later day."
        )
    return _record(
        session,
        Certificate(
            person_id=former.person_id,
            certification_id=former.certification_id,
            issued_on=issued_on,
            expires_on=rules.expires_on(issued_on, certification.validity_period_months),
            certificate_number=certificate_number or former.certificate_number,
            verification_status=VerificationStatus.VERIFIED,
            verified_at=now,
            earned_through=EarnedThrough.MANUAL,
        ),
        former=former,
        organization_id=organization_id,
        now=now,
    )


def add_self_reported(
    session: Session,
    principal: Principal,
    *,
    person_id: UUID,
    certification_id: UUID,
    issued_on: date,
    expires_on: date | None = None,
    organization_id: UUID | None = None,
    certificate_number: str | None = None,
    is_public: bool = True,
    now: datetime,
) -> Certificate:
    """Record a certificate earned elsewhere (CRT-02); it counts for nothing until somebody verified it.

    The holder records her own; a manager with VERIFY_CERTIFICATES that of a member. `expires_on` None takes the
    registry's validity.

    Raises
    ------
    NotFoundError, InvalidInputError
    ConflictError
        When the same certificate of the same day is recorded already.
    """
    repository = CredentialsRepository(session)
    organizations = repository.organization_ids_of(person_id, on=now.date())
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, person_id, organizations):
        raise NotFoundError("There is no person with this id among your members. Check the id or search by name.")
    if organization_id is not None and organization_id not in organizations:
        raise InvalidInputError("The person does not belong to this organization. Leave it out or choose another one.")
    certification = repository.certification(certification_id)
    _require_not_ahead(issued_on, now)
    last_day = expires_on or rules.expires_on(issued_on, certification.validity_period_months)
    if last_day is not None and last_day < issued_on:
        raise InvalidInputError("A certificate cannot expire before the day it was issued. Check both dates.")
    repository.lock_person(person_id)
    if repository.same_day_certificate(person_id, certification_id, issued_on) is not None:
        raise _already_recorded(certification, issued_on)
    former = repository.renewable(person_id, certification_id, until=issued_on, is_verified_only=False)
    return _record(
        session,
        Certificate(
            person_id=person_id,
            certification_id=certification_id,
            issued_on=issued_on,
            expires_on=last_day,
            certificate_number=certificate_number,
            verification_status=VerificationStatus.UNVERIFIED,
            earned_through=EarnedThrough.EXTERNAL,
            is_public=is_public,
        ),
        former=former,
        organization_id=organization_id,
        now=now,
    )


def verify_certificate(
    session: Session, principal: Principal, *, certificate_id: UUID, is_verified: bool, now: datetime
) -> Certificate:
    """Note the result of checking a certificate's evidence; the same result twice changes nothing.

    Needs VERIFY_CERTIFICATES in an organization the holder belongs to. Nobody verifies her own.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When it was withdrawn or revoked, or the platform's own records prove it.
    """
    repository = CredentialsRepository(session)
    found = _visible_certificate(repository, principal, certificate_id, now=now)
    if principal.is_person(found.person_id):
        raise NotAuthorizedError("Nobody verifies her own certificate. Ask a manager of your organization to check it.")
    organizations = repository.organization_ids_of(found.person_id, on=now.date())
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, found.person_id, organizations):
        principal.require(Permission.VERIFY_CERTIFICATES, next(iter(organizations), None))
    certificate = repository.lock_certificate(found)
    if certificate.withdrawn_at is not None or certificate.revoked_at is not None:
        raise ConflictError("This certificate was withdrawn or revoked; there is nothing left to verify.")
    if certificate.enrollment_id is not None:
        raise ConflictError(
            "This certificate was earned on the platform, whose records prove it. Revoke it when it must not count."
        )
    result = VerificationStatus.VERIFIED if is_verified else VerificationStatus.FAILED
    if certificate.verification_status is result:
        return certificate
    certificate.verification_status = result
    certificate.verified_at = now
    session.flush()
    event = CertificateVerified(
        subject_id=certificate.person_id,
        organization_id=_shared_organization(principal, organizations),
        occurred_at=now,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
        is_verified=is_verified,
    )
    append_events(session, [event], now=now)
    return certificate


def revoke_certificate(
    session: Session,
    principal: Principal,
    *,
    certificate_id: UUID,
    revoked_from: date,
    reason: str,
    now: datetime,
) -> Certificate:
    """Take a certificate from its holder; `revoked_from` is the first day it no longer counts and may lie in the past.

    Needs ISSUE_CERTIFICATES in the organization that issued it or gave the course it was earned by.

    Raises
    ------
    NotFoundError, NotAuthorizedError, InvalidInputError
    ConflictError
        When it was revoked or withdrawn before.
    """
    repository = CredentialsRepository(session)
    found = _visible_certificate(repository, principal, certificate_id, now=now)
    issuers = _issuers(repository, found)
    if not principal.is_unrestricted and principal.organizations_with(Permission.ISSUE_CERTIFICATES).isdisjoint(
        issuers
    ):
        raise NotAuthorizedError("Only the organization that issued this certificate can revoke it. Ask the issuer.")
    if not reason.strip():
        raise InvalidInputError("Say why the certificate is revoked; the holder will ask.")
    certificate = repository.lock_certificate(found)
    if certificate.revoked_at is not None or certificate.withdrawn_at is not None:
        raise ConflictError("This certificate was revoked or withdrawn before; its history stays as it is.")
    if revoked_from < certificate.issued_on:
        raise InvalidInputError(
            f"The certificate was issued on {certificate.issued_on:%d %b %Y}; revoke it from that day or a later one."
        )
    certificate.revoked_at = now
    certificate.revoked_from = revoked_from
    certificate.revocation_reason = reason.strip()
    session.flush()
    event = CertificateRevoked(
        subject_id=certificate.person_id,
        organization_id=_shared_organization(principal, issuers),
        occurred_at=now,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
        revoked_from=revoked_from,
    )
    append_events(session, [event], now=now)
    return certificate


def withdraw_certificate(session: Session, principal: Principal, *, certificate_id: UUID, now: datetime) -> Certificate:
    """Take back a certificate that was recorded by claim or in error; it then never counted, and the row stays.

    The holder withdraws what she reported herself; what the platform issued is revoked by its issuer instead.

    Raises
    ------
    NotFoundError
        Also when the certificate is somebody else's.
    ConflictError
        When the platform issued it, or it was withdrawn before.
    """
    repository = CredentialsRepository(session)
    found = repository.certificate(certificate_id)
    if found is None or not (principal.is_person(found.person_id) or principal.is_unrestricted):
        raise _no_certificate()
    certificate = repository.lock_certificate(found)
    if certificate.withdrawn_at is not None:
        raise ConflictError("This certificate was already withdrawn.")
    if certificate.earned_through is not EarnedThrough.EXTERNAL:
        raise ConflictError(
            "This certificate was issued, not reported by its holder. Ask its issuer to revoke it when it is wrong."
        )
    certificate.withdrawn_at = now
    session.flush()
    event = CertificateWithdrawn(
        subject_id=certificate.person_id,
        organization_id=None,
        occurred_at=now,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
    )
    append_events(session, [event], now=now)
    return certificate


def certificates_of(session: Session, principal: Principal, *, person_id: UUID, on: date) -> list[CertificateView]:
    """What a person holds or held, latest first, with the status on the day.

    Everything for herself and for who may view her compliance or studies; the public, verified ones for anybody else.
    """
    repository = CredentialsRepository(session)
    organizations = repository.organization_ids_of(person_id, on=on)
    is_full = any(
        principal.may_act_for(permission, person_id, organizations)
        for permission in (Permission.VIEW_COMPLIANCE, Permission.VIEW_STUDENTS)
    )
    return repository.certificates_of(person_id, on=on, is_public_only=not is_full)


def expiring_certificates(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    *,
    on: date,
    within_days: int = rules.EXPIRING_WITHIN_DAYS,
    page: PageRequest,
) -> Page[CertificateView]:
    """Certificates of an organization's members that lapse from `on` within so many days and are not renewed yet.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    """
    principal.require(Permission.VIEW_COMPLIANCE, organization_id)
    if not 0 <= within_days <= LONGEST_OUTLOOK_DAYS:
        raise InvalidInputError(f"Look between 0 and {LONGEST_OUTLOOK_DAYS} days ahead.")
    return CredentialsRepository(session).expiring(organization_id, on=on, within_days=within_days, page=page)


def browse_certifications(
    session: Session, *, search: str | None = None, trade: str | None = None, page: PageRequest
) -> Page[Certification]:
    """The registry is public: anybody may look up a kind of certificate."""
    return CredentialsRepository(session).certifications(search=search, trade=trade, page=page)


def _record(
    session: Session,
    certificate: Certificate,
    *,
    former: Certificate | None,
    organization_id: UUID | None,
    now: datetime,
) -> Certificate:
    certificate.id = new_id()
    certificate.created_at = certificate.updated_at = now
    certificate.renews_id = None if former is None else former.id
    certificate.first_earned_on = certificate.issued_on if former is None else former.first_earned_on
    session.add(certificate)
    session.flush()
    is_verified = rules.is_verified_at_issue(certificate.earned_through, certificate.verification_status)
    event: CertificateIssued | CertificateRenewed
    if former is None:
        event = CertificateIssued(
            subject_id=certificate.person_id,
            organization_id=organization_id,
            occurred_at=now,
            certificate_id=certificate.id,
            certification_id=certificate.certification_id,
            issued_on=certificate.issued_on,
            expires_on=certificate.expires_on,
            earned_through=certificate.earned_through,
            is_verified=is_verified,
            enrollment_id=certificate.enrollment_id,
        )
    else:
        event = CertificateRenewed(
            subject_id=certificate.person_id,
            organization_id=organization_id,
            occurred_at=now,
            certificate_id=certificate.id,
            renews_id=former.id,
            certification_id=certificate.certification_id,
            issued_on=certificate.issued_on,
            expires_on=certificate.expires_on,
            earned_through=certificate.earned_through,
            is_verified=is_verified,
            enrollment_id=certificate.enrollment_id,
        )
    append_events(session, [event], now=now)
    return certificate


def _require_issuer(principal: Principal, certification: Certification, organization_id: UUID | None) -> None:
    if principal.is_unrestricted:
        return
    issuer = certification.issuing_organization_id
    if issuer is None or (organization_id is not None and organization_id != issuer):
        raise NotAuthorizedError(
            f"{certification.name} is issued by {certification.issuing_organization}. "
            "Record it as reported by its holder and have it verified instead."
        )
    principal.require(Permission.ISSUE_CERTIFICATES, issuer)


def _require_earned(
    repository: CredentialsRepository, enrollment_id: UUID, person_id: UUID, certification_id: UUID
) -> None:
    enrollment, course = repository.enrollment_with_course(enrollment_id)
    if enrollment.person_id != person_id:
        raise NotFoundError("The person has no enrollment with this id. Check the id.")
    if not course.leads_to_certification or course.certification_id != certification_id:
        raise ConflictError(f"The course {course.title} does not lead to this certification.")
    if enrollment.status is not EnrollmentStatus.COMPLETED:
        raise ConflictError(f"The course {course.title} is not completed yet; finish it to earn the certificate.")


def _require_not_ahead(issued_on: date, now: datetime) -> None:
    if issued_on > now.date():
        raise InvalidInputError("A certificate cannot be issued on a day to come. Check the date.")


def _issuers(repository: CredentialsRepository, certificate: Certificate) -> frozenset[UUID]:
    issuers = {repository.certification(certificate.certification_id).issuing_organization_id}
    if certificate.enrollment_id is not None:
        issuers.add(repository.enrollment_with_course(certificate.enrollment_id)[1].provider_id)
    return frozenset(issuer for issuer in issuers if issuer is not None)


def _visible_certificate(
    repository: CredentialsRepository, principal: Principal, certificate_id: UUID, *, now: datetime
) -> Certificate:
    """The certificate, as far as the principal may know of it: her own, a member's, or one her organization issued."""
    certificate = repository.certificate(certificate_id)
    if certificate is None:
        raise _no_certificate()
    known_in = repository.organization_ids_of(certificate.person_id, on=now.date()) | _issuers(repository, certificate)
    if not principal.may_act_for(Permission.VIEW_MEMBERS, certificate.person_id, known_in):
        raise _no_certificate()
    return certificate


def _no_certificate() -> NotFoundError:
    return NotFoundError("There is no certificate with this id that you may see. Check the id.")


def _already_recorded(certification: Certification, issued_on: date) -> ConflictError:
    return ConflictError(
        f"A {certification.name} certificate issued on {issued_on:%d %b %Y} is already recorded for this person."
    )


def _shared_organization(principal: Principal, organization_ids: frozenset[UUID]) -> UUID | None:
    """The organization the principal acts for, when it is clear which one."""
    shared = principal.organization_ids & organization_ids
    return min(shared) if shared else None

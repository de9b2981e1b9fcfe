"""Use cases on certificates: register a kind, issue, renew, record a claim, correct, revoke, withdraw, list.

Every change appends its ledger event in the caller's transaction; nothing here commits. Source: training-platform seed
3.2.2.1 and 3.2.2.2. Who lacks a certificate is a matter of `compliance`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials import rules, verification
from operational_db.credentials.access import (
    issuers,
    may_see_all,
    no_certificate,
    require_may_see_all,
    shared_organization,
    visible_certificate,
)
from operational_db.credentials.recording import record_certificate, revoke, withdraw
from operational_db.credentials.repository import CredentialsRepository
from operational_db.credentials.views import CertificateView, without_private_parts
from operational_db.documents.service import require_document
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.paging import Page, PageRequest
from operational_db.tables.credentials import Certificate, Certification
from operational_db.types import (
    CertificationCategory,
    CertificationSource,
    EarnedThrough,
    EnrollmentStatus,
    VerificationStatus,
)

LONGEST_OUTLOOK_DAYS = 730
LONGEST_NUMBER = 255


class Unchanged(Enum):
    """Says of a field that may be emptied that it was not mentioned."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


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
    prerequisites: Sequence[Mapping[str, object]] = (),
    experience_required: str | None = None,
    training_required: str | None = None,
    exam_required: bool = False,
    renewal_requirements: str | None = None,
    renewal_window_days: int = 90,
    continuing_education_required: bool = False,
    ce_credits_required: Decimal = Decimal(0),
    ce_carry_over_limit: Decimal = Decimal(0),
    ce_carry_over_months: int | None = None,
    can_be_verified: bool = False,
    verification_url: str | None = None,
    verification_api_endpoint: str | None = None,
    industry_recognition: str | None = None,
    typical_salary_impact: str | None = None,
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
    if min(ce_credits_required, ce_carry_over_limit) < 0 or renewal_window_days < 0:
        raise InvalidInputError("Credits and the days in which it may be renewed are 0 or more.")
    if ce_carry_over_months is not None and ce_carry_over_months < 1:
        raise InvalidInputError("Credits carry over from one or more last months, or from the whole cycle.")
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
        prerequisites=[dict(each) for each in prerequisites],
        experience_required=experience_required,
        training_required=training_required,
        exam_required=exam_required,
        renewal_requirements=renewal_requirements,
        renewal_window_days=renewal_window_days,
        # Asking for credits and asking for continuing education are one thing.
        continuing_education_required=continuing_education_required or ce_credits_required > 0,
        ce_credits_required=ce_credits_required,
        ce_carry_over_limit=ce_carry_over_limit,
        ce_carry_over_months=ce_carry_over_months,
        can_be_verified=can_be_verified,
        verification_url=verification_url,
        verification_api_endpoint=verification_api_endpoint,
        industry_recognition=industry_recognition,
        typical_salary_impact=typical_salary_impact,
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
    return record_certificate(
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
    found = visible_certificate(repository, principal, certificate_id, on=now.date())
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
    return record_certificate(
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
    document_id: UUID | None = None,
    is_public: bool = True,
    now: datetime,
) -> Certificate:
    """Record a certificate earned elsewhere (CRT-02); it counts for nothing until somebody verified it.

    The holder records her own; a manager with VERIFY_CERTIFICATES that of a member. `expires_on` None takes the
    registry's validity. With a document as evidence it waits for verification from then on.

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
    last_day = _last_day(issued_on, expires_on, certification)
    if document_id is not None:
        require_document(session, principal, document_id=document_id, person_id=person_id, on=now.date())
    repository.lock_person(person_id)
    if repository.same_day_certificate(person_id, certification_id, issued_on) is not None:
        raise _already_recorded(certification, issued_on)
    former = repository.renewable(person_id, certification_id, until=issued_on, is_verified_only=False)
    certificate = record_certificate(
        session,
        Certificate(
            person_id=person_id,
            certification_id=certification_id,
            issued_on=issued_on,
            expires_on=last_day,
            certificate_number=to_number(certificate_number),
            document_id=document_id,
            verification_status=VerificationStatus.UNVERIFIED,
            earned_through=EarnedThrough.EXTERNAL,
            is_public=is_public,
        ),
        former=former,
        organization_id=organization_id,
        now=now,
    )
    if document_id is not None:
        verification.open_case(session, principal, certificate_id=certificate.id, document_id=document_id, now=now)
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
    found = visible_certificate(repository, principal, certificate_id, on=now.date())
    issued_by = issuers(repository, found)
    if not principal.is_unrestricted and principal.organizations_with(Permission.ISSUE_CERTIFICATES).isdisjoint(
        issued_by
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
    revoke(
        session,
        certificate,
        revoked_from=revoked_from,
        reason=reason.strip(),
        organization_id=shared_organization(principal, issued_by),
        now=now,
    )
    return certificate


def withdraw_certificate(session: Session, principal: Principal, *, certificate_id: UUID, now: datetime) -> Certificate:
    """Take back a certificate that was recorded by claim or in error; it then never counted, and the row stays.

    The holder withdraws what she reported herself; what the platform issued is revoked by its issuer instead, and what
    follows a register changes with it. `restore_certificate` undoes it.

    Raises
    ------
    NotFoundError
        Also when the certificate is somebody else's.
    ConflictError
        When the platform issued it or a register says it, or it was withdrawn before.
    """
    certificate = _own_claim(session, principal, certificate_id)
    verification.close_open_case(session, certificate.id, reason="Its holder withdrew the certificate.", now=now)
    withdraw(session, certificate, now=now)
    return certificate


def restore_certificate(session: Session, principal: Principal, *, certificate_id: UUID, now: datetime) -> Certificate:
    """Undo a withdrawal: a new record with the same facts takes the place of the withdrawn one, which stays as it is.

    What had been verified is verified, because nothing about it has changed.

    Raises
    ------
    NotFoundError
        Also when the certificate is somebody else's.
    ConflictError
        When it is not withdrawn, was put right or restored before, or the same certificate was recorded anew.
    """
    repository = CredentialsRepository(session)
    found = repository.certificate(certificate_id)
    if found is None or not (principal.is_person(found.person_id) or principal.is_unrestricted):
        raise no_certificate()
    repository.lock_person(found.person_id)
    old = repository.lock_certificate(found)
    if old.withdrawn_at is None:
        raise ConflictError("This certificate is not withdrawn; there is nothing to undo.")
    successor = repository.correction(old.id)
    if successor is not None:
        raise ConflictError(
            "This certificate was corrected or restored before. Open the record that took its place.",
            details={"certificate_id": str(successor.id)},
        )
    certification = repository.certification(old.certification_id)
    if repository.same_day_certificate(old.person_id, old.certification_id, old.issued_on) is not None:
        raise _already_recorded(certification, old.issued_on)
    is_verified = old.verification_status is VerificationStatus.VERIFIED
    return record_certificate(
        session,
        Certificate(
            person_id=old.person_id,
            certification_id=old.certification_id,
            issued_on=old.issued_on,
            expires_on=old.expires_on,
            certificate_number=old.certificate_number,
            document_id=old.document_id,
            verification_status=VerificationStatus.VERIFIED if is_verified else VerificationStatus.UNVERIFIED,
            verified_at=old.verified_at if is_verified else None,
            verified_by_id=old.verified_by_id if is_verified else None,
            earned_through=old.earned_through,
            is_public=old.is_public,
            corrects_id=old.id,
        ),
        former=repository.renewable(
            old.person_id, old.certification_id, until=old.issued_on, is_verified_only=is_verified
        ),
        organization_id=None,
        now=now,
    )


def correct_certificate(
    session: Session,
    principal: Principal,
    *,
    certificate_id: UUID,
    certification_id: UUID | None = None,
    issued_on: date | None = None,
    expires_on: date | Unchanged | None = UNCHANGED,
    certificate_number: str | Unchanged | None = UNCHANGED,
    document_id: UUID | Unchanged | None = UNCHANGED,
    is_public: bool | None = None,
    now: datetime,
) -> Certificate:
    """Put right what the holder reported: the old record is withdrawn and a new one, still to be verified, names it.

    What is left out stays. Only showing or hiding it changes the record itself: that is no fact about the certificate.
    When nothing changes, nothing is written. The new record waits for verification when the old one did or when it has
    another document.

    Raises
    ------
    NotFoundError, InvalidInputError
    ConflictError
        When the platform issued it or a register says it, it was withdrawn, or a later one continues it.
    """
    old = _own_claim(session, principal, certificate_id)
    repository = CredentialsRepository(session)
    kind = repository.certification(certification_id or old.certification_id)
    first_day = issued_on or old.issued_on
    _require_not_ahead(first_day, now)
    last_day = _corrected_last_day(old, kind, first_day, expires_on)
    number = old.certificate_number if isinstance(certificate_number, Unchanged) else to_number(certificate_number)
    evidence = old.document_id if isinstance(document_id, Unchanged) else document_id
    if evidence is not None and evidence != old.document_id:
        require_document(session, principal, document_id=evidence, person_id=old.person_id, on=now.date())
    shown = old.is_public if is_public is None else is_public
    before = (old.certification_id, old.issued_on, old.expires_on, old.certificate_number, old.document_id)
    if before == (kind.id, first_day, last_day, number, evidence):
        if shown != old.is_public:
            old.is_public, old.updated_at = shown, now
            session.flush()
        return old
    later = repository.later_claim(old.id)
    if later is not None:
        raise ConflictError(
            f"The certificate issued on {later.issued_on:%d %b %Y} continues this one. Correct or withdraw that first.",
            details={"certificate_id": str(later.id)},
        )
    was_waiting = verification.close_open_case(session, old.id, reason="Its holder corrected the certificate.", now=now)
    withdraw(session, old, now=now)
    if repository.same_day_certificate(old.person_id, kind.id, first_day) is not None:
        raise _already_recorded(kind, first_day)
    certificate = record_certificate(
        session,
        Certificate(
            person_id=old.person_id,
            certification_id=kind.id,
            issued_on=first_day,
            expires_on=last_day,
            certificate_number=number,
            document_id=evidence,
            verification_status=VerificationStatus.UNVERIFIED,
            earned_through=old.earned_through,
            is_public=shown,
            corrects_id=old.id,
        ),
        former=repository.renewable(old.person_id, kind.id, until=first_day, is_verified_only=False),
        organization_id=None,
        now=now,
    )
    if evidence is not None and (was_waiting or evidence != old.document_id):
        verification.open_case(session, principal, certificate_id=certificate.id, document_id=evidence, now=now)
    return certificate


def certificate_of(session: Session, principal: Principal, *, certificate_id: UUID, on: date) -> CertificateView:
    """One certificate with its status on the day: for its holder, who looks after her, and whoever issued it.

    Anybody else sees it when it is public and verified, without its number.

    Raises
    ------
    NotFoundError
    """
    repository = CredentialsRepository(session)
    certificate = repository.certificate(certificate_id)
    view = repository.view(certificate_id, on=on)
    if certificate is None or view is None:
        raise no_certificate()
    if may_see_all(repository, principal, view.person_id, on=on):
        return view
    if not principal.organizations_with(Permission.ISSUE_CERTIFICATES).isdisjoint(issuers(repository, certificate)):
        return view
    if not view.is_public or view.is_withdrawn or view.verification_status is not VerificationStatus.VERIFIED:
        raise no_certificate()
    return without_private_parts(view)


def renewal_line(
    session: Session, principal: Principal, *, person_id: UUID, certification_id: UUID, on: date
) -> list[CertificateView]:
    """The certificates of one kind a person holds or held, first to last: one line as far as each renews the former.

    Raises
    ------
    NotFoundError
        When the principal may not see what the person holds.
    """
    repository = CredentialsRepository(session)
    require_may_see_all(repository, principal, person_id, on=on)
    return repository.line_views(person_id, certification_id, on=on)


def certificates_of(session: Session, principal: Principal, *, person_id: UUID, on: date) -> list[CertificateView]:
    """What a person holds or held, latest first, with the status on the day.

    Everything for herself and for who looks after her training; the public, verified ones, without their numbers, for
    anybody else.
    """
    repository = CredentialsRepository(session)
    is_full = may_see_all(repository, principal, person_id, on=on)
    views = repository.certificates_of(person_id, on=on, is_public_only=not is_full)
    return views if is_full else [without_private_parts(view) for view in views]


def badge_ids(session: Session, views: Sequence[CertificateView]) -> dict[UUID, str]:
    """Public ids of the badges of certificates that the caller may see, by certificate."""
    return CredentialsRepository(session).badge_ids([view.certificate_id for view in views])


def public_certificates_of(session: Session, *, person_id: UUID, on: date) -> list[CertificateView]:
    """What a person shows to everybody, whoever asks (seed: user's public certifications).

    Raises
    ------
    NotFoundError
        When there is no such person.
    """
    repository = CredentialsRepository(session)
    if not repository.is_person(person_id):
        raise NotFoundError("There is no person with this id. Check the id.")
    views = repository.certificates_of(person_id, on=on, is_public_only=True)
    return [without_private_parts(view) for view in views]


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
    _require_outlook(within_days)
    return CredentialsRepository(session).expiring(
        organization_id=organization_id, on=on, within_days=within_days, page=page
    )


def expiring_certificates_of(
    session: Session,
    principal: Principal,
    *,
    person_id: UUID,
    on: date,
    within_days: int = rules.EXPIRING_WITHIN_DAYS,
    page: PageRequest,
) -> Page[CertificateView]:
    """A person's own certificates that lapse from `on` within so many days and are not renewed yet.

    Raises
    ------
    NotFoundError, InvalidInputError
    """
    repository = CredentialsRepository(session)
    require_may_see_all(repository, principal, person_id, on=on)
    _require_outlook(within_days)
    return repository.expiring(person_id=person_id, on=on, within_days=within_days, page=page)


def browse_certifications(
    session: Session,
    *,
    search: str | None = None,
    trade: str | None = None,
    source: CertificationSource | None = None,
    category: CertificationCategory | None = None,
    level: str | None = None,
    issuing_organization_id: UUID | None = None,
    page: PageRequest,
) -> Page[Certification]:
    """The registry is public: anybody may look up a kind of certificate."""
    return CredentialsRepository(session).certifications(
        search=search,
        trade=trade,
        source=source,
        category=category,
        level=level,
        issuing_organization_id=issuing_organization_id,
        page=page,
    )


def certification_of(session: Session, *, certification_id: UUID) -> Certification:
    """A kind of certificate with all its fields; the registry is public.

    Raises
    ------
    NotFoundError
    """
    return CredentialsRepository(session).certification(certification_id)


def to_number(certificate_number: str | None) -> str | None:
    """A certificate number as it is kept: trimmed, None when empty.

    Raises
    ------
    InvalidInputError
        When it is longer than any issuer's.
    """
    number = (certificate_number or "").strip() or None
    if number is not None and len(number) > LONGEST_NUMBER:
        raise InvalidInputError(f"A certificate number has at most {LONGEST_NUMBER} characters.")
    return number


def _own_claim(session: Session, principal: Principal, certificate_id: UUID) -> Certificate:
    """The holder's own record of a certificate from elsewhere, locked with her line."""
    repository = CredentialsRepository(session)
    found = repository.certificate(certificate_id)
    if found is None or not (principal.is_person(found.person_id) or principal.is_unrestricted):
        raise no_certificate()
    repository.lock_person(found.person_id)
    certificate = repository.lock_certificate(found)
    if certificate.withdrawn_at is not None:
        raise ConflictError("This certificate was already withdrawn.")
    if certificate.register_entry_id is not None:
        raise ConflictError(
            "This certificate follows the register it was read from. Have the entry put right where that is kept."
        )
    if certificate.earned_through is not EarnedThrough.EXTERNAL:
        raise ConflictError(
            "This certificate was issued, not reported by its holder. Ask its issuer to revoke it when it is wrong."
        )
    return certificate


def _last_day(issued_on: date, expires_on: date | None, certification: Certification) -> date | None:
    last_day = expires_on or rules.expires_on(issued_on, certification.validity_period_months)
    if last_day is not None and last_day < issued_on:
        raise InvalidInputError("A certificate cannot expire before the day it was issued. Check both dates.")
    return last_day


def _corrected_last_day(
    old: Certificate, kind: Certification, first_day: date, expires_on: date | Unchanged | None
) -> date | None:
    """As given; as the registry says for another kind or day of issue when it is left out; else as it was."""
    if not isinstance(expires_on, Unchanged):
        return _last_day(first_day, expires_on, kind)
    if (kind.id, first_day) == (old.certification_id, old.issued_on):
        return old.expires_on
    return _last_day(first_day, None, kind)


def _require_outlook(within_days: int) -> None:
    if not 0 <= within_days <= LONGEST_OUTLOOK_DAYS:
        raise InvalidInputError(f"Look between 0 and {LONGEST_OUTLOOK_DAYS} days ahead.")


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


def _already_recorded(certification: Certification, issued_on: date) -> ConflictError:
    return ConflictError(
        f"A {certification.name} certificate issued on {issued_on:%d %b %Y} is already recorded for this person."
    )

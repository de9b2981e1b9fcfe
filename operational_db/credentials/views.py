"""What credentials shows to its callers: certificates with the status derived on the day asked about."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from operational_db.credentials.rules import CertificateFacts, certificate_status, days_to_expiry
from operational_db.tables.credentials import Certificate, Certification
from operational_db.types import (
    CertificateStatus,
    CertificationCategory,
    CertificationSource,
    EarnedThrough,
    VerificationStatus,
)


@dataclass(frozen=True, slots=True)
class CertificateView:
    """One certificate of one person, as of a day."""

    certificate_id: UUID
    person_id: UUID
    display_name: str
    certification_id: UUID
    certification_name: str
    certification_code: str
    issuing_organization: str
    source: CertificationSource
    category: CertificationCategory
    issued_on: date
    expires_on: date | None
    first_earned_on: date
    certificate_number: str | None
    status: CertificateStatus
    days_to_expiry: int | None
    verification_status: VerificationStatus
    earned_through: EarnedThrough
    enrollment_id: UUID | None
    # The course of that enrollment.
    course_id: UUID | None
    renews_id: UUID | None
    revoked_from: date | None
    is_withdrawn: bool
    is_public: bool
    path_id: UUID | None
    track_id: UUID | None
    document_id: UUID | None
    corrects_id: UUID | None
    # It follows a government register and is neither corrected nor withdrawn by its holder.
    is_from_register: bool
    verified_at: datetime | None
    created_at: datetime
    updated_at: datetime


def to_facts(certificate: Certificate) -> CertificateFacts:
    """The dates and marks the rules decide by."""
    return CertificateFacts(
        certificate_id=certificate.id,
        person_id=certificate.person_id,
        certification_id=certificate.certification_id,
        issued_on=certificate.issued_on,
        expires_on=certificate.expires_on,
        revoked_from=certificate.revoked_from,
        is_withdrawn=certificate.withdrawn_at is not None,
        is_verified=certificate.verification_status is VerificationStatus.VERIFIED,
    )


def to_certificate_view(
    certificate: Certificate,
    certification: Certification,
    display_name: str,
    course_id: UUID | None = None,
    *,
    on: date,
) -> CertificateView:
    facts = to_facts(certificate)
    return CertificateView(
        certificate_id=certificate.id,
        person_id=certificate.person_id,
        display_name=display_name,
        certification_id=certification.id,
        certification_name=certification.name,
        certification_code=certification.code,
        issuing_organization=certification.issuing_organization,
        source=certification.source,
        category=certification.category,
        issued_on=certificate.issued_on,
        expires_on=certificate.expires_on,
        first_earned_on=certificate.first_earned_on,
        certificate_number=certificate.certificate_number,
        status=certificate_status(facts, on=on),
        days_to_expiry=days_to_expiry(facts, on=on),
        verification_status=certificate.verification_status,
        earned_through=certificate.earned_through,
        enrollment_id=certificate.enrollment_id,
        course_id=course_id,
        renews_id=certificate.renews_id,
        revoked_from=certificate.revoked_from,
        is_withdrawn=certificate.withdrawn_at is not None,
        is_public=certificate.is_public,
        path_id=certificate.path_id,
        track_id=certificate.track_id,
        document_id=certificate.document_id,
        corrects_id=certificate.corrects_id,
        is_from_register=certificate.register_entry_id is not None,
        verified_at=certificate.verified_at,
        created_at=certificate.created_at,
        updated_at=certificate.updated_at,
    )


def without_private_parts(view: CertificateView) -> CertificateView:
    """What anybody may see of a public certificate: not its number, by which others identify its holder, nor papers."""
    return replace(view, certificate_number=None, document_id=None, enrollment_id=None, course_id=None)

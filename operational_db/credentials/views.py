"""What credentials shows to its callers: certificates with the status derived on the day asked about."""

from dataclasses import dataclass
from datetime import date
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
    renews_id: UUID | None
    revoked_from: date | None
    is_withdrawn: bool
    is_public: bool


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
    certificate: Certificate, certification: Certification, display_name: str, *, on: date
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
        renews_id=certificate.renews_id,
        revoked_from=certificate.revoked_from,
        is_withdrawn=certificate.withdrawn_at is not None,
        is_public=certificate.is_public,
    )

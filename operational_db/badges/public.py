"""What the public may know of a certificate under its link: whether it holds on a day, and what its holder shows.

Whatever the holder keeps to herself is answered as if it did not exist. Asking is recorded by `verify`.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.badges.repository import BadgeRecord, BadgesRepository
from operational_db.badges.views import PublicCertificate
from operational_db.credentials.rules import certificate_status
from operational_db.credentials.views import to_facts as to_certificate_facts
from operational_db.tables.credentials import Certificate, Certification
from operational_db.types import CertificateStatus, VerificationOutcome

LONGEST_PUBLIC_ID = 64

OUTCOME_OF_STATUS = {
    CertificateStatus.ACTIVE: VerificationOutcome.VALID,
    CertificateStatus.EXPIRED: VerificationOutcome.EXPIRED,
    CertificateStatus.REVOKED: VerificationOutcome.REVOKED,
    CertificateStatus.PENDING_VERIFICATION: VerificationOutcome.PENDING,
}


@dataclass(frozen=True, slots=True)
class PublicBadge:
    """A public badge with what is needed to show and check it."""

    record: BadgeRecord
    certificate: PublicCertificate
    outcome: VerificationOutcome


def public_badge(session: Session, *, public_id: str, on: date) -> PublicBadge | None:
    """The badge under a public id, when its holder shows it; None alike for unknown, hidden and erased ones."""
    if not 0 < len(public_id) <= LONGEST_PUBLIC_ID or "\x00" in public_id:
        # Asked all the same, so that the answer takes as long as any other.
        public_id = "-"
    repository = BadgesRepository(session)
    record = repository.by_public_id(public_id)
    if record is None or not is_shown(record):
        return None
    event_id = record.badge.event_id
    shown = to_public(
        record.certificate,
        record.certification,
        on=on,
        holder_name=record.person.display_name if record.badge.shows_name else None,
        public_id=record.badge.public_id,
        event_id=event_id,
        leaf_index=None if event_id is None else repository.leaf_of(event_id),
    )
    return PublicBadge(record, shown, outcome_of(record.certificate, on=on))


def is_shown(record: BadgeRecord) -> bool:
    """Whether the holder shows the badge, and is still somebody."""
    return record.certificate.is_public and bool(record.badge.salt) and record.person.erased_at is None


def outcome_of(certificate: Certificate, *, on: date) -> VerificationOutcome:
    """The certificate's status on the day, in the words of verification."""
    return OUTCOME_OF_STATUS[certificate_status(to_certificate_facts(certificate), on=on)]


def to_public(
    certificate: Certificate,
    certification: Certification,
    *,
    on: date,
    holder_name: str | None,
    public_id: str | None,
    event_id: UUID | None,
    leaf_index: int | None,
) -> PublicCertificate:
    """The parts of a certificate that anybody may see."""
    is_revoked = certificate.revoked_from is not None and certificate.revoked_from <= on
    return PublicCertificate(
        certification_name=certification.name,
        certification_code=certification.code,
        issuing_organization=certification.issuing_organization,
        issued_on=certificate.issued_on,
        expires_on=certificate.expires_on,
        revoked_from=certificate.revoked_from if is_revoked else None,
        holder_name=holder_name,
        public_id=public_id,
        event_id=event_id,
        leaf_index=leaf_index,
    )

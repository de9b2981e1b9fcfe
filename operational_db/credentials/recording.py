"""Writing a new certificate into its renewal line, with its event; whoever calls this has authorised it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials import rules
from operational_db.credentials.repository import CredentialsRepository
from operational_db.ledger.append import append_events
from operational_db.ledger.events import CertificateIssued, CertificateRenewed, CertificateRevoked, CertificateWithdrawn
from operational_db.tables.credentials import Certificate
from operational_db.types import EarnedThrough, VerificationStatus, new_id


def record_certificate(
    session: Session,
    certificate: Certificate,
    *,
    former: Certificate | None,
    organization_id: UUID | None,
    now: datetime,
) -> Certificate:
    """Add the certificate as the continuation of the former one, or as the first of its line.

    A proven one ends what somebody set out to do for renewing the former.
    """
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
            path_id=certificate.path_id,
            track_id=certificate.track_id,
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
            path_id=certificate.path_id,
            track_id=certificate.track_id,
        )
    append_events(session, [event], now=now)
    if is_verified:
        close_renewal(session, certificate, now=now)
    return certificate


def issue_earned(
    session: Session,
    *,
    person_id: UUID,
    certification_id: UUID,
    issued_on: date,
    organization_id: UUID | None,
    enrollment_id: UUID | None = None,
    path_id: UUID | None = None,
    track_id: UUID | None = None,
    now: datetime,
) -> Certificate:
    """A verified certificate earned on the platform; the person is locked, and that she earned it was made sure."""
    repository = CredentialsRepository(session)
    certification = repository.certification(certification_id)
    former = repository.renewable(person_id, certification_id, until=issued_on, is_verified_only=True)
    return record_certificate(
        session,
        Certificate(
            person_id=person_id,
            certification_id=certification_id,
            issued_on=issued_on,
            expires_on=rules.expires_on(issued_on, certification.validity_period_months),
            verification_status=VerificationStatus.VERIFIED,
            verified_at=now,
            earned_through=EarnedThrough.SITESYNC_COURSE,
            enrollment_id=enrollment_id,
            path_id=path_id,
            track_id=track_id,
        ),
        former=former,
        organization_id=organization_id,
        now=now,
    )


def close_renewal(session: Session, certificate: Certificate, *, now: datetime) -> None:
    """Close what somebody set out to do for the certificate that this one renews."""
    if certificate.renews_id is None:
        return
    renewal = CredentialsRepository(session).open_renewal(certificate.renews_id)
    if renewal is not None:
        renewal.closed_at = now
        renewal.updated_at = now
        renewal.renewed_by_id = certificate.id
        session.flush()


def revoke(
    session: Session,
    certificate: Certificate,
    *,
    revoked_from: date,
    reason: str,
    organization_id: UUID | None,
    now: datetime,
) -> None:
    """Take a locked certificate from its holder, with its event."""
    certificate.revoked_at = now
    certificate.revoked_from = revoked_from
    certificate.revocation_reason = reason
    session.flush()
    event = CertificateRevoked(
        subject_id=certificate.person_id,
        organization_id=organization_id,
        occurred_at=now,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
        revoked_from=revoked_from,
    )
    append_events(session, [event], now=now)


def withdraw(session: Session, certificate: Certificate, *, now: datetime) -> None:
    """Take a locked certificate back, with its event."""
    certificate.withdrawn_at = now
    certificate.updated_at = now
    session.flush()
    event = CertificateWithdrawn(
        subject_id=certificate.person_id,
        organization_id=None,
        occurred_at=now,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
    )
    append_events(session, [event], now=now)

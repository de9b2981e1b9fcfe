"""Handing a licence over to the person who proved to hold it; whoever calls this has authorised it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials.recording import record_certificate, withdraw
from operational_db.credentials.repository import CredentialsRepository
from operational_db.errors import ConflictError
from operational_db.identity.rules import Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import CertificateVerified, Event, MembershipEnded, RegisterEntryClaimed
from operational_db.registers.repository import RegistersRepository
from operational_db.tables.credentials import Certificate, RegisterClaim, RegisterEntry
from operational_db.types import EarnedThrough, VerificationStatus

TAKEN = "Somebody else has proved to hold this licence."


def hand_over(
    session: Session,
    principal: Principal,
    entry: RegisterEntry,
    claim: RegisterClaim,
    *,
    organization_id: UUID | None,
    now: datetime,
) -> Certificate:
    """Give the claimant a certificate of the entry, withdraw the pseudonymous holder's, and let the register follow.

    Parameters
    ----------
    entry
        Locked.

    Raises
    ------
    ConflictError
        When somebody holds the entry already, or its certificate was revoked.
    """
    repository = RegistersRepository(session)
    if entry.claimed_by_id is not None:
        raise ConflictError(f"{TAKEN} If that is wrong, ask the platform to look at it.")
    CredentialsRepository(session).lock_person(claim.person_id)
    former = repository.current_certificate(entry)
    if former is None or former.revoked_at is not None:
        raise ConflictError("The licence was revoked or taken back; there is nothing to claim. Ask the board about it.")
    certificate = _own_certificate(session, principal, entry, former, claim, organization_id=organization_id, now=now)
    withdraw(session, former, now=now)
    repository.hand_over_record(entry.register, former.id, certificate.id)
    entry.claimed_by_id = claim.person_id
    entry.updated_at = now
    for other in repository.open_claims_on(entry.id):
        other.decided_at, other.is_approved, other.reason, other.updated_at = now, False, TAKEN, now
    session.flush()
    event = RegisterEntryClaimed(
        subject_id=claim.person_id,
        organization_id=organization_id,
        occurred_at=now,
        entry_id=entry.id,
        certificate_id=certificate.id,
        former_certificate_id=former.id,
        certification_id=entry.certification_id,
    )
    append_events(session, [event, *_end_memberships(repository, entry, now=now)], now=now)
    return certificate


def _own_certificate(
    session: Session,
    principal: Principal,
    entry: RegisterEntry,
    former: Certificate,
    claim: RegisterClaim,
    *,
    organization_id: UUID | None,
    now: datetime,
) -> Certificate:
    """The one the claimant reported herself when it says the same, else a new one in her line."""
    credentials = CredentialsRepository(session)
    reported = credentials.same_day_certificate(claim.person_id, entry.certification_id, former.issued_on)
    if reported is not None and reported.expires_on == former.expires_on and reported.register_entry_id is None:
        return _adopt(session, principal, reported, entry, former, organization_id=organization_id, now=now)
    line = credentials.renewable(claim.person_id, entry.certification_id, until=former.issued_on, is_verified_only=True)
    certificate = record_certificate(
        session,
        Certificate(
            person_id=claim.person_id,
            certification_id=entry.certification_id,
            issued_on=former.issued_on,
            expires_on=former.expires_on,
            certificate_number=former.certificate_number,
            verification_status=former.verification_status,
            verified_at=former.verified_at,
            verified_by_id=principal.actor_id if former.verified_at is not None else None,
            earned_through=EarnedThrough.EXTERNAL,
            document_id=claim.document_id,
            register_entry_id=entry.id,
        ),
        former=line,
        organization_id=organization_id,
        now=now,
    )
    certificate.first_earned_on = min(certificate.first_earned_on, former.first_earned_on)
    session.flush()
    return certificate


def _adopt(
    session: Session,
    principal: Principal,
    reported: Certificate,
    entry: RegisterEntry,
    former: Certificate,
    *,
    organization_id: UUID | None,
    now: datetime,
) -> Certificate:
    certificate = CredentialsRepository(session).lock_certificate(reported)
    certificate.register_entry_id = entry.id
    certificate.first_earned_on = min(certificate.first_earned_on, former.first_earned_on)
    certificate.updated_at = now
    is_news = (
        former.verification_status is VerificationStatus.VERIFIED
        and certificate.verification_status is not VerificationStatus.VERIFIED
    )
    if is_news:
        certificate.verification_status = VerificationStatus.VERIFIED
        certificate.verified_at = now
        certificate.verified_by_id = principal.actor_id
    session.flush()
    if is_news:
        event = CertificateVerified(
            subject_id=certificate.person_id,
            organization_id=organization_id,
            occurred_at=now,
            certificate_id=certificate.id,
            certification_id=certificate.certification_id,
            is_verified=True,
        )
        append_events(session, [event], now=now)
    return certificate


def _end_memberships(repository: RegistersRepository, entry: RegisterEntry, *, now: datetime) -> list[Event]:
    """A pseudonymous holder all of whose licences were claimed was nobody else: she works nowhere any more."""
    if repository.has_unclaimed(entry.person_id):
        return []
    events: list[Event] = []
    for membership in repository.open_memberships(entry.person_id, on=now.date()):
        membership.ended_on = now.date()
        membership.updated_at = now
        events.append(
            MembershipEnded(
                subject_id=entry.person_id,
                organization_id=membership.organization_id,
                occurred_at=now,
                membership_id=membership.id,
                ended_on=now.date(),
            )
        )
    repository.session.flush()
    return events

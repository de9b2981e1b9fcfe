"""Use cases of renewal: say what is missing, renew one or many, note what somebody set out to renew.

What is missing is decided in `renewal_rules`; nothing here commits. Source: training-platform seed 3.2.2.2; CRT-07.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials import ce_credits, rules
from operational_db.credentials.access import no_certificate, require_may_see_all, shared_organization
from operational_db.credentials.recording import record_certificate
from operational_db.credentials.renewal_repository import RenewalRepository
from operational_db.credentials.renewal_rules import (
    CANNOT_BE_RENEWED,
    RenewalFacts,
    RenewalStep,
    missing_steps,
)
from operational_db.credentials.repository import CredentialsRepository
from operational_db.errors import InvalidInputError, NotAuthorizedError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import RenewalOpened
from operational_db.tables.credentials import Certificate, CertificateRenewal, Certification
from operational_db.types import CertificationSource, EarnedThrough, VerificationStatus, new_id

MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class RenewalResult:
    """What became of one certificate: the one that renewed it, or what is missing."""

    certificate_id: UUID
    renewed_by_id: UUID | None
    missing: tuple[RenewalStep, ...]


def missing_for_renewal(
    session: Session, principal: Principal, *, certificate_id: UUID, on: date
) -> tuple[RenewalStep, ...]:
    """What is missing on the day before the certificate can be renewed; nothing when it can be, or was.

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
    if repository.successor(certificate.id) is not None:
        return ()
    return _missing(session, principal, certificate, on=on)


def renew(
    session: Session, principal: Principal, *, certificate_ids: Sequence[UUID], now: datetime
) -> list[RenewalResult]:
    """Renew each certificate of which nothing is missing; of the others note that it is to be renewed, and say what is.

    The holder renews hers, who assigns training in her organization those of its members. Asking again changes
    nothing: one that was renewed names its renewal, and of two who ask at once one renews.

    Raises
    ------
    NotFoundError
        When one of them is none the principal may renew; then none is renewed.
    NotAuthorizedError
        When she may see one of them and not renew it.
    InvalidInputError
        When none or more than 200 are named.
    """
    wanted = list(dict.fromkeys(certificate_ids))
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise InvalidInputError(f"Name 1 to {MOST_AT_ONCE} certificates to renew.")
    repository = CredentialsRepository(session)
    found = {certificate_id: _renewable(repository, principal, certificate_id, now=now) for certificate_id in wanted}
    # Always in the same order, so that two bulk renewals that overlap wait for each other and do not lock up.
    for person_id in sorted({certificate.person_id for certificate in found.values()}):
        repository.lock_person(person_id)
    return [_renew(session, principal, repository.lock_certificate(found[each]), now=now) for each in wanted]


def _renewable(
    repository: CredentialsRepository, principal: Principal, certificate_id: UUID, *, now: datetime
) -> Certificate:
    certificate = repository.certificate(certificate_id)
    if certificate is None:
        raise no_certificate()
    organizations = repository.organization_ids_of(certificate.person_id, on=now.date())
    if principal.may_act_for(Permission.ASSIGN_TRAINING, certificate.person_id, organizations):
        return certificate
    require_may_see_all(repository, principal, certificate.person_id, on=now.date())
    raise NotAuthorizedError("Only its holder, or who assigns her training, renews a certificate. Ask one of them.")


def _renew(session: Session, principal: Principal, certificate: Certificate, *, now: datetime) -> RenewalResult:
    repository = CredentialsRepository(session)
    successor = repository.successor(certificate.id)
    if successor is not None:
        return RenewalResult(certificate.id, successor.id, ())
    missing = _missing(session, principal, certificate, on=now.date())
    if missing:
        if missing[0].code not in CANNOT_BE_RENEWED:
            _open(session, principal, certificate, now=now)
        return RenewalResult(certificate.id, None, missing)
    kind = repository.certification(certificate.certification_id)
    issued_on = now.date()
    renewal = record_certificate(
        session,
        Certificate(
            person_id=certificate.person_id,
            certification_id=kind.id,
            issued_on=issued_on,
            expires_on=rules.expires_on(issued_on, kind.validity_period_months),
            certificate_number=certificate.certificate_number,
            verification_status=VerificationStatus.VERIFIED,
            verified_at=now,
            earned_through=EarnedThrough.MANUAL,
            is_public=certificate.is_public,
        ),
        former=certificate,
        organization_id=_organization(repository, principal, certificate, now=now),
        now=now,
    )
    return RenewalResult(certificate.id, renewal.id, ())


def _open(session: Session, principal: Principal, certificate: Certificate, *, now: datetime) -> None:
    repository = CredentialsRepository(session)
    if repository.open_renewal(certificate.id) is not None:
        return
    organization_id = _organization(repository, principal, certificate, now=now)
    renewal = CertificateRenewal(
        id=new_id(),
        certificate_id=certificate.id,
        organization_id=organization_id,
        opened_at=now,
        opened_by_id=principal.actor_id,
        created_at=now,
        updated_at=now,
    )
    session.add(renewal)
    session.flush()
    event = RenewalOpened(
        subject_id=certificate.person_id,
        organization_id=organization_id,
        occurred_at=now,
        renewal_id=renewal.id,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
    )
    append_events(session, [event], now=now)


def _missing(session: Session, principal: Principal, certificate: Certificate, *, on: date) -> tuple[RenewalStep, ...]:
    kind = CredentialsRepository(session).certification(certificate.certification_id)
    standing = ce_credits.standings_of(session, [certificate], on=on)[certificate.id]
    facts = RenewalFacts(
        is_verified=certificate.verification_status is VerificationStatus.VERIFIED,
        is_revoked=certificate.revoked_at is not None,
        is_withdrawn=certificate.withdrawn_at is not None,
        expires_on=certificate.expires_on,
        window_days=kind.renewal_window_days,
        issuer=kind.issuing_organization,
        is_issued_here=_is_issued_here(kind),
        may_issue=_may_issue(principal, kind, certificate),
        asks_for_credits=kind.ce_credits_required > 0,
        credits_short=standing.short_by,
        credits_required=standing.required,
        is_exam_required=kind.exam_required,
        courses_to_take=RenewalRepository(session).courses_to_take(certificate),
        renewal_requirements=kind.renewal_requirements,
    )
    return missing_steps(facts, on=on)


def _is_issued_here(kind: Certification) -> bool:
    return kind.issuing_organization_id is not None or kind.source is CertificationSource.SITESYNC


def _may_issue(principal: Principal, kind: Certification, certificate: Certificate) -> bool:
    """Nobody issues to herself."""
    if principal.is_person(certificate.person_id):
        return False
    if kind.issuing_organization_id is None:
        return principal.is_unrestricted
    return principal.can(Permission.ISSUE_CERTIFICATES, kind.issuing_organization_id)


def _organization(
    repository: CredentialsRepository, principal: Principal, certificate: Certificate, *, now: datetime
) -> UUID | None:
    return shared_organization(principal, repository.organization_ids_of(certificate.person_id, on=now.date()))

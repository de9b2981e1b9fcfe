"""Use cases on badges: issue them for verified certificates, one or many, and issue them anew under another address.

What a badge says is in `credential`, sharing in `sharing`, the status lists in `lists`. Source: training-platform seed
3.2.2.3 (US-TC004).
"""

import hashlib
import json
import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import base58
from sqlalchemy.orm import Session

from operational_db.badges.credential import BadgeFacts, open_badge
from operational_db.badges.keys import BadgeSigner
from operational_db.badges.proofs import sign_document
from operational_db.badges.repository import BadgesRepository, to_facts
from operational_db.badges.tokens import sign_token
from operational_db.errors import ConflictError, NotFoundError
from operational_db.ledger.append import append_events
from operational_db.ledger.events import BadgeIssued
from operational_db.tables.badges import Badge
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Person
from operational_db.types import VerificationStatus, new_id

# 128 bits that nobody guesses.
PUBLIC_ID_BYTES = 16
SALT_BYTES = 16


def issue_badge(session: Session, signer: BadgeSigner, *, certificate_id: UUID, now: datetime) -> Badge:
    """The badge of a verified certificate, issued now when it has none yet. Who may ask is the caller's to decide.

    Raises
    ------
    NotFoundError
        When there is no such certificate.
    ConflictError
        When it is not verified, was revoked or withdrawn, or its holder was erased.
    """
    return issue_badges(session, signer, certificate_ids=[certificate_id], now=now)[0]


def issue_badges(
    session: Session, signer: BadgeSigner, *, certificate_ids: Collection[UUID], now: datetime
) -> list[Badge]:
    """As `issue_badge` for many certificates in one transaction; in the order of the certificates' ids.

    Raises
    ------
    NotFoundError, ConflictError
        As `issue_badge`, for any of them; then none is issued.
    """
    repository = BadgesRepository(session)
    found = repository.lock_certificates(certificate_ids)
    if len(found) != len(set(certificate_ids)):
        raise NotFoundError("There is no certificate with this id. Check the id.")
    badges = repository.badges_of([certificate.id for certificate, _, _ in found])
    missing = [row for row in found if row[0].id not in badges]
    for certificate, certification, person in missing:
        _require_verified(certificate, certification, person)
    if not missing:
        return [badges[certificate.id] for certificate, _, _ in found]
    events = repository.events_of([certificate for certificate, _, _ in missing])
    places = repository.draw_places(len(missing))
    issued = []
    for (certificate, certification, person), (status_list, index) in zip(missing, places, strict=True):
        badge = Badge(
            id=new_id(),
            certificate_id=certificate.id,
            # Letters and digits that are not mistaken for each other, as people type them.
            public_id=base58.b58encode(secrets.token_bytes(PUBLIC_ID_BYTES)).decode(),
            status_list_id=status_list.id,
            status_index=index,
            salt=secrets.token_urlsafe(SALT_BYTES),
            issued_at=now,
            event_id=events.get(certificate.id),
            created_at=now,
            updated_at=now,
        )
        _sign(badge, to_facts(badge, certificate, certification, person, status_list.list_number), signer, now=now)
        badges[certificate.id] = badge
        issued.append((badge, certificate, status_list.list_number))
    session.add_all(badge for badge, _, _ in issued)
    session.flush()
    append_events(session, [_issued(*item, now=now) for item in issued], now=now)
    return [badges[certificate.id] for certificate, _, _ in found]


def sign_anew(session: Session, signer: BadgeSigner, *, certificate_id: UUID, now: datetime) -> Badge:
    """The badge signed again: with the present key, under the present address, with what the certificate says now.

    Its public id, its place in the status list and its salt stay, so links and former copies go on working.

    Raises
    ------
    NotFoundError
        When the certificate has no badge.
    ConflictError
        As `issue_badge`.
    """
    repository = BadgesRepository(session)
    repository.lock_certificates([certificate_id])
    record = repository.by_certificate(certificate_id)
    if record is None:
        raise NotFoundError("This certificate has no badge yet. Issue it first.")
    _require_verified(record.certificate, record.certification, record.person)
    facts = to_facts(record.badge, record.certificate, record.certification, record.person, record.list_number)
    _sign(record.badge, facts, signer, now=now)
    session.flush()
    append_events(session, [_issued(record.badge, record.certificate, record.list_number, now=now)], now=now)
    return record.badge


def _require_verified(certificate: Certificate, certification: Certification, person: Person) -> None:
    if person.erased_at is not None:
        raise ConflictError("The holder was erased; nothing is issued to nobody.")
    if certificate.withdrawn_at is not None or certificate.revoked_at is not None:
        raise ConflictError(f"This {certification.name} certificate was revoked or withdrawn; it gets no badge.")
    if certificate.verification_status is not VerificationStatus.VERIFIED:
        raise ConflictError(
            f"This {certification.name} certificate is not verified yet. Have its evidence checked first."
        )


def _sign(badge: Badge, facts: BadgeFacts, signer: BadgeSigner, *, now: datetime) -> None:
    badge.key_id = signer.key_id
    signed = sign_document(
        open_badge(facts, signer.issuer, is_token=False), signer.key, verification_method=signer.key_id, created=now
    )
    badge.credential = json.dumps(signed, ensure_ascii=False, separators=(",", ":"))
    badge.credential_jwt = sign_token(open_badge(facts, signer.issuer, is_token=True), signer)


def _issued(badge: Badge, certificate: Certificate, list_number: int, *, now: datetime) -> BadgeIssued:
    return BadgeIssued(
        subject_id=certificate.person_id,
        organization_id=None,
        occurred_at=now,
        badge_id=badge.id,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
        status_list=list_number,
        status_index=badge.status_index,
        credential_sha256=hashlib.sha256(badge.credential.encode()).hexdigest(),
    )

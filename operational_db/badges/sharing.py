"""What a holder makes of her badges: have one issued, make it public or not, show her name or not, take it with her.

Only the holder decides; her company does not. What the public then sees is in `public`.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.badges.keys import BadgeIssuer, BadgeSigner
from operational_db.badges.repository import BadgeRecord, BadgesRepository
from operational_db.badges.service import issue_badge
from operational_db.errors import ConflictError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.tables.credentials import Certificate


@dataclass(frozen=True, slots=True)
class BadgeView:
    """A holder's own badge: where it is found and what it shows."""

    badge_id: UUID
    certificate_id: UUID
    public_id: str
    issued_at: datetime
    is_public: bool
    shows_name: bool


def request_badge(
    session: Session, principal: Principal, signer: BadgeSigner, *, certificate_id: UUID, now: datetime
) -> BadgeView:
    """The holder's badge, issued when it does not exist yet; safe to repeat.

    Raises
    ------
    NotFoundError
        When the certificate is not the principal's.
    ConflictError
        When the certificate is not verified, or no longer stands.
    """
    certificate = _own_certificate(BadgesRepository(session), principal, certificate_id)
    badge = issue_badge(session, signer, certificate_id=certificate_id, now=now)
    return BadgeView(
        badge.id, certificate_id, badge.public_id, badge.issued_at, certificate.is_public, badge.shows_name
    )


def my_badges(session: Session, principal: Principal) -> list[BadgeView]:
    """The principal's own badges, latest first."""
    repository = BadgesRepository(session)
    views = []
    for badge in repository.badges_of_person(principal.person_id):
        certificate = repository.certificate(badge.certificate_id)
        if certificate is not None and badge.salt:
            views.append(
                BadgeView(
                    badge.id,
                    badge.certificate_id,
                    badge.public_id,
                    badge.issued_at,
                    certificate.is_public,
                    badge.shows_name,
                )
            )
    return sorted(views, key=lambda view: (view.issued_at, view.badge_id), reverse=True)


def set_sharing(
    session: Session,
    principal: Principal,
    *,
    certificate_id: UUID,
    is_public: bool,
    shows_name: bool,
    now: datetime,
) -> Certificate:
    """Whether strangers see the certificate under its link, and whether they see the holder's name there.

    Raises
    ------
    NotFoundError
        When the certificate is not the principal's.
    ConflictError
        When the name is to be shown on a badge that does not exist yet.
    """
    repository = BadgesRepository(session)
    certificate = _own_certificate(repository, principal, certificate_id)
    record = repository.by_certificate(certificate_id)
    if record is None and shows_name:
        raise ConflictError("This certificate has no badge yet. Have it issued before you show your name.")
    certificate.is_public = is_public
    certificate.updated_at = now
    if record is not None:
        record.badge.shows_name = shows_name
        record.badge.updated_at = now
    session.flush()
    return certificate


def own_badge(session: Session, principal: Principal, *, certificate_id: UUID) -> BadgeRecord:
    """The holder's badge with its credential, whether or not it is public.

    Raises
    ------
    NotFoundError
        When the certificate is not the principal's or has no badge.
    """
    repository = BadgesRepository(session)
    _own_certificate(repository, principal, certificate_id)
    record = repository.by_certificate(certificate_id)
    if record is None or not record.badge.salt:
        raise NotFoundError("This certificate has no badge yet. Have it issued first.")
    return record


def share_link(issuer: BadgeIssuer, public_id: str) -> str:
    """The address to hand out: the page that says whether the certificate holds."""
    return f"{issuer.address}/verify/{public_id}"


def _own_certificate(repository: BadgesRepository, principal: Principal, certificate_id: UUID) -> Certificate:
    certificate = repository.certificate(certificate_id)
    if certificate is None or not (principal.is_person(certificate.person_id) or principal.is_system):
        raise NotFoundError("You hold no certificate with this id. Check the id.")
    return certificate

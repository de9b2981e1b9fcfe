"""What is served under badges' public addresses: credentials, hosted badges, pictures. Only what holders show."""

import json
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.badges.baking import KEYWORD_V2, bake_png, bake_svg
from operational_db.badges.credential import BadgeFacts, achievement, criteria_text
from operational_db.badges.hosted import assertion, badge_class, revoked_assertion
from operational_db.badges.images import Picture, draw_png, draw_svg
from operational_db.badges.json_ld import JsonObject
from operational_db.badges.keys import BadgeIssuer
from operational_db.badges.public import public_badge
from operational_db.badges.repository import BadgeRecord, BadgesRepository, to_certification_facts, to_facts
from operational_db.errors import NotFoundError
from operational_db.tables.credentials import Certification
from operational_db.types import VerificationOutcome


@dataclass(frozen=True, slots=True)
class HostedAssertion:
    """An Open Badges 2.0 assertion; a revoked one is served as gone."""

    document: JsonObject
    is_revoked: bool


def require_public(session: Session, public_id: str, *, on: date) -> BadgeRecord:
    """The badge under a public id.

    Raises
    ------
    NotFoundError
        Alike for unknown, hidden and erased ones.
    """
    found = public_badge(session, public_id=public_id, on=on)
    if found is None:
        raise NotFoundError("There is no public badge under this address.")
    return found.record


def hosted_assertion(session: Session, issuer: BadgeIssuer, public_id: str, *, on: date) -> HostedAssertion:
    """The badge as an Open Badges 2.0 assertion, or the notice that it was revoked.

    Raises
    ------
    NotFoundError
        As `require_public`.
    """
    found = public_badge(session, public_id=public_id, on=on)
    if found is None:
        raise NotFoundError("There is no public badge under this address.")
    if found.outcome in {VerificationOutcome.REVOKED, VerificationOutcome.PENDING}:
        reason = "The certificate was revoked or withdrawn."
        return HostedAssertion(revoked_assertion(issuer, public_id, reason=reason), True)
    return HostedAssertion(assertion(_facts(found.record), issuer), False)


def baked_png(record: BadgeRecord) -> bytes:
    """The badge's picture with its Open Badges 3.0 credential inside."""
    return bake_png(draw_png(_picture(record)), record.badge.credential)


def baked_svg(record: BadgeRecord) -> bytes:
    """As `baked_png`, as SVG."""
    return bake_svg(draw_svg(_picture(record)), record.badge.credential)


def baked_png_v2(record: BadgeRecord, issuer: BadgeIssuer) -> bytes:
    """The badge's picture with its Open Badges 2.0 assertion inside."""
    document = json.dumps(assertion(_facts(record), issuer), ensure_ascii=False, separators=(",", ":"))
    return bake_png(draw_png(_picture(record)), document, keyword=KEYWORD_V2)


def class_document(session: Session, issuer: BadgeIssuer, certification_id: UUID) -> JsonObject:
    """The certification as an Open Badges 2.0 badge class.

    Raises
    ------
    NotFoundError
    """
    return badge_class(to_certification_facts(_certification(session, certification_id)), issuer)


def achievement_document(session: Session, issuer: BadgeIssuer, certification_id: UUID) -> JsonObject:
    """The certification as an Open Badges 3.0 achievement.

    Raises
    ------
    NotFoundError
    """
    return achievement(to_certification_facts(_certification(session, certification_id)), issuer)


def criteria_of(session: Session, certification_id: UUID) -> str:
    """What one must do to earn the certification, in words.

    Raises
    ------
    NotFoundError
    """
    certification = _certification(session, certification_id)
    return f"{certification.name}\n\n{criteria_text(to_certification_facts(certification))}\n"


def class_picture(session: Session, certification_id: UUID) -> Picture:
    """What is drawn for the certification itself.

    Raises
    ------
    NotFoundError
    """
    certification = _certification(session, certification_id)
    return Picture(certification.name, certification.issuing_organization)


def _certification(session: Session, certification_id: UUID) -> Certification:
    certification = BadgesRepository(session).certification(certification_id)
    if certification is None:
        raise NotFoundError("The registry has no certification with this id.")
    return certification


def _picture(record: BadgeRecord) -> Picture:
    return Picture(
        record.certification.name,
        record.certification.issuing_organization,
        record.certificate.issued_on,
        record.certificate.expires_on,
    )


def _facts(record: BadgeRecord) -> BadgeFacts:
    return to_facts(record.badge, record.certificate, record.certification, record.person, record.list_number)

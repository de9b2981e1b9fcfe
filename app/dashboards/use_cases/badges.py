"""Badges as their holder keeps them: have one issued, choose what strangers see, and take the files along."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from uuid import UUID

import segno
from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from operational_db.badges import sharing
from operational_db.badges.baking import bake_png, bake_svg
from operational_db.badges.images import Picture, draw_png, draw_svg
from operational_db.badges.keys import BadgeIssuer, BadgeSigner
from operational_db.badges.sharing import BadgeView
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal

QR_SCALE = 8


@dataclass(frozen=True)
class BadgeFiles:
    """A badge as its holder takes it along: the signed credential, by itself, as a token and baked into pictures."""

    picture: Picture
    credential: str
    token: str

    def drawing(self) -> bytes:
        """The picture alone, as PNG."""
        return draw_png(self.picture)

    def to_svg(self) -> bytes:
        return bake_svg(draw_svg(self.picture), self.credential)

    def to_png(self) -> bytes:
        return bake_png(draw_png(self.picture), self.credential)

    def to_json(self) -> bytes:
        return self.credential.encode()

    def to_jwt(self) -> bytes:
        return self.token.encode()


def badge_of(engine: Engine, principal: Principal, *, certificate_id: UUID) -> BadgeView | None:
    """The viewer's badge of a certificate; None when there is none yet.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        found = sharing.my_badges(session, principal)
    return next((badge for badge in found if badge.certificate_id == certificate_id), None)


def files_of(engine: Engine, principal: Principal, *, certificate_id: UUID) -> BadgeFiles:
    """The viewer's badge with its credential, public or not.

    Raises
    ------
    DomainError
        When there is none, or the database is down.
    """
    with read_only_session(engine) as session:
        record = sharing.own_badge(session, principal, certificate_id=certificate_id)
        picture = Picture(
            record.certification.name,
            record.certification.issuing_organization,
            record.certificate.issued_on,
            record.certificate.expires_on,
        )
        return BadgeFiles(picture, record.badge.credential, record.badge.credential_jwt)


def request(
    engine: Engine, principal: Principal, signer: BadgeSigner, *, certificate_id: UUID, name: str, now: datetime
) -> Receipt:
    """Have the badge of a verified certificate issued.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        sharing.request_badge(session, principal, signer, certificate_id=certificate_id, now=now)
    return Receipt(f"The badge of “{name}” is issued.", now, 1)


def share(
    engine: Engine, principal: Principal, *, certificate_id: UUID, is_public: bool, shows_name: bool, now: datetime
) -> None:
    """Choose whether strangers see the certificate under its link, and the holder's name there.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        sharing.set_sharing(
            session, principal, certificate_id=certificate_id, is_public=is_public, shows_name=shows_name, now=now
        )


def link_of(issuer: BadgeIssuer, badge: BadgeView) -> str:
    """The address to hand out."""
    return sharing.share_link(issuer, badge.public_id)


def qr_code(link: str) -> bytes:
    """The link as a QR code, as PNG: dark on light with a quiet zone, readable in either theme."""
    buffer = BytesIO()
    segno.make(link, error="m", micro=False).save(buffer, kind="png", scale=QR_SCALE, border=4)
    return buffer.getvalue()

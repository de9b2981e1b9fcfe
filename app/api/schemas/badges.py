"""Bodies of the badge endpoints; badges themselves are documents of their standards, not schemas of ours."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class BadgeRequest(BaseModel):
    """The certificate a badge is asked for."""

    certificate_id: UUID


class SharingRequest(BaseModel):
    """What strangers see under the badge's link."""

    is_public: bool
    shows_name: bool = False


class MyBadgeBody(BaseModel):
    """A badge of the caller's, with every address it has; those but the caller's own are public while it is shared."""

    badge_id: UUID
    certificate_id: UUID
    issued_at: datetime
    is_public: bool
    shows_name: bool
    share_url: str
    qr_code_url: str
    credential_url: str
    credential_jwt_url: str
    assertion_url: str
    image_png_url: str
    image_svg_url: str

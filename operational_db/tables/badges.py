"""Issued digital badges and the status lists by which verifiers learn that one was revoked.

Source: training-platform seed 3.2.2.3; Open Badges 3.0 and 2.0; W3C Bitstring Status List. What a badge says is in the
certificate it stands for.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes


class StatusList(HasId, HasTimes, Base):
    """One published bit string; `next_index` is the place of the next badge, drawn under a row lock."""

    __tablename__ = "status_lists"
    __table_args__ = (CheckConstraint("next_index between 0 and capacity", name="index_within_capacity"),)

    list_number: Mapped[int] = mapped_column(unique=True)
    capacity: Mapped[int] = mapped_column(default=131_072, server_default=text("131072"))
    next_index: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    # As last published: the credential with a Data Integrity proof, and the same as a signed token.
    credential: Mapped[str | None]
    credential_jwt: Mapped[str | None]
    built_at: Mapped[datetime | None]


class Badge(HasId, HasTimes, Base):
    """The badge of one certificate: its signed credential, its place in a status list and what its holder shows."""

    __tablename__ = "badges"
    __table_args__ = (
        UniqueConstraint("certificate_id"),
        UniqueConstraint("status_list_id", "status_index"),
    )

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.id"))
    # Unguessable and without meaning: the last part of the public address.
    public_id: Mapped[str] = mapped_column(unique=True)
    status_list_id: Mapped[UUID] = mapped_column(ForeignKey("status_lists.id"))
    status_index: Mapped[int]
    # Salt of the holder's hashed address; emptied when the person is erased.
    salt: Mapped[str]
    issued_at: Mapped[datetime]
    # Entry of the ledger that recorded the certificate, which the badge names as its evidence.
    event_id: Mapped[UUID | None]
    key_id: Mapped[str]
    credential: Mapped[str]
    credential_jwt: Mapped[str]
    shows_name: Mapped[bool] = mapped_column(default=False, server_default=text("false"))

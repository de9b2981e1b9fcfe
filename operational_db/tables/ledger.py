"""The ledger: immutable events, the queue of those not yet sequenced, their leaves, and the checkpoints.

Rows of all but the queue are inserted and never changed: a trigger refuses
update, delete and truncate, and the application's role has no such privilege.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base


class LedgerEvent(Base):
    """One fact (D2). `body` is canonical JSON (RFC 8785) of opaque ids, dates, integers and decimals as text."""

    __tablename__ = "ledger_events"
    __table_args__ = (
        # Badges name the entry that recorded their certificate.
        Index(
            "ix_ledger_events_certificates",
            "subject_id",
            postgresql_where=text("kind in ('certificate.issued', 'certificate.renewed')"),
        ),
        # Replays and previews read the decisions of some days, and the rules they were made by.
        Index(
            "ix_ledger_events_gates",
            "kind",
            "occurred_at",
            postgresql_where=text("kind in ('gate.decided', 'gate.rule_set')"),
        ),
        Index(
            "ix_ledger_events_crews",
            "kind",
            "occurred_at",
            postgresql_where=text("kind in ('crew.decided', 'crew.rule_set')"),
        ),
        # What was known of somebody's evidence at an instant.
        Index("ix_ledger_events_revocations", "subject_id", postgresql_where=text("kind = 'proficiency.revoked'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[int] = mapped_column(SmallInteger)
    subject_id: Mapped[UUID | None]
    organization_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    body: Mapped[str]


class LedgerPending(Base):
    """Events that have no leaf yet; filled by a trigger on `ledger_events`, emptied by the sequencer."""

    __tablename__ = "ledger_pending"

    # No foreign key: the trigger is the only writer, and `verify` finds an entry whose event is gone.
    event_id: Mapped[UUID] = mapped_column(primary_key=True)


class LedgerLeaf(Base):
    """The place of an event in the Merkle log; `leaf_hash` = SHA-256(0x00 || entry bytes), RFC 6962."""

    __tablename__ = "ledger_leaves"
    __table_args__ = (
        CheckConstraint("leaf_index >= 0", name="index_not_negative"),
        Index("uq_ledger_leaves_event_id", "event_id", unique=True),
    )

    leaf_index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID]
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerCheckpoint(Base):
    """Size and root of the log after one run of the sequencer; `frontier` are the subtree hashes that continue it."""

    __tablename__ = "ledger_checkpoints"

    tree_size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root_hash: Mapped[bytes] = mapped_column(LargeBinary)
    frontier: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    created_at: Mapped[datetime]


class LedgerTile(Base):
    """A full tile of the log (C2SP tlog-tiles): 256 hashes of 32 bytes at a level; `root_hash` is its one hash above.

    Partial tiles are never stored: they are read off the leaves or the roots of the tiles below.
    """

    __tablename__ = "ledger_tiles"
    __table_args__ = (CheckConstraint("octet_length(hashes) = 8192", name="tile_is_full"),)

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    tile_index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)
    root_hash: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerSignature(Base):
    """A signature on a checkpoint: the log's own (`is_witness` false) or a witness's cosignature (tlog-cosignature).

    `signature` is what a signed note's line holds after the key id: for a cosignature the timestamp comes first.
    """

    __tablename__ = "ledger_signatures"

    tree_size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key_name: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    is_witness: Mapped[bool]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]

"""Reading the ledger's state: checkpoints and the length of the queue. Writing is in `append` and `sequence`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational_db.tables.ledger import LedgerCheckpoint, LedgerPending


@dataclass(frozen=True)
class Checkpoint:
    """The ledger's first `tree_size` entries and the RFC 6962 root over them."""

    tree_size: int
    root_hash: bytes
    created_at: datetime


def to_checkpoint(row: LedgerCheckpoint) -> Checkpoint:
    return Checkpoint(row.tree_size, row.root_hash, row.created_at)


def latest_checkpoint(session: Session) -> Checkpoint | None:
    """The newest checkpoint; none before the first run of the sequencer."""
    row = session.scalars(select(LedgerCheckpoint).order_by(LedgerCheckpoint.tree_size.desc()).limit(1)).first()
    return None if row is None else to_checkpoint(row)


def checkpoint_at(session: Session, tree_size: int) -> Checkpoint | None:
    """The checkpoint of exactly this size, if one was made."""
    row = session.get(LedgerCheckpoint, tree_size)
    return None if row is None else to_checkpoint(row)


def pending_count(session: Session) -> int:
    """Committed events that have no leaf yet."""
    return session.scalar(select(func.count()).select_from(LedgerPending)) or 0

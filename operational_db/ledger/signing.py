"""Signing checkpoints: each one once, in the transaction that makes it, and never one that contradicts an earlier one.

The sequencer signs what it has just made; what was left unsigned is signed here afterwards, its root recomputed first.
"""

import logging
from datetime import datetime

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.orm import Session

from operational_db.errors import LedgerTamperedError
from operational_db.ledger.checkpoints import CheckpointText
from operational_db.ledger.keys import LogSigner
from operational_db.ledger.notes import NoteSignature, SignedNote
from operational_db.ledger.proofs import ProofReader
from operational_db.tables.ledger import LedgerCheckpoint, LedgerSignature

logger = logging.getLogger(__name__)

SIGNATURES_PER_WRITE = 500


def sign_checkpoint(
    connection: Connection, signer: LogSigner, *, tree_size: int, root_hash: bytes, now: datetime
) -> bytes:
    """Sign a checkpoint in the caller's transaction; returns the note, to be remembered once that is committed."""
    checkpoint = str(CheckpointText(signer.origin, tree_size, root_hash))
    signature = signer.sign(checkpoint)
    connection.execute(
        insert(LedgerSignature).values(
            tree_size=tree_size,
            key_name=signer.origin,
            key_id=signer.key_id,
            is_witness=False,
            signature=signature,
            created_at=now,
        )
    )
    return SignedNote(checkpoint, (NoteSignature(signer.origin, signer.key_id, signature),)).to_bytes()


def require_same_log(connection: Connection, signer: LogSigner) -> None:
    """Refuse to go on when the database is not the log this key signed before, such as after a restored backup.

    "A log MUST not sign any checkpoint which is inconsistent with any checkpoint it previously signed"
    (tlog-checkpoint, Signatures).

    Raises
    ------
    LedgerTamperedError
        When the last signed checkpoint is not among those of the database.
    """
    last = signer.last_signed()
    if last is None:
        return
    columns = LedgerCheckpoint.__table__.c
    root = connection.scalar(select(columns.root_hash).where(columns.tree_size == last.tree_size))
    if root != last.root_hash:
        raise LedgerTamperedError(
            f"This database does not hold the checkpoint at {last.tree_size} entries that '{signer.origin}' signed: it "
            "is an older state or another ledger. Put the newer state back; or, if it is lost, give the ledger a new "
            "name (SITESYNC_LEDGER_ORIGIN), because under the old one it would contradict itself.",
            details={"tree_size": last.tree_size},
        )


def sign_unsigned(connection: Connection, signer: LogSigner, *, now: datetime) -> int:
    """Sign the checkpoints that carry no signature of the log, and the newest one if this key has not signed it.

    Each in transactions of its own; returns how many were signed. Signing goes by size, so that all before the last one
    remembered are signed and need no look.

    Raises
    ------
    LedgerTamperedError
        When the tiles do not lead to a checkpoint's root; it is not signed then, nor any after it.
    """
    count = 0
    while True:
        last = signer.last_signed()
        with connection.begin():
            rows = connection.execute(
                text("""
                    select c.tree_size, c.root_hash from ledger_checkpoints as c
                    where c.tree_size >= :from_size and (
                        not exists (
                            select from ledger_signatures as s where s.tree_size = c.tree_size and not s.is_witness
                        ) or c.tree_size = (select max(tree_size) from ledger_checkpoints) and not exists (
                            select from ledger_signatures as s
                            where s.tree_size = c.tree_size and s.key_name = :name and s.key_id = :key_id
                        )
                    )
                    order by c.tree_size limit :limit
                """),
                {
                    "from_size": last.tree_size if last is not None else 0,
                    "name": signer.origin,
                    "key_id": signer.key_id,
                    "limit": SIGNATURES_PER_WRITE,
                },
            ).all()
            note = b""
            with Session(connection) as session:
                for row in rows:
                    _require_root(session, row.tree_size, row.root_hash)
                    note = sign_checkpoint(
                        connection, signer, tree_size=row.tree_size, root_hash=row.root_hash, now=now
                    )
        if not rows:
            return count
        signer.remember(note)
        count += len(rows)
        logger.info("ledger.signed_older", extra={"count": len(rows), "tree_size": rows[-1].tree_size})


def _require_root(session: Session, tree_size: int, root_hash: bytes) -> None:
    if ProofReader(session, tree_size).root() != root_hash:
        raise LedgerTamperedError(
            f"The tiles do not lead to the root of the checkpoint at {tree_size} entries. "
            "Run `sitesync ledger verify`.",
            details={"tree_size": tree_size},
        )

"""Checkpoints in their published form (C2SP tlog-checkpoint): the text that is signed, and the signed note as stored.

A signed checkpoint is put together from the checkpoint, the log's signature and the witnesses' cosignatures; nothing is
stored twice. Making checkpoints is the sequencer's business.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational_db.ledger.notes import (
    MalformedNoteError,
    NoteSignature,
    SignedNote,
    Verifier,
    decode_base64,
    parse_note,
)
from operational_db.tables.ledger import LedgerCheckpoint, LedgerSignature

MEDIA_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class CheckpointText:
    """The note text of a checkpoint: origin, tree size, root hash; extension lines are kept as they came."""

    origin: str
    tree_size: int
    root_hash: bytes
    extensions: tuple[str, ...] = ()

    def __str__(self) -> str:
        root = base64.b64encode(self.root_hash).decode()
        return "".join(f"{line}\n" for line in (self.origin, str(self.tree_size), root, *self.extensions))


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint with the log's signature; `note` is the whole C2SP checkpoint, cosignatures included."""

    origin: str
    tree_size: int
    root_hash: bytes
    note: bytes
    created_at: datetime
    cosigner_names: tuple[str, ...]


def parse_checkpoint(note: bytes, verifiers: Sequence[Verifier] | None = None) -> tuple[CheckpointText, SignedNote]:
    """Read a checkpoint and, when keys are given, require the signature of one of them.

    Raises
    ------
    MalformedNoteError
        When it is not a checkpoint.
    UnverifiedNoteError
        When none of the keys signed it, or the signature of one of them is wrong.
    """
    signed = parse_note(note)
    checkpoint = parse_checkpoint_text(signed.text)
    if verifiers is not None:
        signed.verified_by(verifiers)
    return checkpoint, signed


def parse_checkpoint_text(text: str) -> CheckpointText:
    """Read the text of a checkpoint: at least three non-empty lines.

    Raises
    ------
    MalformedNoteError
        When a line is missing or empty, the size has leading zeroes, or the root is not a SHA-256 hash.
    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise MalformedNoteError("A checkpoint has an origin, a size and a root, and no empty line.")
    origin, size, root, *extensions = lines
    if not (size.isascii() and size.isdigit()) or str(int(size)) != size or int(size) >= 2**63:
        raise MalformedNoteError(f"'{size}' is not a tree size: decimal, without leading zeroes.")
    root_hash = decode_base64(root)
    if len(root_hash) != 32:
        raise MalformedNoteError("The root of a checkpoint is a SHA-256 hash.")
    return CheckpointText(origin, int(size), root_hash, tuple(extensions))


def latest_signed_checkpoint(session: Session) -> SignedCheckpoint | None:
    """The newest checkpoint that carries the log's signature; none before the first seal."""
    size = session.scalar(select(func.max(LedgerSignature.tree_size)).where(LedgerSignature.is_witness.is_(False)))
    return None if size is None else signed_checkpoint_at(session, size)


def latest_cosigned_checkpoint(session: Session) -> SignedCheckpoint | None:
    """The newest checkpoint that a witness cosigned, which may be some seconds behind the newest signed one."""
    size = session.scalar(select(func.max(LedgerSignature.tree_size)).where(LedgerSignature.is_witness.is_(True)))
    return None if size is None else signed_checkpoint_at(session, size)


def signed_checkpoint_at(session: Session, tree_size: int) -> SignedCheckpoint | None:
    """The signed checkpoint of exactly this size, if there is one."""
    checkpoint = session.get(LedgerCheckpoint, tree_size)
    signatures = session.scalars(
        select(LedgerSignature)
        .where(LedgerSignature.tree_size == tree_size)
        .order_by(LedgerSignature.created_at, LedgerSignature.key_name, LedgerSignature.key_id)
    ).all()
    own = [row for row in signatures if not row.is_witness]
    if checkpoint is None or not own:
        return None
    # The log's key carries the origin as its name. A log that was given another origin signs its newest checkpoint
    # anew; what witnesses said of the former text does not belong under the new one.
    origin = own[-1].key_name
    is_renamed = own[0].key_name != origin
    renamed_at = min(row.created_at for row in own if row.key_name == origin)
    lines = [row for row in own if row.key_name == origin]
    lines += [row for row in signatures if row.is_witness and (not is_renamed or row.created_at >= renamed_at)]
    text = CheckpointText(origin, tree_size, checkpoint.root_hash)
    note = SignedNote(str(text), tuple(to_note_signature(row) for row in lines))
    cosigners = tuple(row.key_name for row in lines if row.is_witness)
    return SignedCheckpoint(origin, tree_size, checkpoint.root_hash, note.to_bytes(), checkpoint.created_at, cosigners)


def to_note_signature(row: LedgerSignature) -> NoteSignature:
    return NoteSignature(row.key_name, row.key_id, row.signature)

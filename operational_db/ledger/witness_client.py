"""The log's side of witnessing (C2SP tlog-witness): submits checkpoints and stores the cosignatures that come back.

What a witness last cosigned is what is stored of it; a witness that knows otherwise says so (409) and is believed, as
far as a consistency proof can be made from there. The witness itself is in `witness`.
"""

import base64
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

import httpx2
from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import InvalidInputError
from operational_db.ledger.checkpoints import SignedCheckpoint, latest_signed_checkpoint, parse_checkpoint
from operational_db.ledger.notes import (
    MalformedNoteError,
    NoteSignature,
    SignatureType,
    SignedNote,
    Verifier,
    parse_signature_line,
)
from operational_db.ledger.proofs import consistency_proof, parse_decimal
from operational_db.tables.ledger import LedgerSignature

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
# Our guess, then the witness's own size, which may change under us once more.
ATTEMPTS = 3
SIZE_MEDIA_TYPE = "text/x.tlog.size"


class Outcome(StrEnum):
    """What came of a submission."""

    COSIGNED = "cosigned"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    CONTRADICTED = "contradicted"
    BUSY = "busy"


@dataclass(frozen=True)
class WitnessEndpoint:
    """Where a witness is, and the key its cosignatures are checked with."""

    url: str
    verifier: Verifier


@dataclass(frozen=True)
class Submission:
    """The outcome for one witness, with its reason in words."""

    witness_name: str
    tree_size: int
    outcome: Outcome
    message: str


def parse_witnesses(configured: str) -> tuple[WitnessEndpoint, ...]:
    """Read `<address>#<verifier key>` items separated by spaces.

    Raises
    ------
    InvalidInputError
        When one is not of that form, or its key is not one of cosignatures.
    """
    witnesses = []
    for item in configured.split():
        url, separator, vkey = item.partition("#")
        try:
            verifier = Verifier.from_vkey(vkey)
        except MalformedNoteError as error:
            raise InvalidInputError(f"The witness '{item}' needs the form <address>#<verifier key>.") from error
        if not separator or not url.startswith(("http://", "https://")):
            raise InvalidInputError(f"The witness '{item}' needs an http(s) address before its key.")
        if verifier.type is not SignatureType.COSIGNATURE:
            raise InvalidInputError(f"The key of '{verifier.name}' signs notes; a witness's key cosigns (type 04).")
        witnesses.append(WitnessEndpoint(url.rstrip("/"), verifier))
    return tuple(witnesses)


def submit_newest(
    engine: Engine, witness: WitnessEndpoint, client: httpx2.Client, *, now: datetime
) -> Submission | None:
    """Have the newest signed checkpoint cosigned; None when there is none or this witness has cosigned it already.

    However long a witness was away, one submission brings it up to date: the consistency proof goes from whatever it
    cosigned last.
    """
    with read_only_session(engine) as session:
        checkpoint = latest_signed_checkpoint(session)
        cosigned = _cosigned_size(session, witness.verifier)
    if checkpoint is None or cosigned >= checkpoint.tree_size:
        return None
    outcome, message = _submit(engine, witness, client, checkpoint, cosigned, now)
    details = {"witness": witness.verifier.name, "tree_size": checkpoint.tree_size, "reason": message}
    if outcome is Outcome.CONTRADICTED:
        logger.error("ledger.witness_contradicts", extra=details)
    elif outcome is not Outcome.COSIGNED:
        logger.warning("ledger.not_cosigned", extra=details | {"outcome": str(outcome)})
    return Submission(witness.verifier.name, checkpoint.tree_size, outcome, message)


def request_body(old_size: int, hashes: Sequence[bytes], note: bytes) -> bytes:
    """The body of add-checkpoint: old size line, consistency proof lines, an empty line, the checkpoint."""
    lines = [f"old {old_size}", *(base64.b64encode(item).decode() for item in hashes), ""]
    return "".join(f"{line}\n" for line in lines).encode() + note


def cosignatures_in(body: bytes, text: str, verifier: Verifier) -> tuple[NoteSignature, ...]:
    """The cosignatures of a witness's answer that are of the known key and verify.

    "The client MUST ignore any cosignatures from unknown keys" (tlog-witness, add-checkpoint).

    Raises
    ------
    MalformedNoteError
        When the answer is not made of signature lines.
    """
    try:
        lines = body.decode().splitlines()
    except UnicodeDecodeError as error:
        raise MalformedNoteError("The witness's answer is not text.") from error
    signatures = (parse_signature_line(line) for line in lines)
    return tuple(item for item in signatures if verifier.is_named_by(item) and verifier.is_signed(text, item.signature))


def store_cosignature(session: Session, tree_size: int, signature: NoteSignature, *, now: datetime) -> None:
    """Keep a verified cosignature; the first one of a key at a size stays."""
    session.execute(
        insert(LedgerSignature)
        .values(
            tree_size=tree_size,
            key_name=signature.name,
            key_id=signature.key_id,
            is_witness=True,
            signature=signature.signature,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )


def _submit(
    engine: Engine,
    witness: WitnessEndpoint,
    client: httpx2.Client,
    checkpoint: SignedCheckpoint,
    old_size: int,
    now: datetime,
) -> tuple[Outcome, str]:
    own_note = _without_cosignatures(checkpoint)
    for _ in range(ATTEMPTS):
        with read_only_session(engine) as session:
            hashes = consistency_proof(session, old_size, checkpoint.tree_size)
        try:
            answer = client.post(
                f"{witness.url}/add-checkpoint",
                content=request_body(old_size, hashes, own_note.to_bytes()),
                timeout=TIMEOUT_SECONDS,
            )
            if not _is_size(answer):
                return _judge(engine, witness, answer, checkpoint.tree_size, own_note.text, now)
            old_size = parse_decimal(answer.text.removesuffix("\n"))
        except httpx2.HTTPError as error:
            return Outcome.UNREACHABLE, type(error).__name__
        except MalformedNoteError as error:
            return Outcome.REFUSED, error.message
        if old_size > checkpoint.tree_size:
            return _judge_size_ahead(engine, old_size)
    return Outcome.BUSY, "The witness's state changed with every attempt."


def _is_size(answer: httpx2.Response) -> bool:
    """Whether the witness says that it has cosigned another size than we thought."""
    is_conflict = answer.status_code == HTTPStatus.CONFLICT
    return is_conflict and answer.headers.get("Content-Type", "").startswith(SIZE_MEDIA_TYPE)


def _judge(
    engine: Engine, witness: WitnessEndpoint, answer: httpx2.Response, tree_size: int, text: str, now: datetime
) -> tuple[Outcome, str]:
    if answer.status_code == HTTPStatus.CONFLICT:
        return Outcome.CONTRADICTED, "The witness has cosigned another root of this size."
    if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        return Outcome.CONTRADICTED, "The witness says that this checkpoint does not continue the last one."
    if answer.status_code != HTTPStatus.OK:
        return Outcome.REFUSED, f"The witness answered {answer.status_code}: {answer.text[:200]}"
    signatures = cosignatures_in(answer.content, text, witness.verifier)
    if not signatures:
        return Outcome.REFUSED, "The answer holds no cosignature of the witness's configured key."
    with unit_of_work(engine) as session:
        store_cosignature(session, tree_size, signatures[0], now=now)
    return Outcome.COSIGNED, "Cosigned."


def _without_cosignatures(checkpoint: SignedCheckpoint) -> SignedNote:
    """What the log itself says; other witnesses' lines are nothing to this one."""
    _, note = parse_checkpoint(checkpoint.note)
    return SignedNote(note.text, tuple(item for item in note.signatures if item.name == checkpoint.origin))


def _cosigned_size(session: Session, verifier: Verifier) -> int:
    size = session.scalar(
        select(func.max(LedgerSignature.tree_size)).where(
            LedgerSignature.key_name == verifier.name,
            LedgerSignature.key_id == verifier.key_id,
            LedgerSignature.is_witness,
        )
    )
    return size or 0


def _judge_size_ahead(engine: Engine, witnessed_size: int) -> tuple[Outcome, str]:
    """A witness that is ahead was told by another process of ours meanwhile, or it remembers what we have lost."""
    with read_only_session(engine) as session:
        newest = latest_signed_checkpoint(session)
    if newest is not None and newest.tree_size >= witnessed_size:
        return Outcome.BUSY, "A newer checkpoint was submitted meanwhile."
    return Outcome.CONTRADICTED, (
        f"The witness has cosigned {witnessed_size} entries; this ledger has no signed checkpoint of so many: it was "
        "put back to an older state."
    )

"""A witness (C2SP tlog-witness): remembers the last checkpoint of each log it watches and cosigns what continues it.

It knows nothing of this installation's database or key: it is meant to run elsewhere, in other hands. All its state is
one folder. The HTTP server around it is in the application.
"""

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from operational_db.errors import ConflictError, InvalidInputError
from operational_db.key_files import load_or_create_key
from operational_db.ledger.checkpoints import MEDIA_TYPE, CheckpointText, parse_checkpoint
from operational_db.ledger.merkle import EMPTY_ROOT
from operational_db.ledger.notes import (
    MalformedNoteError,
    NoteSigner,
    SignatureType,
    SignedNote,
    UnverifiedNoteError,
    Verifier,
)
from operational_db.ledger.proofs import MAXIMUM_PROOF_HASHES, is_consistent, parse_decimal, parse_hashes
from operational_db.ledger.witness_client import SIZE_MEDIA_TYPE

# Sixty-three proof lines and sixteen signatures of any kind there is fit well.
MAXIMUM_BODY_BYTES = 128 * 1024


@dataclass(frozen=True)
class WitnessReply:
    """The answer to add-checkpoint: status, body and its media type."""

    status: HTTPStatus
    body: str
    media_type: str = MEDIA_TYPE


@dataclass(frozen=True)
class WitnessRequest:
    """The body of add-checkpoint, taken apart."""

    old_size: int
    hashes: tuple[bytes, ...]
    checkpoint: CheckpointText
    note: SignedNote


class Witness:
    """One witness with its key and the state of its logs.

    Parameters
    ----------
    folder
        Where key and state lie; one witness at a time may use it.
    name
        Name of its key, best an address without the scheme.
    logs
        Keys of the logs it watches; a log's origin is the name of its keys, of which there may be several.

    Raises
    ------
    ConflictError
        When another witness uses the folder.
    InvalidInputError
        When a log's key is one of cosignatures.
    """

    def __init__(self, folder: Path, name: str, logs: Sequence[Verifier]) -> None:
        if any(key.type is not SignatureType.ED25519 for key in logs):
            raise InvalidInputError("A log is known by the key it signs with, not by one of cosignatures.")
        self._logs = tuple(logs)
        self._folder = folder
        self._turns = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = (folder / ".lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise ConflictError(f"Another witness uses {folder}; two of them could cosign both sides of a fork.") from (
                error
            )
        self._signer = NoteSigner(name, load_or_create_key(folder / "witness.key"))

    @property
    def vkey(self) -> str:
        """What those who trust this witness configure."""
        return self._signer.cosigning_verifier.vkey

    def close(self) -> None:
        """Give the folder back."""
        self._lock.close()

    def latest(self, origin: str) -> CheckpointText:
        """The last checkpoint cosigned for a log; the empty tree before the first."""
        try:
            stored = json.loads(self._path(origin).read_bytes())
        except FileNotFoundError:
            return CheckpointText(origin, 0, EMPTY_ROOT)
        return CheckpointText(stored["origin"], stored["tree_size"], bytes.fromhex(stored["root_hash"]))

    def add_checkpoint(self, body: bytes, *, now: datetime) -> WitnessReply:
        """Answer a submission, as tlog-witness has it: cosign what continues the last checkpoint, refuse the rest.

        Parameters
        ----------
        now
            The instant the cosignature carries, in whole seconds.
        """
        try:
            request = parse_request(body)
        except MalformedNoteError as error:
            return WitnessReply(HTTPStatus.BAD_REQUEST, f"{error.message}\n")
        origin = request.checkpoint.origin
        keys = [key for key in self._logs if key.name == origin]
        if not keys:
            return WitnessReply(HTTPStatus.NOT_FOUND, "This witness does not watch a log of that origin.\n")
        try:
            request.note.verified_by(keys)
        except UnverifiedNoteError as error:
            return WitnessReply(HTTPStatus.FORBIDDEN, f"{error.message}\n")
        # "Checking the old size against the latest checkpoint and persisting the new checkpoint must be performed
        # atomically": in this process by the lock, between processes because only one may use the folder.
        with self._turns:
            refusal = self._refusal(request)
            if refusal is not None:
                return refusal
            self._store(request)
        cosignature = self._signer.cosign(request.note.text, int(now.timestamp()))
        return WitnessReply(HTTPStatus.OK, cosignature.line)

    def _refusal(self, request: WitnessRequest) -> WitnessReply | None:
        new, latest = request.checkpoint, self.latest(request.checkpoint.origin)
        if request.old_size > new.tree_size:
            return WitnessReply(HTTPStatus.BAD_REQUEST, "The old size is larger than the checkpoint's.\n")
        if request.old_size != latest.tree_size:
            return WitnessReply(HTTPStatus.CONFLICT, f"{latest.tree_size}\n", SIZE_MEDIA_TYPE)
        if new.tree_size == latest.tree_size and new.root_hash != latest.root_hash:
            return WitnessReply(HTTPStatus.CONFLICT, "Another root of this size has been cosigned.\n")
        if not is_consistent(latest.tree_size, latest.root_hash, new.tree_size, new.root_hash, request.hashes):
            return WitnessReply(
                HTTPStatus.UNPROCESSABLE_ENTITY, "The consistency proof does not lead from the last checkpoint here.\n"
            )
        return None

    def _store(self, request: WitnessRequest) -> None:
        """On disk before the answer leaves: "the witness MUST persist the new checkpoint before responding"."""
        checkpoint = request.checkpoint
        content = {
            "origin": checkpoint.origin,
            "tree_size": checkpoint.tree_size,
            "root_hash": checkpoint.root_hash.hex(),
            "note": request.note.to_bytes().decode(),
        }
        path = self._path(checkpoint.origin)
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("w") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        with _opened_folder(self._folder) as descriptor:
            os.fsync(descriptor)

    def _path(self, origin: str) -> Path:
        return self._folder / f"{sha256(origin.encode()).hexdigest()[:32]}.json"


def parse_request(body: bytes) -> WitnessRequest:
    """Read the body of add-checkpoint.

    Raises
    ------
    MalformedNoteError
        When it is not of the form tlog-witness gives it.
    """
    if len(body) > MAXIMUM_BODY_BYTES:
        raise MalformedNoteError("The request is longer than any submission has to be.")
    head, separator, note = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedNoteError("The lines before the checkpoint are ASCII.") from error
    if not separator or not lines[0].startswith("old "):
        raise MalformedNoteError(
            "A submission begins with 'old <size>', then the proof, an empty line, the checkpoint."
        )
    old_size = parse_decimal(lines[0].removeprefix("old "))
    if len(lines) - 1 > MAXIMUM_PROOF_HASHES:
        raise MalformedNoteError(f"A consistency proof has at most {MAXIMUM_PROOF_HASHES} lines.")
    hashes = parse_hashes(lines[1:])
    checkpoint, signed = parse_checkpoint(note)
    return WitnessRequest(old_size, hashes, checkpoint, signed)


@contextmanager
def _opened_folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)

"""The log's signing key: created on first start with owner-only rights, rotated, and the public halves there ever were.

Under `keys/` of the installation's home lie `ledger.key` (the private half, PEM), `ledger.vkeys` (every public half,
newest last) and `ledger.checkpoint` (the last checkpoint signed here, outside the database on purpose: a database put
back to an older state is noticed before anything contradictory is signed).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from operational_db.key_files import (
    load_or_create_key,
    locked,
    modified_at,
    read_key,
    sync_folder,
    to_pem,
    write_file,
    write_unfinished,
)
from operational_db.ledger.canonical import instant_text
from operational_db.ledger.checkpoints import CheckpointText, parse_checkpoint
from operational_db.ledger.notes import NoteSigner, Verifier, require_key_name
from operational_db.settings import Settings

KEY_FILE = "ledger.key"
LIST_FILE = "ledger.vkeys"
LAST_FILE = "ledger.checkpoint"


@dataclass(frozen=True)
class KeyRecord:
    """A public half and since when it signs; all but the newest are kept to verify what they signed."""

    verifier: Verifier
    since: datetime
    is_current: bool


@dataclass(frozen=True)
class LogSigner:
    """The log's identity while it signs: its origin, its key, and what it signed last."""

    signer: NoteSigner
    folder: Path

    @property
    def origin(self) -> str:
        return self.signer.name

    @property
    def verifier(self) -> Verifier:
        return self.signer.verifier

    @property
    def vkey(self) -> str:
        return self.verifier.vkey

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    def sign(self, text: str) -> bytes:
        """The Ed25519 signature (64 bytes) over a note's text."""
        return self.signer.sign(text).signature

    def last_signed(self) -> CheckpointText | None:
        """The last checkpoint that was signed under this origin and committed, as remembered outside the database."""
        checkpoint = read_last_checkpoint(self.folder)
        return checkpoint if checkpoint is not None and checkpoint.origin == self.origin else None

    def remember(self, note: bytes) -> None:
        """Keep a signed checkpoint that was committed; one that is older than the kept one changes nothing."""
        with locked(self.folder):
            last = self.last_signed()
            if last is None or last.tree_size < parse_checkpoint(note)[0].tree_size:
                write_file(self.folder / LAST_FILE, note, is_durable=False)


def load_or_create_signer(settings: Settings) -> LogSigner:
    """The log's signer; the first call of an installation creates its key.

    Raises
    ------
    KeyUnusableError
        When the key file may be read by others than its owner, or holds no Ed25519 key.
    MalformedNoteError
        When the configured origin cannot be the name of a key.
    """
    folder = settings.keys_path
    require_key_name(settings.ledger_origin)
    signer = LogSigner(NoteSigner(settings.ledger_origin, load_or_create_key(folder / KEY_FILE)), folder)
    _list_key(folder, signer.vkey, since=modified_at(folder / KEY_FILE))
    return signer


def rotate_key(settings: Settings, *, now: datetime) -> tuple[LogSigner, LogSigner]:
    """Replace the log's key by a new one; the old private half is destroyed, its public half stays listed.

    Returns
    -------
    The signer before and the signer after. Whoever trusts the log must be given the new vkey.
    """
    before = load_or_create_signer(settings)
    key = Ed25519PrivateKey.generate()
    after = LogSigner(NoteSigner(settings.ledger_origin, key), before.folder)
    # Listed first: a run that is killed in between leaves a public half that signed nothing, never the reverse.
    _list_key(before.folder, after.vkey, since=now)
    path = before.folder / KEY_FILE
    write_unfinished(path, to_pem(key)).replace(path)
    sync_folder(before.folder)
    return before, after


def list_keys(settings: Settings) -> list[KeyRecord]:
    """Every public half the log ever signed with, oldest first; empty before the first start."""
    current = read_key(settings.keys_path / KEY_FILE) if (settings.keys_path / KEY_FILE).exists() else None
    public_key = current.public_key().public_bytes_raw() if current is not None else None
    records = []
    for vkey, since in _read_list(settings.keys_path):
        verifier = Verifier.from_vkey(vkey)
        is_current = verifier.public_key == public_key and verifier.name == settings.ledger_origin
        records.append(KeyRecord(verifier, datetime.fromisoformat(since), is_current))
    return records


def log_verifiers(settings: Settings) -> tuple[Verifier, ...]:
    """The keys whose signatures on this log's checkpoints count."""
    return tuple(record.verifier for record in list_keys(settings))


def read_last_checkpoint(folder: Path) -> CheckpointText | None:
    """The checkpoint remembered in a keys folder, whatever its origin; none when there is no such file."""
    try:
        note = (folder / LAST_FILE).read_bytes()
    except FileNotFoundError:
        return None
    return parse_checkpoint(note)[0]


def _read_list(folder: Path) -> Sequence[tuple[str, str]]:
    try:
        lines = (folder / LIST_FILE).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(vkey, since) for vkey, _, since in (line.partition(" ") for line in lines)]


def _list_key(folder: Path, vkey: str, *, since: datetime) -> None:
    with locked(folder):
        listed = _read_list(folder)
        if any(known == vkey for known, _ in listed):
            return
        lines = [f"{known} {instant}\n" for known, instant in (*listed, (vkey, instant_text(since)))]
        write_file(folder / LIST_FILE, "".join(lines).encode(), is_durable=True)

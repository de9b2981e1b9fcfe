"""The log's signing key: created on first start with owner-only rights, rotated, and the public halves there ever were.

Under `keys/` of the installation's home lie `ledger.key` (the private half, PEM), `ledger.vkeys` (every public half,
newest last) and `ledger.checkpoint` (the last checkpoint signed here, outside the database on purpose: a database put
back to an older state is noticed before anything contradictory is signed).
"""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from operational_db.errors import DomainError
from operational_db.ledger.canonical import instant_text
from operational_db.ledger.checkpoints import CheckpointText, parse_checkpoint
from operational_db.ledger.notes import NoteSigner, Verifier, require_key_name
from operational_db.settings import Settings

KEY_FILE = "ledger.key"
LIST_FILE = "ledger.vkeys"
LAST_FILE = "ledger.checkpoint"
OWNER_ONLY = 0o600
OWNER_ONLY_FOLDER = 0o700
SHARED_BITS = stat.S_IRWXG | stat.S_IRWXO


class KeyUnusableError(DomainError):
    """A key file is not what it must be: readable by others, or no Ed25519 key."""

    status = 500
    code = "key_unusable"


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
        with _locked(self.folder):
            last = self.last_signed()
            if last is None or last.tree_size < parse_checkpoint(note)[0].tree_size:
                _write(self.folder / LAST_FILE, note, is_durable=False)


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
    _list_key(folder, signer.vkey, since=_modified_at(folder / KEY_FILE))
    return signer


def load_or_create_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key, or create it with owner-only rights; of two who create at once both get the first one's.

    Raises
    ------
    KeyUnusableError
        As `load_or_create_signer`.
    """
    if not path.exists():
        _make_folder(path.parent)
        unfinished = _write_unfinished(path, _to_pem(Ed25519PrivateKey.generate()))
        try:
            # Unlike a rename, a link never replaces the key another process has just created.
            os.link(unfinished, path)
            _sync_folder(path.parent)
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return _read_key(path)


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
    _write_unfinished(path, _to_pem(key)).replace(path)
    _sync_folder(before.folder)
    return before, after


def list_keys(settings: Settings) -> list[KeyRecord]:
    """Every public half the log ever signed with, oldest first; empty before the first start."""
    current = _read_key(settings.keys_path / KEY_FILE) if (settings.keys_path / KEY_FILE).exists() else None
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


def _read_key(path: Path) -> Ed25519PrivateKey:
    if path.stat().st_mode & SHARED_BITS:
        raise KeyUnusableError(
            f"{path} may be used by others than its owner. Run `chmod 600` on it, and rotate the key if others may "
            "have read it."
        )
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise KeyUnusableError(f"{path} holds no private key. Put the right file back.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusableError(f"{path} holds a key of another kind than Ed25519.")
    return key


def _to_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _read_list(folder: Path) -> Sequence[tuple[str, str]]:
    try:
        lines = (folder / LIST_FILE).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(vkey, since) for vkey, _, since in (line.partition(" ") for line in lines)]


def _list_key(folder: Path, vkey: str, *, since: datetime) -> None:
    with _locked(folder):
        listed = _read_list(folder)
        if any(known == vkey for known, _ in listed):
            return
        lines = [f"{known} {instant}\n" for known, instant in (*listed, (vkey, instant_text(since)))]
        _write(folder / LIST_FILE, "".join(lines).encode(), is_durable=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Changes of the folder's files take turns, between processes too."""
    _make_folder(folder)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY_FOLDER)


def _write(path: Path, content: bytes, *, is_durable: bool) -> None:
    _write_unfinished(path, content, is_durable=is_durable).replace(path)
    if is_durable:
        _sync_folder(path.parent)


def _write_unfinished(path: Path, content: bytes, *, is_durable: bool = True) -> Path:
    """A temporary file beside `path`, readable by its owner only from the first byte on."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, OWNER_ONLY)
        file.write(content)
        file.flush()
        if is_durable:
            os.fsync(descriptor)
    return Path(name)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

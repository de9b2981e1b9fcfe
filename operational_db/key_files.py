"""Private keys as files: created once with owner-only rights, replaced without a gap, changed by one writer at a time.

What a key signs is the business of `ledger.keys` and `badges.keys`.
"""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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

OWNER_ONLY = 0o600
OWNER_ONLY_FOLDER = 0o700
SHARED_BITS = stat.S_IRWXG | stat.S_IRWXO


class KeyUnusableError(DomainError):
    """A key file is not what it must be: readable by others, or no Ed25519 key."""

    status = 500
    code = "key_unusable"


def load_or_create_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key, or create it with owner-only rights; of two who create at once both get the first one's.

    Raises
    ------
    KeyUnusableError
        When the file may be read by others than its owner, or holds no Ed25519 key.
    """
    if not path.exists():
        make_folder(path.parent)
        unfinished = write_unfinished(path, to_pem(Ed25519PrivateKey.generate()))
        try:
            # Unlike a rename, a link never replaces the key another process has just created.
            os.link(unfinished, path)
            sync_folder(path.parent)
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return read_key(path)


def read_key(path: Path) -> Ed25519PrivateKey:
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


def to_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Changes of the folder's files take turns, between processes too."""
    make_folder(folder)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY_FOLDER)


def write_file(path: Path, content: bytes, *, is_durable: bool) -> None:
    write_unfinished(path, content, is_durable=is_durable).replace(path)
    if is_durable:
        sync_folder(path.parent)


def write_unfinished(path: Path, content: bytes, *, is_durable: bool = True) -> Path:
    """A temporary file beside `path`, readable by its owner only from the first byte on."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, OWNER_ONLY)
        file.write(content)
        file.flush()
        if is_durable:
            os.fsync(descriptor)
    return Path(name)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

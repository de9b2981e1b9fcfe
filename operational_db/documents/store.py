"""The place of files behind one interface: by default a folder of the installation, else what an fsspec address names.

A file lies under its SHA-256 and is there whole or not at all. Which rows stand for files is in `repository`, who may
read them a matter of the services.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import UnsupportedOperation
from os import fsync
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from operational_db.documents.rules import MEGABYTE
from operational_db.errors import DomainError, NotFoundError
from operational_db.settings import Settings

BLOCK = MEGABYTE


class FilesUnavailableError(DomainError):
    """The installation names a place for files that it cannot use."""

    status = 503
    code = "files_unavailable"


@dataclass(frozen=True)
class FileStore:
    """Files of one installation; the two sizes are those from which a content file and a document are refused.

    `folder` is a path, or an address such as `s3://bucket/prefix` whose keys fsspec finds in its own configuration.
    """

    folder: Path | str
    largest_bytes: int
    largest_document_bytes: int = 10 * MEGABYTE

    def put(self, sha256: bytes, stream: BinaryIO) -> None:
        """Keep the bytes of a stream under their hash; bytes that are there already are not written again."""
        files, place = self._files(), self._place(sha256)
        if files.exists(place):
            return
        parent = place.rpartition("/")[0]
        files.makedirs(parent, exist_ok=True)
        aside = f"{parent}/.incoming-{uuid4().hex}"
        try:
            with files.open(aside, "wb") as target:
                while block := stream.read(BLOCK):
                    target.write(block)
                target.flush()
                # Only a file of the operating system can be forced to disk.
                with suppress(AttributeError, UnsupportedOperation):
                    fsync(target.fileno())
            files.mv(aside, place)
        finally:
            if files.exists(aside):
                files.rm_file(aside)

    @contextmanager
    def open(self, sha256: bytes) -> Iterator[BinaryIO]:
        """The file of this hash for reading.

        Raises
        ------
        NotFoundError
            When it is missing.
        """
        files, place = self._files(), self._place(sha256)
        if not files.exists(place):
            raise _lost()
        with files.open(place, "rb") as stream:
            yield stream

    def read(self, sha256: bytes) -> bytes:
        """The whole file of this hash.

        Raises
        ------
        NotFoundError
            When it is missing.
        """
        with self.open(sha256) as stream:
            return stream.read()

    def blocks(self, sha256: bytes) -> Iterator[bytes]:
        """The file of this hash piece by piece."""
        with self.open(sha256) as stream:
            while block := stream.read(BLOCK):
                yield block

    def remove(self, sha256: bytes) -> None:
        """Delete the bytes; a file that is not there is no error."""
        files, place = self._files(), self._place(sha256)
        if files.exists(place):
            files.rm_file(place)

    def has(self, sha256: bytes) -> bool:
        return bool(self._files().exists(self._place(sha256)))

    def local_path(self, sha256: bytes) -> Path | None:
        """Where the file lies when the store is a folder of this machine, so that a server can send parts of it.

        Raises
        ------
        NotFoundError
            When the store is a folder and lacks the file.
        """
        files, place = self._files(), self._place(sha256)
        if not isinstance(files, LocalFileSystem):
            return None
        if not files.exists(place):
            raise _lost()
        return Path(place)

    def _files(self) -> fsspec.AbstractFileSystem:
        return self._opened()[0]

    def _place(self, sha256: bytes) -> str:
        text = sha256.hex()
        return f"{self._opened()[1].rstrip('/')}/{text[:2]}/{text}"

    def _opened(self) -> tuple[fsspec.AbstractFileSystem, str]:
        """The file system, of which fsspec keeps one, and the folder's name in it."""
        try:
            files, root = fsspec.core.url_to_fs(str(self.folder))
        except (ImportError, ValueError) as error:
            raise FilesUnavailableError(
                f"The files folder cannot be used: {error}. Mend SITESYNC_FILES_URL or install what it needs."
            ) from error
        return files, root


@contextmanager
def spooled(stream: Iterator[bytes]) -> Iterator[tuple[BinaryIO, bytes, int]]:
    """The pieces of a stream in a temporary file at its beginning, with their SHA-256 and size in bytes."""
    digest = hashlib.sha256()
    with tempfile.SpooledTemporaryFile(max_size=4 * BLOCK) as spool:
        for block in stream:
            digest.update(block)
            spool.write(block)
        size = spool.tell()
        spool.seek(0)
        yield spool, digest.digest(), size  # type: ignore[misc]  # it reads as a BinaryIO does


def file_store_of(settings: Settings) -> FileStore:
    """The installation's store: `SITESYNC_FILES_URL`, or the folder `files` under its home."""
    return FileStore(
        settings.files_url or settings.files_path,
        settings.max_upload_mb * MEGABYTE,
        settings.document_limit_mb * MEGABYTE,
    )


def _lost() -> NotFoundError:
    return NotFoundError("The stored file is missing from the files folder. Restore it or upload it again.")

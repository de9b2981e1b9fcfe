"""Uploaded files, kept once by content hash under the installation's files folder.

Which media types are accepted, and for which kind of content, is `MEDIA_TYPES`; README and API list the same. Who may
upload or read is a matter of `service`.
"""

import codecs
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.types import ContentType

BLOCK = 1024 * 1024
LONGEST_FILE_NAME = 200


class FileTooLargeError(InvalidInputError):
    status = 413
    code = "file_too_large"


class MediaTypeRefusedError(InvalidInputError):
    status = 415
    code = "media_type_refused"


def _starts_with(*prefixes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(prefixes)


def _is_text(head: bytes) -> bool:
    try:
        # Incremental, because the first block may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\x00" not in head


@dataclass(frozen=True)
class MediaType:
    """A media type we accept, the content it may be, and how its first bytes look."""

    name: str
    content_types: frozenset[ContentType]
    looks_right: Callable[[bytes], bool]


_DOCUMENT = frozenset({ContentType.DOCUMENT})
_TEXT = frozenset({ContentType.DOCUMENT, ContentType.TEXT})
_VIDEO = frozenset({ContentType.VIDEO})
_OFFICE = "application/vnd.openxmlformats-officedocument."
_is_zip = _starts_with(b"PK\x03\x04", b"PK\x05\x06")

MEDIA_TYPES: dict[str, MediaType] = {
    media_type.name: media_type
    for media_type in (
        MediaType("application/pdf", _DOCUMENT, _starts_with(b"%PDF-")),
        MediaType(f"{_OFFICE}wordprocessingml.document", _DOCUMENT, _is_zip),
        MediaType(f"{_OFFICE}presentationml.presentation", _DOCUMENT, _is_zip),
        MediaType(f"{_OFFICE}spreadsheetml.sheet", _DOCUMENT, _is_zip),
        MediaType("image/png", _DOCUMENT, _starts_with(b"\x89PNG\r\n\x1a\n")),
        MediaType("image/jpeg", _DOCUMENT, _starts_with(b"\xff\xd8\xff")),
        MediaType("text/plain", _TEXT, _is_text),
        MediaType("text/markdown", _TEXT, _is_text),
        MediaType("text/csv", _DOCUMENT, _is_text),
        MediaType("video/mp4", _VIDEO, lambda head: head[4:8] == b"ftyp"),
        MediaType("video/webm", _VIDEO, _starts_with(b"\x1a\x45\xdf\xa3")),
        MediaType("application/zip", frozenset({ContentType.INTERACTIVE}), _is_zip),
    )
}


@dataclass(frozen=True)
class Upload:
    """A file on its way in: an open binary stream with the name and media type its sender claims."""

    stream: BinaryIO
    file_name: str
    media_type: str


@dataclass(frozen=True)
class KeptFile:
    """A file that is on disk under its hash."""

    sha256: bytes
    size_bytes: int
    media_type: str
    file_name: str


@dataclass(frozen=True)
class FileStore:
    """The folder of files; `largest_bytes` is the size from which an upload is refused."""

    folder: Path
    largest_bytes: int

    def keep(self, upload: Upload, content_type: ContentType) -> KeptFile:
        """Store an upload under its hash; the same bytes are stored once.

        The file is complete under its name or not there at all: it is written aside, synced and renamed.

        Raises
        ------
        MediaTypeRefusedError
            When the type is not accepted for this kind of content, or the bytes do not look like it.
        FileTooLargeError
            When it is larger than the installation accepts; nothing is kept then.
        InvalidInputError
            When it is empty.
        """
        media_type = _require_media_type(upload.media_type, content_type)
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".incoming-")
        aside = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target:
                digest, size = self._copy(upload, media_type, target)
                target.flush()
                os.fsync(target.fileno())
            place = self.path_of(digest)
            place.parent.mkdir(exist_ok=True)
            aside.replace(place)
        finally:
            aside.unlink(missing_ok=True)
        return KeptFile(digest, size, media_type.name, to_safe_name(upload.file_name))

    def path_of(self, sha256: bytes) -> Path:
        """Where the file of this hash lies, whether it exists or not."""
        text = sha256.hex()
        return self.folder / text[:2] / text

    def open_path(self, sha256: bytes) -> Path:
        """The existing file of this hash.

        Raises
        ------
        NotFoundError
            When the folder lacks it.
        """
        path = self.path_of(sha256)
        if not path.is_file():
            raise NotFoundError("The stored file is missing from the files folder. Restore it or upload it again.")
        return path

    def _copy(self, upload: Upload, media_type: MediaType, target: BinaryIO) -> tuple[bytes, int]:
        digest = hashlib.sha256()
        size = 0
        while block := upload.stream.read(BLOCK):
            if size == 0 and not media_type.looks_right(block):
                raise MediaTypeRefusedError(f"The file is no {media_type.name}. Save it in that format and try again.")
            size += len(block)
            if size > self.largest_bytes:
                limit = self.largest_bytes // (1024 * 1024)
                raise FileTooLargeError(f"The file is larger than {limit} MB. Make it smaller or link to it instead.")
            digest.update(block)
            target.write(block)
        if size == 0:
            raise InvalidInputError("The file is empty. Choose another one.")
        return digest.digest(), size


def to_safe_name(file_name: str) -> str:
    """The last part of a file name without control characters, for the person who downloads it."""
    last = PurePath(file_name.replace("\\", "/")).name
    printable = "".join(character for character in last if character.isprintable()).strip()
    return printable[-LONGEST_FILE_NAME:] or "file"


def _require_media_type(name: str, content_type: ContentType) -> MediaType:
    bare = name.partition(";")[0].strip().lower()
    media_type = MEDIA_TYPES.get(bare)
    if media_type is None or content_type not in media_type.content_types:
        accepted = sorted(m.name for m in MEDIA_TYPES.values() if content_type in m.content_types)
        raise MediaTypeRefusedError(
            f"Files of the type '{bare}' are not accepted as {content_type}. Accepted: {', '.join(accepted)}.",
            details={"accepted": accepted},
        )
    return media_type

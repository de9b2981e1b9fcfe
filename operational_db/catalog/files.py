"""Content files that organizations upload: what is accepted for which kind of content, and how it gets into the store.

Which media types are accepted, and for which kind of content, is `MEDIA_TYPES`; README and API list the same. Who may
upload or read is a matter of `service`, where the bytes lie of `documents.store`.
"""

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from operational_db.documents.rules import MEGABYTE, FileTooLargeError, MediaTypeRefusedError, to_safe_name
from operational_db.documents.store import BLOCK, FileStore, spooled
from operational_db.errors import InvalidInputError
from operational_db.types import ContentType


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
class CheckedFile:
    """An upload that was read to its end and may be kept; `stream` stands at the beginning."""

    stream: BinaryIO
    sha256: bytes
    size_bytes: int
    media_type: str
    file_name: str


@contextmanager
def checked(store: FileStore, upload: Upload, content_type: ContentType) -> Iterator[CheckedFile]:
    """The upload, aside from the store, when it is of an accepted type and size.

    Raises
    ------
    MediaTypeRefusedError
        When the type is not accepted for this kind of content, or the bytes do not look like it.
    FileTooLargeError
        When it is larger than the installation accepts.
    InvalidInputError
        When it is empty.
    """
    media_type = _require_media_type(upload.media_type, content_type)
    with spooled(_blocks(upload.stream, media_type, store.largest_bytes)) as (stream, sha256, size):
        yield CheckedFile(stream, sha256, size, media_type.name, to_safe_name(upload.file_name))


def _blocks(stream: BinaryIO, media_type: MediaType, largest_bytes: int) -> Iterator[bytes]:
    size = 0
    while block := stream.read(BLOCK):
        if size == 0 and not media_type.looks_right(block):
            raise MediaTypeRefusedError(f"The file is no {media_type.name}. Save it in that format and try again.")
        size += len(block)
        if size > largest_bytes:
            limit = largest_bytes // MEGABYTE
            raise FileTooLargeError(f"The file is larger than {limit} MB. Make it smaller or link to it instead.")
        yield block
    if size == 0:
        raise InvalidInputError("The file is empty. Choose another one.")


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

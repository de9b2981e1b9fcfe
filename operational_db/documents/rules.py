"""What a file may be: types told by the bytes, sizes, names, and whether a picture is whole.

Pure: nothing here touches a disk or the database. Which content an organization may upload is in `catalog.files`.
"""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath
from typing import Final

from PIL import Image

from operational_db.errors import InvalidInputError

MEGABYTE: Final = 1024 * 1024
LONGEST_FILE_NAME: Final = 200
# A scan of an A3 page at 600 dots per inch has 70 million; beyond, a small file could fill the memory.
LARGEST_PICTURE_PIXELS: Final = 80_000_000
# The end mark of a PDF may be followed by a little, such as a signature's padding (ISO 32000-1, annex H).
_PDF_END_WITHIN: Final = 2048
_BROKEN_PICTURE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class FileTooLargeError(InvalidInputError):
    status = 413
    code = "file_too_large"


class MediaTypeRefusedError(InvalidInputError):
    status = 415
    code = "media_type_refused"


@dataclass(frozen=True)
class DocumentType:
    """A type of document: its media type, the endings its names have (the first is ours), how it begins."""

    media_type: str
    endings: tuple[str, ...]
    beginning: bytes


PDF = DocumentType("application/pdf", (".pdf",), b"%PDF-")
PNG = DocumentType("image/png", (".png",), b"\x89PNG\r\n\x1a\n")
JPEG = DocumentType("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"), b"\xff\xd8\xff")
DOCUMENT_TYPES: Final = (PDF, PNG, JPEG)
ACCEPTED: Final = "PDF, PNG or JPEG"


def check_document(content: bytes, file_name: str, *, largest_bytes: int) -> DocumentType:
    """The type of a document, told by its bytes; a picture is decoded, a PDF must have its end.

    A name that ends like another type is refused too: who opens the file later must get what the name says.

    Raises
    ------
    FileTooLargeError
        When it is larger than the installation accepts.
    MediaTypeRefusedError
        When it is no PDF, PNG or JPEG (an SVG is none: it may carry a script), or not what its name says.
    InvalidInputError
        When it is empty or broken.
    """
    if not content:
        raise InvalidInputError("The file is empty. Choose another one.")
    if len(content) > largest_bytes:
        limit = largest_bytes // MEGABYTE
        raise FileTooLargeError(f"The file is larger than {limit} MB. Scan it at a lower resolution and try again.")
    found = next((known for known in DOCUMENT_TYPES if content.startswith(known.beginning)), None)
    if found is None:
        raise MediaTypeRefusedError(
            f"The file is no {ACCEPTED}. Export or photograph the document as one of these and try again.",
            details={"accepted": ", ".join(known.media_type for known in DOCUMENT_TYPES)},
        )
    ending = PurePath(to_safe_name(file_name)).suffix.lower()
    if ending and ending not in found.endings:
        raise MediaTypeRefusedError(
            f"The file is named like a {ending} file but is an {found.media_type}. "
            f"Give it the ending {found.endings[0]} or choose the right file."
        )
    if found is PDF:
        _require_whole_pdf(content)
    else:
        _require_whole_picture(content, found)
    return found


def media_type_of(content: bytes) -> str:
    """The media type of a kept document by its bytes; whoever brought the same bytes first may have called it other."""
    found = (known.media_type for known in DOCUMENT_TYPES if content.startswith(known.beginning))
    return next(found, "application/octet-stream")


def to_safe_name(file_name: str) -> str:
    """The last part of a file name without control characters, for the person who downloads it."""
    last = PurePath(file_name.replace("\\", "/")).name
    printable = "".join(character for character in last if character.isprintable()).strip()
    return printable[-LONGEST_FILE_NAME:] or "file"


def to_document_name(file_name: str, kind: DocumentType) -> str:
    """A safe name that ends as its type does."""
    name = to_safe_name(file_name)
    return name if PurePath(name).suffix else f"{name}{kind.endings[0]}"


def _require_whole_pdf(content: bytes) -> None:
    if b"%%EOF" not in content[-_PDF_END_WITHIN:]:
        raise InvalidInputError("The PDF has no end; it was cut off on its way. Save it again and try once more.")


def _require_whole_picture(content: bytes, kind: DocumentType) -> None:
    picture_format = kind.media_type.partition("/")[2].upper()
    try:
        with Image.open(BytesIO(content), formats=[picture_format]) as picture:
            if picture.width * picture.height > LARGEST_PICTURE_PIXELS:
                raise FileTooLargeError(
                    f"The picture has more than {LARGEST_PICTURE_PIXELS // 1_000_000} million pixels. "
                    "Scan it at a lower resolution and try again."
                )
            if kind is PNG:
                # Reads every chunk against its checksum; decoding alone passes over some.
                picture.verify()
        with Image.open(BytesIO(content), formats=[picture_format]) as picture:
            # A photograph is decoded at an eighth of its size: broken data shows just the same.
            picture.draft("RGB", (picture.width // 8, picture.height // 8))
            picture.load()
    except _BROKEN_PICTURE as error:
        raise InvalidInputError("The picture is broken. Save or scan it again and try once more.") from error

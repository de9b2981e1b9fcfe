"""Documents are what their bytes say, whole, and of a size that can be handled."""

import pytest

from operational_db.documents.rules import PNG as PNG_TYPE
from operational_db.documents.rules import (
    FileTooLargeError,
    MediaTypeRefusedError,
    check_document,
    media_type_of,
    to_document_name,
    to_safe_name,
)
from operational_db.errors import InvalidInputError
from tests.operational_db.documents.sample_files import (
    JPEG,
    PDF,
    PNG,
    SVG,
    picture,
    png_claiming,
    png_with_broken_chunk,
    png_with_chunk,
)

LIMIT = 100_000


@pytest.mark.parametrize(
    ("content", "file_name", "media_type"),
    [
        (PDF, "licence.pdf", "application/pdf"),
        (PDF, "licence", "application/pdf"),
        (PNG, "scan.PNG", "image/png"),
        (png_with_chunk(b"tEXt", b"Title\x00proof"), "scan.png", "image/png"),
        (JPEG, "photo.jpg", "image/jpeg"),
        (JPEG, "photo.JPEG", "image/jpeg"),
        (picture("JPEG", (2000, 1500)), "photo.jpg", "image/jpeg"),
    ],
)
def test_whole_documents_are_accepted_by_their_bytes(content: bytes, file_name: str, media_type: str) -> None:
    assert check_document(content, file_name, largest_bytes=LIMIT).media_type == media_type
    assert media_type_of(content) == media_type


@pytest.mark.parametrize(
    ("content", "file_name"),
    [
        (SVG, "badge.svg"),
        (SVG, "badge.png"),
        (b"<?xml version='1.0'?>" + SVG, "badge.svg"),
        (b"MZ" + PDF, "licence.pdf"),
        (b"<html><script>alert(1)</script>", "licence.pdf"),
        (b"GIF89a" + PNG, "a.gif"),
        (b"just text", "a.txt"),
        (PDF, "licence.png"),
        (PNG, "scan.pdf"),
        (JPEG, "photo.png"),
        (PDF, "licence.pdf.exe"),
        (PDF, "invoice.html"),
    ],
)
def test_what_is_no_document_or_not_what_its_name_says_is_refused(content: bytes, file_name: str) -> None:
    with pytest.raises(MediaTypeRefusedError) as refusal:
        check_document(content, file_name, largest_bytes=LIMIT)
    assert refusal.value.status == 415


@pytest.mark.parametrize("chunk", [b"IDAT", b"tEXt", b"IHDR"])
def test_a_picture_with_a_broken_chunk_is_refused(chunk: bytes) -> None:
    with pytest.raises(InvalidInputError, match="broken") as refusal:
        check_document(png_with_broken_chunk(chunk), "scan.png", largest_bytes=LIMIT)
    assert refusal.value.status == 422


@pytest.mark.parametrize("content", [PNG[:-20], PNG[: len(PNG) // 2], PNG[:8], JPEG[:-50], JPEG[: len(JPEG) // 2]])
def test_a_picture_that_was_cut_off_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInputError, match="broken"):
        check_document(content, "scan", largest_bytes=LIMIT)


def test_a_pdf_that_was_cut_off_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="cut off"):
        check_document(PDF[:-8] + b" " * 3000, "licence.pdf", largest_bytes=LIMIT)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        check_document(b"", "licence.pdf", largest_bytes=LIMIT)


def test_a_document_of_exactly_the_limit_is_accepted_and_one_byte_more_is_not() -> None:
    assert check_document(PDF, "a.pdf", largest_bytes=len(PDF)).media_type == "application/pdf"
    with pytest.raises(FileTooLargeError) as refusal:
        check_document(PDF, "a.pdf", largest_bytes=len(PDF) - 1)
    assert refusal.value.status == 413


@pytest.mark.parametrize("size", [(100_000, 100_000), (9_000, 9_000)])
def test_a_small_file_that_would_fill_the_memory_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInputError):
        check_document(png_claiming(*size), "scan.png", largest_bytes=LIMIT)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\b.pdf", "b.pdf"),
        ("c\r\n.pdf", "c.pdf"),
        ("", "file"),
    ],
)
def test_file_names_lose_folders_and_control_characters(name: str, safe: str) -> None:
    assert to_safe_name(name) == safe


def test_a_name_without_an_ending_gets_that_of_its_type() -> None:
    assert to_document_name("../scans/scan", PNG_TYPE) == "scan.png"
    assert to_document_name("scan.png", PNG_TYPE) == "scan.png"

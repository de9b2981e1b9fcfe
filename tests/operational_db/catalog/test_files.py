"""Uploads are read to their end, and accepted only when they are what they say."""

import hashlib
from io import BytesIO
from pathlib import Path

import pytest

from operational_db.catalog.files import MEDIA_TYPES, CheckedFile, Upload, checked
from operational_db.documents.rules import FileTooLargeError, MediaTypeRefusedError
from operational_db.documents.store import FileStore
from operational_db.errors import InvalidInputError
from operational_db.types import ContentType

PDF = b"%PDF-1.7\n" + b"x" * 100


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files", largest_bytes=2 * 1024 * 1024)


def check(
    store: FileStore,
    data: bytes,
    media_type: str = "application/pdf",
    content_type: ContentType = ContentType.DOCUMENT,
    file_name: str = "guide.pdf",
) -> CheckedFile:
    with checked(store, Upload(BytesIO(data), file_name, media_type), content_type) as file:
        assert file.stream.read() == data
        return file


def test_an_upload_is_told_by_its_hash_and_size() -> None:
    file = check(FileStore("memory://none", 1000), PDF, file_name="C:\\guides\\guide.pdf")
    assert (file.sha256, file.size_bytes) == (hashlib.sha256(PDF).digest(), len(PDF))
    assert (file.media_type, file.file_name) == ("application/pdf", "guide.pdf")


def test_a_file_of_exactly_the_limit_is_accepted_and_one_byte_more_is_not(store: FileStore) -> None:
    fits = PDF.ljust(store.largest_bytes, b"x")
    assert check(store, fits).size_bytes == store.largest_bytes
    with pytest.raises(FileTooLargeError, match="larger than 2 MB"):
        check(store, fits + b"x")


@pytest.mark.parametrize(
    ("data", "media_type", "content_type"),
    [
        (b"MZ" + b"x" * 50, "application/pdf", ContentType.DOCUMENT),
        (PDF, "application/x-msdownload", ContentType.DOCUMENT),
        (PDF, "application/pdf", ContentType.VIDEO),
        (b"\xff\xfe\x00a", "text/plain", ContentType.TEXT),
        (b"plain\x00text", "text/plain", ContentType.TEXT),
        (b"<html>", "text/html", ContentType.TEXT),
    ],
)
def test_what_is_not_what_it_says_is_refused(
    store: FileStore, data: bytes, media_type: str, content_type: ContentType
) -> None:
    with pytest.raises(MediaTypeRefusedError):
        check(store, data, media_type, content_type)


def test_an_empty_file_is_refused(store: FileStore) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        check(store, b"")


def test_a_broken_upload_is_an_error_of_its_own(store: FileStore) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError("connection lost")
            return super().read(10)

    upload = Upload(Broken(PDF), "guide.pdf", "application/pdf")
    with pytest.raises(OSError, match="connection lost"), checked(store, upload, ContentType.DOCUMENT):
        pass


def test_text_may_end_a_block_within_a_character(store: FileStore) -> None:
    text = ("a" + "é" * 600_000).encode()
    assert check(store, text, "text/plain; charset=utf-8", ContentType.TEXT, "a.txt").media_type == "text/plain"


def test_every_kind_of_content_accepts_some_file() -> None:
    accepted = {content_type for media_type in MEDIA_TYPES.values() for content_type in media_type.content_types}
    assert accepted == set(ContentType)

"""Uploads are kept once by their hash, whole or not at all, and only when they are what they say."""

import hashlib
from io import BytesIO
from pathlib import Path

import pytest

from operational_db.catalog.files import (
    MEDIA_TYPES,
    FileStore,
    FileTooLargeError,
    MediaTypeRefusedError,
    Upload,
    to_safe_name,
)
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.types import ContentType

PDF = b"%PDF-1.7\n" + b"x" * 100


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files", largest_bytes=2 * 1024 * 1024)


def upload(data: bytes, media_type: str = "application/pdf", file_name: str = "guide.pdf") -> Upload:
    return Upload(BytesIO(data), file_name, media_type)


def kept_files(store: FileStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_the_same_bytes_are_kept_once_under_their_hash(store: FileStore) -> None:
    first = store.keep(upload(PDF), ContentType.DOCUMENT)
    second = store.keep(upload(PDF, file_name="copy.pdf"), ContentType.DOCUMENT)
    assert first.sha256 == second.sha256 == hashlib.sha256(PDF).digest()
    assert first.size_bytes == len(PDF)
    assert kept_files(store) == [store.open_path(first.sha256)]
    assert store.open_path(first.sha256).read_bytes() == PDF


def test_a_file_of_exactly_the_limit_is_kept_and_one_byte_more_is_not(store: FileStore) -> None:
    fits = PDF.ljust(store.largest_bytes, b"x")
    kept = store.keep(upload(fits), ContentType.DOCUMENT)
    assert kept.size_bytes == store.largest_bytes
    with pytest.raises(FileTooLargeError, match="larger than 2 MB"):
        store.keep(upload(fits + b"x"), ContentType.DOCUMENT)
    assert len(kept_files(store)) == 1


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
def test_what_is_not_what_it_says_is_refused_and_leaves_nothing(
    store: FileStore, data: bytes, media_type: str, content_type: ContentType
) -> None:
    with pytest.raises(MediaTypeRefusedError):
        store.keep(upload(data, media_type), content_type)
    assert not store.folder.exists() or kept_files(store) == []


def test_an_empty_file_is_refused(store: FileStore) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        store.keep(upload(b""), ContentType.DOCUMENT)
    assert kept_files(store) == []


def test_a_broken_upload_leaves_nothing(store: FileStore) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError("connection lost")
            return super().read(10)

    with pytest.raises(OSError, match="connection lost"):
        store.keep(Upload(Broken(PDF), "guide.pdf", "application/pdf"), ContentType.DOCUMENT)
    assert kept_files(store) == []


def test_text_may_end_a_block_within_a_character(store: FileStore) -> None:
    text = ("a" + "é" * 600_000).encode()
    assert store.keep(upload(text, "text/plain; charset=utf-8", "a.txt"), ContentType.TEXT).media_type == "text/plain"


def test_a_lost_file_is_named_as_lost(store: FileStore) -> None:
    with pytest.raises(NotFoundError, match="Restore it"):
        store.open_path(b"\x00" * 32)


def test_every_kind_of_content_accepts_some_file() -> None:
    accepted = {content_type for media_type in MEDIA_TYPES.values() for content_type in media_type.content_types}
    assert accepted == set(ContentType)


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

"""Files are kept once under their hash, whole or not at all, wherever the store lies."""

import hashlib
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from operational_db.documents.store import FileStore, FilesUnavailableError, file_store_of
from operational_db.errors import NotFoundError
from operational_db.settings import Settings

DATA = b"proof" * 1000
HASH = hashlib.sha256(DATA).digest()


@pytest.fixture(params=["folder", "file address", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    """The same files in a folder, in a folder named by an address, and in a store that is no folder at all."""
    places: dict[str, Path | str] = {
        "folder": tmp_path / "files",
        "file address": f"file://{tmp_path}/elsewhere",
        "memory": f"memory://{uuid4().hex}/files",
    }
    return FileStore(places[request.param], largest_bytes=1000)


def names_in(store: FileStore) -> list[str]:
    files, root = fsspec.core.url_to_fs(str(store.folder))
    return [name.rpartition("/")[2] for name in files.find(root)] if files.exists(root) else []


def test_what_is_put_is_read_and_kept_once(store: FileStore) -> None:
    assert not store.has(HASH)
    store.put(HASH, BytesIO(DATA))
    store.put(HASH, BytesIO(DATA))
    assert store.has(HASH)
    assert store.read(HASH) == DATA
    assert b"".join(store.blocks(HASH)) == DATA
    assert names_in(store) == [HASH.hex()]


def test_bytes_that_are_there_are_not_written_again(store: FileStore) -> None:
    class Unreadable(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError("read again")

    store.put(HASH, BytesIO(DATA))
    store.put(HASH, Unreadable())


def test_a_write_that_breaks_off_leaves_nothing(store: FileStore) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError("connection lost")
            return super().read(10)

    with pytest.raises(OSError, match="connection lost"):
        store.put(HASH, Broken(DATA))
    assert not store.has(HASH)
    assert names_in(store) == []


def test_a_removed_file_is_gone_and_removing_it_again_is_no_error(store: FileStore) -> None:
    store.put(HASH, BytesIO(DATA))
    store.remove(HASH)
    store.remove(HASH)
    assert not store.has(HASH)
    with pytest.raises(NotFoundError, match="Restore it"):
        store.read(HASH)


def test_only_a_folder_of_this_machine_has_paths(tmp_path: Path) -> None:
    local, distant = FileStore(tmp_path, 1), FileStore(f"memory://{uuid4().hex}", 1)
    for store in (local, distant):
        store.put(HASH, BytesIO(DATA))
    path = local.local_path(HASH)
    assert path is not None
    assert path.read_bytes() == DATA
    assert distant.local_path(HASH) is None
    with pytest.raises(NotFoundError, match="Restore it"):
        local.local_path(b"\x00" * 32)


def test_the_setting_chooses_the_place_and_home_is_the_default(tmp_path: Path) -> None:
    assert file_store_of(Settings(home=tmp_path)).folder == tmp_path / "files"
    store = file_store_of(Settings(home=tmp_path, files_url="s3://evidence/files", document_limit_mb=3))
    assert store.folder == "s3://evidence/files"
    assert store.largest_document_bytes == 3 * 1024 * 1024


@pytest.mark.parametrize("address", ["gcs://bucket/files", "nowhere://bucket/files"])
def test_a_place_that_cannot_be_used_says_what_to_do(address: str) -> None:
    """A kind of store whose package is not installed, and one that nobody knows."""
    with pytest.raises(FilesUnavailableError, match="Mend SITESYNC_FILES_URL"):
        FileStore(address, 1).has(HASH)

"""Downloads are attachments that no browser guesses about, from a folder of this machine and from anywhere else."""

import hashlib
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.testclient import TestClient

from app.api.downloads import to_download
from operational_db.documents.store import FileStore

DATA = b"%PDF-1.7 " + b"page " * 1000
HASH = hashlib.sha256(DATA).digest()


@pytest.fixture(params=["folder", "memory"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> TestClient:
    store = FileStore(tmp_path if request.param == "folder" else f"memory://{uuid4().hex}", largest_bytes=10_000)
    store.put(HASH, BytesIO(DATA))
    app = FastAPI()

    @app.get("/file")
    def get_file() -> Response:
        return to_download(store, HASH, 'guide "é".pdf', "application/pdf")

    return TestClient(app)


def test_the_whole_file_comes_as_an_attachment(client: TestClient) -> None:
    answer = client.get("/file")
    assert answer.content == DATA
    assert answer.headers["content-type"] == "application/pdf"
    disposition = answer.headers["content-disposition"].replace("utf-8", "UTF-8")
    assert disposition == "attachment; filename*=UTF-8''guide%20%22%C3%A9%22.pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-security-policy"] == "sandbox"


def test_a_folder_also_answers_with_a_part(tmp_path: Path) -> None:
    store = FileStore(tmp_path, largest_bytes=10_000)
    store.put(HASH, BytesIO(DATA))
    app = FastAPI()
    app.add_api_route("/file", lambda: to_download(store, HASH, "guide.pdf", "application/pdf"), response_model=None)
    part = TestClient(app).get("/file", headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, DATA[:8])

"""The API held against tests/endpoints.csv: what it promises is there, described, and refuses as every endpoint does.

The areas of NOT_BUILT have no endpoints; while there are any, PLT-01 is open.
"""

import csv
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.api.application import create_api
from app.context import AppContext
from operational_db.database import create_database_engine
from operational_db.settings import Settings
from tests.app.api.conftest import World

ENDPOINTS_FILE = Path(__file__).parents[2] / "endpoints.csv"
NOT_BUILT = (
    "/api/v1/training/videos/",
    "/api/v1/trade-schools",
    "/api/v1/apprenticeship/",
    "/api/v1/me/apprenticeship",
)
PROBLEM = "application/problem+json"


def promised() -> list[tuple[str, str]]:
    """Method and path, below /api, of every endpoint of a built area."""
    with ENDPOINTS_FILE.open(newline="", encoding="utf-8") as file:
        rows = [(row["method"], row["path"]) for row in csv.DictReader(file)]
    assert len(rows) == 57
    return [(method, path.removeprefix("/api")) for method, path in rows if not path.startswith(NOT_BUILT)]


@pytest.fixture
def described(settings: Settings) -> dict[tuple[str, str], Any]:
    """The API's own description, by method and path with every parameter as {id}."""
    engine = create_database_engine("postgresql://nobody@127.0.0.1:1/none")
    document = create_api(AppContext(settings, engine)).openapi()
    engine.dispose()
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{id}", path)): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def test_every_promised_endpoint_is_there_and_says_what_it_does(described: dict[tuple[str, str], Any]) -> None:
    endpoints = promised()
    assert len(endpoints) == 37
    assert [endpoint for endpoint in endpoints if endpoint not in described] == []
    unsaid = [endpoint for endpoint in endpoints if not described[endpoint].get("description")]
    assert unsaid == []


def test_every_endpoint_says_how_it_refuses(described: dict[tuple[str, str], Any]) -> None:
    for endpoint, operation in described.items():
        refusal = operation["responses"]["4XX"]["content"]
        assert refusal == {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}, endpoint
        assert "422" not in operation["responses"], endpoint


def test_the_page_to_read_it_on_needs_no_other_host(world: World) -> None:
    page = world.api.client.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 3
    assert not [address for address in loaded if not address.startswith("/") or address.startswith("//")]
    for address in loaded:
        if address != "/favicon.png":
            assert world.api.client.get(address).status_code == 200, address
    assert "url: '/openapi.json'" in page.text


def test_what_is_not_built_has_no_endpoint(described: dict[tuple[str, str], Any]) -> None:
    assert [path for _, path in described if f"/api{path}".startswith(NOT_BUILT)] == []


def test_every_promised_endpoint_asks_who_is_calling(world: World) -> None:
    for method, path in promised():
        answer = world.api.call(method, path.replace("{id}", str(uuid4())))
        assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM), (method, path)

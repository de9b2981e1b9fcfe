"""Every refusal is a problem document that says what to do, and none of them leaks what the caller may not know."""

from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.api.application import create_api
from app.context import AppContext
from app.server import create_server
from operational_db.database import create_database_engine
from operational_db.settings import Settings
from tests.app.api.conftest import World

PROBLEM = "application/problem+json"


def test_without_a_token_the_answer_says_how_to_send_one(world: World) -> None:
    answer = world.api.call("GET", "/v1/training/courses")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Authorization" in answer.json()["detail"]


def test_a_wrong_token_is_refused(world: World) -> None:
    answer = world.api.client.get("/v1/training/courses", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:sitesync:problem:not_signed_in"


def test_malformed_requests_name_the_field(world: World) -> None:
    answer = world.api.call("GET", "/v1/training/courses?page_size=5000", "ann")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["errors"][0]["field"] == "query.page_size"


def test_unknown_paths_and_methods_are_problems_too(world: World) -> None:
    missing = world.api.call("GET", "/v1/nothing", "ann")
    assert (missing.status_code, missing.headers["content-type"]) == (404, PROBLEM)
    wrong = world.api.call("PATCH", "/v1/training/courses", "ann")
    assert (wrong.status_code, wrong.headers["content-type"]) == (405, PROBLEM)
    assert wrong.headers["allow"] == "GET"
    for answer in (missing, wrong):
        assert "/api/docs" in answer.json()["detail"]


def test_odd_paths_are_answered_by_the_api_and_not_by_the_pages(world: World) -> None:
    context = world.api.client.app.state.context  # type: ignore[attr-defined]
    client = TestClient(create_server(context))
    for path in ("/api/v1/%0A/x", "/api/%0A", "/api/", "/api/v1/certifications/%0D%0A%00"):
        answer = client.get(path)
        assert answer.headers["content-type"] == PROBLEM, path
        assert answer.status_code in {401, 404, 422}, path
    described = client.get("/api/openapi.json")
    assert described.json()["servers"] == [{"url": "/api"}]


def test_unknown_record_is_not_found(world: World) -> None:
    answer = world.api.call("GET", f"/v1/training/courses/{uuid4()}", "ann")
    assert answer.status_code == 404
    assert answer.json()["title"] == "Not Found"


@pytest.mark.parametrize("path", ["/v1/training/courses", "/v1/me/training/assignments"])
def test_a_lost_database_is_said_and_nothing_else_breaks(settings: Settings, path: str) -> None:
    engine = create_database_engine("postgresql://nobody@127.0.0.1:1/none")
    with TestClient(create_api(AppContext(settings, engine)), raise_server_exceptions=False) as client:
        answer = client.get(path, headers={"Authorization": "Bearer x"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "database" in answer.json()["detail"]
        health = client.get("/health")
        assert health.status_code == 503
        assert health.json()["database"] == "unavailable"
    engine.dispose()


def test_health_without_figures_says_so(world: World) -> None:
    answer = world.api.client.get("/health")
    assert answer.status_code == 503
    body = answer.json()
    assert (body["database"], body["figures"]) == ("ok", "missing")
    assert body["lag_entries"] == body["pending_count"] + body["ledger_size"]


def test_a_fault_of_the_server_is_a_problem_that_gives_nothing_away(settings: Settings) -> None:
    engine = create_database_engine("postgresql://nobody@127.0.0.1:1/none")
    api = create_api(AppContext(settings, engine))

    @api.get("/fault")
    def fail() -> None:
        raise ZeroDivisionError("secret")

    with TestClient(api, raise_server_exceptions=False) as client:
        answer = client.get("/fault")
    engine.dispose()
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert answer.json()["type"] == "urn:sitesync:problem:server_failure"
    assert "secret" not in answer.text
    assert "tell who runs this server" in answer.json()["detail"]

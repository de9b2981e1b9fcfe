"""Lessons, authoring, tips and near-misses over HTTP: end to end, malformed, wrong role, wrong tenant."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from app.api.language import preferred_language
from operational_db.database import unit_of_work
from operational_db.tables.content import Lesson, LessonAttempt
from operational_db.tables.identity import Organization
from operational_db.types import Role
from tests.app.api.conftest import World
from tests.databases import UrlOf, copied_database
from tests.operational_db.content.lessons import BODY, FIELDS, right_answers


@pytest.fixture
def committed_url(server_url_of: UrlOf, shipped_database: str) -> Iterator[str]:
    """The API of these tests runs on a database that holds what the product ships."""
    with copied_database(server_url_of, shipped_database) as url:
        yield url


@pytest.fixture
def shipped(world: World) -> World:
    with unit_of_work(world.api.engine) as session:
        own = session.get(Organization, world.own_id)
        assert own is not None
        world.api.add_person(session, "reviewer", own, Role.CONTENT_REVIEWER)
    return world


def lesson_id(world: World, code: str) -> str:
    with unit_of_work(world.api.engine) as session:
        return str(session.scalars(select(Lesson.id).where(Lesson.code == code)).one())


def read_for_a_minute(world: World) -> None:
    """Let the open attempts have been started a minute ago."""
    with unit_of_work(world.api.engine) as session:
        session.execute(
            text("update lesson_attempts set started_at = started_at - interval '1 minute' where submitted_at is null")
        )


@pytest.mark.requirement("EMB-20")
def test_data_export_from_tip_to_certification(shipped: World) -> None:
    """Tip, lesson in Spanish, a failed attempt with remediation, the retry, the evidence."""
    api, organization = shipped.api, {"organization_id": str(shipped.own_id)}
    tip = api.call("POST", "/v1/tips/data-export", "ann", json=organization).json()
    lesson = tip["lesson"]["id"]
    wish = {**organization, "trigger": "tip"}
    opened = api.call("POST", f"/v1/lessons/{lesson}/open", "ann", json=wish, params={"locale": "es"}).json()
    assert opened["locale"] == "es"
    assert opened["slides"][1]["media"]["captions"][0]["text"].startswith("La vista previa")
    check = opened["checks"][0]
    answer = {**organization, "chosen": [check["options"][0]["id"]]}
    assert api.call("POST", f"/v1/lessons/{lesson}/checks/{check['id']}", "ann", json=answer).status_code == 200

    started = api.call("POST", f"/v1/lessons/{lesson}/attempts", "ann", json=wish)
    assert started.status_code == 201
    attempt = started.json()["attempt_id"]
    nothing: dict[str, dict[str, list[str]]] = {
        "answers": {question["id"]: [] for question in started.json()["questions"]}
    }
    too_fast = api.call("POST", f"/v1/lessons/attempts/{attempt}/submit", "ann", json=nothing)
    assert (too_fast.status_code, too_fast.json()["type"]) == (409, "urn:sitesync:problem:too_fast")
    read_for_a_minute(shipped)
    failed = api.call("POST", f"/v1/lessons/attempts/{attempt}/submit", "ann", json=nothing).json()
    assert (failed["is_passed"], failed["score"], failed["evidence"]) == (False, 0.0, [])
    assert {question["remediation"]["policy_code"] for question in failed["questions"]} == {
        "POL-DA-003",
        "POL-DATA-RES-002",
    }

    again = api.call("POST", f"/v1/lessons/{lesson}/attempts", "ann", json=wish).json()
    read_for_a_minute(shipped)
    with unit_of_work(api.engine) as session:
        answers = {"answers": right_answers(session, _version_of(session, again["attempt_id"]))}
    passed = api.call("POST", f"/v1/lessons/attempts/{again['attempt_id']}/submit", "ann", json=answers).json()
    assert (passed["is_passed"], passed["score"], passed["attempt_number"]) == (True, 100.0, 2)
    assert {line["scope"] for line in passed["evidence"]} >= {"data-export", "pii", "third-party-transfer"}
    repeated = api.call("POST", f"/v1/lessons/attempts/{again['attempt_id']}/submit", "ann", json=answers).json()
    assert repeated == passed
    shown = api.call("GET", f"/v1/lessons/attempts/{again['attempt_id']}/result", "ann").json()
    assert shown == passed


def _version_of(session: Any, attempt_id: str) -> object:
    return session.scalars(select(LessonAttempt.lesson_version_id).where(LessonAttempt.id == attempt_id)).one()


@pytest.mark.requirement("EMB-18", "EMB-21")
def test_authoring_review_and_a_publication_that_is_refused(shipped: World) -> None:
    api, own = shipped.api, str(shipped.own_id)
    made = api.call(
        "POST",
        "/v1/policies",
        "manager",
        json={"organization_id": own, "code": "POL-LOCK-001", "title": "Lockout"},
    )
    assert made.status_code == 201
    first = {"version": "1.0.0", "summary": "Lock first.", "effective_on": datetime.now(UTC).date().isoformat()}
    policy = f"/v1/policies/{made.json()['id']}/versions"
    assert api.call("POST", policy, "manager", json=first).status_code == 201
    runbook = {"organization_id": own, "code": "RB-LOCK", "title": "Lock", "steps": [{"title": "a", "text": "b"}]}
    assert api.call("POST", "/v1/runbooks", "manager", json=runbook).status_code == 201
    lesson = api.call(
        "POST",
        "/v1/lessons",
        "manager",
        json={"organization_id": own, "code": "LOCKOUT", "title": "Lockout", "lesson_type": "micro_lesson"},
    ).json()["id"]
    draft = {"body": BODY, "duration_minutes": 2, **FIELDS}
    version = api.call("POST", f"/v1/lessons/{lesson}/versions", "manager", json=draft)
    assert version.status_code == 201
    path = f"/v1/lessons/versions/{version.json()['id']}"
    open_codes = {line["code"] for line in version.json()["readiness"] if not line["is_met"]}
    assert open_codes >= {"security_compliance_review", "ux_review", "evidence_export", "access_rules"}

    malformed = {"body": {"slides": "none"}, "duration_minutes": 2}
    refused = api.call("PUT", path, "manager", json=malformed)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:sitesync:problem:invalid_input")
    assert "slides" in refused.json()["detail"]

    assert api.call("POST", f"{path}/submit", "manager").json()["status"] == "in_review"
    tasks = api.call("GET", "/v1/lessons/reviews", "reviewer").json()
    assert [task["area"] for task in tasks] == ["security_compliance", "ux"]
    for task in tasks:
        decision = {"outcome": "approved"}
        assert api.call("POST", f"/v1/lessons/reviews/{task['id']}/decision", "reviewer", json=decision).is_success
    blocked = api.call("POST", f"{path}/publish", "manager")
    assert blocked.status_code == 409
    assert set(blocked.json()["details"]) == {"expiry", "access_rules", "evidence_export"}


@pytest.mark.requirement("EMB-12")
def test_near_misses_are_counted_once_and_earn_a_lesson(shipped: World) -> None:
    api = shipped.api
    report = {
        "organization_id": str(shipped.own_id),
        "person_id": str(api.people["ann"]),
        "near_miss_kind": "permission_denied",
        "action": "data-export",
        "external_id": "1",
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    assert [api.call("POST", "/v1/near-misses", "manager", json=report).status_code for _ in range(2)] == [201, 200]
    assert api.call("POST", "/v1/me/reinforcement", "ann").json() is None
    second = api.call("POST", "/v1/near-misses", "manager", json={**report, "external_id": "2"}).json()
    assert second["reinforcement_id"]
    assert api.call("POST", "/v1/me/reinforcement", "ann", json={"action": "evidence-export"}).json() is None
    due = api.call("POST", "/v1/me/reinforcement", "ann", json={"action": "data-export"}).json()
    assert api.call("POST", "/v1/me/reinforcement", "ann").json() == due
    assert due["lesson"]["code"] == "DATA-EXPORT"
    finish = f"/v1/me/reinforcement/{due['reinforcement_id']}/finish"
    assert api.call("POST", finish, "bob").status_code == 404
    assert api.call("POST", finish, "ann").json()["is_passed"] is False
    naive = {**report, "external_id": "3", "occurred_at": "2026-11-01T10:00:00"}
    assert api.call("POST", "/v1/near-misses", "manager", json=naive).status_code == 422
    assert api.call("POST", "/v1/near-misses", "ann", json={**report, "external_id": "4"}).status_code == 403
    assert api.call("POST", "/v1/near-misses", "stranger", json={**report, "external_id": "5"}).status_code == 404


@pytest.mark.requirement("EMB-09")
def test_a_dismissed_tip_is_not_shown(shipped: World) -> None:
    api = shipped.api
    assert api.call("POST", "/v1/tips/data-export/dismissal", "ann").status_code == 204
    assert api.call("POST", "/v1/tips/data-export", "ann").json() is None
    assert api.call("POST", "/v1/tips/data-export", "bob").json()["bullets"]


class TestRefusals:
    def test_without_a_token_nothing_is_shown(self, shipped: World) -> None:
        lesson = lesson_id(shipped, "DATA-EXPORT")
        for method, path in (
            ("GET", "/v1/lessons"),
            ("POST", f"/v1/lessons/{lesson}/open"),
            ("POST", f"/v1/lessons/{lesson}/attempts"),
            ("GET", "/v1/lessons/reviews"),
            ("GET", "/v1/policies"),
            ("GET", "/v1/runbooks"),
            ("GET", "/v1/features"),
            ("POST", "/v1/tips/data-export"),
            ("POST", "/v1/near-misses"),
            ("POST", "/v1/me/reinforcement"),
        ):
            assert shipped.api.call(method, path).status_code == 401, path

    def test_wrong_role_is_told_and_wrong_tenant_finds_nothing(self, shipped: World) -> None:
        api, own = shipped.api, str(shipped.own_id)
        lesson = api.call(
            "POST",
            "/v1/lessons",
            "manager",
            json={"organization_id": own, "code": "OWN", "title": "Own", "lesson_type": "quiz"},
        ).json()["id"]
        version = api.call(
            "POST", f"/v1/lessons/{lesson}/versions", "manager", json={"body": {}, "duration_minutes": 3}
        ).json()["id"]
        calls: list[tuple[str, str, dict[str, object] | None]] = [
            ("POST", "/v1/policies", {"organization_id": own, "code": "P", "title": "P"}),
            ("POST", "/v1/lessons", {"organization_id": own, "code": "L", "title": "L", "lesson_type": "quiz"}),
            ("POST", f"/v1/lessons/{lesson}/versions", {"body": {}, "duration_minutes": 3}),
            ("GET", f"/v1/lessons/versions/{version}", None),
            ("PUT", f"/v1/lessons/versions/{version}", {"body": {}, "duration_minutes": 3}),
            ("POST", f"/v1/lessons/versions/{version}/submit", None),
            ("POST", f"/v1/lessons/versions/{version}/release-checks", {"release_check": "links"}),
            ("POST", f"/v1/lessons/versions/{version}/publish", None),
            ("POST", f"/v1/lessons/{lesson}/retire", None),
        ]
        for method, path, body in calls:
            assert api.call(method, path, "ann", json=body).status_code == 403, path
            assert api.call(method, path, "stranger", json=body).status_code == 404, path
        assert api.call("GET", "/v1/features", "stranger", params={"organization_id": own}).status_code == 404
        assert api.call("POST", f"/v1/lessons/{lesson}/open", "ann").status_code == 404

    def test_malformed_requests_are_named(self, shipped: World) -> None:
        lesson = lesson_id(shipped, "DATA-EXPORT")
        bodies: list[object] = [
            {"trigger": "curiosity"},
            {"organization_id": "no id"},
            {"organisation": "misspelt"},
            [],
        ]
        for body in bodies:
            answer = shipped.api.call("POST", f"/v1/lessons/{lesson}/open", "ann", json=body)
            assert (answer.status_code, answer.json()["type"]) == (422, "urn:sitesync:problem:invalid_request"), body

    def test_lists_show_the_platforms_lessons_to_everybody(self, shipped: World) -> None:
        found = shipped.api.call("GET", "/v1/lessons", "stranger", params={"scope": "data-export"}).json()
        assert {item["code"] for item in found} == {"DATA-EXPORT", "DATA-EXPORT-WALKTHROUGH", "DATA-EXPORT-SIMULATION"}
        features = shipped.api.call("GET", "/v1/features", "ann").json()
        assert {feature["action"] for feature in features} >= {"data-export", "rule-change"}
        assert shipped.api.call("GET", "/v1/policies", "ann").json()[0]["version"] == "1.0.0"
        assert shipped.api.call("GET", "/v1/runbooks", "ann").json()[0]["steps"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, None),
        ("", None),
        ("es", "es"),
        ("es-mx,es;q=0.9,en;q=0.8", "es-MX"),
        ("en;q=0.4, fr;q=0.7", "fr"),
        ("*", None),
        ("es;q=0, en", "en"),
        ("es;q=x, en;q=0.1", "en"),
        ("zh-Hant-TW, de", "de"),
    ],
)
def test_the_language_wanted_most_counts(header: str | None, language: str | None) -> None:
    assert preferred_language(header) == language

"""Every endpoint of gates, access, waivers, exceptions and incidents with every role, another company's and nobody."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from operational_db import clock
from operational_db.gates.rules import Requirement
from operational_db.types import GateMode, ProficiencyLevel
from tests.app.api.gates.conftest import ACTION, NOBODY, ROLES, SCOPE, GateWorld, set_rule

COMPANY = {"manager"}
VIEWERS = {"supervisor", "manager", "auditor"}
# Of the platform: may everything.
ADMIN = "admin"
CALLERS = [*ROLES, "stranger", "product", ADMIN]


@dataclass(frozen=True)
class Endpoint:
    """A call that is sound, who of the company may make it, and what it answers to those who may."""

    method: str
    path: str
    allowed: set[str]
    status: int = 200
    body: Callable[[GateWorld], dict[str, Any]] | None = None
    # What others get: hidden things are not there, everything else is refused.
    refused: frozenset[int] = frozenset({403})

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def rule_body(world: GateWorld) -> dict[str, Any]:
    return {
        "organization_id": str(world.own_id),
        "action": "tried-out",
        "requirements": [{"scope": SCOPE, "level": "completed", "within": {"days": 30}}],
        "mode": "dry_run",
    }


def validity_body(world: GateWorld) -> dict[str, Any]:
    return {"organization_id": str(world.own_id), "scope": "elsewhere", "validity_months": 6}


def about_bob(world: GateWorld, **fields: Any) -> dict[str, Any]:
    return {
        "organization_id": str(world.own_id),
        "person_id": str(world.id_of("bob")),
        "action": f"of-{uuid4().hex[:12]}",
        **fields,
    }


def waiver_body(world: GateWorld) -> dict[str, Any]:
    return about_bob(world, reason="Covers for a colleague.", ends_on=clock.today().isoformat())


def incident_body(world: GateWorld) -> dict[str, Any]:
    return {
        "organization_id": str(world.own_id),
        "title": "Wrong address",
        "scope": SCOPE,
        "started_at": "2026-01-02T03:04:05Z",
        "people": [{"person_id": str(world.id_of("bob"))}],
    }


ENDPOINTS = [
    Endpoint("GET", "/v1/gates/rules?organization_id={own}", VIEWERS),
    Endpoint(
        "POST", "/v1/gates/rules/end", COMPANY, 404, lambda w: {"organization_id": str(w.own_id), "action": "none"}
    ),
    Endpoint("POST", "/v1/gates/rules", COMPANY, 201, rule_body),
    Endpoint("POST", "/v1/gates/scope-rules", COMPANY, 201, validity_body),
    Endpoint(
        "POST",
        "/v1/gates/preview",
        VIEWERS,
        200,
        lambda w: {"organization_id": str(w.own_id), "rule": rule_body(w), "days": 30},
    ),
    Endpoint(
        "POST",
        "/v1/gates/decisions",
        {"supervisor", "manager"},
        200,
        lambda w: about_bob(w, action=ACTION),
    ),
    Endpoint("GET", "/v1/access-lists?organization_id={own}", VIEWERS),
    Endpoint("POST", "/v1/access-lists/grants", COMPANY, 201, about_bob),
    Endpoint(
        "PUT",
        "/v1/access-lists/bulk?organization_id={own}&max_removal_share=1",
        COMPANY,
        200,
        lambda w: {"rows": [{"person_id": str(w.id_of("bob"))}]},
    ),
    Endpoint("GET", "/v1/waivers?organization_id={own}", VIEWERS),
    Endpoint("POST", "/v1/waivers", COMPANY, 201, waiver_body),
    Endpoint("GET", "/v1/exceptions?organization_id={own}", VIEWERS),
    Endpoint("POST", "/v1/exceptions/assign", COMPANY, 200, lambda w: {"organization_id": str(w.own_id)}),
    Endpoint("GET", "/v1/incidents?organization_id={own}", VIEWERS),
    Endpoint("POST", "/v1/incidents", {"supervisor", "manager"}, 201, incident_body),
    Endpoint(
        "GET",
        "/v1/certified?scope=data-export&person_id={bob}&organization_id={own}",
        VIEWERS,
        refused=frozenset({404}),
    ),
    Endpoint(
        "GET",
        "/v1/next-required-training?action=data-export&person_id={bob}&organization_id={own}",
        VIEWERS,
        refused=frozenset({404}),
    ),
]


def call(world: GateWorld, endpoint: Endpoint, who: str) -> Any:
    path = endpoint.path.format(own=world.own_id, bob=world.id_of("bob"))
    options = {} if endpoint.body is None else {"json": endpoint.body(world)}
    return world.call(endpoint.method, path, who, **options)


@pytest.fixture(scope="module", autouse=True)
def _rule_change_is_open(gate_world: GateWorld) -> None:
    """Rules are themselves changed behind a gate; here it is only tried out."""
    week = Requirement(ProficiencyLevel.COMPLETED, scope="rule-change", within_days=7)
    set_rule(gate_world, GateMode.DRY_RUN, action="rule-change", requirements=[week])


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_only_those_who_may(gate_world: GateWorld, endpoint: Endpoint) -> None:
    for who in CALLERS:
        answer = call(gate_world, endpoint, who)
        if who in endpoint.allowed or (who == ADMIN):
            # The administrator has no membership that the company's own gate could go by.
            is_gated = "/gates/rules" in endpoint.path or "/scope-rules" in endpoint.path
            expected = {endpoint.status, 403} if who == ADMIN and is_gated else {endpoint.status}
            assert answer.status_code in expected, (who, answer.text)
        else:
            assert answer.status_code in endpoint.refused, (who, answer.text)
    assert call(gate_world, endpoint, NOBODY).status_code == 401


class TestOfAnotherCompany:
    """Things that are named by their own id are not there for others, as if they did not exist."""

    def test_grants_waivers_incidents_and_decisions(self, gate_world: GateWorld) -> None:
        grant = gate_world.call("POST", "/v1/access-lists/grants", "manager", json=about_bob(gate_world)).json()
        waiver = gate_world.call("POST", "/v1/waivers", "manager", json=waiver_body(gate_world)).json()
        incident = gate_world.call("POST", "/v1/incidents", "manager", json=incident_body(gate_world)).json()
        asked = gate_world.call("POST", "/v1/gates/decisions", "manager", json=about_bob(gate_world)).json()
        proved = gate_world.prove("bob", ProficiencyLevel.ENROLLED)[0]
        incident_id = incident["incident"]["incident_id"]
        bob = {"person_id": str(gate_world.id_of("bob"))}
        calls: list[tuple[str, str, dict[str, Any] | None]] = [
            ("DELETE", f"/v1/access-lists/grants/{grant['grant_id']}", None),
            ("POST", f"/v1/waivers/{waiver['waiver_id']}/end", None),
            ("GET", f"/v1/incidents/{incident_id}/report", None),
            ("POST", f"/v1/incidents/{incident_id}/people", bob),
            ("POST", f"/v1/gates/decisions/{asked['context']['id']}/replay", None),
            ("POST", f"/v1/proficiency/{proved}/revoke", {"revoked_from": "2026-01-01", "reason": "Shared."}),
        ]
        for method, path, body in calls:
            for who in ("stranger", "product", "technician"):
                answer = gate_world.call(method, path, who, json=body)
                # A colleague may know of it, and not change it.
                is_seen = who == "technician" and "/proficiency/" in path
                assert answer.status_code == (403 if is_seen else 404), (path, who)
                assert is_seen or str(gate_world.own_id) not in answer.text
            assert gate_world.call(method, path, NOBODY, json=body).status_code == 401
        # Who may look, but not change, is refused and told so.
        for method, path, body in (calls[0], calls[1], calls[3], calls[5]):
            assert gate_world.call(method, path, "auditor", json=body).status_code == 403
        for method, path, body in calls:
            assert gate_world.call(method, path, "manager", json=body).status_code in {200, 201}, path

    def test_nothing_there_is_404_too(self, gate_world: GateWorld) -> None:
        for method, path in (
            ("DELETE", "/v1/access-lists/grants/{id}"),
            ("POST", "/v1/waivers/{id}/end"),
            ("GET", "/v1/incidents/{id}/report"),
            ("POST", "/v1/gates/decisions/{id}/replay"),
            ("POST", "/v1/proficiency/{id}/revoke"),
        ):
            body = {"revoked_from": "2026-01-01", "reason": "Shared."} if "/proficiency/" in path else None
            assert gate_world.call(method, path.format(id=uuid4()), "manager", json=body).status_code == 404

    def test_their_people_are_no_members_here(self, gate_world: GateWorld) -> None:
        theirs = str(gate_world.id_of("stranger"))
        for path, body in (
            ("/v1/access-lists/grants", {**about_bob(gate_world), "person_id": theirs}),
            ("/v1/waivers", {**waiver_body(gate_world), "person_id": theirs}),
            ("/v1/incidents", {**incident_body(gate_world), "people": [{"person_id": theirs}]}),
        ):
            assert gate_world.call("POST", path, "manager", json=body).status_code == 404, path
        # Nor is one who was erased.
        erased = str(gate_world.id_of("zoe"))
        for path, body in (
            ("/v1/access-lists/grants", {**about_bob(gate_world), "person_id": erased}),
            ("/v1/waivers", {**waiver_body(gate_world), "person_id": erased}),
        ):
            assert gate_world.call("POST", path, "manager", json=body).status_code == 404, path

    def test_an_erased_persons_token_opens_nothing(self, gate_world: GateWorld) -> None:
        for path in (f"/v1/exceptions?organization_id={gate_world.own_id}", "/v1/certified?scope=data-export"):
            assert gate_world.call("GET", path, "zoe").status_code == 401


class TestOfOneself:
    """Everybody may ask about herself."""

    @pytest.mark.parametrize("who", [*ROLES, "ann", "stranger"])
    def test_certified_and_next_training(self, gate_world: GateWorld, who: str) -> None:
        answer = gate_world.call("GET", "/v1/certified?scope=data-export", who)
        assert (answer.status_code, answer.json()["is_certified"]) == (200, who == "ann")
        training = gate_world.call("GET", "/v1/next-required-training?action=data-export", who)
        assert (training.status_code, training.json()["person_id"]) == (200, str(gate_world.id_of(who)))
        body = {"organization_id": str(gate_world.own_id), "action": ACTION}
        decision = gate_world.call("POST", "/v1/gates/decisions", who, json=body)
        assert (decision.status_code, decision.json()["decision"]) == (200, who == "ann")
        replayed = gate_world.call("POST", f"/v1/gates/decisions/{decision.json()['context']['id']}/replay", who)
        assert replayed.json()["is_identical"] is True

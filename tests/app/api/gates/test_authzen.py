"""The AuthZEN Authorization API 1.0, section by section, with the clause each test proves; nothing a caller sends may
end in a server error.

That the connection "MUST be secured" (section 11) is the proxy's that stands in front of a real installation.
"""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.server import create_server
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.gates import desk
from operational_db.gates.rules import Requirement
from operational_db.gates.service import replay_range
from operational_db.types import GateMode, ProficiencyLevel
from tests.app.api.gates.conftest import ACTION, NOBODY, ROLES, GateWorld, set_rule

EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"
SEARCHES = ("subject", "resource", "action")


def question(world: GateWorld, who: str = "ann", **fields: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": str(world.id_of(who))},
        "action": {"name": ACTION},
        "resource": {"type": "dataset", "id": "customers-17"},
        **fields,
    }


def search(world: GateWorld, kind: str, who: str = "supervisor", **fields: Any) -> Any:
    body = question(world)
    if kind == "subject":
        body["subject"] = {"type": "user"}
    elif kind == "resource":
        body["resource"] = {"type": "organization"}
    else:
        del body["action"]
    return world.call("POST", f"/access/v1/search/{kind}", who, json={**body, **fields})


class TestEvaluation:
    """Section 6, and the information model of section 5."""

    @pytest.mark.requirement("EMB-14")
    def test_an_allow_names_its_evidence_and_its_record(self, gate_world: GateWorld) -> None:
        """5.5: "`decision`: REQUIRED. A boolean value that specifies whether the Decision is to allow or deny"."""
        before = gate_world.count_events("gate.decided")
        answer = gate_world.call("POST", EVALUATION, json=question(gate_world))
        assert answer.status_code == 200
        body = answer.json()
        assert body["decision"] is True
        context = body["context"]
        assert set(context["evidence_ids"]) <= {str(each) for each in gate_world.evidence_ids}
        assert context["evidence_ids"]
        assert (context["reason_user"]["id"], context["mode"], context["next_lessons"]) == (
            "requirements_met",
            "enforce",
            [],
        )
        assert gate_world.count_events("gate.decided") == before + 1
        replayed = gate_world.call("POST", f"/v1/gates/decisions/{context['id']}/replay", "auditor").json()
        assert replayed["is_identical"] is True

    @pytest.mark.requirement("EMB-14")
    def test_a_denial_says_why_and_is_recorded_too(self, gate_world: GateWorld) -> None:
        """5.5: "`false`: The access request is denied and MUST NOT be permitted to go forward."."""
        before = gate_world.count_events("gate.decided")
        body = gate_world.call("POST", EVALUATION, json=question(gate_world, "bob")).json()
        assert body["decision"] is False
        assert body["context"]["reason_user"]["id"] == "never_trained"
        assert body["context"]["reason_admin"]["requirements"] == [
            {
                "id": "scope:data-export:never_trained",
                "en": "scope:data-export proficient: never_trained",
            }
        ]
        assert body["context"]["missing"] == ["scope:data-export"]
        assert gate_world.count_events("gate.decided") == before + 1

    def test_the_same_answer_for_the_account_as_for_the_id(self, gate_world: GateWorld) -> None:
        body = question(gate_world, subject={"type": "user", "id": "idp-ann"})
        assert gate_world.call("POST", EVALUATION, json=body).json()["decision"] is True

    @pytest.mark.parametrize(
        ("subject", "reason"),
        [
            ({"type": "user", "id": str(uuid4())}, "not_a_member"),
            ({"type": "user", "id": "nobody@example.com"}, "unknown_subject"),
            ({"type": "robot", "id": "r2"}, "unknown_subject"),
        ],
    )
    def test_an_unknown_subject_is_a_denial_and_no_error(
        self, gate_world: GateWorld, subject: dict[str, str], reason: str
    ) -> None:
        """10.1: an outcome "is always returned with a `200` status code and a response payload"."""
        before = gate_world.count_events("gate.decided")
        answer = gate_world.call("POST", EVALUATION, json=question(gate_world, subject=subject))
        assert answer.status_code == 200
        assert answer.json()["decision"] is False
        assert answer.json()["context"]["reason_user"]["id"] == reason
        assert gate_world.count_events("gate.decided") == before + 1

    def test_an_erased_person_and_another_companys_are_denied(self, gate_world: GateWorld) -> None:
        for who in ("zoe", "stranger"):
            body = gate_world.call("POST", EVALUATION, json=question(gate_world, who)).json()
            assert (body["decision"], body["context"]["reason_user"]["id"]) == (False, "not_a_member"), who

    def test_an_action_without_a_rule_is_denied(self, gate_world: GateWorld) -> None:
        body = gate_world.call("POST", EVALUATION, json=question(gate_world, action={"name": "can_read"})).json()
        assert (body["decision"], body["context"]["reason_user"]["id"]) == (False, "no_rule")

    def test_what_is_no_id_is_recorded_by_its_hash(self, gate_world: GateWorld) -> None:
        address = "ann.example@example.com"
        body = question(gate_world, resource={"type": "mailbox", "id": address})
        decision = gate_world.call("POST", EVALUATION, json=body).json()["context"]["id"]
        with gate_world.api.engine.connect() as connection:
            text: str = connection.exec_driver_sql(
                "select body from ledger_events where id = %s", (decision,)
            ).scalar_one()
        assert address not in text
        assert '"resource":"sha256:' in text

    def test_the_record_away_the_answer_is_no(self, gate_world: GateWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        """D5: an allow is released only when its record is durable."""

        def lost(*_: object) -> None:
            raise psycopg.OperationalError("gone")

        monkeypatch.setattr(desk, "record_all", lost)
        for path, body in (
            (EVALUATION, question(gate_world)),
            (EVALUATIONS, {**question(gate_world), "evaluations": [{}]}),
        ):
            answer = gate_world.call("POST", path, json=body)
            assert answer.status_code == 200
            found = answer.json() if path == EVALUATION else answer.json()["evaluations"][0]
            assert found["decision"] is False
            assert found["context"]["reason_user"]["id"] == "record_unavailable"
            assert found["context"]["id"] is None

    def test_the_database_gone_nobody_is_let_through(
        self, gate_world: GateWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not even the caller can be recognized then: no decision at all, which every product takes for a no."""

        def lost(_engine: object) -> psycopg.Connection:
            raise psycopg.OperationalError("gone")

        desk.desk_of(gate_world.api.engine).close()
        monkeypatch.setattr(desk, "_connect", lost)
        answer = gate_world.call("POST", EVALUATION, json=question(gate_world))
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:sitesync:problem:database_unavailable")

    @pytest.mark.parametrize("who", [*ROLES, "admin"])
    def test_who_may_evaluate_gates_may_ask_about_others(self, gate_world: GateWorld, who: str) -> None:
        may = who in {"supervisor", "manager", "admin"}
        body = question(gate_world, context={"organization_id": str(gate_world.own_id)})
        assert gate_world.call("POST", EVALUATION, who, json=body).status_code == (200 if may else 403)
        mine = {"type": "user", "id": str(gate_world.id_of(who))}
        own = gate_world.call("POST", EVALUATION, who, json={**body, "subject": mine})
        assert (own.status_code, own.json()["decision"]) == (200, False)

    @pytest.mark.parametrize("who", ["stranger", "product"])
    def test_nobody_asks_about_another_organization(self, gate_world: GateWorld, who: str) -> None:
        body = question(gate_world, context={"organization_id": str(gate_world.own_id)})
        before = gate_world.count_events("gate.decided")
        for path in (EVALUATION, EVALUATIONS):
            assert gate_world.call("POST", path, who, json=body).status_code == 403
        batch = {**body, "evaluations": [{}, {}]}
        for semantic in ("execute_all", "deny_on_first_deny", "permit_on_first_permit"):
            options = {"evaluations_semantic": semantic}
            assert gate_world.call("POST", EVALUATIONS, who, json={**batch, "options": options}).status_code == 403
        assert gate_world.call("POST", EVALUATION, NOBODY, json=body).status_code == 401
        assert gate_world.count_events("gate.decided") == before

    def test_the_organization_is_named_where_it_is_not_clear(self, gate_world: GateWorld) -> None:
        unnamed = gate_world.call("POST", EVALUATION, "admin", json=question(gate_world))
        assert unnamed.status_code == 400
        assert "context.organization_id" in unnamed.json()["detail"]
        by_resource = question(gate_world, resource={"type": "organization", "id": str(gate_world.own_id)})
        assert gate_world.call("POST", EVALUATION, "admin", json=by_resource).json()["decision"] is True


class TestTransport:
    """Section 10.1."""

    @pytest.mark.parametrize(
        ("who", "body", "status"),
        [("supervisor", None, 200), ("supervisor", {}, 400), (NOBODY, None, 401), ("technician", None, 403)],
    )
    def test_the_request_id_comes_back_whatever_the_answer(
        self, gate_world: GateWorld, who: str, body: dict[str, Any] | None, status: int
    ) -> None:
        """10.1: "the PDP MUST include the same identifier in the response to that request"."""
        content = question(gate_world) if body is None else body
        answer = gate_world.call("POST", EVALUATION, who, json=content, headers={"X-Request-ID": "bfe9eb29-ab87"})
        assert answer.status_code == status
        assert answer.headers.get_list("X-Request-ID") == ["bfe9eb29-ab87"]
        assert "X-Request-ID" not in gate_world.call("POST", EVALUATION, who, json=content).headers
        for path in (EVALUATIONS, *(f"/access/v1/search/{kind}" for kind in SEARCHES)):
            other = gate_world.call("POST", path, who, json=content, headers={"X-Request-ID": "any string"})
            assert other.headers.get_list("X-Request-ID") == ["any string"], path

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"subject": None}, "subject"),
            ({"subject": {"type": "user"}}, "subject.id"),
            ({"subject": {"type": "user", "id": 7}}, "subject.id"),
            ({"subject": {"type": "", "id": "x"}}, "subject.type"),
            ({"subject": {"type": "user", "id": "a\u0000b"}}, "subject.id"),
            ({"subject": {"type": "user", "id": "x" * 513}}, "subject.id"),
            ({"subject": "ann"}, "subject"),
            ({"action": {"name": None}}, "action.name"),
            ({"action": {"name": "a" * 201}}, "action.name"),
            ({"action": {"name": "a\u2028b"}}, "action.name"),
            ({"action": {}}, "action.name"),
            ({"action": "read"}, "action"),
            ({"resource": {"id": "1"}}, "resource.type"),
            ({"resource": []}, "resource"),
            ({"context": "now"}, "context"),
            ({"subject": {"type": "user", "id": "x", "properties": []}}, "subject.properties"),
        ],
    )
    def test_a_malformed_request_is_told_what_is_wrong(
        self, gate_world: GateWorld, change: dict[str, Any], field: str
    ) -> None:
        """5.1 to 5.3: "two REQUIRED keys, `type` and `id`, which have a string value"; 10.1: 400 is a bad request."""
        answer = gate_world.call("POST", EVALUATION, json={**question(gate_world), **change})
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [f"body.{field}"]

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"[" * 10_000, b'{"subject": "\\ud800"}']
    )
    @pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, *(f"/access/v1/search/{kind}" for kind in SEARCHES)])
    def test_what_is_no_json_object_is_refused(self, gate_world: GateWorld, path: str, content: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        assert gate_world.call("POST", path, content=content, headers=headers).status_code == 400

    @pytest.mark.parametrize("named", ["ours", 7, [], {}, True, ""])
    def test_an_organization_is_named_by_its_id(self, gate_world: GateWorld, named: object) -> None:
        body = question(gate_world, context={"organization_id": named})
        assert gate_world.call("POST", EVALUATION, json=body).status_code == 400

    def test_other_methods_are_refused(self, gate_world: GateWorld) -> None:
        assert gate_world.call("GET", EVALUATION).status_code == 405

    def test_unknown_members_are_passed_over(self, gate_world: GateWorld) -> None:
        body = question(gate_world, extension={"a": 1})
        body["subject"]["properties"] = {"department": "Sales", "deep": [{"a": None}]}
        assert gate_world.call("POST", EVALUATION, json=body).json()["decision"] is True


class TestEvaluations:
    """Section 7."""

    def batch(self, world: GateWorld, *people: str, semantic: str | None = None) -> list[bool]:
        body: dict[str, Any] = {
            "action": {"name": ACTION},
            "resource": {"type": "dataset", "id": "17"},
            "evaluations": [{"subject": {"type": "user", "id": str(world.id_of(who))}} for who in people],
        }
        if semantic is not None:
            body["options"] = {"evaluations_semantic": semantic}
        before = world.count_events("gate.decided")
        answer = world.call("POST", EVALUATIONS, json=body)
        assert answer.status_code == 200
        decisions = [each["decision"] for each in answer.json()["evaluations"]]
        assert world.count_events("gate.decided") == before + len(decisions)
        return decisions

    def test_all_are_answered_in_their_order(self, gate_world: GateWorld) -> None:
        """7.2: "lists the decisions in the same order they were provided"; 7.1.2.1: all are executed by default."""
        assert self.batch(gate_world, "ann", "bob", "ann", "zoe") == [True, False, True, False]
        assert self.batch(gate_world, "bob", "ann", semantic="execute_all") == [False, True]

    def test_the_first_denial_ends_it(self, gate_world: GateWorld) -> None:
        """7.1.2.1: "This essentially works like the `&&` operator in programming languages."."""
        assert self.batch(gate_world, "ann", "bob", "ann", semantic="deny_on_first_deny") == [True, False]
        assert self.batch(gate_world, "ann", "ann", semantic="deny_on_first_deny") == [True, True]

    def test_the_first_permit_ends_it(self, gate_world: GateWorld) -> None:
        """7.1.2.1: "the converse 'short-circuiting' semantic, working like the `||` operator"."""
        assert self.batch(gate_world, "bob", "ann", "bob", semantic="permit_on_first_permit") == [False, True]
        assert self.batch(gate_world, "bob", semantic="permit_on_first_permit") == [False]

    def test_an_evaluations_own_member_replaces_the_default_whole(self, gate_world: GateWorld) -> None:
        """7.1.1: "the value of that will take precedence over these default values"."""
        body = {
            **question(gate_world, "ann"),
            "evaluations": [
                {},
                {"action": {"name": "no-such-action"}},
                {"subject": {"type": "user", "id": str(gate_world.id_of("bob"))}},
                {"context": {"organization_id": str(gate_world.own_id)}},
            ],
        }
        answers = gate_world.call("POST", EVALUATIONS, json=body).json()["evaluations"]
        assert [each["decision"] for each in answers] == [True, False, False, True]
        assert [each["context"]["reason_user"]["id"] for each in answers][1:3] == ["no_rule", "never_trained"]

    @pytest.mark.parametrize("evaluations", [{}, {"evaluations": []}, {"evaluations": None}])
    def test_without_evaluations_it_is_a_single_one(self, gate_world: GateWorld, evaluations: dict[str, Any]) -> None:
        """7.1: without the array it "behaves in a backwards-compatible manner with the (single)" evaluation."""
        body = gate_world.call("POST", EVALUATIONS, json={**question(gate_world), **evaluations}).json()
        assert body["decision"] is True
        assert "evaluations" not in body

    @pytest.mark.parametrize(
        "change",
        [
            {"options": {"evaluations_semantic": "execute_some"}},
            {"options": "execute_all"},
            {"evaluations": {}},
            {"evaluations": [7]},
            {"evaluations": [{"subject": {"type": "user"}}]},
            {"evaluations": [{}] * 1_001},
        ],
    )
    def test_malformed_batches_are_refused_whole(self, gate_world: GateWorld, change: dict[str, Any]) -> None:
        before = gate_world.count_events("gate.decided")
        answer = gate_world.call("POST", EVALUATIONS, json={**question(gate_world), "evaluations": [{}], **change})
        assert answer.status_code == 400
        assert gate_world.count_events("gate.decided") == before

    def test_a_member_without_default_is_named_with_its_place(self, gate_world: GateWorld) -> None:
        body = {"action": {"name": ACTION}, "evaluations": [{"resource": {"type": "a", "id": "b"}}]}
        answer = gate_world.call("POST", EVALUATIONS, json=body)
        assert answer.status_code == 400
        assert "evaluations[0] has no subject" in answer.text


class TestSearch:
    """Section 8: what is found is what an evaluation would allow."""

    def test_what_a_search_finds_an_evaluation_allows(self, gate_world: GateWorld) -> None:
        """8.1: "any returned results that are then fed into an `evaluation` call MUST result in a `decision: true`"."""
        found = {kind: search(gate_world, kind).json()["results"] for kind in SEARCHES}
        for kind, results in found.items():
            assert results, kind
            for each in results:
                asked = {**question(gate_world), kind: each}
                assert gate_world.call("POST", EVALUATION, json=asked).json()["decision"] is True, each

    def test_subjects_are_those_whom_an_evaluation_allows(self, gate_world: GateWorld) -> None:
        """Section 8: "the Subject ID can be omitted, and if present, is IGNORED"."""
        assert search(gate_world, "subject", subject={"type": "user", "id": "whoever"}).json()["page"]["count"] == 1
        answer = search(gate_world, "subject")
        assert answer.json() == {
            "results": [{"type": "user", "id": str(gate_world.id_of("ann"))}],
            "page": {"next_token": "", "count": 1},
        }

    def test_a_search_records_nothing(self, gate_world: GateWorld) -> None:
        before = gate_world.count_events("gate.decided")
        for kind in SEARCHES:
            assert search(gate_world, kind).status_code == 200
        assert gate_world.count_events("gate.decided") == before

    def test_actions_and_organizations(self, gate_world: GateWorld) -> None:
        assert search(gate_world, "action").json()["results"] == [{"name": ACTION}]
        assert search(gate_world, "resource").json()["results"] == [
            {"type": "organization", "id": str(gate_world.own_id)}
        ]
        bob = {"type": "user", "id": str(gate_world.id_of("bob"))}
        for kind in ("action", "resource"):
            assert search(gate_world, kind, subject=bob).json()["results"] == []

    def test_an_unknown_subject_or_type_finds_nothing_and_says_so(self, gate_world: GateWorld) -> None:
        unknown = {"type": "user", "id": "nobody@example.com"}
        for kind in ("action", "resource"):
            body = search(gate_world, kind, subject=unknown).json()
            assert (body["results"], body["context"]["reason"]["id"]) == ([], "unknown_subject")
        assert search(gate_world, "subject", subject={"type": "robot"}).json()["results"] == []
        found = search(gate_world, "resource", resource={"type": "dataset"}).json()
        assert found["context"]["reason"]["id"] == "unknown_type"

    def test_pages_follow_each_other_without_gap_or_repetition(self, gate_world: GateWorld) -> None:
        """8.2: a response that is split "returns a non-empty `page.next_token`"; in dry run everybody may."""
        set_rule(
            gate_world,
            GateMode.DRY_RUN,
            action="paged",
            requirements=[Requirement(ProficiencyLevel.COMPLETED, scope="paged", within_days=30)],
        )
        found: list[str] = []
        token = None
        while token != "":
            page = {"limit": 4} if token is None else {"limit": 4, "token": token}
            body = search(gate_world, "subject", action={"name": "paged"}, page=page).json()
            assert body["page"]["count"] == len(body["results"]) <= 4
            found += [each["id"] for each in body["results"]]
            token = body["page"]["next_token"]
        everybody = {str(gate_world.id_of(who)) for who in [*ROLES, "ann", "bob"]}
        assert len(found) == len(everybody)
        assert set(found) == everybody
        actions = search(gate_world, "action", page={"limit": 1}).json()
        assert actions["results"] == [{"name": ACTION}]
        more = search(gate_world, "action", page={"limit": 1, "token": actions["page"]["next_token"]}).json()
        assert more == {"results": [{"name": "paged"}], "page": {"next_token": "", "count": 1}}

    @pytest.mark.parametrize("kind", SEARCHES)
    def test_a_token_of_another_search_is_refused(self, gate_world: GateWorld, kind: str) -> None:
        def token_of(*content: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

        for token in ("nonsense", "ä", token_of("x", "y"), token_of(), token_of(1, 2), "===="):
            answer = search(gate_world, kind, page={"token": token})
            assert answer.status_code == 400, token
        pages: list[Any] = [{"limit": 0}, {"limit": "3"}, {"token": 3}, []]
        for page in pages:
            assert search(gate_world, kind, page=page).status_code == 400

    @pytest.mark.parametrize("who", [*ROLES, "stranger", "product"])
    def test_searching_others_is_for_who_may_evaluate(self, gate_world: GateWorld, who: str) -> None:
        may = who in {"supervisor", "manager"}
        context = {"organization_id": str(gate_world.own_id)}
        for kind in ("subject", "action"):
            assert search(gate_world, kind, who, context=context).status_code == (200 if may else 403)
        organizations = search(gate_world, "resource", who, context=context)
        assert organizations.status_code == 200
        assert bool(organizations.json()["results"]) is may

    @pytest.mark.parametrize("kind", SEARCHES)
    def test_nobody_searches_without_a_token(self, gate_world: GateWorld, kind: str) -> None:
        assert search(gate_world, kind, NOBODY).status_code == 401


class TestMetadata:
    """Section 9."""

    @pytest.fixture
    def server(self, gate_world: GateWorld) -> Iterator[TestClient]:
        context = gate_world.api.client.app.state.context  # type: ignore[attr-defined]
        yield TestClient(create_server(context), base_url="https://training.example.com")

    def test_is_served_at_the_root_and_names_endpoints_that_answer(
        self, server: TestClient, gate_world: GateWorld
    ) -> None:
        """9.2: "MUST use the `200 OK` HTTP status code and return a JSON object using the `application/json` content
        type"; "Parameters with zero values MUST be omitted"; 9.2.3: `policy_decision_point` "MUST be identical" to what
        the well-known address was made of.
        """
        answer = server.get("/.well-known/authzen-configuration")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        found = answer.json()
        assert all(found.values())
        assert found["policy_decision_point"] == "https://training.example.com"
        endpoints = {name: address for name, address in found.items() if name.endswith("_endpoint")}
        assert len(endpoints) == 5
        for address in endpoints.values():
            headers = {"Authorization": f"Bearer {gate_world.api.tokens['supervisor']}"}
            assert server.post(address, json={}, headers=headers).status_code == 400, address


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
ENTITY = st.fixed_dictionaries({}, optional={"type": JSON, "id": JSON, "name": JSON, "properties": JSON})
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "subject": ENTITY | JSON,
        "action": ENTITY | JSON,
        "resource": ENTITY | JSON,
        "context": st.fixed_dictionaries({}, optional={"organization_id": JSON}) | JSON,
        "evaluations": st.lists(ENTITY | JSON, max_size=3) | JSON,
        "options": st.fixed_dictionaries({}, optional={"evaluations_semantic": JSON}) | JSON,
        "page": st.fixed_dictionaries({}, optional={"token": JSON, "limit": JSON}) | JSON,
    },
)


class TestRandomRequests:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=LIKELY | JSON, is_sound=st.booleans())
    def test_never_end_in_a_server_error(self, gate_world: GateWorld, body: Any, is_sound: bool) -> None:
        """Random JSON, and sound requests with random members; an unsound one is 400, never a 5xx."""
        if is_sound and isinstance(body, dict):
            body = {**question(gate_world), **body}
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        for path in (EVALUATION, EVALUATIONS, *(f"/access/v1/search/{kind}" for kind in SEARCHES)):
            answer = gate_world.call("POST", path, content=content, headers=headers)
            assert answer.status_code in {200, 400, 403}, (path, answer.text)
            if answer.status_code == 400:
                assert answer.headers["content-type"] == "application/problem+json"


def test_every_recorded_answer_can_be_made_again(gate_world: GateWorld) -> None:
    """After all of the above, in whatever order: each record replays bit for bit."""
    now = clock.now()
    with read_only_session(gate_world.api.engine) as session:
        report = replay_range(session, since=now - timedelta(days=1), until=now + timedelta(days=1))
    assert report.is_identical
    assert report.replayed_count == gate_world.count_events("gate.decided")

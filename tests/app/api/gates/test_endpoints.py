"""What the endpoints answer: certified then and now, required training, rules, previews, lists, waivers, incidents."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.gates.rules import Requirement
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.proficiency.service import revoke_evidence
from operational_db.tables.identity import Organization
from operational_db.types import GateMode, ProficiencyLevel, Role
from tests.app.api.gates.conftest import ACTION, SCOPE, GateWorld, set_rule
from tests.operational_db.gates.gate_people import Company


@pytest.fixture
def lesson_id(gate_world: GateWorld) -> Iterator[UUID]:
    """A published quiz of four minutes for the scope."""
    with unit_of_work(gate_world.api.engine) as session:
        company = Company(session, SYSTEM_PRINCIPAL, None, clock.now())  # type: ignore[arg-type]
        lesson = company.lesson().id
    yield lesson
    with unit_of_work(gate_world.api.engine) as session:
        for table in ("lesson_assignments", "lesson_versions"):
            session.connection().exec_driver_sql(f"delete from {table} where lesson_id = %s", (lesson,))
        session.connection().exec_driver_sql("delete from lessons where id = %s", (lesson,))


def get(world: GateWorld, path: str, who: str = "manager", **params: Any) -> Any:
    answer = world.call("GET", path, who, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(world: GateWorld, path: str, body: dict[str, Any], who: str = "manager", status: int = 200) -> Any:
    answer = world.call("POST", path, who, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


class TestCertified:
    @pytest.mark.requirement("EMB-07")
    def test_level_dates_evidence_and_reason(self, gate_world: GateWorld) -> None:
        ann = get(gate_world, "/v1/certified", scope=SCOPE, person_id=gate_world.id_of("ann"))
        assert (ann["is_certified"], ann["level"], ann["reason"]) == (True, "certified", "certified")
        assert set(ann["evidence_ids"]) <= {str(each) for each in gate_world.evidence_ids}
        assert ann["valid_from"] < ann["valid_until"]
        bob = get(gate_world, "/v1/certified", scope=SCOPE, person_id=gate_world.id_of("bob"))
        assert (bob["is_certified"], bob["level"], bob["reason"]) == (False, None, "never_trained")

    @pytest.mark.requirement("EMB-07")
    def test_at_one_instant_as_known_at_another(self, gate_world: GateWorld) -> None:
        """A revocation reaches back and changes the answer of today about then, not the answer of then."""
        with unit_of_work(gate_world.api.engine) as session:
            organization = session.get_one(Organization, gate_world.own_id)
        gate_world.add("cleo", organization, Role.TECHNICIAN)
        rows = gate_world.prove("cleo", ProficiencyLevel.COMPLETED, days_ago=30)
        now = clock.now()
        lost = (now - timedelta(days=20)).date()
        with unit_of_work(gate_world.api.engine) as session:
            revoke_evidence(
                session,
                SYSTEM_PRINCIPAL,
                evidence_id=rows[0],
                revoked_from=lost,
                reason="Copied answers.",
                now=now - timedelta(days=2),
            )
        asked: dict[str, Any] = {
            "scope": SCOPE,
            "person_id": gate_world.id_of("cleo"),
            "organization_id": gate_world.own_id,
        }
        at = (now - timedelta(days=10)).isoformat()
        then = get(gate_world, "/v1/certified", **asked, at=at, as_known_at=(now - timedelta(days=5)).isoformat())
        today = get(gate_world, "/v1/certified", **asked, at=at)
        before = get(gate_world, "/v1/certified", **asked, at=(now - timedelta(days=25)).isoformat())
        assert [each["is_certified"] for each in (then, today, before)] == [True, False, True]
        assert today["reason"] == "revoked"
        earlier = {"revoked_from": (lost - timedelta(days=1)).isoformat(), "reason": "Copied answers."}
        revoked = post(gate_world, f"/v1/proficiency/{rows[0]}/revoke", earlier)
        assert (revoked["revoked_from"], revoked["evidence_id"]) == (earlier["revoked_from"], str(rows[0]))
        again = get(gate_world, "/v1/certified", **asked, at=at, as_known_at=(now - timedelta(days=1)).isoformat())
        assert (again["is_certified"], again["reason"]) == (False, "revoked")
        post(gate_world, f"/v1/proficiency/{rows[0]}/revoke", {**earlier, "reason": " "}, status=422)

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"scope": ""},
            {"scope": "a\x00b"},
            {"scope": "x" * 201},
            {"scope": SCOPE, "person_id": "ann"},
            {"scope": SCOPE, "at": "yesterday"},
            {"scope": SCOPE, "at": "2026-01-01T00:00:00"},
            # In UTC it lies before the first year, or after the last one.
            {"scope": SCOPE, "at": "0001-01-01T00:00:00+14:00"},
            {"scope": SCOPE, "at": "9999-12-31T23:59:59-01:00"},
            {"scope": SCOPE, "as_known_at": "0001-01-01T00:00:00+14:00"},
            {"scope": SCOPE, "as_known_at": "2026-13-01T00:00:00Z"},
            {"scope": SCOPE, "as_known_at": "9999-12-31T00:00:00Z"},
        ],
    )
    def test_malformed_questions_are_refused(self, gate_world: GateWorld, params: dict[str, str]) -> None:
        answer = gate_world.call("GET", "/v1/certified", "manager", params=params)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
    def test_the_ends_of_time_are_answered(self, gate_world: GateWorld, at: str) -> None:
        asked: dict[str, Any] = {"scope": SCOPE, "person_id": gate_world.id_of("ann"), "at": at}
        assert get(gate_world, "/v1/certified", **asked)["is_certified"] is False


class TestNextRequiredTraining:
    @pytest.mark.requirement("EMB-08")
    def test_the_fewest_lessons_with_their_minutes(self, gate_world: GateWorld, lesson_id: UUID) -> None:
        asked: dict[str, Any] = {"action": ACTION, "organization_id": gate_world.own_id}
        bob = get(gate_world, "/v1/next-required-training", **asked, person_id=gate_world.id_of("bob"))
        assert [step["lesson_id"] for step in bob["lessons"]] == [str(lesson_id)]
        assert (bob["estimated_minutes"], bob["missing"], bob["reason"]) == (4.0, ["scope:data-export"], "lessons")
        ann = get(gate_world, "/v1/next-required-training", **asked, person_id=gate_world.id_of("ann"))
        assert (ann["lessons"], ann["estimated_minutes"], ann["reason"]) == ([], 0.0, "nothing_missing")
        unknown = get(gate_world, "/v1/next-required-training", action="unknown", organization_id=gate_world.own_id)
        assert unknown["reason"] == "no_rule"

    def test_a_denial_names_the_lesson_at_once(self, gate_world: GateWorld, lesson_id: UUID) -> None:
        body = {
            "organization_id": str(gate_world.own_id),
            "action": ACTION,
            "person_id": str(gate_world.id_of("bob")),
            "resource": "export-1",
        }
        found = post(gate_world, "/v1/gates/decisions", body, "supervisor")
        assert found["decision"] is False
        assert [step["lesson_id"] for step in found["context"]["next_lessons"]] == [str(lesson_id)]
        assert found["context"]["estimated_minutes"] == 4.0


class TestRules:
    def rule(self, world: GateWorld, **fields: Any) -> dict[str, Any]:
        return {
            "organization_id": str(world.own_id),
            "action": "prod-deploy",
            "requirements": [{"track": "operations/core", "level": "completed", "within": {"months": 9}}],
            "mode": "dry_run",
            **fields,
        }

    @pytest.fixture(autouse=True)
    def _trained_manager(self, gate_world: GateWorld) -> None:
        """The gate of rule changes is enforced; who changes rules has to be trained for it."""
        week = Requirement(ProficiencyLevel.COMPLETED, scope=SCOPE, within_days=7)
        set_rule(gate_world, GateMode.ENFORCE, action="rule-change", requirements=[week])

    def test_a_rule_is_changed_behind_a_gate_and_versions_follow_each_other(self, gate_world: GateWorld) -> None:
        denied = post(gate_world, "/v1/gates/rules", self.rule(gate_world), status=403)
        assert denied["type"] == "urn:sitesync:problem:gate_denied"
        assert denied["details"]["reason"] == "never_trained"
        gate_world.prove("manager")
        made = [
            post(gate_world, "/v1/gates/rules", self.rule(gate_world, mode=mode), status=201)
            for mode in ("dry_run", "enforce")
        ]
        assert [(each["version"], each["mode"]) for each in made] == [(1, "dry_run"), (2, "enforce")]
        listed = get(gate_world, "/v1/gates/rules", organization_id=gate_world.own_id)
        of_action = [each for each in listed if each["action"] == "prod-deploy"]
        assert [(each["version"], each["is_in_effect"]) for each in of_action] == [(2, True), (1, False)]
        body = {"organization_id": str(gate_world.own_id), "action": "prod-deploy"}
        assert len(post(gate_world, "/v1/gates/rules/end", body)) == 2
        assert gate_world.call("POST", "/v1/gates/rules/end", "manager", json=body).status_code == 404

    @pytest.mark.parametrize(
        "change",
        [
            {"requirements": []},
            {"requirements": [{"level": "completed", "within": {"days": 3}}]},
            {"requirements": [{"scope": "a", "track": "b", "level": "completed", "within": {"days": 3}}]},
            {"requirements": [{"scope": "a", "level": "mastered", "within": {"days": 3}}]},
            {"requirements": [{"scope": "a", "level": "completed"}]},
            {"requirements": [{"scope": "a", "level": "completed", "within": {"days": 3, "months": 1}}]},
            {"requirements": [{"scope": "a", "level": "completed", "within": {"weeks": 3}}]},
            {"requirements": [{"track": "pilots/core", "level": "completed", "within": {"days": 3}}]},
            {"mode": "off"},
            {"action": "a\x00b"},
            {"effective_from": "2020-01-01"},
            {"policy_id": str(uuid4())},
            {"lessons": []},
        ],
    )
    def test_rules_that_mean_nothing_are_refused(self, gate_world: GateWorld, change: dict[str, Any]) -> None:
        gate_world.prove("manager")
        post(gate_world, "/v1/gates/rules", self.rule(gate_world, **change), status=422)

    def test_the_platforms_rules_are_its_administrators(self, gate_world: GateWorld) -> None:
        assert gate_world.call("GET", "/v1/gates/rules", "manager").status_code == 403
        assert gate_world.call("GET", "/v1/gates/rules", "admin").status_code == 200
        post(gate_world, "/v1/gates/rules", self.rule(gate_world, organization_id=None), status=403)


class TestPreview:
    @pytest.mark.requirement("EMB-22")
    def test_each_kind_of_proposal_is_previewed(self, gate_world: GateWorld) -> None:
        organization = {"organization_id": str(gate_world.own_id)}
        tighter = {
            **organization,
            "action": ACTION,
            "requirements": [{"scope": "pii", "level": "certified"}],
            "mode": "enforce",
        }
        found = post(gate_world, "/v1/gates/preview", {**organization, "rule": tighter, "days": 10}, "auditor")
        assert "Ann" in {row["display_name"] for row in found["newly_denied"]}
        validity = {**organization, "scope": SCOPE, "validity_months": 1}
        answered = post(gate_world, "/v1/gates/preview", {**organization, "validity": validity})
        assert ACTION in answered["actions"]
        change = {"policy_id": str(uuid4()), "changes_scope": True, "changes_controls": True}
        post(gate_world, "/v1/gates/preview", {**organization, "policy_change": change}, status=404)
        for body in ({}, {"rule": tighter, "validity": validity}, {"days": 0, "rule": tighter}):
            post(gate_world, "/v1/gates/preview", {**organization, **body}, status=422)


class TestAccessLists:
    def put(self, world: GateWorld, status: int = 200, **options: Any) -> Any:
        params = {"organization_id": world.own_id, "source": "crm", **options.pop("params", {})}
        answer = world.call("PUT", "/v1/access-lists/list-export", "manager", params=params, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    def test_csv_and_json_say_the_same_and_bad_rows_have_line_column_and_remedy(self, gate_world: GateWorld) -> None:
        ann, bob = gate_world.id_of("ann"), gate_world.id_of("bob")
        csv = f"person_id,account\n{ann},\n,idp-bob\nnobody,\n".encode()
        headers = {"Content-Type": "text/csv; charset=utf-8"}
        dry = self.put(gate_world, content=csv, headers=headers, params={"dry_run": True})
        assert (dry["added_count"], dry["import_id"]) == (2, None)
        made = self.put(gate_world, content=csv, headers=headers)
        assert set(made["added_person_ids"]) == {str(ann), str(bob)}
        [finding] = made["findings"]
        assert (finding["line"], finding["column"], finding["code"]) == (4, "person_id", "unreadable_value")
        assert "nobody" not in str(finding)
        rows = {"rows": [{"person_id": str(ann)}, {"account": "idp-bob"}]}
        assert self.put(gate_world, json=rows)["unchanged_count"] == 2
        listed = get(gate_world, "/v1/access-lists", organization_id=gate_world.own_id, action="list-export")
        assert {item["person_id"] for item in listed["items"]} == {str(ann), str(bob)}

    def test_too_much_removed_stops_it(self, gate_world: GateWorld) -> None:
        ann, bob = (str(gate_world.id_of(who)) for who in ("ann", "bob"))
        self.put(gate_world, json={"rows": [{"person_id": ann}, {"person_id": bob}]})
        refused = self.put(gate_world, 422, json={"rows": [{"person_id": ann}]})
        assert refused["type"] == "urn:sitesync:problem:import_refused"
        assert "1 of 2 people" in refused["detail"]

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"", "text/csv"),
            (b"a;b\n", "text/csv"),
            (b"\xff\xfe", "text/csv"),
            (b"person_id\n", "application/json"),
            (b"{}", "application/json"),
            (b'{"rows": [7]}', "application/json"),
            (b'{"rows": [{"who": "ann"}]}', "application/json"),
            (b'{"rows": [{"account": "a\\u0000b"}]}', "application/json"),
            (b"", "application/json"),
        ],
    )
    def test_lists_of_another_form_are_refused(self, gate_world: GateWorld, content: bytes, kind: str) -> None:
        self.put(gate_world, 422, content=content, headers={"Content-Type": kind})

    def test_a_nul_in_a_file_is_refused(self, gate_world: GateWorld) -> None:
        self.put(gate_world, 422, content=b"account\na\x00b\n", headers={"Content-Type": "text/csv"})


class TestExceptionsAndWaivers:
    @pytest.mark.requirement("EMB-15")
    def test_listed_with_reason_assigned_in_one_call_and_waived(self, gate_world: GateWorld, lesson_id: UUID) -> None:
        organization = {"organization_id": str(gate_world.own_id)}
        bob = str(gate_world.id_of("bob"))
        for who in ("ann", "bob"):
            body = {**organization, "person_id": str(gate_world.id_of(who)), "action": ACTION}
            post(gate_world, "/v1/access-lists/grants", body, status=201)
        [found] = get(gate_world, "/v1/exceptions", **organization, action=ACTION)
        assert (found["person_id"], found["reason"], found["is_assigned"]) == (bob, "never_trained", False)
        made = post(gate_world, "/v1/exceptions/assign", {**organization, "action": ACTION})
        assert [(each["person_id"], each["lesson_id"]) for each in made["assigned"]] == [(bob, str(lesson_id))]
        again = post(gate_world, "/v1/exceptions/assign", {**organization, "action": ACTION})
        assert (again["assigned"], again["already_assigned_ids"]) == ([], [bob])
        waiver = {
            **organization,
            "person_id": bob,
            "action": ACTION,
            "reason": "Covers for a colleague.",
            "ends_on": clock.today().isoformat(),
        }
        granted = post(gate_world, "/v1/waivers", waiver, status=201)
        [waived] = get(gate_world, "/v1/exceptions", **organization, action=ACTION)
        assert (waived["reason"], waived["waived_until"]) == ("waived", waiver["ends_on"])
        asked = {**organization, "person_id": bob, "action": ACTION}
        assert post(gate_world, "/v1/gates/decisions", asked)["context"]["waiver_id"] == granted["waiver_id"]
        listed = get(gate_world, "/v1/waivers", **organization, is_open=True, person_id=bob)
        assert (listed["total_count"], len(listed["items"])) == (1, 1)
        post(gate_world, f"/v1/waivers/{granted['waiver_id']}/end", {})
        assert post(gate_world, "/v1/gates/decisions", asked)["decision"] is False
        mine = {**waiver, "person_id": str(gate_world.id_of("manager"))}
        assert "her own" in post(gate_world, "/v1/waivers", mine, status=403)["detail"]

    @pytest.mark.parametrize("change", [{"reason": ""}, {"reason": "a\x00b"}, {"ends_on": "soon"}, {"ends_on": None}])
    def test_waivers_without_reason_or_end_are_refused(self, gate_world: GateWorld, change: dict[str, Any]) -> None:
        body = {
            "organization_id": str(gate_world.own_id),
            "person_id": str(gate_world.id_of("bob")),
            "action": "unreasoned",
            "reason": "Because.",
            "ends_on": clock.today().isoformat(),
            **change,
        }
        post(gate_world, "/v1/waivers", body, status=422)


class TestIncidents:
    @pytest.mark.requirement("EMB-17")
    def test_the_report_says_who_was_certified_then_and_now(self, gate_world: GateWorld) -> None:
        ann, bob = (str(gate_world.id_of(who)) for who in ("ann", "bob"))
        body = {
            "organization_id": str(gate_world.own_id),
            "title": "Wrong address",
            "scope": SCOPE,
            "started_at": (clock.now() - timedelta(hours=1)).isoformat(),
            "people": [{"person_id": ann, "involvement": "Sent it."}],
        }
        incident = post(gate_world, "/v1/incidents", body, "supervisor", 201)["incident"]["incident_id"]
        post(gate_world, f"/v1/incidents/{incident}/people", {"person_id": bob}, "supervisor", 201)
        report = get(gate_world, f"/v1/incidents/{incident}/report", "auditor")
        found = {
            each["person_id"]: (each["known_then"]["is_certified"], each["known_now"]["is_certified"])
            for each in report["people"]
        }
        assert found == {ann: (True, True), bob: (False, False)}
        assert (report["certified_then_count"], report["certified_now_count"]) == (1, 1)

    @pytest.mark.parametrize(
        "change",
        [
            {"title": ""},
            {"started_at": "2026-01-01T00:00:00"},
            {"started_at": "2999-01-01T00:00:00Z"},
            {"scope": "a\x00b"},
            {"summary": "a\x00b"},
            {"people": [{"person_id": "bob"}]},
        ],
    )
    def test_malformed_reports_are_refused(self, gate_world: GateWorld, change: dict[str, Any]) -> None:
        body = {
            "organization_id": str(gate_world.own_id),
            "title": "Wrong address",
            "scope": SCOPE,
            "started_at": "2026-01-01T00:00:00Z",
            **change,
        }
        post(gate_world, "/v1/incidents", body, "supervisor", 422)

"""Buildings and crew checks over HTTP: the whole way once, and every endpoint for every role and tenant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from app.api.application import create_api
from app.context import AppContext
from operational_db import clock
from operational_db.database import create_database_engine, unit_of_work
from operational_db.evidence.verify_bundle import verify_bundle
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import mint_token
from operational_db.owners import contracts, service
from operational_db.settings import Settings
from operational_db.tables.identity import Organization
from operational_db.types import OrganizationKind, Role
from tests.app.api.conftest import Api
from tests.builders import create_organization
from tests.databases import UrlOf, copied_database
from tests.operational_db.owners.owner_world import OwnerWorld, create_world, plan

NOBODY = "nobody"


@dataclass
class Owners:
    api: Api
    world: OwnerWorld

    def call(self, method: str, path: str, who: str = "owner", **options: Any) -> Any:
        return self.api.call(method, f"/v1{path}", None if who == NOBODY else who, **options)

    def visit_id(self) -> str:
        with unit_of_work(self.api.engine) as session:
            return str(plan(session, self.world, 5, "ann", equipment_id=self.world.lift_id).id)

    def proposal_id(self) -> str:
        """A proposal of the owner to the contractor that waits for its answer; each is on a building of its own."""
        world, now = self.world, clock.now()
        with unit_of_work(self.api.engine) as session:
            building = service.add_building(
                session, SYSTEM_PRINCIPAL, organization_id=world.owner_id, name=f"Proposed {uuid4().hex}", now=now
            )
            proposal = contracts.propose_contract(
                session, SYSTEM_PRINCIPAL, owner_id=world.owner_id, contractor_id=world.contractor_id,
                building_id=building.id, now=now,
            )  # fmt: skip
            return str(proposal.id)


@pytest.fixture(scope="module")
def owners_engine(server_url_of: UrlOf, template_database: str) -> Iterator[Engine]:
    with copied_database(server_url_of, template_database) as url:
        engine = create_database_engine(url, pool_size=10)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def owners(owners_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owners]:
    settings = Settings(home=Path(tmp_path_factory.mktemp("home")))
    with TestClient(create_api(AppContext(settings, owners_engine))) as client:
        api, now = Api(client, owners_engine, settings), clock.now()
        with unit_of_work(owners_engine) as session:
            world = create_world(session, now)
            own, contractor = (session.get_one(Organization, each) for each in (world.owner_id, world.contractor_id))
            for role in (Role.TECHNICIAN, Role.CONTENT_REVIEWER):
                api.add_person(session, f"owners_{role}", own, role)
            for role in (Role.STUDENT, Role.MENTOR, Role.INSTRUCTOR, Role.AUDITOR):
                api.add_person(session, f"contractors_{role}", contractor, role)
            platform = create_organization(session, OrganizationKind.PLATFORM)
            api.add_person(session, "product", platform, Role.PRODUCT_TEAM)
            api.add_person(session, "admin", platform, Role.PLATFORM_ADMIN)
            for who, principal in world.principals.items():
                lifetime = timedelta(hours=1)
                api.tokens[who] = mint_token(session, SYSTEM_PRINCIPAL, principal.person_id, "test", lifetime, now)
        yield Owners(api, world)


@pytest.mark.requirement("US-TC027", "US-TC028", "OWN-01", "OWN-02")
def test_from_a_new_building_to_the_proof_of_a_crew(owners: Owners, tmp_path: Path) -> None:
    world, day = owners.world, str(clock.today() + timedelta(days=3))
    place = {"organization_id": str(world.owner_id), "name": "Pier", "latitude": 40.7, "longitude": -74.0}
    building = owners.call("POST", "/buildings", json=place)
    assert (building.status_code, building.json()["unit_count"]) == (201, 0)
    building_id = building.json()["building_id"]
    changed = owners.call("PUT", f"/buildings/{building_id}", json={"name": "Pier 2", "timezone": "Europe/Berlin"})
    assert changed.json()["name"] == "Pier 2"
    unit = owners.call(
        "POST", f"/buildings/{building_id}/equipment",
        json={"name": "Lift A", "equipment_type": "passenger_elevator", "model": "Alpha  1"},
    ).json()  # fmt: skip
    contract = owners.call(
        "POST", "/contracts",
        json={"owner_id": str(world.owner_id), "contractor_id": str(world.contractor_id), "building_id": building_id},
    )  # fmt: skip
    assert (contract.status_code, contract.json()["status"]) == (201, "proposed")
    contract = owners.call("POST", f"/contracts/{contract.json()['contract_id']}/accept", "manager")
    assert (contract.status_code, contract.json()["status"]) == (200, "accepted")
    rule = {
        "organization_id": str(world.owner_id), "target": "model", "target_key": "ALPHA 1",
        "requirement": {"at_least": 1, "of_crew": {"certification": str(world.crane_id)}},
    }  # fmt: skip
    preview = owners.call("POST", "/crew-rules/preview", json=rule)
    assert (preview.status_code, preview.json()["visits"]) == (200, [])
    assert owners.call("POST", "/crew-rules", json=rule).json()["text"].startswith("1 person who holds")
    seen = owners.call("GET", f"/equipment/{unit['equipment_id']}/crew-rules", "manager").json()
    assert sorted(each["target"] for each in seen) == ["equipment_type", "model"]
    visit = owners.call(
        "POST", "/visits", "manager",
        json={
            "contract_id": contract.json()["contract_id"], "building_id": building_id, "planned_on": day,
            "person_ids": [str(world.id_of("ann"))],
        },
    ).json()  # fmt: skip
    assert owners.call("PATCH", f"/visits/{visit['visit_id']}", json={"purpose": "Ropes"}).json()["purpose"] == "Ropes"
    answer = owners.call("POST", "/crew/check", json={"visit_id": visit["visit_id"]})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found = answer.json()
    assert (found["is_qualified"], found["work_on"]) == (True, day)
    assert [each["certificate_id"] for each in found["certificates"]] == [str(world.ann_certificate_id)]
    assert {"certificate_id", "person_id", "certification_id", "certification_code", "certification_name",
            "issuing_organization", "expires_on"} == found["certificates"][0].keys()  # fmt: skip
    path = f"/crew/decisions/{found['decision_id']}"
    assert owners.call("GET", path).json() == found
    assert owners.call("POST", f"{path}/replay").json()["is_identical"] is True
    proof = owners.call("GET", f"{path}/proof")
    assert proof.headers["content-type"] == "application/zip"
    with ZipFile(BytesIO(proof.content)) as packed:
        packed.extractall(tmp_path)
    assert verify_bundle(tmp_path).bad_files == []
    assert owners.call("POST", f"/visits/{visit['visit_id']}/settle", json={"is_done": False}).status_code == 200
    ended = owners.call("POST", f"/contracts/{contract.json()['contract_id']}/end", "manager", json={})
    assert ended.json()["ended_on"] == str(clock.today())
    assert owners.call("DELETE", f"/equipment/{unit['equipment_id']}").json()["status"] == "dismantled"
    assert owners.call("DELETE", f"/buildings/{building_id}").json()["is_active"] is False
    ended_rules = owners.call(
        "POST", "/crew-rules/end", json={key: rule[key] for key in ("organization_id", "target", "target_key")}
    )
    assert len(ended_rules.json()) == 1


OWNER_SIDE, BOTH = {"owner"}, {"owner", "manager"}
READERS = {"owner", "auditor"}
# Who gets through; everybody else is refused or told that there is nothing.
ENDPOINTS: list[tuple[str, str, set[str]]] = [
    ("GET", "/buildings?organization_id={owner}", READERS),
    ("GET", "/buildings?organization_id={contractor}", {"manager"}),
    ("POST", "/buildings", OWNER_SIDE),
    ("GET", "/buildings/{tower}", READERS | {"manager"}),
    ("GET", "/buildings/{depot}", READERS),
    ("PUT", "/buildings/{tower}", OWNER_SIDE),
    ("DELETE", "/buildings/{tower}", OWNER_SIDE),
    ("GET", "/buildings/{tower}/equipment", READERS | {"manager"}),
    ("POST", "/buildings/{tower}/equipment", OWNER_SIDE),
    ("PUT", "/equipment/{lift}", OWNER_SIDE),
    ("DELETE", "/equipment/{lift}", OWNER_SIDE),
    ("GET", "/buildings/{tower}/crew-rules", READERS | {"manager"}),
    ("GET", "/equipment/{lift}/crew-rules", READERS | {"manager"}),
    ("GET", "/crew-rules?organization_id={owner}", READERS),
    ("POST", "/crew-rules", OWNER_SIDE),
    ("POST", "/crew-rules/end", OWNER_SIDE),
    ("POST", "/crew-rules/preview", OWNER_SIDE),
    ("GET", "/contracts?organization_id={owner}", READERS),
    ("GET", "/contracts?organization_id={contractor}", {"manager", "contractors_auditor"}),
    ("POST", "/contracts", OWNER_SIDE),
    ("POST", "/contracts/{contract}/end", BOTH),
    ("POST", "/contracts/{proposal}/accept", {"manager"}),
    ("POST", "/contracts/{proposal}/decline", {"manager"}),
    ("POST", "/contracts/{proposal}/end", BOTH),
    ("GET", "/visits?organization_id={owner}", READERS),
    ("GET", "/visits?organization_id={contractor}", {"manager", "contractors_auditor"}),
    ("POST", "/visits", BOTH),
    ("GET", "/visits/{visit}", READERS | {"manager"}),
    ("PATCH", "/visits/{visit}", BOTH),
    ("POST", "/visits/{visit}/settle", BOTH),
    ("POST", "/crew/check", BOTH),
    ("POST", "/crew/checks", BOTH),
    ("GET", "/crew/people?organization_id={owner}", OWNER_SIDE),
    ("GET", "/crew/people?organization_id={contractor}", {"manager"}),
    ("GET", "/crew/decisions?organization_id={owner}", READERS),
    ("GET", "/crew/decisions/{decision}", READERS),
    ("POST", "/crew/decisions/{decision}/replay", READERS),
    ("GET", "/crew/decisions/{decision}/proof", READERS),
]


def body_of(method: str, path: str, world: OwnerWorld) -> dict[str, Any] | None:
    """A body that would pass, wherever one is needed; it must not leave anything changed that others need."""
    day = str(clock.today() + timedelta(days=4))
    rule = {"organization_id": str(world.owner_id), "target": "unit", "target_key": str(world.stairs_id)}
    tree = {"requirement": {"certification": str(world.crane_id)}, "mode": "dry_run"}
    visit = {"contract_id": str(world.contract_id), "building_id": str(world.tower_id), "planned_on": day}
    people = {"person_ids": [str(world.id_of("ann"))], "work_on": day}
    lift = {"name": "Lift 1", "equipment_type": "passenger_elevator"}
    bodies: dict[tuple[str, str], dict[str, Any]] = {
        ("POST", "/buildings"): {"organization_id": str(world.owner_id), "name": f"New {uuid4().hex}"},
        ("PUT", "/buildings/{tower}"): {"name": "Tower"},
        ("POST", "/buildings/{tower}/equipment"): {**lift, "name": f"Unit {uuid4().hex}"},
        ("PUT", "/equipment/{lift}"): lift,
        ("POST", "/crew-rules"): {**rule, **tree},
        ("POST", "/crew-rules/end"): rule,
        ("POST", "/crew-rules/preview"): {**rule, "requirement": tree["requirement"]},
        ("POST", "/contracts"): {
            "owner_id": str(world.owner_id), "contractor_id": str(world.other_contractor_id),
            "building_id": str(world.depot_id),
        },
        ("POST", "/contracts/{contract}/end"): {},
        ("POST", "/contracts/{proposal}/end"): {},
        ("POST", "/visits"): visit,
        ("PATCH", "/visits/{visit}"): {"purpose": "Ropes"},
        ("POST", "/visits/{visit}/settle"): {"is_done": False},
        ("POST", "/crew/check"): {"equipment_ids": [str(world.lift_id)], **people},
        ("POST", "/crew/checks"): {"equipment_ids": [str(world.lift_id)], **people},
    }  # fmt: skip
    return bodies.get((method, path))


# What would take something away that the other cases need is tried by those only who are refused.
REFUSED_ONLY = {
    ("DELETE", "/buildings/{tower}"), ("DELETE", "/equipment/{lift}"), ("POST", "/contracts/{contract}/end"),
    ("POST", "/contracts"), ("POST", "/crew-rules/end"),
}  # fmt: skip


@pytest.mark.requirement("US-TC027", "RSK-03")
@pytest.mark.parametrize(("method", "path", "allowed"), ENDPOINTS, ids=[f"{m} {p}" for m, p, _ in ENDPOINTS])
def test_every_role_and_tenant(owners: Owners, method: str, path: str, allowed: set[str]) -> None:
    world = owners.world
    decision = owners.call(
        "POST", "/crew/check",
        json={"equipment_ids": [str(world.lift_id)], "person_ids": [str(world.id_of("ann"))],
              "work_on": str(clock.today())},
    ).json()  # fmt: skip
    ids = {
        "owner": world.owner_id, "contractor": world.contractor_id, "tower": world.tower_id, "depot": world.depot_id,
        "lift": world.lift_id, "contract": world.contract_id, "decision": decision["decision_id"],
    }  # fmt: skip
    for who in sorted(owners.api.tokens):
        if who == "admin" or (who in allowed and (method, path) in REFUSED_ONLY):
            continue
        visit = owners.visit_id() if "{visit}" in path else ""
        target = path.format(**ids, visit=visit, proposal=owners.proposal_id() if "{proposal}" in path else "")
        answer = owners.call(method, target, who, json=body_of(method, path, world))
        assert (answer.status_code in {200, 201}) is (who in allowed), (who, answer.status_code, answer.text)
        assert answer.status_code in {200, 201, 403, 404}, (who, answer.text)
    assert owners.call(method, path.format(**ids, visit=uuid4(), proposal=uuid4()), NOBODY).status_code in {401, 422}


class TestRefusals:
    @pytest.mark.parametrize(
        "body",
        [
            {}, {"work_on": "2026-11-02"}, {"building_id": str(uuid4())}, {"visit_id": "x"},
            {"building_id": str(uuid4()), "work_on": "2026-02-30"},
            {"building_id": str(uuid4()), "work_on": "2026-11-02", "person_ids": []},
            {"building_id": str(uuid4()), "work_on": "2026-11-02", "as_known_at": "2026-11-02T08:00:00"},
            {"building_id": str(uuid4()), "work_on": "2026-11-02", "unit": str(uuid4())},
        ],
    )  # fmt: skip
    def test_a_question_without_sense_is_refused(self, owners: Owners, body: dict[str, Any]) -> None:
        assert owners.call("POST", "/crew/check", json=body).status_code == 422

    def test_a_proposed_contract_opens_nobody_until_it_is_accepted(self, owners: Owners) -> None:
        """Asked about by name or by company, people whose company has not consented are as unknown as nobody."""
        world, today = owners.world, str(clock.today())
        other, eve = str(world.other_contractor_id), str(world.id_of("eve"))
        body = {"owner_id": str(world.owner_id), "contractor_id": other, "building_id": str(world.depot_id)}
        contract = owners.call("POST", "/contracts", json=body).json()
        asked = {"building_id": str(world.depot_id), "work_on": today}
        people = f"/crew/people?organization_id={world.owner_id}"
        refused = []
        for crew in ({"person_ids": [eve]}, {"person_ids": [str(uuid4())]}):
            answer = owners.call("POST", "/crew/check", json={**asked, **crew})
            refused.append((answer.status_code, answer.json()["detail"]))
        assert refused[0] == refused[1]
        for contractor in (other, str(uuid4())):
            answer = owners.call("POST", "/crew/check", json={**asked, "contractor_id": contractor})
            refused.append((answer.status_code, answer.json()["detail"]))
        assert refused[2] == refused[3]
        assert {status for status, _ in refused} == {404}
        assert eve not in owners.call("GET", people).text
        for who, status in (("manager", 404), ("owner", 403), ("auditor", 403), ("admin", 403), ("other_manager", 200)):
            path = f"/contracts/{contract['contract_id']}/accept"
            assert owners.call("POST", path, who).status_code == status, who
        assert owners.call("POST", path, "other_manager").status_code == 409
        assert owners.call("POST", "/crew/check", json={**asked, "person_ids": [eve]}).status_code == 200
        assert eve in owners.call("GET", people).text
        owners.call("POST", f"/contracts/{contract['contract_id']}/end", "other_manager", json={})

    def test_a_person_who_serves_nobody_here_and_nobody_at_all_are_the_same(self, owners: Owners) -> None:
        world = owners.world
        refusals = []
        for person_id in (world.id_of("eve"), uuid4()):
            answer = owners.call(
                "POST", "/crew/check",
                json={"equipment_ids": [str(world.lift_id)], "person_ids": [str(person_id)],
                      "work_on": str(clock.today())},
            )  # fmt: skip
            refusals.append((answer.status_code, answer.json()["detail"]))
        assert refusals[0] == refusals[1]
        assert refusals[0][0] == 404

    def test_the_owner_is_not_told_why_and_the_manager_is(self, owners: Owners) -> None:
        world = owners.world
        asked = {"equipment_ids": [str(world.lift_id)], "person_ids": [str(world.id_of("bob"))],
                 "work_on": str(clock.today())}  # fmt: skip
        reasons = [
            owners.call("POST", "/crew/check", who, json=asked).json()["people"][0]["missing"][0]["reason"]
            for who in ("owner", "manager")
        ]
        assert reasons == [None, "expired"]

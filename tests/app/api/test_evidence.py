"""Evidence over HTTP: the bundle as an auditor fetches it, refusals by role, tenant and gate, the list of exports."""

import io
import json
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.evidence.verify_bundle import verify_bundle
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import erase_person
from operational_db.ledger.append import append_events
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.verify import verify_ledger
from operational_db.tables.identity import Organization
from operational_db.types import GateMode, Role
from tests.app.api.conftest import World
from tests.operational_db.evidence.conftest import create_gate, records_of

PATH = "/v1/evidence/bundles"


@pytest.fixture
def evidence(world: World) -> World:
    """Records of one technician of each company, an auditor, and a gate that is only tried out."""
    with unit_of_work(world.api.engine) as session:
        world.api.add_person(session, "auditor", session.get_one(Organization, world.own_id), Role.AUDITOR)
        session.add(create_gate(GateMode.DRY_RUN))
        now = clock.now()
        for name, where in (("ann", world.own_id), ("stranger", world.other_id)):
            append_events(session, records_of(world.api.people[name], where, now), now=now)
    return world


def fetch(world: World, who: str, **body: Any) -> Any:
    return world.api.call("POST", PATH, who, json=body)


def of_organization(organization_id: UUID) -> dict[str, str]:
    return {"kind": "organization", "organization_id": str(organization_id)}


def unzip(answer: Any, folder: Path) -> Path:
    assert answer.status_code == 200, answer.text
    with ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(folder)
    return folder


@pytest.mark.requirement("EMB-16")
def test_an_auditor_fetches_a_bundle_and_checks_it_with_the_published_key(evidence: World, tmp_path: Path) -> None:
    answer = fetch(evidence, "auditor", **of_organization(evidence.own_id))
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    folder = unzip(answer, tmp_path / "bundle")
    (key,) = evidence.api.call("GET", "/v1/ledger/keys").json()["keys"]
    report = verify_bundle(folder, key["vkey"])
    assert report.problems == []
    records = json.loads((folder / "records.json").read_text())
    assert [record["kind"] for record in records].count("lesson.attempt_graded") == 1
    assert {record["user_name"] for record in records} == {"Ann", "Auditor"}
    # Nothing stays on the server.
    assert list((evidence.api.settings.home_path / "evidence").iterdir()) == []
    (export,) = evidence.api.call("GET", PATH, "auditor", params={"organization_id": str(evidence.own_id)}).json()[
        "items"
    ]
    assert export["manifest_sha256"] == answer.headers["x-manifest-sha256"]
    assert export["id"] == answer.headers["x-bundle-id"]
    assert export["scope"] == of_organization(evidence.own_id)


def test_somebody_fetches_her_own_records(evidence: World, tmp_path: Path) -> None:
    folder = unzip(fetch(evidence, "ann", kind="person", person_id=str(evidence.api.people["ann"])), tmp_path / "own")
    records = json.loads((folder / "records.json").read_text())
    assert {record["user_id"] for record in records} == {str(evidence.api.people["ann"])}
    assert len(records) == 4


def test_who_may_not_is_told_so(evidence: World) -> None:
    organization = of_organization(evidence.own_id)
    assert evidence.api.call("POST", PATH, json=organization).status_code == 401
    assert fetch(evidence, "ann", **organization).status_code == 403
    assert fetch(evidence, "stranger", **organization).status_code == 403
    ann = str(evidence.api.people["ann"])
    theirs = {"kind": "person", "organization_id": str(evidence.other_id), "person_id": ann}
    assert fetch(evidence, "stranger", **theirs).status_code == 404
    assert fetch(evidence, "bob", kind="person", person_id=ann).status_code == 403
    for who in ("ann", "stranger"):
        listed = evidence.api.call("GET", PATH, who, params={"organization_id": str(evidence.own_id)})
        assert listed.status_code == 403
    assert evidence.api.call("GET", PATH, "auditor").status_code == 403
    assert evidence.api.call("GET", PATH, "admin").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "everything"},
        {"kind": "organization"},
        {"kind": "person", "person_id": "ann"},
        {"kind": "period", "from_on": "2026-02-30", "to_on": "2026-03-01"},
        {"kind": "figure", "figure": "x", "leaf_indexes": ["first"]},
        {"kind": "period", "misspelt": 1},
    ],
)
def test_a_request_that_cannot_be_understood_is_a_problem(evidence: World, body: dict[str, Any]) -> None:
    answer = evidence.api.call("POST", PATH, "auditor", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_closed_gate_names_the_reason(evidence: World) -> None:
    with unit_of_work(evidence.api.engine) as session:
        session.add(create_gate(GateMode.ENFORCE, evidence.own_id))
    answer = fetch(evidence, "auditor", **of_organization(evidence.own_id))
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["type"].endswith("gate_denied")
    assert problem["details"]["action"] == "evidence-export"
    assert list((evidence.api.settings.home_path / "evidence").iterdir()) == []


def test_erased_then_verified_then_exported_without_a_name(evidence: World, tmp_path: Path) -> None:
    """End to end: the ledger and former bundles verify as before, and no new bundle holds the name."""
    vkey = load_or_create_signer(evidence.api.settings).vkey
    before = unzip(fetch(evidence, "auditor", **of_organization(evidence.own_id)), tmp_path / "before")
    assert b"Ann" in (before / "records.csv").read_bytes()
    with unit_of_work(evidence.api.engine) as session:
        erase_person(session, SYSTEM_PRINCIPAL, person_id=evidence.api.people["ann"], now=clock.now())
    after = unzip(fetch(evidence, "auditor", **of_organization(evidence.own_id)), tmp_path / "after")
    assert all(b"Ann" not in path.read_bytes() for path in after.rglob("*") if path.is_file())
    assert str(evidence.api.people["ann"]).encode() in (after / "records.csv").read_bytes()
    assert verify_bundle(before, vkey).problems == []
    assert verify_bundle(after, vkey).problems == []
    assert verify_ledger(evidence.api.engine).problem is None

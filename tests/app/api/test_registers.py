"""Registers over HTTP: each role, the other company, claims from proof to decision, links in bulk, manufacturers."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.documents.service import add_document
from operational_db.documents.store import file_store_of
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.service import LicenceRequest, run_licence_import
from operational_db.owners.manufacturer_service import resolve_manufacturers
from tests.app.api.conftest import World
from tests.operational_db.documents.sample_files import PDF
from tests.operational_db.imports.test_licences import HEADER

LICENCE = "aaaa1111bbbb2222"
ROWS = (
    f"{LICENCE},Sole Owner,X,CA,90000,,2001-05-02,2027-05-31,2026-05-01,C-10|C-11,CLEAR\n"
    "cccc3333dddd4444,Corporation,X,CA,90000,Y,2020-01-15,2027-01-31,2025-01-10,C-11,SUSPENDED\n"
)


@pytest.fixture
def register(world: World, tmp_path: Path) -> World:
    path = tmp_path / "register.csv"
    path.write_text(HEADER + ROWS)
    run_licence_import(
        world.api.engine,
        SYSTEM_PRINCIPAL,
        LicenceRequest(file=path),
        is_dry_run=False,
        now=datetime(2026, 6, 1, tzinfo=UTC),
    )
    return world


def _document(world: World, name: str) -> str:
    person_id = world.api.people[name]
    with unit_of_work(world.api.engine) as session:
        document = add_document(
            session,
            SYSTEM_PRINCIPAL,
            file_store_of(world.api.settings),
            person_id=person_id,
            file_name="licence.pdf",
            content=PDF,
            now=clock.now(),
        )
        return str(document.id)


def _claim(world: World, name: str = "ann", by: str | None = None, **body: object) -> list[str]:
    answer = world.api.call(
        "POST",
        "/v1/registers/cslb/claims",
        by or name,
        json={"licence_number": LICENCE, "document_id": _document(world, name), **body},
    )
    assert answer.status_code == 201, answer.text
    return [claim["claim_id"] for claim in answer.json()]


class TestEntries:
    def test_whoever_is_signed_in_sees_what_the_register_says_and_not_of_whom(self, register: World) -> None:
        path = f"/v1/registers/cslb/licences/{LICENCE}"
        assert register.api.call("GET", path).status_code == 401
        for who in ("ann", "stranger"):
            entries = register.api.call("GET", path, who).json()
            assert [(e["register"], e["classification"], e["standing"], e["is_claimed"]) for e in entries] == [
                ("cslb", "C-10", "clear", False),
                ("cslb", "C-11", "clear", False),
            ]
            assert {e["subject"] for e in entries} == {None}
        assert register.api.call("GET", "/v1/registers/cslb/licences/1", "ann").status_code == 404


class TestClaims:
    def test_from_proof_to_decision(self, register: World) -> None:
        api = register.api
        first, second = _claim(register)
        queue = api.call("GET", f"/v1/organizations/{register.own_id}/register-claims", "manager").json()
        assert [(c["claim_id"], c["person"], c["document_name"]) for c in queue["items"]] == [
            (first, "Ann", "licence.pdf"),
            (second, "Ann", "licence.pdf"),
        ]
        approval, refusal = {"is_approved": True}, {"is_approved": False, "reason": "Another name."}
        done = api.call("POST", f"/v1/register-claims/{first}/decision", "manager", json=approval)
        assert done.json() == {"claim_id": first, "is_approved": True}
        refused = api.call("POST", f"/v1/register-claims/{second}/decision", "manager", json=refusal)
        assert refused.json()["is_approved"] is False
        mine = api.call("GET", "/v1/me/register-claims", "ann").json()
        assert {c["claim_id"]: (c["is_approved"], c["reason"]) for c in mine} == {
            first: (True, None),
            second: (False, "Another name."),
        }

    def test_each_role_and_the_other_company(self, register: World) -> None:
        api = register.api
        (claim, *_) = _claim(register, by="manager", person_id=str(register.api.people["ann"]))
        queue, decision = (
            f"/v1/organizations/{register.own_id}/register-claims",
            f"/v1/register-claims/{claim}/decision",
        )
        statuses = {who: api.call("GET", queue, who).status_code for who in ("manager", "ann", "stranger", "admin")}
        assert statuses == {"manager": 200, "ann": 403, "stranger": 403, "admin": 200}
        statuses = {who: api.call("GET", "/v1/register-claims", who).status_code for who in ("manager", "ann", "admin")}
        assert statuses == {"manager": 403, "ann": 403, "admin": 200}
        body = {"is_approved": True}
        statuses = {who: api.call("POST", decision, who, json=body).status_code for who in ("ann", "bob", "stranger")}
        assert statuses == {"ann": 403, "bob": 404, "stranger": 404}
        assert api.call("POST", decision, json=body).status_code == 401
        document = {"licence_number": LICENCE, "document_id": _document(register, "ann")}
        for who in ("bob", "stranger"):
            answer = api.call("POST", "/v1/registers/cslb/claims", who, json=document)
            assert answer.status_code == 404
        assert api.call("POST", decision, "admin", json=body).status_code == 200


class TestLinks:
    def _link(self, world: World, who: str | None, content: str, *, dry_run: bool = False) -> object:
        return world.api.call(
            "POST",
            f"/v1/organizations/{world.own_id}/register-links",
            who,
            params={"dry_run": dry_run},
            files={"file": ("links.csv", content, "text/csv")},
        )

    def test_a_dry_run_then_the_links_then_nothing_new(self, register: World) -> None:
        rows = f"person,licence_number\n{register.api.people['ann']},{LICENCE}\nnobody@x.example,1\n"
        counts = ("is_dry_run", "read_count", "linked_count", "unchanged_count", "refused_count", "entry_count")
        for dry_run, expected in ((True, (1, 0, 2)), (False, (1, 0, 2)), (False, (0, 1, 0))):
            report = self._link(register, "manager", rows, dry_run=dry_run).json()  # type: ignore[attr-defined]  # a response
            linked, unchanged, entries = expected
            assert [report[name] for name in counts] == [dry_run, 2, linked, unchanged, 1, entries]
            assert [(p["line"], p["code"]) for p in report["problems"]] == [(3, "unknown_person")]

    def test_it_is_for_who_may_verify_there(self, register: World) -> None:
        rows = "person,licence_number\n"
        statuses = {
            who: self._link(register, who, rows).status_code  # type: ignore[attr-defined]  # a response
            for who in (None, "ann", "stranger", "manager")
        }
        assert statuses == {None: 401, "ann": 403, "stranger": 403, "manager": 200}

    def test_a_file_that_is_none_is_refused_with_its_reason(self, register: World) -> None:
        answer = self._link(register, "manager", "a;b\n1;2\n")
        assert answer.status_code == 422  # type: ignore[attr-defined]  # a response
        assert "commas" in answer.json()["detail"]  # type: ignore[attr-defined]  # a response


class TestFlagged:
    def test_a_manager_sees_her_members_flagged_licences_only(self, register: World) -> None:
        path = f"/v1/organizations/{register.own_id}/register-entries"
        statuses = {who: register.api.call("GET", path, who).status_code for who in ("manager", "ann", "stranger")}
        assert statuses == {"manager": 200, "ann": 403, "stranger": 403}
        assert register.api.call("GET", path, "manager").json()["total_count"] == 0
        rows = f"person,licence_number\n{register.api.people['bob']},cccc3333dddd4444\n"
        register.api.call(
            "POST",
            f"/v1/organizations/{register.own_id}/register-links",
            "manager",
            files={"file": ("links.csv", rows, "text/csv")},
        )
        listed = register.api.call("GET", path, "manager").json()["items"]
        assert [(e["standing"], UUID(e["subject_id"])) for e in listed] == [("suspended", register.api.people["bob"])]
        clear = register.api.call("GET", path, "manager", params={"standing": "clear"}).json()
        assert clear["total_count"] == 0


class TestManufacturers:
    def test_the_table_is_shown_to_whoever_is_signed_in(self, world: World) -> None:
        with unit_of_work(world.api.engine) as session:
            resolve_manufacturers(session, ["OTIS ELEV CO", "OITS", "HOUSING AUTHORITY"])
        assert world.api.call("GET", "/v1/manufacturers").status_code == 401
        listed = world.api.call("GET", "/v1/manufacturers", "ann", params={"search": "oit"}).json()
        assert [(m["name"], m["is_maker"], [s["alias"] for s in m["spellings"]]) for m in listed["items"]] == [
            ("Otis", True, ["OITS", "OTIS ELEV CO"])
        ]
        assert world.api.call("GET", "/v1/manufacturers", "ann").json()["total_count"] == 2

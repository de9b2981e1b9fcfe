"""Badges over HTTP: what anybody may fetch, what only the holder may do, and that the rest does not exist."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from operational_db import clock
from operational_db.badges.baking import unbake_png, unbake_svg
from operational_db.badges.keys import load_or_create_badge_signer
from operational_db.badges.multikey import from_multikey
from operational_db.badges.proofs import is_signed_by, split_proof
from operational_db.badges.schema import schema_fault
from operational_db.badges.status_list import decode_bits, is_set
from operational_db.badges.tokens import is_token_signed_by, read_token
from operational_db.database import unit_of_work
from operational_db.tables.credentials import Certificate
from operational_db.tables.identity import Person
from operational_db.types import VerificationStatus
from tests.app.api.conftest import Api, World
from tests.builders import create_certificate, create_certification

BASE = "/v1/badges"
NO_ID = UUID(int=7)


@pytest.fixture
def certificate_id(world: World) -> UUID:
    """Ann's verified certificate."""
    with unit_of_work(world.api.engine) as session:
        ann = session.get_one(Person, world.api.people["ann"])
        ann.email = "ann@example.com"
        certification = create_certification(session, name="Elevator Safety Level 1")
        return create_certificate(session, ann, certification, expires_on=date(2099, 1, 5)).id


@pytest.fixture
def mine(world: World, certificate_id: UUID) -> Any:
    answer = world.api.call("POST", BASE, "ann", json={"certificate_id": str(certificate_id)})
    assert answer.status_code == 201
    return answer.json()


def path_of(url: str) -> str:
    return "/v1/" + url.split("/api/v1/")[1]


def change(api: Api, certificate_id: UUID, **fields: object) -> None:
    with unit_of_work(api.engine) as session:
        certificate = session.get_one(Certificate, certificate_id)
        for name, value in fields.items():
            setattr(certificate, name, value)


class TestHolder:
    @pytest.mark.requirement("BDG-03", "US-TC004")
    def test_asking_twice_gives_one_badge_with_all_its_addresses(
        self, world: World, mine: Any, certificate_id: UUID
    ) -> None:
        again = world.api.call("POST", BASE, "ann", json={"certificate_id": str(certificate_id)}).json()
        assert again == mine
        assert world.api.call("GET", f"{BASE}/mine", "ann").json() == [mine]
        assert mine["share_url"].endswith("/verify/" + mine["share_url"].rsplit("/", 1)[1])
        assert mine["is_public"] and not mine["shows_name"]

    @pytest.mark.parametrize("who", ["bob", "manager", "stranger", "admin"])
    def test_nobody_else_decides_about_it(self, world: World, mine: Any, certificate_id: UUID, who: str) -> None:
        api = world.api
        body = {"certificate_id": str(certificate_id)}
        assert api.call("POST", BASE, who, json=body).status_code == 404
        sharing = f"{BASE}/mine/{certificate_id}/sharing"
        assert api.call("PUT", sharing, who, json={"is_public": False}).status_code == 404
        assert api.call("GET", f"{BASE}/mine/{certificate_id}/download", who).status_code == 404
        assert api.call("GET", f"{BASE}/mine", who).json() == []

    def test_without_a_token_nothing_of_it_works(self, world: World, certificate_id: UUID) -> None:
        api = world.api
        assert api.call("POST", BASE, json={"certificate_id": str(certificate_id)}).status_code == 401
        assert api.call("GET", f"{BASE}/mine").status_code == 401
        assert api.call("PUT", f"{BASE}/mine/{certificate_id}/sharing", json={"is_public": True}).status_code == 401
        assert api.call("GET", f"{BASE}/mine/{certificate_id}/download").status_code == 401

    def test_an_unverified_certificate_gets_none(self, world: World, certificate_id: UUID) -> None:
        change(world.api, certificate_id, verification_status=VerificationStatus.PENDING)
        answer = world.api.call("POST", BASE, "ann", json={"certificate_id": str(certificate_id)})
        assert answer.status_code == 409
        assert "not verified" in answer.json()["detail"]

    def test_it_can_be_taken_along_in_every_form(self, world: World, mine: Any, certificate_id: UUID) -> None:
        path = f"{BASE}/mine/{certificate_id}/download"
        answers = {
            form: world.api.call("GET", path, "ann", params={"form": form}) for form in ("json", "jwt", "png", "svg")
        }
        credential = answers["json"].text
        assert unbake_png(answers["png"].content) == unbake_svg(answers["svg"].content) == credential
        assert read_token(answers["jwt"].text)[1]["name"] == "Elevator Safety Level 1"
        assert all("attachment" in answer.headers["Content-Disposition"] for answer in answers.values())

    def test_what_is_hidden_does_not_exist_for_others(self, world: World, mine: Any, certificate_id: UUID) -> None:
        api = world.api
        sharing = f"{BASE}/mine/{certificate_id}/sharing"
        assert api.call("PUT", sharing, "ann", json={"is_public": False}).status_code == 204
        unknown = f"{BASE}/{'x' * 22}/credential"
        for name in ("credential_url", "credential_jwt_url", "assertion_url", "image_png_url", "image_svg_url"):
            answer = api.call("GET", path_of(mine[name]))
            assert (answer.status_code, answer.json()) == (404, api.call("GET", unknown).json())
        assert api.call("GET", f"{BASE}/mine/{certificate_id}/download", "ann").status_code == 200


class TestPublic:
    @pytest.mark.requirement("BDG-01", "BDG-04")
    def test_a_verifier_finds_all_it_needs(self, world: World, mine: Any, certificate_id: UUID) -> None:
        """As a stranger does it: credential, its key from did.json, its status from the list it names."""
        api = world.api
        answer = api.call("GET", path_of(mine["credential_url"]))
        assert answer.headers["Content-Type"] == "application/vc"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        credential = answer.json()
        assert schema_fault(credential) is None
        document = load_or_create_badge_signer(api.settings).issuer.did_document()
        (method,) = [
            item
            for item in document["verificationMethod"]
            if item["id"] == credential["proof"][0]["verificationMethod"]
        ]
        key = from_multikey(method["publicKeyMultibase"])
        assert is_signed_by(*split_proof(credential), key)
        entry = credential["credentialStatus"]

        def is_revoked() -> bool:
            listed = api.call("GET", path_of(entry["statusListCredential"])).json()
            assert is_signed_by(*split_proof(listed), key)
            assert listed["id"] == entry["statusListCredential"]
            return is_set(decode_bits(listed["credentialSubject"]["encodedList"]), int(entry["statusListIndex"]))

        assert not is_revoked()
        change(api, certificate_id, revoked_at=clock.now(), revoked_from=clock.today())
        assert is_revoked()

    def test_the_token_and_its_list_are_served_as_tokens(self, world: World, mine: Any) -> None:
        answer = world.api.call("GET", path_of(mine["credential_jwt_url"]))
        assert answer.headers["Content-Type"] == "application/vc+jwt"
        header, payload = read_token(answer.text)
        key = from_multikey(header["kid"].partition("#")[2])
        assert is_token_signed_by(answer.text, key)
        assert payload["id"] == mine["credential_jwt_url"]
        listed = world.api.call("GET", path_of(payload["credentialStatus"]["statusListCredential"]))
        assert listed.headers["Content-Type"] == "application/vc+jwt"
        assert is_token_signed_by(listed.text, key)

    @pytest.mark.requirement("BDG-02")
    def test_open_badges_2_is_hosted_at_addresses_of_its_own(
        self, world: World, mine: Any, certificate_id: UUID
    ) -> None:
        api = world.api
        assertion = api.call("GET", path_of(mine["assertion_url"])).json()
        assert assertion["type"] == "Assertion"
        assert assertion["id"] == mine["assertion_url"]
        assert assertion["verification"] == {"type": "HostedBadge"}
        assert assertion["recipient"]["hashed"] and assertion["recipient"]["identity"].startswith("sha256$")
        assert "ann@example.com" not in json.dumps(assertion)
        badge_class = api.call("GET", path_of(assertion["badge"])).json()
        assert (badge_class["type"], badge_class["id"]) == ("BadgeClass", assertion["badge"])
        issuer = api.call("GET", path_of(badge_class["issuer"])).json()
        assert (issuer["type"], issuer["id"]) == ("Issuer", badge_class["issuer"])
        assert api.call("GET", path_of(badge_class["image"])).headers["Content-Type"] == "image/png"
        baked = api.call("GET", path_of(assertion["image"])).content
        assert json.loads(unbake_png(baked)) == assertion
        criteria = api.call("GET", path_of(badge_class["criteria"]["id"]))
        assert criteria.status_code == 200 and badge_class["criteria"]["narrative"] in criteria.text

    def test_a_revoked_assertion_is_gone(self, world: World, mine: Any, certificate_id: UUID) -> None:
        change(world.api, certificate_id, revoked_at=clock.now(), revoked_from=clock.today())
        answer = world.api.call("GET", path_of(mine["assertion_url"]))
        assert answer.status_code == 410
        assert answer.json()["revoked"] is True

    @pytest.mark.requirement("BDG-03")
    def test_pictures_carry_the_credential(self, world: World, mine: Any) -> None:
        credential = world.api.call("GET", path_of(mine["credential_url"])).text
        assert unbake_png(world.api.call("GET", path_of(mine["image_png_url"])).content) == credential
        svg = world.api.call("GET", path_of(mine["image_svg_url"]))
        assert unbake_svg(svg.content) == credential
        assert svg.headers["Content-Security-Policy"].startswith("default-src 'none'")

    @pytest.mark.parametrize(
        "path", ["status/1", "status/1.jwt", f"classes/{NO_ID}", f"classes/{NO_ID}/image.png", "x/credential"]
    )
    def test_what_does_not_exist_is_not_found(self, world: World, path: str) -> None:
        assert world.api.call("GET", f"{BASE}/{path}").status_code == 404

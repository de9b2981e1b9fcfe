"""The badges' key and identity: created once, owner only, rotated without losing what was signed."""

from datetime import datetime

import pytest

from operational_db.badges.json_ld import canonical_quads
from operational_db.badges.keys import (
    did_web_of,
    load_badge_issuer,
    load_or_create_badge_signer,
    rotate_badge_key,
)
from operational_db.badges.multikey import to_multikey
from operational_db.errors import InvalidInputError
from operational_db.key_files import KeyUnusableError
from operational_db.settings import Settings


class TestKey:
    def test_it_is_created_once_for_its_owner_only(self, settings: Settings) -> None:
        first = load_or_create_badge_signer(settings)
        path = settings.keys_path / "badges.key"
        assert path.stat().st_mode & 0o777 == 0o600
        assert load_or_create_badge_signer(settings).key_id == first.key_id

    def test_one_that_others_may_read_is_not_used(self, settings: Settings) -> None:
        load_or_create_badge_signer(settings)
        (settings.keys_path / "badges.key").chmod(0o644)
        with pytest.raises(KeyUnusableError):
            load_or_create_badge_signer(settings)

    def test_rotation_keeps_the_former_public_key(self, settings: Settings, now: datetime) -> None:
        before, after = rotate_badge_key(settings, now=now)
        issuer = load_badge_issuer(settings)
        assert [key.multikey for key in issuer.keys] == [
            to_multikey(before.key.public_key()),
            to_multikey(after.key.public_key()),
        ]
        assert issuer.own_key(before.key_id) == before.key.public_key()
        assert issuer.own_key(f"{issuer.did}#z6Mkx") is None
        document = issuer.did_document()
        assert document["assertionMethod"] == [before.key_id, after.key_id]


class TestIdentity:
    @pytest.mark.parametrize(
        ("address", "did"),
        [
            ("https://training.example", "did:web:training.example"),
            ("https://training.example:8443", "did:web:training.example%3A8443"),
            ("https://training.example/a/b", "did:web:training.example:a:b"),
            ("http://localhost:8501", "did:web:localhost%3A8501"),
        ],
    )
    def test_did_web_follows_the_address(self, address: str, did: str) -> None:
        assert did_web_of(address) == did

    @pytest.mark.parametrize("address", ["", "training.example", "ftp://training.example", "https://"])
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(InvalidInputError):
            did_web_of(address)

    def test_without_a_public_address_it_is_localhost(self, settings: Settings) -> None:
        local = settings.model_copy(update={"public_url": None, "port": 8777})
        assert load_or_create_badge_signer(local).did == "did:web:localhost%3A8777"

    def test_did_key_can_be_chosen_and_did_web_is_served_still(self, settings: Settings) -> None:
        signer = load_or_create_badge_signer(settings.model_copy(update={"badge_issuer": "did:key"}))
        assert signer.did == f"did:key:{to_multikey(signer.key.public_key())}"
        assert signer.key_id == f"{signer.did}#{to_multikey(signer.key.public_key())}"
        assert signer.issuer.did_document()["id"] == "did:web:training.example"

    def test_the_did_document_says_nothing_that_its_contexts_do_not_define(self, settings: Settings) -> None:
        canonical_quads(load_or_create_badge_signer(settings).issuer.did_document())

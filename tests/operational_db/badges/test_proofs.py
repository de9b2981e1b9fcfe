"""Data Integrity proofs against 1EdTech's published vector, and what must never be signed or fetched."""

import socket
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from operational_db.badges.json_ld import (
    CREDENTIALS_V2,
    OPEN_BADGES_V3,
    UnsignableDocumentError,
    canonical_quads,
    load_pinned,
)
from operational_db.badges.multikey import from_did_key, from_multikey, to_did_key, to_multikey
from operational_db.badges.proofs import document_hash, hash_to_sign, is_signed_by, sign_document, split_proof
from operational_db.errors import InvalidInputError

# Open Badges 3.0 Implementation Guide, "Linked Data Proof Test Vector for Open Badges 3.0".
SEED = bytes.fromhex("6241a409e6707bb640a0140a8a32bc3d193c33a661747284d6adfa4ed4180be4")
MULTIKEY = "z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi"
METHOD = f"https://example.edu/issuers/565049#{MULTIKEY}"
CREATED = datetime(2010, 1, 1, 19, 23, 24, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "@context": [CREDENTIALS_V2, OPEN_BADGES_V3],
    "id": "http://example.com/credentials/3527",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "issuer": {
        "id": "https://example.edu/issuers/565049",
        "type": ["Profile"],
        "url": "https://www.imsglobal.org",
        "name": "Example Corp",
    },
    "validFrom": "2010-01-01T00:00:00Z",
    "name": "Teamwork Badge",
    "credentialSubject": {
        "id": "did:example:ebfeb1f712ebc6f1c276e12ec21",
        "type": ["AchievementSubject"],
        "achievement": {
            "id": "https://example.com/achievements/21st-century-skills/teamwork",
            "type": ["Achievement"],
            "criteria": {
                "narrative": "Team members are nominated for this badge by their peers and recognized upon review by "
                "Example Corp management."
            },
            "description": "This badge recognizes the development of the capacity to collaborate within a group "
            "environment.",
            "name": "Teamwork",
        },
    },
}
DOCUMENT_HASH = "87f65a76d40146205e3b3e06cb0fbd153f97f9ce70372390f52566bb7f9e0773"
PROOF_HASH = "d34009cea0dbc1ca941e09dc01c8c9d3e3ce3c5b853f67ee44698dcea10f5d19"
PROOF_VALUE = "z5x9aCBYovW3CQCbKdNyhEm7ffYSw1YpEdPywQJoNbzDD2gkzQDKJ1sYKJaWvqZtkMtSbz35HcbgXVEDYHxCzgkCr"
OPTIONS = {
    "type": "DataIntegrityProof",
    "created": "2010-01-01T19:23:24Z",
    "verificationMethod": METHOD,
    "cryptosuite": "eddsa-rdfc-2022",
    "proofPurpose": "assertionMethod",
}


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(SEED)


class TestPublishedVector:
    """1EdTech's vector for Open Badges 3.0, byte for byte."""

    @pytest.mark.requirement("BDG-01")
    def test_hashes_and_signature_are_the_published_ones(self, key: Ed25519PrivateKey) -> None:
        assert document_hash(DOCUMENT).hex() == DOCUMENT_HASH
        assert hash_to_sign(DOCUMENT, OPTIONS).hex() == PROOF_HASH + DOCUMENT_HASH
        signed = sign_document(DOCUMENT, key, verification_method=METHOD, created=CREATED)
        assert signed["proof"] == [{**OPTIONS, "proofValue": PROOF_VALUE}]

    def test_the_published_proof_verifies_as_object_and_as_array(self, key: Ed25519PrivateKey) -> None:
        proof = {**OPTIONS, "proofValue": PROOF_VALUE}
        for written in (proof, [proof]):
            document, found = split_proof({**DOCUMENT, "proof": written})
            assert is_signed_by(document, found, key.public_key())

    def test_the_key_has_the_published_names(self, key: Ed25519PrivateKey) -> None:
        assert to_multikey(key.public_key()) == MULTIKEY
        assert from_multikey(MULTIKEY) == key.public_key()
        assert from_did_key(f"{to_did_key(key.public_key())}#{MULTIKEY}") == key.public_key()


class TestTampering:
    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("id", "http://example.com/credentials/3528"),
            ("name", "Leadership Badge"),
            ("validFrom", "2011-01-01T00:00:00Z"),
            ("validUntil", "2099-01-01T00:00:00Z"),
            ("issuer", {**DOCUMENT["issuer"], "name": "Another Corp"}),
            ("type", ["VerifiableCredential"]),
            ("credentialSubject", {**DOCUMENT["credentialSubject"], "id": "did:example:somebody-else"}),
        ],
    )
    def test_any_changed_member_breaks_the_signature(self, key: Ed25519PrivateKey, member: str, value: object) -> None:
        document, proof = split_proof({**DOCUMENT, "proof": [{**OPTIONS, "proofValue": PROOF_VALUE}]})
        assert not is_signed_by({**document, member: value}, proof, key.public_key())

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("created", "2010-01-01T19:23:25Z"),
            ("verificationMethod", METHOD + "x"),
            ("proofValue", PROOF_VALUE[:-1]),
            ("proofValue", PROOF_VALUE[1:]),
            ("proofValue", 7),
            ("proofValue", "z0OIl"),
        ],
    )
    def test_any_changed_option_breaks_the_signature(self, key: Ed25519PrivateKey, option: str, value: object) -> None:
        proof = {**OPTIONS, "proofValue": PROOF_VALUE, option: value}
        assert not is_signed_by(DOCUMENT, proof, key.public_key())

    def test_another_key_does_not_verify(self) -> None:
        proof = {**OPTIONS, "proofValue": PROOF_VALUE}
        assert not is_signed_by(DOCUMENT, proof, Ed25519PrivateKey.generate().public_key())

    @pytest.mark.parametrize(
        "proof",
        [
            None,
            [],
            {**OPTIONS, "cryptosuite": "eddsa-jcs-2022"},
            {**OPTIONS, "proofPurpose": "authentication"},
            {**OPTIONS, "surprise": "x"},
            {name: value for name, value in OPTIONS.items() if name != "verificationMethod"},
        ],
    )
    def test_no_proof_of_the_suite_is_refused(self, proof: object) -> None:
        with pytest.raises(InvalidInputError):
            split_proof({**DOCUMENT, "proof": proof})


class TestUnsignedTerms:
    """What no context defines would be left out of the signature without a word."""

    @pytest.mark.parametrize(
        "document",
        [
            {**DOCUMENT, "colour": "red"},
            {**DOCUMENT, "credentialSubject": {**DOCUMENT["credentialSubject"], "colour": {"name": "red"}}},
            {**DOCUMENT, "type": [*DOCUMENT["type"], "UnknownCredential"]},
            {**DOCUMENT, "id": "credentials/3527"},
            {**DOCUMENT, "@graph": [{"@type": "nonsense"}]},
            {**DOCUMENT, "@unknown": "x"},
            {**DOCUMENT, "@context": [CREDENTIALS_V2, OPEN_BADGES_V3, {"colour": None}], "colour": "red"},
            {**DOCUMENT, "@context": [CREDENTIALS_V2, {"@vocab": "https://example.com/"}]},
            {**DOCUMENT, "@context": [CREDENTIALS_V2, "https://example.com/context.json"]},
        ],
    )
    def test_they_are_refused(self, document: dict[str, Any]) -> None:
        with pytest.raises(UnsignableDocumentError):
            canonical_quads(document)

    def test_a_document_made_to_keep_us_busy_is_refused(self) -> None:
        deep: object = "x"
        for _ in range(60):
            deep = {"narrative": deep}
        with pytest.raises(UnsignableDocumentError):
            canonical_quads({**DOCUMENT, "credentialSubject": deep})


class TestOffline:
    def test_nothing_is_fetched(self, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("the network was used")

        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        monkeypatch.setattr(socket.socket, "connect", refuse)
        signed = sign_document(DOCUMENT, key, verification_method=METHOD, created=CREATED)
        assert is_signed_by(*split_proof(signed), key.public_key())
        with pytest.raises(UnsignableDocumentError):
            load_pinned("https://www.w3.org/ns/credentials/v3")


class TestThreads:
    def test_many_at_once_do_not_disturb_each_other(self) -> None:
        """The JSON-LD processor's caches of contexts fail when threads change them at once."""
        found: list[str] = []

        def compute() -> None:
            found.extend(document_hash(DOCUMENT).hex() for _ in range(25))

        former = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            threads = [threading.Thread(target=compute) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(former)
        assert found == [DOCUMENT_HASH] * 200


class TestMultikey:
    @pytest.mark.parametrize(
        "text", ["", "z", "z6Mk", "z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hw", "u" + MULTIKEY]
    )
    def test_what_is_no_key_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInputError):
            from_multikey(text)

    def test_a_did_key_with_the_fragment_of_another_is_refused(self) -> None:
        other = to_multikey(Ed25519PrivateKey.generate().public_key())
        with pytest.raises(InvalidInputError):
            from_did_key(f"did:key:{MULTIKEY}#{other}")

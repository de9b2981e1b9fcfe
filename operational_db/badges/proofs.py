"""Data Integrity proofs of the suite eddsa-rdfc-2022 (W3C Data Integrity EdDSA Cryptosuites 1.0).

What is signed: SHA-256 of the canonical proof options, then SHA-256 of the canonical document. Whose key it must be,
and whether the document says anything sensible, is for callers to decide.
"""

import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache

import base58
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from operational_db.badges.json_ld import JsonObject, canonical_quads
from operational_db.errors import InvalidInputError

SUITE = "eddsa-rdfc-2022"
PROOF_TYPE = "DataIntegrityProof"
PURPOSE = "assertionMethod"
SIGNATURE_BYTES = 64
_LONGEST_VALUE = 100
_OPTIONS = frozenset(
    {"id", "type", "created", "expires", "verificationMethod", "cryptosuite", "proofPurpose", "proofValue"}
)


def instant_in_badge(instant: datetime) -> str:
    """To the second, in UTC, as badges write instants."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def document_hash(document: JsonObject) -> bytes:
    """SHA-256 of the canonical document, which must carry no proof."""
    return hashlib.sha256(canonical_quads(document).encode()).digest()


def hash_to_sign(document: JsonObject, options: JsonObject) -> bytes:
    """The 64 bytes that are signed: the hash of the options under the document's contexts, then the document's."""
    configuration = {"@context": document["@context"], **options}
    return _options_hash(json.dumps(configuration, sort_keys=True)) + document_hash(document)


@lru_cache(maxsize=256)
def _options_hash(configuration: str) -> bytes:
    """All badges of a batch are signed with the same options."""
    return document_hash(json.loads(configuration))


def sign_document(
    document: JsonObject, key: Ed25519PrivateKey, *, verification_method: str, created: datetime
) -> JsonObject:
    """The document with its proof; as an array, as the Open Badges schema wants it.

    Raises
    ------
    UnsignableDocumentError
        When a term would not be covered.
    """
    options = {
        "type": PROOF_TYPE,
        "created": instant_in_badge(created),
        "verificationMethod": verification_method,
        "cryptosuite": SUITE,
        "proofPurpose": PURPOSE,
    }
    value = "z" + base58.b58encode(key.sign(hash_to_sign(document, options))).decode()
    return {**document, "proof": [{**options, "proofValue": value}]}


def split_proof(document: JsonObject) -> tuple[JsonObject, JsonObject]:
    """The document without its proof, and the proof of our suite among those it carries.

    Raises
    ------
    InvalidInputError
        When it carries none, or one that says more than the suite knows.
    """
    found = document.get("proof")
    for proof in found if isinstance(found, list) else [found]:
        if isinstance(proof, dict) and proof.get("cryptosuite") == SUITE and proof.get("type") == PROOF_TYPE:
            if proof.get("proofPurpose") != PURPOSE or not proof.keys() <= _OPTIONS:
                raise InvalidInputError("The proof is not one for asserting credentials.")
            if not isinstance(proof.get("verificationMethod"), str):
                raise InvalidInputError("The proof does not name its key.")
            return {key: value for key, value in document.items() if key != "proof"}, proof
    raise InvalidInputError(f"The credential carries no proof of the suite {SUITE}.")


def is_signed_by(document: JsonObject, proof: JsonObject, key: Ed25519PublicKey) -> bool:
    """Whether the proof's signature over the document (without proof) is the key's.

    Raises
    ------
    UnsignableDocumentError
        When document or proof hold something the signature cannot cover.
    """
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    signature = _signature(proof.get("proofValue"))
    if signature is None:
        return False
    try:
        key.verify(signature, hash_to_sign(document, options))
    except InvalidSignature:
        return False
    return True


def _signature(value: object) -> bytes | None:
    if not isinstance(value, str) or not value.startswith("z") or len(value) > _LONGEST_VALUE:
        return None
    try:
        signature = base58.b58decode(value[1:])
    except ValueError:
        return None
    return signature if len(signature) == SIGNATURE_BYTES else None

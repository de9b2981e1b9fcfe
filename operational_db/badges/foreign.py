"""Keys and status lists of issuers other than this installation: did:key offline, did:web and https by a given fetch.

Nothing here trusts what it reads more than it says: a key counts only when the issuer's own document names it for
assertions, and a status list only when the same issuer signed it.
"""

import json
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from operational_db.badges.fetch import Fetch
from operational_db.badges.json_ld import JsonObject
from operational_db.badges.keys import DID_WEB, BadgeIssuer
from operational_db.badges.multikey import DID_KEY, from_did_key, from_jwk, from_multikey
from operational_db.badges.proofs import is_signed_by, split_proof
from operational_db.badges.status_list import CREDENTIAL_TYPE, ENTRY_TYPE, LIST_TYPE, decode_bits, is_set
from operational_db.badges.tokens import credential_in, is_token, is_token_signed_by, read_token
from operational_db.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class SignedCredential:
    """A credential as it was handed in: with an embedded proof, or out of a token."""

    credential: JsonObject
    # The compact form, when it came as a token.
    token: str | None

    @property
    def issuer_id(self) -> str:
        issuer = self.credential.get("issuer")
        found = issuer.get("id") if isinstance(issuer, dict) else issuer
        return found if isinstance(found, str) else ""

    def verification_method(self) -> str:
        """The key the signature names.

        Raises
        ------
        InvalidInputError
            When it names none.
        """
        if self.token is None:
            return str(split_proof(self.credential)[1]["verificationMethod"])
        kid = read_token(self.token)[0].get("kid")
        if not isinstance(kid, str):
            raise InvalidInputError("The token does not name the key of its issuer (kid).")
        # Some issuers name the key by its fragment only.
        return f"{self.issuer_id}{kid}" if kid.startswith("#") else kid

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is the key's.

        Raises
        ------
        InvalidInputError, UnsignableDocumentError
            When there is no signature that could be checked.
        """
        if self.token is not None:
            return is_token_signed_by(self.token, key)
        document, proof = split_proof(self.credential)
        return is_signed_by(document, proof, key)


def parse_signed(text: str) -> SignedCredential:
    """A credential in JSON or as a token.

    Raises
    ------
    InvalidInputError
        When it is neither.
    """
    text = text.strip()
    if is_token(text):
        return SignedCredential(credential_in(read_token(text)[1]), text)
    return SignedCredential(parse_object(text), None)


def parse_object(text: str | bytes) -> JsonObject:
    """A JSON object whose names are unique: of two values under one name, readers choose differently.

    Raises
    ------
    InvalidInputError
        When it is none.
    """
    try:
        found = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("This is no JSON, or a part of it is missing.") from error
    if not isinstance(found, dict):
        raise InvalidInputError("This is JSON, but no credential.")
    return found


def find_key(method: str, issuer_id: str, own: BadgeIssuer, fetch: Fetch) -> Ed25519PublicKey:
    """The key a verification method names, when it is the issuer's.

    Raises
    ------
    InvalidInputError
        When the method is not the issuer's, or its document does not name it for assertions.
    FetchRefusedError
        When the issuer's document cannot be had.
    """
    controller, _, fragment = method.partition("#")
    if controller != issuer_id:
        raise InvalidInputError("The key that signed is not the issuer's.")
    own_key = own.own_key(method)
    if own_key is not None:
        return own_key
    if own.is_own(issuer_id):
        raise InvalidInputError("The issuer has never had this key.")
    if controller.startswith(DID_KEY):
        return from_did_key(method)
    address = did_web_address(controller) if controller.startswith(DID_WEB) else controller
    document = parse_object(fetch(address))
    if document.get("id") != controller:
        raise InvalidInputError("The issuer's document is about somebody else.")
    return _key_in(document, method, fragment)


def did_web_address(did: str) -> str:
    """Where the document of a `did:web` lies (did:web method, read)."""
    parts = did.removeprefix(DID_WEB).split(":")
    host = unquote(parts[0])
    path = "/".join(parts[1:]) if len(parts) > 1 else ".well-known"
    return f"https://{host}/{path}/did.json"


def read_status(entry: JsonObject, issuer_id: str, own: BadgeIssuer, fetch: Fetch) -> bool:
    """Whether the issuer's status list says revoked (or suspended).

    Raises
    ------
    InvalidInputError
        When the entry or the list is of a kind we cannot read, or the list is not the issuer's.
    FetchRefusedError
        When it cannot be had.
    """
    address = entry.get("statusListCredential")
    if entry.get("type") != ENTRY_TYPE or not isinstance(address, str):
        raise InvalidInputError(f"The status is of the kind {str(entry.get('type'))[:50]}, which cannot be read here.")
    try:
        index = int(str(entry.get("statusListIndex")))
    except ValueError as error:
        raise InvalidInputError("The credential names no place in its status list.") from error
    try:
        content = fetch(address).decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError("The status list is no text.") from error
    signed = parse_signed(content)
    _require_list(signed, address, issuer_id, own, fetch)
    subject = signed.credential["credentialSubject"]
    if subject.get("statusPurpose") != entry.get("statusPurpose"):
        raise InvalidInputError("The status list is for another purpose.")
    return is_set(decode_bits(subject.get("encodedList")), index)


def _require_list(signed: SignedCredential, address: str, issuer_id: str, own: BadgeIssuer, fetch: Fetch) -> None:
    types = signed.credential.get("type")
    subject = signed.credential.get("credentialSubject")
    if not isinstance(types, list) or CREDENTIAL_TYPE not in types or not isinstance(subject, dict):
        raise InvalidInputError("What lies at the address of the status list is no status list.")
    if subject.get("type") != LIST_TYPE or signed.credential.get("id", address) != address:
        raise InvalidInputError("The status list is another one than the credential names.")
    if signed.issuer_id != issuer_id:
        raise InvalidInputError("The status list is by another issuer than the credential.")
    key = find_key(signed.verification_method(), issuer_id, own, fetch)
    if not signed.is_signed_by(key):
        raise InvalidInputError("The signature of the status list is wrong: it was replaced or changed.")


def _key_in(document: JsonObject, method: str, fragment: str) -> Ed25519PublicKey:
    asserting = document.get("assertionMethod", [])
    methods = document.get("verificationMethod", [])
    names = {method, f"#{fragment}"}
    if not isinstance(asserting, list) or not isinstance(methods, list):
        raise InvalidInputError("The issuer's document cannot be read.")
    candidates = [item for item in [*asserting, *methods] if isinstance(item, dict) and item.get("id") in names]
    is_asserting = any((item.get("id") if isinstance(item, dict) else str(item)) in names for item in asserting)
    if not candidates or not is_asserting:
        raise InvalidInputError("The issuer's document does not name this key for signing credentials.")
    key = candidates[0]
    if isinstance(key.get("publicKeyMultibase"), str):
        return from_multikey(key["publicKeyMultibase"])
    return from_jwk(key.get("publicKeyJwk"))


def _unique(pairs: list[tuple[str, object]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def is_link(text: str) -> bool:
    """Whether a text is an address."""
    return urlsplit(text).scheme in {"http", "https"} and " " not in text and "\n" not in text

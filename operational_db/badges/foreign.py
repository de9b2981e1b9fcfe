"""Keys and status lists of issuers other than this installation: did:key offline, did:web and https by a given fetch.

Nothing here trusts what it reads more than it says: a key counts only when the issuer's own document names it for
assertions, and a status list only when the same issuer signed it.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from operational_db.badges.fetch import Fetch
from operational_db.badges.json_ld import JsonObject
from operational_db.badges.keys import DID_WEB, BadgeIssuer
from operational_db.badges.multikey import DID_KEY, PublicKey, from_did_key, from_jwk, from_multikey
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

    def verification_method(self) -> str | None:
        """The key the signature names; None for a token that brings its key along (Open Badges 3.0, 8.2.4.1).

        Raises
        ------
        InvalidInputError
            When there is neither.
        """
        if self.token is None:
            return str(split_proof(self.credential)[1]["verificationMethod"])
        header = read_token(self.token)[0]
        kid = header.get("kid")
        if not isinstance(kid, str):
            if "jwk" in header:
                return None
            raise InvalidInputError("The token does not name the key of its issuer (kid).")
        # Some issuers name the key by its fragment only.
        return f"{self.issuer_id}{kid}" if kid.startswith("#") else kid

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether the signature is the key's.

        Raises
        ------
        InvalidInputError, UnsignableDocumentError
            When there is no signature that could be checked.
        """
        if self.token is not None:
            return is_token_signed_by(self.token, key)
        document, proof = split_proof(self.credential)
        return isinstance(key, Ed25519PublicKey) and is_signed_by(document, proof, key)

    def has_run_out(self, now: datetime) -> bool:
        """Whether the proof itself says that it counts no more; of a token the credential's own days say so.

        Raises
        ------
        InvalidInputError
            When it carries no proof, or one whose end is no instant.
        """
        expires = None if self.token is not None else split_proof(self.credential)[1].get("expires")
        return expires is not None and to_instant(expires) <= now


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


def find_key(signed: SignedCredential, own: BadgeIssuer, fetch: Fetch) -> PublicKey:
    """The key that signed, when it is the issuer's.

    Raises
    ------
    InvalidInputError
        When the key named is not the issuer's, or its document does not name it for assertions.
    FetchRefusedError
        When the issuer's document cannot be had.
    """
    method = signed.verification_method()
    if method is None:
        return _brought_key(signed, own, fetch)
    controller, _, fragment = method.partition("#")
    if controller != signed.issuer_id:
        raise InvalidInputError("The key that signed is not the issuer's.")
    own_key = own.own_key(method)
    if own_key is not None:
        return own_key
    if own.is_own(controller):
        raise InvalidInputError("The issuer has never had this key.")
    if controller.startswith(DID_KEY):
        return from_did_key(method)
    return _key_in(_issuer_document(controller, fetch), method, fragment)


def _brought_key(signed: SignedCredential, own: BadgeIssuer, fetch: Fetch) -> PublicKey:
    """The key in a token's header: it proves nothing by itself, so the issuer must name the same."""
    brought = from_jwk(read_token(signed.token or "")[0]["jwk"])
    issuer_id = signed.issuer_id
    known: list[PublicKey]
    if own.is_own(issuer_id):
        known = [key.public_key for key in own.keys]
    elif issuer_id.startswith(DID_KEY):
        known = [from_did_key(issuer_id)]
    else:
        known = _asserting_keys(_issuer_document(issuer_id, fetch))
    if brought not in known:
        raise InvalidInputError("The key that the token brings along is not the issuer's.")
    return brought


def _issuer_document(issuer_id: str, fetch: Fetch) -> JsonObject:
    document = parse_object(fetch(did_web_address(issuer_id) if issuer_id.startswith(DID_WEB) else issuer_id))
    if document.get("id") != issuer_id:
        raise InvalidInputError("The issuer's document is about somebody else.")
    return document


def did_web_address(did: str) -> str:
    """Where the document of a `did:web` lies (did:web method, read)."""
    parts = did.removeprefix(DID_WEB).split(":")
    host = unquote(parts[0])
    path = "/".join(parts[1:]) if len(parts) > 1 else ".well-known"
    return f"https://{host}/{path}/did.json"


def to_instant(text: object) -> datetime:
    """An instant as documents write it; without a zone it is UTC.

    Raises
    ------
    InvalidInputError
        When it is none.
    """
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise InvalidInputError(f"'{str(text)[:40]}' is no instant.") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def read_status(entry: JsonObject, issuer_id: str, own: BadgeIssuer, fetch: Fetch, *, now: datetime) -> bool:
    """Whether the issuer's status list says revoked (or suspended).

    Raises
    ------
    InvalidInputError
        When the entry or the list is of a kind we cannot read, or the list is not the issuer's or has run out.
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
    until = signed.credential.get("validUntil")
    if signed.has_run_out(now) or (until is not None and to_instant(until) <= now):
        raise InvalidInputError("The status list has run out; its issuer has to publish it anew.")
    subject = signed.credential["credentialSubject"]
    purposes = subject.get("statusPurpose")
    if entry.get("statusPurpose") not in (purposes if isinstance(purposes, list) else [purposes]):
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
    key = find_key(signed, own, fetch)
    if not signed.is_signed_by(key):
        raise InvalidInputError("The signature of the status list is wrong: it was replaced or changed.")


def _asserting_keys(document: JsonObject) -> list[PublicKey]:
    """The keys an issuer's document names for assertions, as far as they can be read here."""
    asserting = document.get("assertionMethod", [])
    keys = []
    for item in asserting if isinstance(asserting, list) else []:
        method = str(item.get("id") if isinstance(item, dict) else item)
        with suppress(InvalidInputError):
            keys.append(_key_in(document, method, method.partition("#")[2]))
    return keys


def _key_in(document: JsonObject, method: str, fragment: str) -> PublicKey:
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

"""Ed25519 public keys in the forms that badges name them by: multibase Multikey, did:key, JSON Web Key.

Source: W3C Controlled Identifiers 1.0 (Multikey), the did:key method, RFC 8037. Private keys are in `keys`.
"""

import base64

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from operational_db.errors import InvalidInputError

# multicodec ed25519-pub (0xed) as an unsigned varint.
_ED25519 = b"\xed\x01"
_LONGEST = 60
DID_KEY = "did:key:"


def to_multikey(public_key: Ed25519PublicKey) -> str:
    """`z6Mk…`: base58btc of the multicodec prefix and the 32 bytes."""
    return "z" + base58.b58encode(_ED25519 + public_key.public_bytes_raw()).decode()


def from_multikey(text: str) -> Ed25519PublicKey:
    """The key a multibase text holds.

    Raises
    ------
    InvalidInputError
        When it is no Ed25519 key in base58btc.
    """
    if not text.startswith("z6Mk") or len(text) > _LONGEST:
        raise InvalidInputError("The key is no Ed25519 public key in multibase (z6Mk…).")
    try:
        content = base58.b58decode(text[1:])
        if len(content) != 34 or not content.startswith(_ED25519):
            raise ValueError(len(content))
        return Ed25519PublicKey.from_public_bytes(content[2:])
    except ValueError as error:
        raise InvalidInputError("The key is no Ed25519 public key in multibase (z6Mk…).") from error


def to_did_key(public_key: Ed25519PublicKey) -> str:
    """`did:key:z6Mk…`, which can be checked without asking anybody."""
    return DID_KEY + to_multikey(public_key)


def from_did_key(did: str) -> Ed25519PublicKey:
    """The key of `did:key:z6Mk…`, with or without the fragment that repeats it.

    Raises
    ------
    InvalidInputError
        As `from_multikey`, or when the fragment names another key.
    """
    text, _, fragment = did.removeprefix(DID_KEY).partition("#")
    if fragment and fragment != text:
        raise InvalidInputError("The fragment of a did:key names the same key as the did itself.")
    return from_multikey(text)


def to_jwk(public_key: Ed25519PublicKey) -> dict[str, str]:
    """The public JSON Web Key (RFC 8037)."""
    x = base64.urlsafe_b64encode(public_key.public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x}


def from_jwk(jwk: object) -> Ed25519PublicKey:
    """The key of a public JSON Web Key.

    Raises
    ------
    InvalidInputError
        When it is none of Ed25519.
    """
    if not isinstance(jwk, dict) or jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or "d" in jwk:
        raise InvalidInputError("The key is no public Ed25519 key.")
    try:
        text = str(jwk.get("x", ""))
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError as error:
        raise InvalidInputError("The key is no public Ed25519 key.") from error

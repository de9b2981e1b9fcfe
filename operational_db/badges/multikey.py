"""Public keys in the forms that badges name them by: multibase Multikey, did:key, JSON Web Key.

Ours are Ed25519; tokens of others may also be signed with RSA or on the curve P-256. Private keys are in `keys`.
Source: W3C Controlled Identifiers 1.0 (Multikey), the did:key method, RFC 7518, RFC 8037.
"""

import base64

import base58
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from operational_db.errors import InvalidInputError

PublicKey = Ed25519PublicKey | RSAPublicKey | EllipticCurvePublicKey

# multicodec ed25519-pub (0xed) as an unsigned varint.
_ED25519 = b"\xed\x01"
_LONGEST = 60
_FEWEST_RSA_BITS, _MOST_RSA_BITS = 2_048, 8_192
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


def from_jwk(jwk: object) -> PublicKey:
    """The key of a public JSON Web Key: Ed25519, RSA of 2,048 to 8,192 bits, or P-256.

    Raises
    ------
    InvalidInputError
        When it is none of these.
    """
    if not isinstance(jwk, dict) or "d" in jwk:
        raise _no_key()
    try:
        if jwk.get("kty") == "RSA":
            found = RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
            if _FEWEST_RSA_BITS <= found.key_size <= _MOST_RSA_BITS:
                return found
        elif jwk.get("kty") == "EC" and jwk.get("crv") == "P-256":
            return EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), SECP256R1()).public_key()
        elif jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519":
            return Ed25519PublicKey.from_public_bytes(_octets(jwk["x"]))
    except (KeyError, ValueError) as error:
        raise _no_key() from error
    raise _no_key()


def _octets(text: object) -> bytes:
    return base64.urlsafe_b64decode(f"{text}{'=' * (-len(str(text)) % 4)}")


def _number(text: object) -> int:
    return int.from_bytes(_octets(text))


def _no_key() -> InvalidInputError:
    return InvalidInputError("The key is none that can be read here: Ed25519, RSA of at least 2,048 bits, or P-256.")

"""Credentials as signed tokens: VC-JWT of Open Badges 3.0 (8.2.4), whose payload is the credential itself.

The claims that JWT registers repeat what the credential says, so that readers of either find it. Ours are signed under
`EdDSA`, the name that verifiers in use know; `Ed25519` (RFC 9864), which means the same with our keys, is read as well.
Others' may be signed with RSA or on the curve P-256, as Open Badges 3.0 has it.
"""

import json
import re
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, OKPKey, RSAKey

from operational_db.badges.json_ld import JsonObject
from operational_db.badges.keys import BadgeSigner
from operational_db.badges.multikey import PublicKey, to_jwk
from operational_db.badges.proofs import instant_in_badge
from operational_db.errors import InvalidInputError

ALGORITHM = "EdDSA"
# What is read, by the names of RFC 7518 and RFC 9864; a key is only used under an algorithm of its own kind.
READ_ALGORITHMS = ("Ed25519", "RS256", "ES256")
LONGEST_TOKEN = 512 * 1024
_COMPACT = re.compile(r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")
_REGISTERED = ("iss", "jti", "sub", "nbf", "iat", "exp")


class _Registry(jws.JWSRegistry):
    """Takes both names of our algorithm for one; tokens carry whole credentials."""

    max_header_length = 4 * 1024
    max_payload_length = LONGEST_TOKEN

    def get_alg(self, name: str) -> JWSAlgModel:
        return super().get_alg("Ed25519" if name == ALGORITHM else name)


def is_token(text: str) -> bool:
    """Whether a text has the form of a compact JWS."""
    return len(text) <= LONGEST_TOKEN and _COMPACT.match(text) is not None


def sign_token(credential: JsonObject, signer: BadgeSigner) -> str:
    """The credential as a compact JWS; an embedded proof is left out, as the token is the proof."""
    payload = {name: value for name, value in credential.items() if name != "proof"}
    issuer = payload["issuer"]
    payload["iss"] = issuer if isinstance(issuer, str) else issuer["id"]
    payload["jti"] = payload["id"]
    payload["sub"] = payload["credentialSubject"]["id"]
    payload["nbf"] = _seconds(payload["validFrom"])
    if "validUntil" in payload:
        payload["exp"] = _seconds(payload["validUntil"])
    public = to_jwk(signer.key.public_key())
    header = {"alg": ALGORITHM, "typ": "JWT", "kid": signer.key_id, "jwk": public}
    content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return jws.serialize_compact(
        header, content, OKPKey.import_key(signer.key), registry=_Registry(algorithms=READ_ALGORITHMS)
    )


def read_token(token: str) -> tuple[JsonObject, JsonObject]:
    """Header and payload of a token, not yet verified.

    Raises
    ------
    InvalidInputError
        When it is no token with a JSON object inside.
    """
    if not is_token(token):
        raise InvalidInputError("This is no signed token, or a part of it is missing.")
    try:
        found = jws.extract_compact(token.encode(), registry=_Registry())
        payload = json.loads(found.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise InvalidInputError("This is no signed token, or a part of it is missing.") from error
    if not isinstance(payload, dict):
        raise InvalidInputError("The token holds no credential.")
    return dict(found.headers()), payload


def is_token_signed_by(token: str, key: PublicKey) -> bool:
    """Whether the token's signature is the key's, under an algorithm that is read and of the key's kind."""
    imported: OKPKey | RSAKey | ECKey
    if isinstance(key, RSAPublicKey):
        imported = RSAKey.import_key(key)
    elif isinstance(key, EllipticCurvePublicKey):
        imported = ECKey.import_key(key)
    else:
        imported = OKPKey.import_key(key)
    try:
        jws.deserialize_compact(token.encode(), imported, registry=_Registry(algorithms=READ_ALGORITHMS))
    except (JoseError, ValueError):
        return False
    return True


def credential_in(payload: JsonObject) -> JsonObject:
    """The credential a token carries: the payload without JWT's own claims, or its `vc` claim (VC Data Model 1.1).

    Where it leaves its days to the token's claims, they are taken from there.

    Raises
    ------
    InvalidInputError
        When a registered claim contradicts the credential.
    """
    nested = payload.get("vc")
    if nested is not None and not isinstance(nested, dict):
        raise InvalidInputError("The token holds no credential.")
    credential = nested or {name: value for name, value in payload.items() if name not in _REGISTERED}
    issuer = credential.get("issuer")
    issuer_id = issuer.get("id") if isinstance(issuer, dict) else issuer
    subject = credential.get("credentialSubject")
    subject_id = subject.get("id") if isinstance(subject, dict) else None
    for claim, said in (("iss", issuer_id), ("jti", credential.get("id")), ("sub", subject_id)):
        if claim in payload and payload[claim] != said:
            raise InvalidInputError(f"The token's claim {claim} contradicts the credential inside.")
    dated = dict(credential)
    for claim, member in (("nbf", "validFrom"), ("exp", "validUntil")):
        if claim in payload and member in credential and payload[claim] != _seconds(credential[member]):
            raise InvalidInputError(f"The token's claim {claim} contradicts the credential inside.")
        if claim in payload and member not in credential:
            dated[member] = _instant(payload[claim])
    return dated


def _instant(seconds: object) -> str:
    try:
        return instant_in_badge(datetime.fromtimestamp(float(str(seconds)), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInputError(f"'{str(seconds)[:40]}' is no instant.") from error


def _seconds(instant: object) -> int:
    try:
        return int(datetime.fromisoformat(str(instant)).timestamp())
    except ValueError as error:
        raise InvalidInputError(f"'{str(instant)[:40]}' is no instant.") from error

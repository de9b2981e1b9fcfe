"""Bearer tokens of an OpenID Connect issuer: discovery, key set, signature and claims. Local tokens are identity's."""

import threading
import time
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from operational_db.errors import NotSignedInError

KEY_SET_SECONDS = 600
ALGORITHMS = ["RS256", "ES256", "PS256", "Ed25519", "EdDSA"]


class OidcTokens:
    """Checks JWTs of one issuer. The key set is fetched once and again after ten minutes or on an unknown key."""

    def __init__(self, issuer: str, audience: str) -> None:
        self.issuer = issuer.rstrip("/")
        self.audience = audience
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched_at = 0.0

    def subject(self, token: str) -> str:
        """The `sub` of a valid token.

        Raises
        ------
        NotSignedInError
            When the signature, issuer, audience or life time is not as it must be, or the issuer cannot be reached.
        """
        claims = self._claims(token)
        return str(claims["sub"])

    def _claims(self, token: str) -> dict[str, Any]:
        registry = JWTClaimsRegistry(
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        for is_fresh in (False, True):
            try:
                decoded = jwt.decode(token, self._key_set(is_fresh=is_fresh), algorithms=ALGORITHMS)
                registry.validate(decoded.claims)
            except (JoseError, ValueError) as error:
                if is_fresh:
                    raise NotSignedInError("The bearer token is not valid here; sign in again.") from error
            except httpx2.HTTPError as error:
                raise NotSignedInError(
                    "The sign-in service cannot be reached, so the token cannot be checked. Try again in a moment."
                ) from error
            else:
                return dict(decoded.claims)
        raise NotSignedInError("The bearer token is not valid here; sign in again.")

    def _key_set(self, *, is_fresh: bool) -> KeySet:
        with self._lock:
            age = time.monotonic() - self._fetched_at
            too_soon = self._keys is not None and age < 5
            if self._keys is None or age > KEY_SET_SECONDS or (is_fresh and not too_soon):
                discovery = httpx2.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5).raise_for_status()
                keys = httpx2.get(str(discovery.json()["jwks_uri"]), timeout=5).raise_for_status()
                self._keys = KeySet.import_key_set(keys.json())
                self._fetched_at = time.monotonic()
            return self._keys

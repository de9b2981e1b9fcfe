"""The key that signs badges, the identity it signs under, and the public halves there ever were.

Under `keys/` of the installation's home lie `badges.key` (the private half, PEM, 0600) and `badges.keys` (every public
half with the instant since which it signs, newest last). Old halves stay published, as they verify what they signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from operational_db.badges.json_ld import DID_V1, MULTIKEY_V1, JsonObject
from operational_db.badges.multikey import DID_KEY, from_multikey, to_multikey
from operational_db.errors import InvalidInputError
from operational_db.key_files import (
    load_or_create_key,
    locked,
    modified_at,
    sync_folder,
    to_pem,
    write_file,
    write_unfinished,
)
from operational_db.ledger.canonical import instant_text
from operational_db.settings import Settings

KEY_FILE = "badges.key"
LIST_FILE = "badges.keys"
DID_WEB = "did:web:"
ISSUER_NAME = "SiteSync Training & Certification"


@dataclass(frozen=True)
class BadgeKey:
    """A public half and since when it signs."""

    multikey: str
    since: datetime

    @property
    def public_key(self) -> Ed25519PublicKey:
        return from_multikey(self.multikey)


@dataclass(frozen=True)
class BadgeIssuer:
    """Who issues this installation's badges, as anybody may know: address, identity, and public keys, oldest first."""

    address: str
    did: str
    keys: tuple[BadgeKey, ...]

    @property
    def did_web(self) -> str:
        return did_web_of(self.address)

    @property
    def api(self) -> str:
        """Address under which badges and what belongs to them are served."""
        return f"{self.address}/api/v1/badges"

    @property
    def current(self) -> BadgeKey:
        return self.keys[-1]

    def own_key(self, verification_method: str) -> Ed25519PublicKey | None:
        """The key a verification method names, when it is one this installation signs or signed with."""
        did, _, fragment = verification_method.partition("#")
        if did != self.did_web and did != DID_KEY + fragment:
            return None
        for key in self.keys:
            if key.multikey == fragment:
                return key.public_key
        return None

    def is_own(self, issuer_id: str) -> bool:
        """Whether an issuer's id is this installation's: its did:web, or a did:key of any of its keys."""
        return issuer_id == self.did_web or issuer_id in {DID_KEY + key.multikey for key in self.keys}

    def did_document(self) -> JsonObject:
        """What `did:web` resolves to: every key there ever was, so that former badges stay verifiable."""
        did = self.did_web
        methods = [
            {"id": f"{did}#{key.multikey}", "type": "Multikey", "controller": did, "publicKeyMultibase": key.multikey}
            for key in self.keys
        ]
        return {
            "@context": [DID_V1, MULTIKEY_V1],
            "id": did,
            "alsoKnownAs": [DID_KEY + self.current.multikey],
            "verificationMethod": methods,
            "assertionMethod": [method["id"] for method in methods],
        }


@dataclass(frozen=True)
class BadgeSigner:
    """The issuer with its private key; only what signs holds it."""

    issuer: BadgeIssuer
    key: Ed25519PrivateKey

    @property
    def did(self) -> str:
        return self.issuer.did

    @property
    def key_id(self) -> str:
        """The verification method that proofs name."""
        return f"{self.issuer.did}#{self.issuer.current.multikey}"


def did_web_of(address: str) -> str:
    """`did:web` of an address: its host, the port with its colon escaped, then the path with colons (did:web method).

    Raises
    ------
    InvalidInputError
        When the address names no host.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInputError(f"The public address must begin with https:// and name a host; it is '{address}'.")
    port = f"%3A{parts.port}" if parts.port is not None else ""
    path = "".join(f":{quote(part, safe='')}" for part in parts.path.split("/") if part)
    return f"{DID_WEB}{parts.hostname}{port}{path}"


def load_or_create_badge_signer(settings: Settings) -> BadgeSigner:
    """The signer of badges; the first call of an installation creates its key.

    Raises
    ------
    KeyUnusableError
        When the key file may be read by others than its owner, or holds no Ed25519 key.
    InvalidInputError
        When SITESYNC_PUBLIC_URL is no address.
    """
    path = settings.keys_path / KEY_FILE
    key = load_or_create_key(path)
    _list_key(settings.keys_path, to_multikey(key.public_key()), since=modified_at(path))
    return BadgeSigner(_issuer(settings), key)


def load_badge_issuer(settings: Settings) -> BadgeIssuer:
    """The public half of `load_or_create_badge_signer`, which is where the key comes from on a first start."""
    if not (settings.keys_path / LIST_FILE).exists():
        return load_or_create_badge_signer(settings).issuer
    return _issuer(settings)


def rotate_badge_key(settings: Settings, *, now: datetime) -> tuple[BadgeSigner, BadgeSigner]:
    """Replace the key by a new one; the old private half is destroyed, its public half stays published.

    Returns
    -------
    The signer before and the signer after.
    """
    before = load_or_create_badge_signer(settings)
    key = Ed25519PrivateKey.generate()
    # Listed first: a run that is killed in between leaves a public half that signed nothing, never the reverse.
    _list_key(settings.keys_path, to_multikey(key.public_key()), since=now)
    path = settings.keys_path / KEY_FILE
    write_unfinished(path, to_pem(key)).replace(path)
    sync_folder(settings.keys_path)
    return before, load_or_create_badge_signer(settings)


def _issuer(settings: Settings) -> BadgeIssuer:
    listed = _read_list(settings.keys_path)
    keys = tuple(BadgeKey(multikey, datetime.fromisoformat(since)) for multikey, since in listed)
    address = settings.public_address
    is_web = settings.badge_issuer == "did:web"
    return BadgeIssuer(address, did_web_of(address) if is_web else DID_KEY + keys[-1].multikey, keys)


def _read_list(folder: Path) -> Sequence[tuple[str, str]]:
    try:
        lines = (folder / LIST_FILE).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(multikey, since) for multikey, _, since in (line.partition(" ") for line in lines)]


def _list_key(folder: Path, multikey: str, *, since: datetime) -> None:
    """The key in use is the last of the list; one that came back from a backup moves there again."""
    with locked(folder):
        listed = _read_list(folder)
        if listed and listed[-1][0] == multikey:
            return
        kept = [item for item in listed if item[0] != multikey]
        lines = [f"{known} {instant}\n" for known, instant in (*kept, (multikey, instant_text(since)))]
        write_file(folder / LIST_FILE, "".join(lines).encode(), is_durable=True)

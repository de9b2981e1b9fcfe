"""The signed cookie of local sign-in: which person this browser signed in as, and since when.

Signing and checking only; setting and clearing it is the server's, reading it from a page is the dashboards'.
The key is made at first use and stays in a file that only its owner can read.
"""

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from operational_db.settings import Settings

COOKIE_NAME = "sitesync_session"
SESSION_SECONDS = 12 * 60 * 60
# A cookie from the future is forged or from a machine whose clock is wrong; this much difference is normal.
CLOCK_TOLERANCE = timedelta(minutes=2)
KEY_BYTES = 32


def sign_session(settings: Settings, person_id: UUID, now: datetime) -> str:
    """The cookie's value for a person who signed in at `now`."""
    return _serializer(settings).dumps({"person": str(person_id), "at": int(now.timestamp())})


def read_session(settings: Settings, cookie: str, now: datetime) -> UUID | None:
    """The person a cookie stands for; None when it was altered, signed elsewhere or is older than `SESSION_SECONDS`."""
    try:
        content = _serializer(settings).loads(cookie)
        person_id, signed_at = UUID(content["person"]), datetime.fromtimestamp(content["at"], UTC)
    except (BadSignature, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    is_current = signed_at - CLOCK_TOLERANCE <= now < signed_at + timedelta(seconds=SESSION_SECONDS)
    return person_id if is_current else None


def _serializer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(_secret_key(settings.home_path / "secrets" / "session.key"), salt="sitesync-session")


@lru_cache(maxsize=8)
def _secret_key(path: Path) -> bytes:
    """The key in the file; made first when there is none. Two processes starting at once end with the same key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A hard link fails when the other process was first, and never shows a half-written key.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_bytes()

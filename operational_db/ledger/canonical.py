"""The bytes of a ledger entry: one RFC 8785 (JSON Canonicalization Scheme) object per event.

Bodies hold text, whole numbers and truth values under ASCII keys only; for these, JSON with sorted keys is canonical.
The database builds the same bytes in `ledger_entry_bytes`; the form can never change, because every hash stands on it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import orjson

from operational_db.ledger.events import BodyValue

# RFC 8785 numbers are IEEE doubles; beyond this a whole number has no exact form.
LARGEST_INTEGER = 2**53 - 1
_KEY = re.compile(r"[\x20-\x7e]*\Z")


def body_text(body: Mapping[str, BodyValue]) -> str:
    """Canonical JSON of an event's body.

    Raises
    ------
    TypeError
        For a value that is neither text, whole number nor truth value.
    ValueError
        For a whole number beyond 2**53 - 1, text that is not Unicode, or a key that is not ASCII.
    """
    for key, value in body.items():
        if _KEY.match(key) is None:
            raise ValueError(f"The body key {key!r} is not ASCII.")
        if type(value) is int:
            if abs(value) > LARGEST_INTEGER:
                raise ValueError(f"{key} = {value} is too large for canonical JSON; write it as text.")
        elif type(value) is not str and type(value) is not bool:
            raise TypeError(f"{key} is a {type(value).__name__}; bodies hold text, whole numbers and truth values.")
    return _json(body)


def instant_text(instant: datetime) -> str:
    """An instant as `2026-11-21T14:05:00.123456Z`: UTC, always six digits.

    Raises
    ------
    ValueError
        For a naive datetime.
    """
    if instant.tzinfo is None:
        raise ValueError("A point in time needs a time zone; a naive datetime was given.")
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def entry_bytes(
    id: UUID,
    kind: str,
    version: int,
    subject_id: UUID | None,
    organization_id: UUID | None,
    occurred_at: datetime,
    recorded_at: datetime,
    body_text: str,
) -> bytes:
    """The canonical bytes that a leaf of the Merkle log is the hash of.

    `body_text` is taken as it is stored, so that a body somebody changed gives other bytes.
    """
    organization = "null" if organization_id is None else f'"{organization_id}"'
    subject = "null" if subject_id is None else f'"{subject_id}"'
    return (
        f'{{"body":{body_text},"id":"{id}","kind":{_json(kind)},"occurred_at":"{instant_text(occurred_at)}"'
        f',"organization":{organization},"recorded_at":"{instant_text(recorded_at)}"'
        f',"subject":{subject},"version":{version}}}'
    ).encode()


def _json(value: object) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise ValueError(f"No canonical JSON: {error}.") from error

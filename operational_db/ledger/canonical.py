"""The bytes of a ledger entry: one RFC 8785 (JSON Canonicalization Scheme) object per event.

Bodies hold text, whole numbers and truth values under names of fields only; for these, JSON with sorted keys is
canonical. The database builds the same bytes in `ledger_entry_bytes`. The form can never change: all hashes rest on it.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import orjson

from operational_db.ledger.events import ENVELOPE_FIELDS, Event, decimal_text

# Exactly these: a datetime is a date to isinstance, and a body must not hold one.
_SERIALIZED_TYPES = frozenset({str, int, bool, UUID, date, Decimal})
# An entry's length is two bytes where it is published (C2SP tlog-tiles); id, kind and the like take the rest.
MAXIMUM_BODY_BYTES = 65_000
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def body_text(event: Event) -> str:
    """Canonical JSON of an event's body: the same values as `event.body()`, written by the serializer directly.

    Raises
    ------
    TypeError
        For a value that has no canonical form, such as a float, a datetime or a list.
    ValueError
        For a whole number beyond 2**53 - 1, which RFC 8785 cannot hold exactly, text that is not Unicode, or a body
        of more than 65,000 bytes.
    """
    values = {name: value for name, value in vars(event).items() if value is not None and name not in ENVELOPE_FIELDS}
    for name, value in values.items():
        if type(value) not in _SERIALIZED_TYPES and not isinstance(value, Enum):
            raise TypeError(f"{event.kind}: {name} is a {type(value).__name__}, which has no canonical form.")
    text = _json(values)
    # A character takes up to four bytes; most bodies need not be encoded to know.
    if len(text) > MAXIMUM_BODY_BYTES // 4 and len(text.encode()) > MAXIMUM_BODY_BYTES:
        raise ValueError(f"{event.kind}: a body holds at most {MAXIMUM_BODY_BYTES:,} bytes.")
    return text


def instant_text(instant: datetime) -> str:
    """An instant as `2026-11-21T14:05:00.123456Z`: UTC, always six digits.

    Raises
    ------
    ValueError
        For a naive datetime.
    """
    if instant.tzinfo is None:
        raise ValueError("A point in time needs a time zone; a naive datetime was given.")
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    # The offset of UTC is six characters, "+00:00".
    return f"{instant.isoformat(timespec='microseconds')[:-6]}Z"


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


def document_text(document: Mapping[str, object]) -> str:
    """Canonical JSON of nested objects and lists of text, ids, days, whole numbers and truth values; absent is null.

    For documents that an event's body holds as text, such as a rule or a decision. Names are ASCII, which makes sorting
    by bytes the order of RFC 8785. Instants are given as `instant_text`.

    Raises
    ------
    ValueError
        For a whole number beyond 2**53 - 1 or text that is not Unicode.
    """
    return _json(document)


def _json(value: object) -> str:
    try:
        return orjson.dumps(value, default=_to_serializable, option=_OPTIONS).decode()
    except orjson.JSONEncodeError as error:
        raise ValueError(f"No canonical JSON: {error.__cause__ or error}") from error


def _to_serializable(value: object) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    raise TypeError(type(value).__name__)

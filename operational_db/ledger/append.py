"""Appending events, in the transaction of the change of state they record. Nothing here updates or deletes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import psycopg
from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from operational_db.database import psycopg_connection
from operational_db.ledger.canonical import body_text, instant_text
from operational_db.ledger.events import CrewDecided, Event, GateDecided
from operational_db.prepared import PreparedStatement
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import new_id

# Characters handed to the driver at a time: large enough to cost little, small enough to hold no import in memory.
COPY_BLOCK = 256 * 1024
_INSERT_ONE = PreparedStatement(
    "insert into ledger_events (id, kind, version, subject_id, organization_id, occurred_at, recorded_at, body)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8)"
)
_INSERT_MANY = PreparedStatement(
    "insert into ledger_events (id, kind, version, subject_id, organization_id, occurred_at, recorded_at, body)"
    " select id, kind, version, subject_id, organization_id, occurred_at, $1::timestamptz, body from unnest("
    "$2::uuid[], $3::text[], $4::int2[], $5::uuid[], $6::uuid[], $7::timestamptz[], $8::text[]"
    ") as new(id, kind, version, subject_id, organization_id, occurred_at, body)"
)


def append_events(session: Session, events: Sequence[Event], *, now: datetime) -> list[UUID]:
    """Insert events with the session's next commit; they get their leaf when the sequencer comes by.

    Parameters
    ----------
    now
        The instant at which they are recorded; when they happened is each event's own `occurred_at`.

    Returns
    -------
    The events' ids, in the order given, which is also their order in the ledger.

    Raises
    ------
    ValueError, TypeError
        For a naive instant or a body without canonical form; nothing is inserted then.
    """
    if not events:
        return []
    for instant in (now, *(event.occurred_at for event in events)):
        instant_text(instant)
    ids = [new_id() for _ in events]
    rows = [
        {
            "id": event_id,
            "kind": event.kind,
            "version": event.version,
            "subject_id": event.subject_id,
            "organization_id": event.organization_id,
            "occurred_at": event.occurred_at,
            "recorded_at": now,
            "body": body_text(event),
        }
        for event_id, event in zip(ids, events, strict=True)
    ]
    # One statement for all rows, not one for each run of rows that lack the same columns.
    session.execute(insert(LedgerEvent).execution_options(render_nulls=True), rows)
    return ids


def insert_events(
    connection: psycopg.Connection, events: Sequence[Event], *, now: datetime, ids: Sequence[UUID] | None = None
) -> Sequence[UUID]:
    """As `append_events`, on the driver's own connection and in one prepared statement; for the path of a gate.

    The statement is a transaction of its own where the connection commits by itself.

    Parameters
    ----------
    ids
        New ids of the events, in their order, for a caller that must know them before.
    """
    if not events:
        return []
    instant_text(now)
    for event in events:
        instant_text(event.occurred_at)
    ids = [new_id() for _ in events] if ids is None else ids
    if len(events) == 1:
        event = events[0]
        _INSERT_ONE.run(
            connection,
            (
                ids[0],
                event.kind,
                event.version,
                event.subject_id,
                event.organization_id,
                event.occurred_at,
                now,
                body_text(event),
            ),
        )
        return ids
    _INSERT_MANY.run(
        connection,
        (
            now,
            list(ids),
            [event.kind for event in events],
            [event.version for event in events],
            [event.subject_id for event in events],
            [event.organization_id for event in events],
            [event.occurred_at for event in events],
            [body_text(event) for event in events],
        ),
    )
    return ids


def copy_events(
    target: Session | Connection, events: Iterable[Event], *, now: datetime, is_simulated: bool = False
) -> int:
    """Append many events in the caller's transaction, streaming; for imports and the demo.

    Parameters
    ----------
    now
        The instant at which they are recorded.
    is_simulated
        Of a simulated history each event was recorded when it happened, so that questions about what was known then
        have answers.

    Returns
    -------
    How many there were.

    Raises
    ------
    ValueError, TypeError
        As `append_events`; the caller's transaction must then be rolled back.
    """
    if isinstance(target, Session):
        target.flush()
        target = target.connection()
    count = 0
    with (
        psycopg_connection(target).cursor() as cursor,
        cursor.copy(
            "copy ledger_events"
            " (id, kind, version, subject_id, organization_id, occurred_at, recorded_at, body) from stdin"
        ) as copy,
    ):
        for block, block_count in _blocks(events, None if is_simulated else instant_text(now)):
            copy.write(block)
            count += block_count
    return count


def _blocks(events: Iterable[Event], recorded_at: str | None) -> Iterator[tuple[str, int]]:
    lines: list[str] = []
    size = 0
    for event in events:
        line = _copy_line(event, recorded_at)
        lines.append(line)
        size += len(line)
        if size >= COPY_BLOCK:
            yield "".join(lines), len(lines)
            lines, size = [], 0
    yield "".join(lines), len(lines)


def _copy_line(event: Event, recorded_at: str | None) -> str:
    """One line of COPY's text format; canonical JSON has no raw control characters, so only backslashes need care."""
    subject = "\\N" if event.subject_id is None else event.subject_id
    organization = "\\N" if event.organization_id is None else event.organization_id
    entry_id = uuid7()
    if isinstance(event, GateDecided | CrewDecided):
        # A decision is found by the id of its entry, which a simulated one gets here.
        event = replace(event, decision_id=UUID(int=entry_id.int))
    body = body_text(event)
    if "\\" in body:
        body = body.replace("\\", "\\\\")
    occurred_at = instant_text(event.occurred_at)
    return (
        f"{entry_id!s}\t{event.kind}\t{event.version}\t{subject!s}\t{organization!s}"
        f"\t{occurred_at}\t{recorded_at or occurred_at}\t{body}\n"
    )

"""The sequencer: gives committed events their place in the Merkle log, without gaps, and signs off each batch.

One transaction per batch inserts the leaves, empties the queue by the same events, stores the tiles they complete and
adds the checkpoint with its signature; a run that is killed leaves whole batches only, and the next one goes on from
the last checkpoint.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from psycopg.errors import NotNullViolation, UniqueViolation
from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from operational_db.errors import LedgerTamperedError
from operational_db.ledger.canonical import instant_text
from operational_db.ledger.keys import LogSigner
from operational_db.ledger.merkle import Frontier
from operational_db.ledger.repository import Checkpoint, latest_checkpoint
from operational_db.ledger.signing import require_same_log, sign_checkpoint, sign_unsigned
from operational_db.ledger.tile_store import TILES_PER_WRITE, write_tiles
from operational_db.ledger.tiles import tile_count
from operational_db.tables.ledger import LedgerCheckpoint

logger = logging.getLogger(__name__)

# Any fixed number; it must differ from the migrations'.
SEQUENCER_LOCK = 7_311_002
BEFORE_ALL = UUID(int=0)

# The outer join makes an event that is queued but gone fail on "not null" instead of vanishing without a trace.
_PLACE_BATCH = text("""
    with taken as (
        delete from ledger_pending
        where event_id > :after and event_id <= (
            select event_id from (
                select event_id from ledger_pending
                where event_id > :after order by event_id limit :batch_size
            ) as batch
            order by event_id desc limit 1
        )
        returning event_id
    ),
    placed as (
        insert into ledger_leaves (leaf_index, event_id, leaf_hash)
        select
            :tree_size + row_number() over (order by taken.event_id) - 1,
            e.id,
            sha256('\\x00'::bytea || ledger_entry_bytes(
                e.id, e.kind, e.version, e.subject_id, e.organization_id, e.occurred_at, e.recorded_at, e.body
            ))
        from taken left join ledger_events as e on e.id = taken.event_id
        returning leaf_index, event_id, leaf_hash
    )
    select event_id, leaf_hash from placed order by leaf_index
""")


def sequence_pending(
    engine: Engine,
    *,
    now: datetime,
    batch_size: int = 50_000,
    wait: bool = False,
    signer: LogSigner | None = None,
) -> Checkpoint | None:
    """Place every event committed before the call, in the order of their ids (time of append).

    Within the range of one checkpoint ids ascend; an event committed late, behind others with higher ids, comes in a
    later checkpoint.

    Parameters
    ----------
    now
        The instant the checkpoints carry.
    batch_size
        Events per transaction and checkpoint.
    wait
        Whether to wait for another sequencer that is at work; otherwise the call returns at once.
    signer
        Signs each checkpoint in the transaction that makes it; without it, they are signed by the next seal.

    Returns
    -------
    The newest checkpoint, whether or not there was news; none for an empty ledger and none when another is at work.

    Raises
    ------
    LedgerTamperedError
        When the last checkpoint or the queue contradicts the stored entries, or the signer signed another ledger;
        nothing more is sequenced then.
    """
    instant_text(now)
    with engine.connect() as connection, _only_sequencer(connection, wait=wait) as is_alone:
        if not is_alone:
            logger.info("ledger.sequencer_busy")
            return None
        with connection.begin():
            frontier = _last_frontier(connection)
            if signer is not None:
                require_same_log(connection, signer)
        _catch_up(connection, frontier.size, signer, now)
        after: UUID | None = BEFORE_ALL
        while after is not None:
            frontier, after = _sequence_batch(connection, frontier, after, batch_size, now, signer)
        with Session(connection) as session:
            return latest_checkpoint(session)


@contextmanager
def _only_sequencer(connection: Connection, *, wait: bool) -> Iterator[bool]:
    """Hold the sequencer's lock on the connection's session; a lost connection gives it up by itself."""
    function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
    with connection.begin():
        # The waiting form returns void, which arrives as an empty text.
        is_alone = connection.scalar(text(f"select {function}(:key)"), {"key": SEQUENCER_LOCK}) is not False
    try:
        yield is_alone
    finally:
        if is_alone and not connection.invalidated:
            connection.rollback()
            with connection.begin():
                connection.execute(text("select pg_advisory_unlock(:key)"), {"key": SEQUENCER_LOCK})


def _last_frontier(connection: Connection) -> Frontier:
    columns = LedgerCheckpoint.__table__.c
    row = connection.execute(
        select(columns.tree_size, columns.frontier, columns.root_hash).order_by(columns.tree_size.desc()).limit(1)
    ).one_or_none()
    if row is None:
        return Frontier()
    try:
        frontier = Frontier(row.tree_size, tuple(row.frontier))
    except ValueError:
        frontier = Frontier()
    if frontier.size != row.tree_size or frontier.root() != row.root_hash:
        raise LedgerTamperedError(
            f"The checkpoint at size {row.tree_size} contradicts itself. Run `sitesync ledger verify`.",
            details={"tree_size": row.tree_size},
        )
    return frontier


def _catch_up(connection: Connection, size: int, signer: LogSigner | None, now: datetime) -> None:
    """Store the tiles and signatures that leaves from before there were any still lack, some to a transaction."""
    written = 1
    while written:
        with connection.begin():
            written = write_tiles(connection, size, limit=TILES_PER_WRITE)
    if signer is not None:
        sign_unsigned(connection, signer, now=now)


def _sequence_batch(
    connection: Connection,
    frontier: Frontier,
    after: UUID,
    batch_size: int,
    now: datetime,
    signer: LogSigner | None,
) -> tuple[Frontier, UUID | None]:
    """One transaction. Returns the new frontier and where to go on, nowhere when the queue held no full batch."""
    parameters = {"after": after, "batch_size": batch_size, "tree_size": frontier.size}
    try:
        with connection.begin():
            placed = connection.execute(_PLACE_BATCH, parameters).all()
            if not placed:
                return frontier, None
            is_completing_tiles = tile_count(frontier.size + len(placed), 0) > tile_count(frontier.size, 0)
            frontier = frontier.extend(row.leaf_hash for row in placed)
            connection.execute(
                insert(LedgerCheckpoint).values(
                    tree_size=frontier.size,
                    root_hash=frontier.root(),
                    frontier=list(frontier.hashes),
                    created_at=now,
                )
            )
            if is_completing_tiles:
                write_tiles(connection, frontier.size)
            if signer is not None:
                note = sign_checkpoint(connection, signer, tree_size=frontier.size, root_hash=frontier.root(), now=now)
    except IntegrityError as error:
        if isinstance(error.orig, NotNullViolation | UniqueViolation):
            raise LedgerTamperedError(
                "The queue of the ledger contradicts its entries. Run `sitesync ledger verify`.",
                details={"tree_size": frontier.size},
            ) from error
        raise
    if signer is not None:
        signer.remember(note)
    logger.info("ledger.sequenced", extra={"count": len(placed), "tree_size": frontier.size})
    return frontier, placed[-1].event_id if len(placed) == batch_size else None

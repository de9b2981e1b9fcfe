"""Tiles in the database: full ones are written once with the leaves that complete them, partial ones are put together
from the leaves or the tiles below whenever they are read. Also the bundles of entries under the tiles of level 0.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from operational_db.database import psycopg_connection
from operational_db.errors import LedgerTamperedError, NotFoundError
from operational_db.ledger.canonical import entry_bytes
from operational_db.ledger.tiles import (
    MAXIMUM_ENTRY_BYTES,
    MAXIMUM_LEVEL,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    split_hashes,
    subtree_root,
    tile_count,
)

# Tiles written in one statement: 4 MB of hashes.
TILES_PER_WRITE = 512

_GROUPED_LEAVES = """
    select leaf_index / 256, string_agg(leaf_hash, ''::bytea order by leaf_index)
    from ledger_leaves where leaf_index >= %s and leaf_index < %s group by 1 order by 1
"""
_GROUPED_TILES = """
    select tile_index / 256, string_agg(root_hash, ''::bytea order by tile_index)
    from ledger_tiles where level = %s and tile_index >= %s and tile_index < %s group by 1 order by 1
"""
_INSERT = "insert into ledger_tiles (level, tile_index, hashes, root_hash) values (%s, %s, %s, %s)"

_ENTRIES = """
    select e.id, e.kind, e.version, e.subject_id, e.organization_id, e.occurred_at, e.recorded_at, e.body
    from ledger_leaves as l join ledger_events as e on e.id = l.event_id
    where l.leaf_index >= :first and l.leaf_index < :last order by l.leaf_index
"""


def stored_tile_counts(connection: Connection) -> dict[int, int]:
    """How many full tiles of each level are stored; they have no gaps, so the highest index tells."""
    # One look into the index for each level there can be, instead of a walk along all tiles.
    rows = connection.execute(
        text("""
            select levels.level, stored.tile_count
            from generate_series(0, :maximum) as levels (level), lateral (
                select max(tile_index) + 1 as tile_count from ledger_tiles where ledger_tiles.level = levels.level
            ) as stored
            where stored.tile_count is not null
        """),
        {"maximum": MAXIMUM_LEVEL},
    )
    return {int(row.level): int(row.tile_count) for row in rows}


def write_tiles(connection: Connection, size: int, *, limit: int | None = None) -> int:
    """Store the full tiles that a tree of `size` leaves has and the database has not, in the caller's transaction.

    Parameters
    ----------
    limit
        The most tiles of one level to write; those above wait for the rest.

    Returns
    -------
    How many tiles were written.

    Raises
    ------
    LedgerTamperedError
        When leaves or tiles below are missing.
    """
    stored = stored_tile_counts(connection)
    written = 0
    level = 0
    while wanted := tile_count(size, level):
        first = stored.get(level, 0)
        last = wanted if limit is None else min(wanted, first + limit)
        written += _write_level(connection, level, first, last)
        if last < wanted:
            break
        level += 1
    return written


def _write_level(connection: Connection, level: int, first: int, last: int) -> int:
    with psycopg_connection(connection).cursor(binary=True) as cursor:
        for start in range(first, last, TILES_PER_WRITE):
            stop = min(last, start + TILES_PER_WRITE)
            span = (start * TILE_WIDTH, stop * TILE_WIDTH)
            if level == 0:
                rows = cursor.execute(_GROUPED_LEAVES, span).fetchall()
            else:
                rows = cursor.execute(_GROUPED_TILES, (level - 1, *span)).fetchall()
            if [index for index, _ in rows] != list(range(start, stop)) or any(
                len(row[1]) != TILE_BYTES for row in rows
            ):
                raise LedgerTamperedError(
                    f"Tiles {start} to {stop - 1} of level {level} lack some of their hashes. "
                    "Run `sitesync ledger verify`.",
                    details={"level": level, "tile_index": start},
                )
            cursor.executemany(
                _INSERT, [(level, index, hashes, subtree_root(split_hashes(hashes))) for index, hashes in rows]
            )
    return last - first


def read_tiles(session: Session, tiles: Iterable[Tile]) -> dict[Tile, bytes]:
    """The hashes of tiles; one query for all full ones and one for each partial one.

    Raises
    ------
    NotFoundError
        When one of them is not there.
    """
    wanted = set(tiles)
    full = [tile for tile in wanted if tile.is_full]
    found: dict[Tile, bytes] = {}
    if full:
        rows = session.execute(
            text("""
                select t.level, t.tile_index, t.hashes from ledger_tiles as t
                join unnest(cast(:levels as smallint[]), cast(:indexes as bigint[])) as w (level, tile_index)
                using (level, tile_index)
            """),
            {"levels": [tile.level for tile in full], "indexes": [tile.index for tile in full]},
        )
        found = {Tile(row.level, row.tile_index): row.hashes for row in rows}
    for tile in wanted:
        if not tile.is_full:
            found[tile] = _read_partial(session, tile)
    missing = wanted - found.keys()
    if missing:
        raise NotFoundError(f"The ledger has no tile {min(missing).path}.")
    return found


def _read_partial(session: Session, tile: Tile) -> bytes:
    first = tile.index * TILE_WIDTH
    parameters: Mapping[str, int] = {"first": first, "last": first + tile.width, "level": tile.level - 1}
    query = (
        "select leaf_hash from ledger_leaves where leaf_index >= :first and leaf_index < :last order by leaf_index"
        if tile.level == 0
        else "select root_hash from ledger_tiles where level = :level and tile_index >= :first and tile_index < :last"
        " order by tile_index"
    )
    hashes: Sequence[bytes] = session.scalars(text(query), parameters).all()
    if len(hashes) != tile.width:
        raise NotFoundError(f"The ledger has no tile {tile.path}.")
    return b"".join(hashes)


def entry_at(session: Session, leaf_index: int) -> bytes:
    """The canonical bytes of the entry at a leaf.

    Raises
    ------
    NotFoundError
        When the log has no such leaf.
    """
    for entry in read_entries(session, leaf_index, leaf_index + 1):
        return entry
    raise NotFoundError(f"The ledger has no entry {leaf_index}.")


def read_entries(session: Session, first: int, last: int) -> list[bytes]:
    """The canonical bytes of the entries from `first` to before `last`, as far as they are there."""
    rows = session.execute(text(_ENTRIES), {"first": first, "last": last})
    return [
        entry_bytes(
            row.id,
            row.kind,
            row.version,
            row.subject_id,
            row.organization_id,
            row.occurred_at,
            row.recorded_at,
            row.body,
        )
        for row in rows
    ]


def entry_bundle(session: Session, tile: Tile) -> bytes:
    """The entries under a tile of level 0: "sequences of big-endian uint16 length-prefixed log entries" (tlog-tiles).

    Raises
    ------
    NotFoundError
        When the log is not that long.
    """
    first = tile.index << TILE_HEIGHT
    entries = read_entries(session, first, first + tile.width)
    if len(entries) != tile.width:
        raise NotFoundError(f"The ledger has no entries {first} to {first + tile.width - 1}.")
    return b"".join(_prefixed(entry) for entry in entries)


def _prefixed(entry: bytes) -> bytes:
    if len(entry) > MAXIMUM_ENTRY_BYTES:
        raise LedgerTamperedError("An entry is longer than an entry can be. Run `sitesync ledger verify`.")
    return len(entry).to_bytes(2, "big") + entry

"""Recomputes the tiles of the log from its leaves and compares them with the stored ones.

Fed by `verify` with the leaf hashes in their order; a tile that differs is told once all leaves have been seen, because
until then it may be the leaves that were changed.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from operational_db.database import psycopg_connection
from operational_db.ledger.tile_store import stored_tile_counts
from operational_db.ledger.tiles import (
    TILE_BYTES,
    TILE_WIDTH,
    Tile,
    split_hashes,
    subtree_root,
    tile_count,
)

_STORED = """
    select tile_index, hashes, root_hash from ledger_tiles
    where level = %s and tile_index >= %s and tile_index < %s order by tile_index
"""
TILES_PER_READ = 512


class TileWalk:
    """Goes along the leaves; tiles under `signed_size` must be stored, younger ones may be."""

    def __init__(self, connection: Connection, signed_size: int) -> None:
        self._connection = connection
        self._signed_size = signed_size
        self._stored = stored_tile_counts(connection)
        self._roots: list[bytes] = []
        self._waiting: list[bytes] = []
        self._size = 0
        self._message: str | None = None
        self.first_changed_leaf: int | None = None

    def add(self, leaf_hashes: Sequence[bytes]) -> None:
        """The next leaves, in order."""
        self._waiting += leaf_hashes
        self._size += len(leaf_hashes)
        whole = len(self._waiting) // TILE_WIDTH
        made = [b"".join(self._waiting[at * TILE_WIDTH : (at + 1) * TILE_WIDTH]) for at in range(whole)]
        if made:
            del self._waiting[: whole * TILE_WIDTH]
            self._roots += self._compare(0, len(self._roots), made)

    def finish(self) -> str | None:
        """Compare the upper levels too; says what is wrong with the first tile that does not fit."""
        level, roots = 1, self._roots
        while roots:
            whole = len(roots) // TILE_WIDTH
            above: list[bytes] = []
            for start in range(0, whole, TILES_PER_READ):
                stop = min(whole, start + TILES_PER_READ)
                made = [b"".join(roots[at * TILE_WIDTH : (at + 1) * TILE_WIDTH]) for at in range(start, stop)]
                above += self._compare(level, start, made)
            level, roots = level + 1, above
        for stored_level, count in sorted(self._stored.items()):
            if count > tile_count(self._size, stored_level):
                tile = Tile(stored_level, count - 1)
                self._note(f"Tile {tile.path} is stored, but a log of {self._size} entries has no such tile.")
        return self._message

    def _compare(self, level: int, first: int, made: Sequence[bytes]) -> list[bytes]:
        """Compare recomputed tiles with the stored ones; returns the recomputed roots."""
        roots = [subtree_root(split_hashes(hashes)) for hashes in made]
        stored = {index: (hashes, root) for index, hashes, root in self._rows(level, first, first + len(made))}
        must_be_there = max(tile_count(self._signed_size, level), self._stored.get(level, 0))
        for index, hashes, root in zip(range(first, first + len(made)), made, roots, strict=True):
            found = stored.get(index)
            path = Tile(level, index).path
            if found is None:
                if index < must_be_there:
                    self._note(f"Tile {path} is missing.")
            elif found[0] != hashes:
                self._note_changed(level, index, found[0], hashes)
            elif found[1] != root:
                self._note(f"Tile {path}: its hashes fit, the root stored with them does not.")
        return roots

    def _rows(self, level: int, first: int, last: int) -> Iterator[tuple[int, bytes, bytes]]:
        with psycopg_connection(self._connection).cursor(binary=True) as cursor:
            yield from cursor.execute(_STORED, [level, first, last]).fetchall()

    def _note_changed(self, level: int, index: int, found: bytes, made: bytes) -> None:
        at = next((number for number, (one, other) in enumerate(_pairs(found, made)) if one != other), len(found) // 32)
        position = index * TILE_WIDTH + at
        what = f"leaf {position}" if level == 0 else f"tile {Tile(level - 1, position).path}"
        if level == 0 and self.first_changed_leaf is None and len(found) == TILE_BYTES:
            self.first_changed_leaf = position
        self._note(f"Tile {Tile(level, index).path}: the hash it stores for {what} is not that of the entries.")

    def _note(self, message: str) -> None:
        if self._message is None:
            self._message = message


def _pairs(found: bytes, made: bytes) -> Iterator[tuple[bytes, bytes]]:
    return zip(split_hashes(found), split_hashes(made), strict=False)

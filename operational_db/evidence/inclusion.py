"""One proof for many entries at once: the hashes of the subtrees that hold none of them, read from the log's tiles.

The order is that of `verify_bundle.Inclusion`, which checks it. For k entries among n it takes about k * log2(n / k)
hashes, where single proofs would take k * log2(n).
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import sha256

from sqlalchemy.orm import Session

from operational_db.evidence.verify_bundle import split_of
from operational_db.ledger.merkle import node_hash
from operational_db.ledger.tile_store import read_tiles
from operational_db.ledger.tiles import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile

# Tiles of leaves are read in the order they are needed, 2 MB at a time.
TILES_AT_ONCE = 256
UPPER_TILES_KEPT = 256


def write_inclusion_nodes(
    session: Session, tree_size: int, indexes: Sequence[int], write: Callable[[bytes], object]
) -> None:
    """Hand out the hashes that lead from the entries at `indexes` (ascending) to the root of the tree.

    Raises
    ------
    NotFoundError
        When a tile is missing.
    """
    tiles = _Tiles(session, tree_size, sorted({index // TILE_WIDTH for index in indexes}))

    def walk(low: int, high: int, first: int, last: int) -> None:
        if first == last:
            write(tiles.range_hash(low, high))
        elif high - low > 1:
            middle = low + split_of(high - low)
            cut = bisect_left(indexes, middle, first, last)
            walk(low, middle, first, cut)
            walk(middle, high, cut, last)

    walk(0, tree_size, 0, len(indexes))


class _Tiles:
    """Hashes of complete subtrees; memory is bounded, since leaves are asked for from left to right."""

    def __init__(self, session: Session, tree_size: int, leaf_tiles: Sequence[int]) -> None:
        self._session = session
        self._tree_size = tree_size
        self._wanted = leaf_tiles
        self._leaves: dict[int, bytes] = {}
        self._upper: OrderedDict[Tile, bytes] = OrderedDict()

    def range_hash(self, low: int, high: int) -> bytes:
        """MTH(D[low:high]) of a range that splitting the tree leads to: complete subtrees, joined from the right."""
        hashes: list[bytes] = []
        while low < high:
            size = 1 << (high - low).bit_length() - 1
            height = size.bit_length() - 1
            hashes.append(self._subtree(height, low >> height))
            low += size
        root = hashes.pop()
        while hashes:
            root = node_hash(hashes.pop(), root)
        return root

    def _subtree(self, height: int, index: int) -> bytes:
        level, rest = divmod(height, TILE_HEIGHT)
        first = index << rest
        content = self._content(level, first // TILE_WIDTH)
        start = first % TILE_WIDTH * HASH_BYTES
        return _root_over(content[start : start + (HASH_BYTES << rest)])

    def _content(self, level: int, index: int) -> bytes:
        if level == 0:
            if index not in self._leaves:
                self._read_leaves(index)
            return self._leaves[index]
        tile = self._tile(level, index)
        if tile in self._upper:
            self._upper.move_to_end(tile)
        else:
            self._upper.update(read_tiles(self._session, [tile]))
            if len(self._upper) > UPPER_TILES_KEPT:
                self._upper.popitem(last=False)
        return self._upper[tile]

    def _read_leaves(self, index: int) -> None:
        start = bisect_left(self._wanted, index)
        ahead = {index, *self._wanted[start : start + TILES_AT_ONCE]}
        found = read_tiles(self._session, [self._tile(0, number) for number in ahead])
        self._leaves = {tile.index: content for tile, content in found.items()}

    def _tile(self, level: int, index: int) -> Tile:
        there = (self._tree_size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH
        return Tile(level, index, min(TILE_WIDTH, there))


def _root_over(hashes: bytes) -> bytes:
    """The root over a power of two of hashes that lie one after the other."""
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), 2 * HASH_BYTES)
        hashes = b"".join([sha256(b"\x01" + hashes[start : start + 2 * HASH_BYTES]).digest() for start in pairs])
    return hashes

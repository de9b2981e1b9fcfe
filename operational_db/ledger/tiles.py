"""The geometry of a tiled log (C2SP tlog-tiles): which tiles a tree has, their paths, and hashing within a tile.

Pure; rows are read and written in `tile_store`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from operational_db.errors import NotFoundError

TILE_HEIGHT = 8
TILE_WIDTH = 256
HASH_BYTES = 32
TILE_BYTES = TILE_WIDTH * HASH_BYTES
MAXIMUM_LEVEL = 63
# An entry's length is two bytes in an entry bundle.
MAXIMUM_ENTRY_BYTES = 65_535

_INDEX = r"(?:x[0-9]{3}/)*[0-9]{3}"
_PATH = re.compile(rf"(?P<level>entries|0|[1-9][0-9]?)/(?P<index>{_INDEX})(?:\.p/(?P<width>[1-9][0-9]{{0,2}}))?")


@dataclass(frozen=True, order=True)
class Tile:
    """`width` consecutive hashes at `level`; full at 256."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def is_full(self) -> bool:
        return self.width == TILE_WIDTH

    @property
    def end(self) -> int:
        """How many leaves a tree must have for this tile to be part of it."""
        return (self.index * TILE_WIDTH + self.width) << (TILE_HEIGHT * self.level)

    @property
    def path(self) -> str:
        """`<L>/<N>[.p/<W>]`, as under `tile/`."""
        return f"{self.level}/{index_path(self.index)}{self.suffix}"

    @property
    def suffix(self) -> str:
        return "" if self.is_full else f".p/{self.width}"


@dataclass(frozen=True)
class BundlePath:
    """A parsed path under `tile/`: a tile of hashes, or the entries under a tile of level 0."""

    tile: Tile
    is_entries: bool


def index_path(index: int) -> str:
    """An index in zero-padded three-digit elements, all but the last beginning with an x: x001/x234/067."""
    parts = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        parts.append(f"x{index % 1000:03}")
    return "/".join(reversed(parts))


def parse_path(path: str) -> BundlePath:
    """Read `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`.

    Raises
    ------
    NotFoundError
        For a path that no tile has: another spelling of the same index is none.
    """
    found = _PATH.fullmatch(path)
    if found is not None:
        is_entries = found["level"] == "entries"
        level = 0 if is_entries else int(found["level"])
        index = int(found["index"].replace("x", "").replace("/", ""))
        width = int(found["width"]) if found["width"] else TILE_WIDTH
        is_width_known = found["width"] is None or width < TILE_WIDTH
        if level <= MAXIMUM_LEVEL and is_width_known and index_path(index) == found["index"]:
            return BundlePath(Tile(level, index, width), is_entries)
    raise NotFoundError(f"No tile has the path '{path}': it is <level>/<index>, and .p/<width> for a partial one.")


def tile_count(size: int, level: int) -> int:
    """Full tiles at a level of a tree of `size` leaves."""
    return size >> (TILE_HEIGHT * (level + 1))


def partial_width(size: int, level: int) -> int:
    """Hashes in the partial tile at a level: `floor(s / 256**l) mod 256`; 0 when there is none."""
    return (size >> (TILE_HEIGHT * level)) % TILE_WIDTH


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size` leaves, partial ones included, by level and index."""
    level = 0
    while size >> (TILE_HEIGHT * level):
        full = tile_count(size, level)
        yield from (Tile(level, index) for index in range(full))
        width = partial_width(size, level)
        if width:
            yield Tile(level, full, width)
        level += 1


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Root over a power of two of hashes, such as those of a full tile."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


def split_hashes(content: bytes) -> list[bytes]:
    """The hashes of a tile, one after the other."""
    return [content[start : start + HASH_BYTES] for start in range(0, len(content), HASH_BYTES)]

"""Inclusion and consistency proofs (RFC 6962, section 2.1): made from tiles, checked from nothing but hashes.

Also `tlog-proof@v1` files (C2SP tlog-proof). Indexes count leaves from 0, sizes count leaves.
"""

import base64
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, LedgerTamperedError
from operational_db.ledger.checkpoints import CheckpointText, SignedCheckpoint, parse_checkpoint
from operational_db.ledger.merkle import EMPTY_ROOT, node_hash
from operational_db.ledger.notes import MalformedNoteError, Verifier, decode_base64
from operational_db.ledger.tile_store import read_tiles
from operational_db.ledger.tiles import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile, split_hashes, subtree_root

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
# A proof of a tree of 2**63 leaves has no more hashes.
MAXIMUM_PROOF_HASHES = 63
# 32 MB of tiles kept by one reader.
TILES_KEPT = 4_096

# A complete subtree: its height, and its index among those of that height.
Node = tuple[int, int]


class ProofReader:
    """Makes any number of proofs for one tree size; tiles and hashes once read are kept."""

    def __init__(self, session: Session, tree_size: int) -> None:
        self.tree_size = tree_size
        self._session = session
        self._tiles: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    def root(self) -> bytes:
        """The root of the tree, recomputed from its tiles."""
        if self.tree_size == 0:
            return EMPTY_ROOT
        return self._read([(0, self.tree_size)])[0]

    def leaf_hash(self, leaf_index: int) -> bytes:
        """The hash of one leaf."""
        return self._read([(leaf_index, leaf_index + 1)])[0]

    def inclusion(self, leaf_index: int) -> tuple[bytes, ...]:
        """PATH(leaf_index, D[tree_size]), from the leaf's sibling up.

        Raises
        ------
        InvalidInputError
            When the tree has no such leaf.
        """
        return self._read(inclusion_ranges(leaf_index, self.tree_size))

    def consistency(self, old_size: int) -> tuple[bytes, ...]:
        """PROOF(old_size, D[tree_size]); empty from nothing and to the same size.

        Raises
        ------
        InvalidInputError
            When the old tree is the larger one.
        """
        return self._read(consistency_ranges(old_size, self.tree_size))

    def prepare(self, leaf_indexes: Iterable[int]) -> None:
        """Read the tiles that the inclusion proofs of these leaves need, at once."""
        self._load(
            node
            for leaf_index in leaf_indexes
            for span in inclusion_ranges(leaf_index, self.tree_size)
            for node in complete_subtrees(*span)
        )

    def _read(self, ranges: Sequence[tuple[int, int]]) -> tuple[bytes, ...]:
        self._load(node for span in ranges for node in complete_subtrees(*span))
        return tuple(self._hash(*span) for span in ranges)

    def _load(self, nodes: Iterable[Node]) -> None:
        wanted = {self._tile_of(node) for node in nodes}
        for tile in wanted:
            if (tile.level, tile.index) in self._tiles:
                self._tiles.move_to_end((tile.level, tile.index))
        missing = [tile for tile in wanted if (tile.level, tile.index) not in self._tiles]
        for tile, hashes in read_tiles(self._session, missing).items():
            self._tiles[tile.level, tile.index] = hashes
        while len(self._tiles) > max(TILES_KEPT, len(wanted)):
            self._tiles.popitem(last=False)

    def _tile_of(self, node: Node) -> Tile:
        height, index = node
        level, rest = divmod(height, TILE_HEIGHT)
        tile_index = (index << rest) // TILE_WIDTH
        there = (self.tree_size >> (TILE_HEIGHT * level)) - tile_index * TILE_WIDTH
        return Tile(level, tile_index, min(TILE_WIDTH, there))

    def _hash(self, first: int, last: int) -> bytes:
        """MTH(D[first:last]): its complete subtrees, hashed together from the right."""
        hashes = [self._node_hash(node) for node in complete_subtrees(first, last)]
        root = hashes.pop()
        while hashes:
            root = node_hash(hashes.pop(), root)
        return root

    def _node_hash(self, node: Node) -> bytes:
        tile = self._tile_of(node)
        height, index = node
        rest = height % TILE_HEIGHT
        start = ((index << rest) % TILE_WIDTH) * HASH_BYTES
        return subtree_root(split_hashes(self._tiles[tile.level, tile.index][start : start + (HASH_BYTES << rest)]))


def inclusion_proof(session: Session, leaf_index: int, tree_size: int) -> tuple[bytes, ...]:
    """The hashes that lead from a leaf to the root of the tree of `tree_size` leaves.

    Raises
    ------
    InvalidInputError
        When the tree has no such leaf.
    NotFoundError
        When the log is shorter than `tree_size`.
    """
    return ProofReader(session, tree_size).inclusion(leaf_index)


def consistency_proof(session: Session, old_size: int, new_size: int) -> tuple[bytes, ...]:
    """The hashes that show that the tree of `new_size` leaves continues the one of `old_size`.

    Raises
    ------
    InvalidInputError
        When the old tree is the larger one.
    NotFoundError
        When the log is shorter than `new_size`.
    """
    return ProofReader(session, new_size).consistency(old_size)


def tlog_proof(session: Session, leaf_index: int, checkpoint: SignedCheckpoint) -> str:
    """The text of a `.tlog-proof` file of one entry under a signed checkpoint.

    Raises
    ------
    InvalidInputError
        When the checkpoint does not cover the entry.
    LedgerTamperedError
        When the stored tiles do not lead to the checkpoint's root.
    """
    return tlog_proof_text(ProofReader(session, checkpoint.tree_size), leaf_index, checkpoint)


def tlog_proof_text(reader: ProofReader, leaf_index: int, checkpoint: SignedCheckpoint) -> str:
    """As `tlog_proof`, for many entries with one reader of the checkpoint's size."""
    hashes = reader.inclusion(leaf_index)
    if root_from_inclusion(leaf_index, checkpoint.tree_size, reader.leaf_hash(leaf_index), hashes) != (
        checkpoint.root_hash
    ):
        raise LedgerTamperedError(
            f"The tiles do not lead from entry {leaf_index} to the root signed at {checkpoint.tree_size} entries. "
            "Run `sitesync ledger verify`.",
            details={"leaf_index": leaf_index},
        )
    lines = [PROOF_HEADER, f"index {leaf_index}", *(base64.b64encode(item).decode() for item in hashes), ""]
    return "".join(f"{line}\n" for line in lines) + checkpoint.note.decode()


@dataclass(frozen=True)
class TlogProof:
    """A `tlog-proof@v1` file taken apart; `extra` is authenticated by nothing."""

    leaf_index: int
    hashes: tuple[bytes, ...]
    checkpoint: CheckpointText
    note: bytes
    extra: bytes | None = None

    def is_of(self, leaf: bytes) -> bool:
        """Whether the proof leads from this leaf hash to the checkpoint's root; signatures are not looked at."""
        size = self.checkpoint.tree_size
        return root_from_inclusion(self.leaf_index, size, leaf, self.hashes) == self.checkpoint.root_hash


def parse_tlog_proof(text: str, verifiers: Sequence[Verifier] | None = None) -> TlogProof:
    """Read a `tlog-proof@v1` file and, when keys are given, require the checkpoint to be signed by one of them.

    Raises
    ------
    MalformedNoteError
        When it is not such a file.
    UnverifiedNoteError
        When none of the keys signed the checkpoint.
    """
    head, separator, note = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines.pop(0) != PROOF_HEADER:
        raise MalformedNoteError(f"A proof file begins with '{PROOF_HEADER}' and ends with a checkpoint.")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise MalformedNoteError("A proof file names the index of its entry.")
    leaf_index = parse_decimal(lines.pop(0).removeprefix("index "))
    checkpoint, _ = parse_checkpoint(note.encode(), verifiers)
    return TlogProof(leaf_index, parse_hashes(lines), checkpoint, note.encode(), extra)


def parse_hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    """Base64 lines of one SHA-256 hash each.

    Raises
    ------
    MalformedNoteError
        When one is none, or there are more than any proof has.
    """
    if len(lines) > MAXIMUM_PROOF_HASHES:
        raise MalformedNoteError(f"A proof has at most {MAXIMUM_PROOF_HASHES} hashes.")
    hashes = tuple(decode_base64(line) for line in lines)
    if any(len(item) != HASH_BYTES for item in hashes):
        raise MalformedNoteError("A line of a proof is one SHA-256 hash in base64.")
    return hashes


def parse_decimal(digits: str) -> int:
    """An ASCII decimal without leading zeroes.

    Raises
    ------
    MalformedNoteError
        For anything else.
    """
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19 or str(int(digits)) != digits:
        raise MalformedNoteError(f"{digits[:40]!r} is not a decimal number without leading zeroes.")
    return int(digits)


def inclusion_ranges(leaf_index: int, size: int) -> list[tuple[int, int]]:
    """The leaves under each hash of an inclusion proof, from the leaf's sibling up (RFC 6962, section 2.1.1).

    Raises
    ------
    InvalidInputError
        When a tree of `size` leaves has no such leaf.
    """
    if not 0 <= leaf_index < size:
        raise InvalidInputError(f"A log of {size} entries has no entry {leaf_index}; the first one is 0.")
    ranges: list[tuple[int, int]] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _left_size(last - first)
        if leaf_index < middle:
            ranges.append((middle, last))
            last = middle
        else:
            ranges.append((first, middle))
            first = middle
    return ranges[::-1]


def consistency_ranges(old_size: int, new_size: int) -> list[tuple[int, int]]:
    """The leaves under each hash of a consistency proof, in its order (RFC 6962, section 2.1.2).

    Raises
    ------
    InvalidInputError
        When the old tree is the larger one.
    """
    if not 0 <= old_size <= new_size:
        raise InvalidInputError(f"A log of {new_size} entries does not continue one of {old_size}.")
    if old_size == 0:
        return []
    ranges: list[tuple[int, int]] = []
    first, last = 0, new_size
    is_whole = True
    while old_size < last:
        middle = first + _left_size(last - first)
        if old_size <= middle:
            ranges.append((middle, last))
            last = middle
        else:
            ranges.append((first, middle))
            first = middle
            is_whole = False
    if not is_whole:
        ranges.append((first, last))
    return ranges[::-1]


def complete_subtrees(first: int, last: int) -> list[Node]:
    """The complete subtrees that the leaves of a proof's range are made of, from the left."""
    nodes: list[Node] = []
    while first < last:
        height = (last - first).bit_length() - 1
        nodes.append((height, first >> height))
        first += 1 << height
    return nodes


def root_from_inclusion(leaf_index: int, size: int, leaf: bytes, hashes: Sequence[bytes]) -> bytes | None:
    """The root that a leaf hash and its proof lead to; None when the proof has not the length it must have."""
    if not 0 <= leaf_index < size:
        return None
    root, index, last = leaf, leaf_index, size - 1
    for item in hashes:
        if last == 0:
            return None
        if index & 1 or index == last:
            root = node_hash(item, root)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            root = node_hash(root, item)
        index, last = index >> 1, last >> 1
    return root if last == 0 else None


def is_consistent(old_size: int, old_root: bytes, new_size: int, new_root: bytes, hashes: Sequence[bytes]) -> bool:
    """Whether the proof shows that the new tree continues the old one (RFC 9162, section 2.1.4.2).

    The empty tree is continued by every tree; its proof is empty.
    """
    if old_size == 0:
        return not hashes and old_root == EMPTY_ROOT
    if old_size == new_size:
        return not hashes and old_root == new_root
    if old_size > new_size or not hashes:
        return False
    rest = list(hashes)
    index, last = old_size - 1, new_size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    # A complete old tree is itself the first hash and is left out of the proof.
    old = new = old_root if index == 0 else rest.pop(0)
    for item in rest:
        if last == 0:
            return False
        if index & 1 or index == last:
            old, new = node_hash(item, old), node_hash(item, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, item)
        index, last = index >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _left_size(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1

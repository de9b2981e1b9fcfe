"""Merkle tree hashing of RFC 6962, section 2.1: leaves, inner nodes, roots, and a tree that grows from its frontier.

Pure functions on bytes; what a leaf's bytes are is `canonical`'s business. Proofs are not here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

# MTH({}) = SHA-256 of nothing.
EMPTY_ROOT = sha256().digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """The roots of the full subtrees a tree of `size` leaves is made of, largest first: all that growing it needs.

    There is one per binary one in `size`; a million leaves take seven hashes, ten million eight.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"A tree of {self.size} leaves does not have {len(self.hashes)} full subtrees.")

    def extend(self, leaf_hashes: Iterable[bytes]) -> Self:
        """The frontier after more leaves, given by their leaf hashes."""
        hashes = list(self.hashes)
        size = self.size
        for leaf in leaf_hashes:
            subtree, merged = leaf, size
            while merged & 1:
                subtree = sha256(b"\x01" + hashes.pop() + subtree).digest()
                merged >>= 1
            hashes.append(subtree)
            size += 1
        return type(self)(size, tuple(hashes))

    def root(self) -> bytes:
        """The tree's root hash (MTH)."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for subtree in reversed(self.hashes[:-1]):
            root = node_hash(subtree, root)
        return root

"""RFC 6962 hashing, against the test data that certificate-transparency implementations publish and share."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash

# The eight leaves and the roots over the first 1..8 of them: certificate-transparency's merkle_tree_test.
LEAVES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 defines it, by recursion over the largest power of two smaller than n."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_hash(leaves[:split]), tree_hash(leaves[split:]))


class TestPublishedVectors:
    def test_the_empty_tree_has_the_hash_of_nothing(self) -> None:
        assert Frontier().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    def test_leaf_hashes(self) -> None:
        assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"

    def test_node_hash(self) -> None:
        assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"

    @pytest.mark.parametrize("size", range(1, 9))
    def test_roots(self, size: int) -> None:
        assert Frontier().extend(map(leaf_hash, LEAVES[:size])).root().hex() == ROOTS[size - 1]


class TestFrontier:
    @given(st.lists(st.binary(max_size=8), max_size=70))
    def test_root_is_that_of_the_recursive_definition(self, entries: list[bytes]) -> None:
        assert Frontier().extend(map(leaf_hash, entries)).root() == tree_hash(entries)

    @given(st.lists(st.binary(max_size=8), max_size=70), st.integers(0, 70))
    def test_growing_in_two_steps_gives_the_same_tree(self, entries: list[bytes], cut: int) -> None:
        hashes = [leaf_hash(entry) for entry in entries]
        assert Frontier().extend(hashes[:cut]).extend(hashes[cut:]) == Frontier().extend(hashes)

    def test_needs_few_hashes_for_many_leaves(self) -> None:
        leaves = (sha256(number.to_bytes(4, "big")).digest() for number in range(100_000))
        assert len(Frontier().extend(leaves).hashes) == (100_000).bit_count() == 6

    @pytest.mark.parametrize(("size", "count"), [(0, 1), (3, 1), (4, 2), (-1, 0)])
    def test_refuses_hashes_that_do_not_fit_the_size(self, size: int, count: int) -> None:
        with pytest.raises(ValueError, match="full subtrees"):
            Frontier(size, (b"",) * count)

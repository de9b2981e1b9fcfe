"""The geometry of tiles against C2SP tlog-tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.errors import NotFoundError
from operational_db.ledger.merkle import Frontier, leaf_hash
from operational_db.ledger.tiles import Tile, index_path, parse_path, partial_width, subtree_root, tiles_of


class TestPaths:
    def test_the_specifications_example(self) -> None:
        """tlog-tiles, Merkle Tree: "All but the last path element MUST begin with an x": 1234067 is x001/x234/067."""
        assert index_path(1234067) == "x001/x234/067"
        assert Tile(1, 1234067, 17).path == "1/x001/x234/067.p/17"

    @given(level=st.integers(0, 63), index=st.integers(0, 2**40), width=st.integers(1, 256))
    def test_every_path_is_read_back(self, level: int, index: int, width: int) -> None:
        tile = Tile(level, index, width)
        assert parse_path(tile.path).tile == tile
        assert parse_path(f"entries/{index_path(index)}{tile.suffix}").is_entries

    @pytest.mark.parametrize(
        "path",
        [
            "00/000",
            "64/000",
            "-1/000",
            "0/0",
            "0/1234",
            "0/x000/001",
            "0/001/067",
            "0/x001/x234/x067",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p/",
            "0/000/",
            "0/\u0661\u0662\u0663",
            "data/000",
            "",
        ],
    )
    def test_other_spellings_are_no_tiles(self, path: str) -> None:
        """tlog-tiles: "MUST be a decimal ASCII integer between 0 and 63, with no additional leading zeroes"."""
        with pytest.raises(NotFoundError):
            parse_path(path)


class TestTiles:
    def test_the_specifications_tree_of_70000(self) -> None:
        """Partial Tiles: 273 full level 0 tiles, one of width 112, one full level 1, one of 17, one level 2 of 1.

        A partial tile "MUST NOT be hashed into a tile at the level above": level 1 has 256 + 17 hashes, not 274.
        """
        tiles = list(tiles_of(70_000))
        assert sum(tile.level == 0 and tile.is_full for tile in tiles) == 273
        assert [tile for tile in tiles if not (tile.level == 0 and tile.is_full)] == [
            Tile(0, 273, 112),
            Tile(1, 0),
            Tile(1, 1, 17),
            Tile(2, 0, 1),
        ]

    def test_a_tree_of_256_has_a_full_tile_and_a_partial_one_above(self) -> None:
        assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]

    def test_an_empty_tree_has_none(self) -> None:
        """tlog-tiles: "Empty tiles MUST NOT be served."."""
        assert list(tiles_of(0)) == []

    @given(size=st.integers(1, 2**24), level=st.integers(0, 2))
    def test_the_width_of_partial_tiles(self, size: int, level: int) -> None:
        """tlog-tiles: "The partial tile at level l for a tree of size s has floor(s / 256**l) mod 256 entries."."""
        assert partial_width(size, level) == size // 256**level % 256

    @given(size=st.integers(1, 70_000))
    def test_every_tile_of_a_tree_ends_within_it_and_the_last_at_its_end(self, size: int) -> None:
        tiles = list(tiles_of(size))
        assert all(tile.end <= size for tile in tiles)
        assert max(tile.end for tile in tiles if tile.level == 0) == size

    @pytest.mark.parametrize("count", [1, 2, 64, 256])
    def test_the_root_of_a_subtree_is_rfc_6962s(self, count: int) -> None:
        hashes = [leaf_hash(bytes([number])) for number in range(count)]
        assert subtree_root(hashes) == Frontier().extend(hashes).root()

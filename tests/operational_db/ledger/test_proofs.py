"""Inclusion and consistency proofs: made from tiles, checked by the algorithms of RFC 9162, against RFC 6962's tree."""

import base64
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import InvalidInputError, LedgerTamperedError, NotFoundError
from operational_db.ledger.append import copy_events
from operational_db.ledger.checkpoints import latest_signed_checkpoint
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash
from operational_db.ledger.notes import MalformedNoteError, UnverifiedNoteError
from operational_db.ledger.proofs import (
    ProofReader,
    complete_subtrees,
    consistency_proof,
    consistency_ranges,
    inclusion_proof,
    inclusion_ranges,
    is_consistent,
    parse_tlog_proof,
    root_from_inclusion,
    tlog_proof,
)
from operational_db.ledger.seal import seal
from operational_db.ledger.sequence import sequence_pending
from operational_db.ledger.tile_store import entry_at, entry_bundle, read_tiles
from operational_db.ledger.tiles import Tile, tiles_of
from operational_db.ledger.verify import LogTrust, verify_ledger
from operational_db.settings import Settings
from tests.operational_db.ledger.samples import create_events

SIZES = st.integers(1, 1_200)


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


LEAVES = leaves_of(1_200)


def root_of(leaves: Sequence[bytes]) -> bytes:
    return Frontier().extend(leaves).root()


def hash_of(first: int, last: int) -> bytes:
    """MTH(D[first:last]) written the way RFC 6962, section 2.1 defines it."""
    if last - first == 1:
        return LEAVES[first]
    half = 1
    while half * 2 < last - first:
        half *= 2
    return node_hash(hash_of(first, first + half), hash_of(first + half, last))


class TestArithmetic:
    @given(size=SIZES, data=st.data())
    def test_an_inclusion_proof_leads_to_the_root(self, size: int, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, size - 1))
        hashes = [hash_of(*span) for span in inclusion_ranges(index, size)]
        assert root_from_inclusion(index, size, LEAVES[index], hashes) == root_of(LEAVES[:size])
        if hashes:
            assert root_from_inclusion(index, size, LEAVES[index], hashes[:-1]) is None
            assert root_from_inclusion(index, size, LEAVES[index], [*hashes, hashes[0]]) is None
            assert root_from_inclusion(index, size, LEAVES[index - 1], hashes) != root_of(LEAVES[:size])
        assert root_from_inclusion(size, size, LEAVES[index], hashes) is None

    @given(sizes=st.tuples(SIZES, SIZES))
    def test_a_consistency_proof_holds_and_none_other_does(self, sizes: tuple[int, int]) -> None:
        old, new = sorted(sizes)
        hashes = [hash_of(*span) for span in consistency_ranges(old, new)]
        old_root, new_root = root_of(LEAVES[:old]), root_of(LEAVES[:new])
        assert is_consistent(old, old_root, new, new_root, hashes)
        assert not is_consistent(old, EMPTY_ROOT, new, new_root, hashes)
        assert not is_consistent(old, old_root, new, EMPTY_ROOT, hashes)
        assert not is_consistent(old, old_root, new, new_root, [*hashes, EMPTY_ROOT])
        if hashes:
            assert not is_consistent(old, old_root, new, new_root, hashes[1:])
            assert not is_consistent(old, old_root, new, new_root, hashes[:-1])

    def test_rfc_6962s_own_example(self) -> None:
        """Section 2.1.3: the tree of seven leaves."""
        assert inclusion_ranges(0, 7) == [(1, 2), (2, 4), (4, 7)]
        assert inclusion_ranges(3, 7) == [(2, 3), (0, 2), (4, 7)]
        assert inclusion_ranges(4, 7) == [(5, 6), (6, 7), (0, 4)]
        assert inclusion_ranges(6, 7) == [(4, 6), (0, 4)]
        assert consistency_ranges(3, 7) == [(2, 3), (3, 4), (0, 2), (4, 7)]
        assert consistency_ranges(4, 7) == [(4, 7)]
        assert consistency_ranges(6, 7) == [(4, 6), (6, 7), (0, 4)]

    def test_everything_continues_the_empty_log_without_a_proof(self) -> None:
        """tlog-witness, add-checkpoint: "The proof MUST be empty if the old size is zero."."""
        assert consistency_ranges(0, 7) == []
        assert is_consistent(0, EMPTY_ROOT, 7, root_of(LEAVES[:7]), [])
        assert not is_consistent(0, EMPTY_ROOT, 7, root_of(LEAVES[:7]), [EMPTY_ROOT])

    def test_ranges_split_into_complete_subtrees(self) -> None:
        assert complete_subtrees(4, 7) == [(1, 2), (0, 6)]
        assert complete_subtrees(0, 8) == [(3, 0)]

    @pytest.mark.parametrize(("index", "size"), [(0, 0), (7, 7), (-1, 7)])
    def test_a_leaf_outside_has_no_proof(self, index: int, size: int) -> None:
        with pytest.raises(InvalidInputError):
            inclusion_ranges(index, size)

    def test_a_smaller_tree_does_not_continue_a_larger_one(self) -> None:
        with pytest.raises(InvalidInputError):
            consistency_ranges(8, 7)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


class TestFromTiles:
    """A ledger of 66,000 entries has tiles of three levels, full and partial ones."""

    SIZE = 66_000

    @pytest.fixture
    def hashes(self, committed_engine: Engine, settings: Settings, now: datetime) -> list[bytes]:
        with unit_of_work(committed_engine) as session:
            copy_events(session, create_events(2_000) * 33, now=now)
        seal(committed_engine, load_or_create_signer(settings), now=now)
        with committed_engine.connect() as connection:
            return list(connection.scalars(text("select leaf_hash from ledger_leaves order by leaf_index")))

    def test_tiles_proofs_bundles_and_files(
        self, committed_engine: Engine, settings: Settings, hashes: list[bytes]
    ) -> None:
        signer = load_or_create_signer(settings)
        with read_only_session(committed_engine) as session:
            checkpoint = latest_signed_checkpoint(session)
            assert checkpoint is not None
            root = root_of(hashes)
            assert (checkpoint.tree_size, checkpoint.root_hash) == (self.SIZE, root)
            tiles = read_tiles(session, tiles_of(self.SIZE))
            # Go from the leaves up: each tile is the hashes of those below ("MTH(D[(n * 256 + i) * 256**l : …])").
            assert b"".join(tiles[tile] for tile in tiles_of(self.SIZE) if tile.level == 0) == b"".join(hashes)
            assert tiles[Tile(1, 0)][:32] == root_of(hashes[:256])
            assert tiles[Tile(1, 1, 1)] == root_of(hashes[65_536:65_792])
            assert tiles[Tile(2, 0, 1)] == root_of(hashes[:65_536])
            for size in (1, 255, 256, 257, 65_535, 65_536, 65_537, self.SIZE):
                assert ProofReader(session, size).root() == root_of(hashes[:size])
                for index in {0, size // 2, size - 1}:
                    proof = inclusion_proof(session, index, size)
                    assert root_from_inclusion(index, size, hashes[index], proof) == root_of(hashes[:size])
                proof = consistency_proof(session, size, self.SIZE)
                assert is_consistent(size, root_of(hashes[:size]), self.SIZE, root, proof)
            bundle = entry_bundle(session, Tile(0, 257, 208))
            entries = []
            while bundle:
                length = int.from_bytes(bundle[:2], "big")
                entries.append(bundle[2 : 2 + length])
                bundle = bundle[2 + length :]
            # tlog-tiles, Log entries: "Each entry … hashes to the corresponding entry in the … level 0 … tile."
            assert [leaf_hash(entry) for entry in entries] == hashes[65_792:]
            text_of_proof = tlog_proof(session, 65_535, checkpoint)
            proof_file = parse_tlog_proof(text_of_proof, [signer.verifier])
            assert proof_file.is_of(leaf_hash(entry_at(session, 65_535)))
            assert not proof_file.is_of(hashes[0])
            with pytest.raises(NotFoundError):
                inclusion_proof(session, 0, self.SIZE + 1)
            with pytest.raises(NotFoundError):
                entry_at(session, self.SIZE)

    def test_many_proofs_at_once_take_few_queries(self, committed_engine: Engine, hashes: list[bytes]) -> None:
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        wanted = range(0, self.SIZE, 97)
        with read_only_session(committed_engine) as session:
            event.listen(committed_engine, "before_cursor_execute", note)
            reader = ProofReader(session, self.SIZE)
            reader.prepare(wanted)
            proofs = {index: reader.inclusion(index) for index in wanted}
        event.remove(committed_engine, "before_cursor_execute", note)
        assert count < 10
        root = root_of(hashes)
        assert all(
            root_from_inclusion(index, self.SIZE, hashes[index], proof) == root for index, proof in proofs.items()
        )


class TestTlogProof:
    @pytest.fixture
    def proof(self, committed_engine: Engine, settings: Settings, now: datetime) -> str:
        with unit_of_work(committed_engine) as session:
            copy_events(session, create_events(5), now=now)
        seal(committed_engine, load_or_create_signer(settings), now=now)
        with read_only_session(committed_engine) as session:
            checkpoint = latest_signed_checkpoint(session)
            assert checkpoint is not None
            return tlog_proof(session, 2, checkpoint)

    def test_its_lines_are_those_of_the_specification(
        self, proof: str, committed_engine: Engine, settings: Settings
    ) -> None:
        """tlog-proof, Format: "The first line MUST be the string c2sp.org/tlog-proof@v1", "The next line MUST start
        with the string index", one hash a line, an empty line, the checkpoint "verbatim".
        """
        lines = proof.split("\n")
        assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 2"]
        assert [len(base64.b64decode(line)) for line in lines[2:5]] == [32, 32, 32]
        assert lines[5:8] == ["", "sitesync.local/ledger", "5"]
        with read_only_session(committed_engine) as session:
            checkpoint = latest_signed_checkpoint(session)
        assert checkpoint is not None
        assert proof.endswith(f"\n\n{checkpoint.note.decode()}")

    def test_extra_data_is_read_and_proves_nothing(self, proof: str, settings: Settings) -> None:
        """tlog-proof: "MUST NOT implicitly trust the extra data": it is read, and the proof is the same without."""
        extended = proof.replace("index 2", f"extra {base64.b64encode(b'more').decode()}\nindex 2")
        read = parse_tlog_proof(extended, [load_or_create_signer(settings).verifier])
        assert (read.extra, read.leaf_index) == (b"more", 2)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("tlog-proof@v1", "tlog-proof@v2"),
            ("index 2", "index 02"),
            ("index 2", "index -2"),
            ("index 2\n", ""),
            ("index 2\n", "index 2\nAAAA\n"),
            ("\n\n", "\n"),
        ],
    )
    def test_other_forms_are_refused(self, proof: str, old: str, new: str) -> None:
        with pytest.raises(MalformedNoteError):
            parse_tlog_proof(proof.replace(old, new, 1))

    def test_a_changed_checkpoint_is_refused(self, proof: str, settings: Settings) -> None:
        with pytest.raises(UnverifiedNoteError):
            parse_tlog_proof(proof.replace("\n5\n", "\n6\n"), [load_or_create_signer(settings).verifier])

    def test_no_proof_is_handed_out_that_does_not_lead_to_the_root(
        self, owner_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        with unit_of_work(owner_engine) as session:
            copy_events(session, create_events(5), now=now)
        seal(owner_engine, load_or_create_signer(settings), now=now)
        with unit_of_work(owner_engine) as session:
            session.execute(text("alter table ledger_leaves disable trigger user"))
            session.execute(text("update ledger_leaves set leaf_hash = sha256('x') where leaf_index = 3"))
        with read_only_session(owner_engine) as session:
            checkpoint = latest_signed_checkpoint(session)
            assert checkpoint is not None
            with pytest.raises(LedgerTamperedError, match="entry 2"):
                tlog_proof(session, 2, checkpoint)


def test_tiles_and_signatures_that_older_leaves_lack_are_made_up_for(
    owner_engine: Engine, settings: Settings, now: datetime
) -> None:
    """An installation from before there were any: leaves and checkpoints only."""
    with unit_of_work(owner_engine) as session:
        copy_events(session, create_events(300) * 4, now=now)
    sequence_pending(owner_engine, now=now, batch_size=500)
    with unit_of_work(owner_engine) as session:
        session.execute(text("set session_replication_role = replica"))
        tiles = session.execute(text("delete from ledger_tiles returning level, tile_index, hashes, root_hash")).all()
        session.execute(text("set session_replication_role = origin"))
    assert len(tiles) == 4
    signer = load_or_create_signer(settings)
    checkpoint = seal(owner_engine, signer, now=now)
    assert checkpoint is not None
    with unit_of_work(owner_engine) as session:
        made = session.execute(text("select level, tile_index, hashes, root_hash from ledger_tiles")).all()
        signed = session.scalars(text("select tree_size from ledger_signatures order by 1")).all()
    assert sorted(made) == sorted(tiles)
    assert list(signed) == [500, 1000, 1200]
    assert verify_ledger(owner_engine, trust=LogTrust((signer.verifier,), (), signer.last_signed())).is_intact

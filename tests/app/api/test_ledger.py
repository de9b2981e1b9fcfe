"""The published ledger over HTTP: paths, media types, caching and rights, as C2SP tlog-tiles has them."""

import gzip
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from operational_db.database import unit_of_work
from operational_db.ledger.checkpoints import parse_checkpoint
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.merkle import Frontier, leaf_hash
from operational_db.ledger.notes import Verifier
from operational_db.ledger.proofs import is_consistent, parse_hashes, parse_tlog_proof
from operational_db.ledger.seal import seal
from operational_db.ledger.tiles import split_hashes, tiles_of
from operational_db.types import OrganizationKind, Role
from tests.app.api.conftest import Api, World
from tests.builders import create_organization
from tests.operational_db.ledger.samples import append_committed

SIZE = 600
BASE = "/v1/ledger"


@pytest.fixture
def sealed(world: World, now: datetime) -> Api:
    """A ledger of 600 entries under checkpoints at 300 and 600, and three entries that are not sealed yet."""
    api = world.api
    for _ in range(2):
        append_committed(api.engine, SIZE // 2, now)
        seal(api.engine, load_or_create_signer(api.settings), now=now)
    append_committed(api.engine, 3, now)
    return api


class TestCheckpoint:
    def test_it_is_public_text_that_is_not_kept_long(self, sealed: Api) -> None:
        """tlog-tiles, Checkpoints: "MUST be served … with Content-Type: text/plain; charset=utf-8", hardly cached."""
        answer = sealed.call("GET", f"{BASE}/checkpoint")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Cache-Control"] == "public, max-age=1"
        # "the checkpoint MUST carry at least one Ed25519 signature by the log"
        keys = sealed.call("GET", f"{BASE}/keys").json()
        checkpoint, _ = parse_checkpoint(answer.content, [Verifier.from_vkey(item["vkey"]) for item in keys["keys"]])
        assert (checkpoint.origin, checkpoint.tree_size) == (keys["origin"], SIZE)

    def test_before_the_first_seal_there_is_none(self, api: Api) -> None:
        for path in ("checkpoint", "keys", "tile/0/000", "proof/0"):
            answer = api.call("GET", f"{BASE}/{path}")
            assert answer.status_code == 404
            assert answer.headers["Content-Type"] == "application/problem+json"


class TestTiles:
    def test_all_tiles_of_the_checkpoint_are_public_and_lead_to_its_root(self, sealed: Api) -> None:
        """tlog-tiles, Merkle Tree: "<prefix>/tile/<L>/<N>[.p/<W>] with Content-Type: application/octet-stream"."""
        tiles = {tile: sealed.call("GET", f"{BASE}/tile/{tile.path}") for tile in tiles_of(SIZE)}
        assert [tile.path for tile in tiles] == ["0/000", "0/001", "0/002.p/88", "1/000.p/2"]
        for tile, answer in tiles.items():
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            # "Full tiles MUST be exactly 256 hashes wide, or 8,192 bytes."
            assert len(answer.content) == 32 * tile.width
        leaves = [item for tile, answer in tiles.items() if tile.level == 0 for item in split_hashes(answer.content)]
        checkpoint, _ = parse_checkpoint(sealed.call("GET", f"{BASE}/checkpoint").content)
        assert Frontier().extend(leaves).root() == checkpoint.root_hash

    def test_partial_tiles_of_former_checkpoints_stay(self, sealed: Api) -> None:
        """tlog-tiles: "MUST serve partial tiles corresponding to tree sizes for which a checkpoint was produced"."""
        for tile in tiles_of(SIZE // 2):
            assert sealed.call("GET", f"{BASE}/tile/{tile.path}").status_code == 200

    @pytest.mark.parametrize(
        "path",
        ["0/002", "0/002.p/89", "0/002.p/91", "1/000", "2/000.p/1", "0/3", "0/x000/001", "64/000", "a", "0/000.p/0"],
    )
    def test_what_the_signed_tree_has_not_is_not_found(self, sealed: Api, path: str) -> None:
        assert sealed.call("GET", f"{BASE}/tile/{path}").status_code == 404


class TestEntries:
    def entries(self, content: bytes) -> list[bytes]:
        found = []
        while content:
            length = int.from_bytes(content[:2], "big")
            found.append(content[2 : 2 + length])
            content = content[2 + length :]
        return found

    def test_bundles_are_the_entries_under_the_tiles(self, sealed: Api) -> None:
        """tlog-tiles, Log entries: "sequences of big-endian uint16 length-prefixed log entries"."""
        for suffix in ("000", "001", "002.p/88"):
            answer = sealed.call("GET", f"{BASE}/tile/entries/{suffix}", "admin")
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Cache-Control"].startswith("private")
            tile = sealed.call("GET", f"{BASE}/tile/0/{suffix}").content
            assert [leaf_hash(entry) for entry in self.entries(answer.content)] == split_hashes(tile)

    def test_they_are_compressed_on_request(self, sealed: Api) -> None:
        """tlog-tiles: "Entry bundles SHOULD be compressed at the HTTP layer."."""
        headers = {"Accept-Encoding": "identity", "Authorization": f"Bearer {sealed.tokens['admin']}"}
        plain = sealed.client.get(f"{BASE}/tile/entries/000", headers=headers)
        assert "Content-Encoding" not in plain.headers
        zipped = sealed.call("GET", f"{BASE}/tile/entries/000", "admin")
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert zipped.content == plain.content
        assert int(zipped.headers["Content-Length"]) < len(plain.content) // 2
        assert gzip.decompress(gzip.compress(plain.content)) == zipped.content

    def test_they_are_for_the_platforms_administrators_and_auditors_only(self, sealed: Api, world: World) -> None:
        with unit_of_work(sealed.engine) as session:
            platform = create_organization(session, OrganizationKind.PLATFORM)
            company = create_organization(session)
            sealed.add_person(session, "auditor", platform, Role.AUDITOR)
            sealed.add_person(session, "own_auditor", company, Role.AUDITOR)
            sealed.add_person(session, "product", platform, Role.PRODUCT_TEAM)
        path = f"{BASE}/tile/entries/000"
        assert sealed.call("GET", path).status_code == 401
        for who in ("manager", "ann", "stranger", "own_auditor", "product"):
            assert sealed.call("GET", path, who).status_code == 403, who
        for who in ("admin", "auditor"):
            assert sealed.call("GET", path, who).status_code == 200, who

    @pytest.mark.parametrize("path", ["entries/002", "entries/002.p/89", "entries/0", "entries/003.p/1"])
    def test_what_is_not_sealed_is_not_handed_out(self, sealed: Api, path: str) -> None:
        assert sealed.call("GET", f"{BASE}/tile/{path}", "admin").status_code == 404


class TestProofs:
    def test_a_proof_of_an_entry_by_index_and_by_event(self, sealed: Api) -> None:
        keys = [Verifier.from_vkey(item["vkey"]) for item in sealed.call("GET", f"{BASE}/keys").json()["keys"]]
        with sealed.engine.connect() as connection:
            row = connection.execute(text("select event_id, leaf_hash from ledger_leaves where leaf_index = 257")).one()
        by_index = sealed.call("GET", f"{BASE}/proof/257")
        assert by_index.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "entry-257.tlog-proof" in by_index.headers["Content-Disposition"]
        assert sealed.call("GET", f"{BASE}/proof/{row.event_id}").text == by_index.text
        proof = parse_tlog_proof(by_index.text, keys)
        assert (proof.leaf_index, proof.checkpoint.tree_size) == (257, SIZE)
        assert proof.is_of(row.leaf_hash)
        former = parse_tlog_proof(sealed.call("GET", f"{BASE}/proof/257?tree_size=300").text, keys)
        assert former.checkpoint.tree_size == 300
        assert former.is_of(row.leaf_hash)

    @pytest.mark.parametrize(
        ("entry", "status"),
        [("600", 404), ("602", 404), ("9" * 30, 422), ("-1", 422), ("x", 422), (str(UUID(int=0)), 404),
         ("257?tree_size=299", 404), ("301?tree_size=300", 404), (f"257?tree_size={2**63}", 422)],
    )  # fmt: skip
    def test_what_is_not_sealed_or_no_entry_has_no_proof(self, sealed: Api, entry: str, status: int) -> None:
        assert sealed.call("GET", f"{BASE}/proof/{entry}").status_code == status

    def test_consistency_between_two_checkpoints(self, sealed: Api) -> None:
        answer = sealed.call("GET", f"{BASE}/consistency/300/600")
        hashes = parse_hashes(answer.text.splitlines())
        with sealed.engine.connect() as connection:
            rows = connection.execute(text("select tree_size, root_hash from ledger_checkpoints")).all()
        roots = {row.tree_size: row.root_hash for row in rows}
        assert is_consistent(300, roots[300], 600, roots[600], hashes)
        assert sealed.call("GET", f"{BASE}/consistency/300/601").status_code == 404
        assert sealed.call("GET", f"{BASE}/consistency/600/300").status_code == 422

"""A superuser who switches the triggers off can change rows; verification says which one was changed first."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from operational_db.database import unit_of_work
from operational_db.errors import LedgerTamperedError
from operational_db.ledger import verify
from operational_db.ledger.append import copy_events
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.merkle import EMPTY_ROOT
from operational_db.ledger.seal import seal
from operational_db.ledger.sequence import sequence_pending
from operational_db.ledger.trust import load_trust
from operational_db.ledger.verify import LedgerProblem, LogTrust, ProblemKind, verify_ledger
from operational_db.settings import Settings
from tests.operational_db.ledger.samples import append_committed, create_events


@pytest.fixture
def ids(owner_engine: Engine, now: datetime) -> list[UUID]:
    """Thirty sequenced events under the checkpoints 10, 20 and 30."""
    ids = append_committed(owner_engine, 30, now)
    sequence_pending(owner_engine, now=now, batch_size=10)
    return ids


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """So that thirty leaves already take several chunks."""
    monkeypatch.setattr(verify, "CHUNK", 7)
    yield


def tamper(engine: Engine, *statements: str, **parameters: object) -> None:
    """What a superuser can do: every trigger and constraint off, then anything."""
    with unit_of_work(engine) as session:
        session.execute(text("set session_replication_role = replica"))
        for statement in statements:
            session.execute(text(statement), parameters)
        session.execute(text("set session_replication_role = origin"))


def exchange(engine: Engine, one: int, other: int) -> None:
    """Two whole leaves, hashes and all, change places."""
    tamper(
        engine,
        "update ledger_leaves set leaf_index = 1000 + :one + :other - leaf_index where leaf_index in (:one, :other)",
        "update ledger_leaves set leaf_index = leaf_index - 1000 where leaf_index >= 1000",
        one=one,
        other=other,
    )


def first_problem(engine: Engine) -> LedgerProblem:
    problem = verify_ledger(engine).problem
    assert problem is not None
    return problem


class TestIntact:
    def test_an_empty_ledger_is_intact(self, owner_engine: Engine) -> None:
        report = verify_ledger(owner_engine)
        assert report.is_intact
        assert (report.tree_size, report.root_hash, report.checkpoint_count) == (0, EMPTY_ROOT, 0)

    def test_the_report_names_size_root_and_queue(self, owner_engine: Engine, ids: list[UUID], now: datetime) -> None:
        checkpoint = sequence_pending(owner_engine, now=now)
        append_committed(owner_engine, 4, now)
        report = verify_ledger(owner_engine)
        report.require_intact()
        assert checkpoint is not None
        assert (report.tree_size, report.root_hash) == (30, checkpoint.root_hash)
        assert (report.checkpoint_count, report.pending_count) == (3, 4)

    def test_progress_ends_at_the_whole(self, owner_engine: Engine, ids: list[UUID]) -> None:
        seen: list[tuple[int, int]] = []
        verify_ledger(owner_engine, progress=lambda done, total: seen.append((done, total)))
        assert seen == [(7, 30), (14, 30), (21, 30), (28, 30), (30, 30)]

    def test_the_applications_role_may_verify(self, committed_engine: Engine, now: datetime) -> None:
        append_committed(committed_engine, 2, now)
        sequence_pending(committed_engine, now=now)
        assert verify_ledger(committed_engine).is_intact


@pytest.mark.parametrize(
    "change",
    [
        "body = replace(body, 'cycle_number', 'cycle_numbex')",
        "body = body || ' '",
        "kind = 'certificate.issued'",
        "version = 2",
        "subject_id = gen_random_uuid()",
        "subject_id = null",
        "organization_id = gen_random_uuid()",
        "occurred_at = occurred_at - interval '1 microsecond'",
        "recorded_at = recorded_at + interval '1 day'",
        "occurred_at = 'infinity'",
        "occurred_at = '12026-01-01Z'",
    ],
)
def test_a_changed_column_is_named_by_leaf_and_event(owner_engine: Engine, ids: list[UUID], change: str) -> None:
    tamper(
        owner_engine, f"update ledger_events set {change} where id in (:first, :second)", first=ids[12], second=ids[20]
    )
    problem = first_problem(owner_engine)
    assert (problem.kind, problem.leaf_index, problem.event_id) == (ProblemKind.CHANGED_EVENT, 12, ids[12])
    assert "stored columns give" in problem.message
    with pytest.raises(LedgerTamperedError) as raised:
        verify_ledger(owner_engine).require_intact()
    assert raised.value.details == {"leaf_index": 12, "event_id": str(ids[12])}


class TestLeaves:
    def test_a_changed_leaf_hash(self, owner_engine: Engine, ids: list[UUID]) -> None:
        tamper(owner_engine, "update ledger_leaves set leaf_hash = sha256('x') where leaf_index = 29")
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.leaf_index, problem.event_id) == (ProblemKind.CHANGED_EVENT, 29, ids[29])

    def test_an_event_changed_together_with_its_leaf_is_found_by_the_root(
        self, owner_engine: Engine, ids: list[UUID]
    ) -> None:
        rehash = """
            update ledger_leaves as l set leaf_hash = sha256('\\x00'::bytea || ledger_entry_bytes(
                e.id, e.kind, e.version, e.subject_id, e.organization_id, e.occurred_at, e.recorded_at, e.body))
            from ledger_events as e where e.id = l.event_id
        """
        tamper(owner_engine, "update ledger_events set version = 2 where id = :id", rehash, id=ids[12])
        problem = first_problem(owner_engine)
        assert problem.kind is ProblemKind.CHANGED_LEAVES
        assert "leaves 10 to 19" in problem.message

    @pytest.mark.parametrize(("one", "other", "named"), [(3, 8, 4), (2, 25, 3), (28, 29, 29)])
    def test_exchanged_leaves_are_named_by_their_order(
        self, owner_engine: Engine, ids: list[UUID], one: int, other: int, named: int
    ) -> None:
        exchange(owner_engine, one, other)
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.leaf_index) == (ProblemKind.EXCHANGED_LEAVES, named)
        assert str(problem.event_id) in problem.message

    def test_leaves_exchanged_where_order_does_not_tell_are_found_by_the_root(
        self, owner_engine: Engine, ids: list[UUID]
    ) -> None:
        """Last of one range and first of the next: ids still ascend in both."""
        exchange(owner_engine, 9, 10)
        problem = first_problem(owner_engine)
        assert problem.kind is ProblemKind.CHANGED_LEAVES
        assert "leaves 0 to 9" in problem.message

    def test_exchanged_events_under_leaves_that_stay(self, owner_engine: Engine, ids: list[UUID]) -> None:
        tamper(
            owner_engine,
            "drop index uq_ledger_leaves_event_id",
            "update ledger_leaves set event_id = :other where leaf_index = 5",
            "update ledger_leaves set event_id = :one where leaf_index = 6",
            one=ids[5],
            other=ids[6],
        )
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.leaf_index, problem.event_id) == (ProblemKind.CHANGED_EVENT, 5, ids[6])

    def test_a_deleted_event(self, owner_engine: Engine, ids: list[UUID]) -> None:
        tamper(owner_engine, "delete from ledger_events where id = :id", id=ids[17])
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.leaf_index, problem.event_id) == (ProblemKind.DELETED_EVENT, 17, ids[17])

    @pytest.mark.parametrize("index", [0, 13, 29])
    def test_a_missing_leaf(self, owner_engine: Engine, ids: list[UUID], index: int) -> None:
        tamper(owner_engine, "delete from ledger_leaves where leaf_index = :index", index=index)
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.leaf_index, problem.event_id) == (ProblemKind.MISSING_LEAF, index, ids[index])

    def test_an_event_deleted_with_its_leaf(self, owner_engine: Engine, ids: list[UUID]) -> None:
        tamper(
            owner_engine,
            "delete from ledger_events where id = :id",
            "delete from ledger_leaves where leaf_index = 4",
            id=ids[4],
        )
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.leaf_index, problem.event_id) == (ProblemKind.MISSING_LEAF, 4, None)

    def test_a_cut_off_end(self, owner_engine: Engine, ids: list[UUID]) -> None:
        tamper(
            owner_engine,
            "delete from ledger_leaves where leaf_index >= 20",
            "delete from ledger_checkpoints where tree_size > 20",
        )
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.event_id) == (ProblemKind.UNPLACED_EVENT, ids[20])


class TestCheckpoints:
    @pytest.mark.parametrize("size", [10, 20])
    def test_a_changed_root_is_told_from_changed_leaves_by_the_later_roots(
        self, owner_engine: Engine, ids: list[UUID], size: int
    ) -> None:
        tamper(owner_engine, "update ledger_checkpoints set root_hash = sha256('x') where tree_size = :size", size=size)
        problem = first_problem(owner_engine)
        assert problem.kind is ProblemKind.CHANGED_CHECKPOINT
        assert f"Checkpoint {size}" in problem.message

    def test_a_changed_root_of_the_last_one(self, owner_engine: Engine, ids: list[UUID]) -> None:
        tamper(owner_engine, "update ledger_checkpoints set root_hash = sha256('x') where tree_size = 30")
        problem = first_problem(owner_engine)
        assert problem.kind is ProblemKind.CHANGED_LEAVES
        assert "or the checkpoint itself" in problem.message

    def test_a_changed_frontier(self, owner_engine: Engine, ids: list[UUID]) -> None:
        tamper(owner_engine, "update ledger_checkpoints set frontier[1] = sha256('x') where tree_size = 30")
        problem = first_problem(owner_engine)
        assert problem.kind is ProblemKind.CHANGED_CHECKPOINT

    def test_a_removed_last_one(self, owner_engine: Engine, ids: list[UUID]) -> None:
        tamper(owner_engine, "delete from ledger_checkpoints where tree_size = 30")
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.leaf_index) == (ProblemKind.MISSING_CHECKPOINT, 20)


class TestQueue:
    def test_an_event_taken_out_of_the_queue(self, owner_engine: Engine, ids: list[UUID], now: datetime) -> None:
        (event_id,) = append_committed(owner_engine, 1, now)
        tamper(owner_engine, "delete from ledger_pending")
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.event_id) == (ProblemKind.UNPLACED_EVENT, event_id)

    def test_a_queued_event_that_was_deleted(self, owner_engine: Engine, ids: list[UUID], now: datetime) -> None:
        (event_id,) = append_committed(owner_engine, 1, now)
        tamper(owner_engine, "delete from ledger_events where id = :id", id=event_id)
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.event_id) == (ProblemKind.WRONG_QUEUE, event_id)


@pytest.fixture
def trust(owner_engine: Engine, tmp_path: Path, now: datetime) -> LogTrust:
    """A sealed ledger of 600 entries: two full tiles, under the checkpoints 300 and 600."""
    settings = Settings(home=tmp_path)
    for _ in range(2):
        append_committed(owner_engine, 300, now)
        seal(owner_engine, load_or_create_signer(settings), now=now)
    return load_trust(settings)


class TestTiles:
    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ("update ledger_tiles set hashes = set_byte(hashes, 33, 7) where tile_index = 1", "Tile 0/001"),
            ("update ledger_tiles set root_hash = sha256('x') where tile_index = 0", "Tile 0/000: its hashes fit"),
            ("delete from ledger_tiles where tile_index = 0", "Tile 0/000 is missing"),
            ("delete from ledger_tiles where tile_index = 1", "Tile 0/001 is missing"),
            ("insert into ledger_tiles select 0, 2, hashes, root_hash from ledger_tiles where tile_index = 0", "0/002"),
            ("insert into ledger_tiles select 1, 0, hashes, root_hash from ledger_tiles where tile_index = 0", "1/000"),
        ],
    )
    def test_a_tampered_tile_is_named(self, owner_engine: Engine, trust: LogTrust, change: str, named: str) -> None:
        assert verify_ledger(owner_engine, trust=trust).is_intact
        tamper(owner_engine, change)
        problem = first_problem(owner_engine)
        assert problem.kind is ProblemKind.WRONG_TILE
        assert named in problem.message

    def test_a_changed_hash_in_a_tile_is_named_by_its_leaf(self, owner_engine: Engine, trust: LogTrust) -> None:
        tamper(owner_engine, "update ledger_tiles set hashes = set_byte(hashes, 32 * 5, 7) where tile_index = 1")
        assert "leaf 261" in first_problem(owner_engine).message

    def test_tiles_tell_which_leaf_was_changed_together_with_its_event(
        self, owner_engine: Engine, trust: LogTrust
    ) -> None:
        """The root tells a range only; the tile still holds the hash of the leaf as it was."""
        rehash = """
            update ledger_leaves as l set leaf_hash = sha256('\\x00'::bytea || ledger_entry_bytes(
                e.id, e.kind, e.version, e.subject_id, e.organization_id, e.occurred_at, e.recorded_at, e.body))
            from ledger_events as e where e.id = l.event_id
        """
        event = "select event_id from ledger_leaves where leaf_index = 77"
        tamper(owner_engine, f"update ledger_events set version = 2 where id = ({event})", rehash)
        problem = first_problem(owner_engine)
        assert (problem.kind, problem.leaf_index) == (ProblemKind.CHANGED_LEAVES, 77)

    def test_tiles_of_three_levels(self, owner_engine: Engine, now: datetime) -> None:
        with unit_of_work(owner_engine) as session:
            copy_events(session, create_events(2_000) * 33, now=now)
        sequence_pending(owner_engine, now=now)
        assert verify_ledger(owner_engine).is_intact
        tamper(owner_engine, "update ledger_tiles set hashes = set_byte(hashes, 64, 7) where level = 1")
        problem = first_problem(owner_engine)
        assert problem.kind is ProblemKind.WRONG_TILE
        assert "Tile 1/000: the hash it stores for tile 0/002" in problem.message


class TestSignatures:
    def problem(self, engine: Engine, trust: LogTrust) -> LedgerProblem:
        problem = verify_ledger(engine, trust=trust).problem
        assert problem is not None
        return problem

    def test_what_was_checked_is_counted(self, owner_engine: Engine, trust: LogTrust) -> None:
        report = verify_ledger(owner_engine, trust=trust)
        assert report.is_intact
        assert report.signatures is not None
        assert (report.signatures.signed_size, report.signatures.own, report.signatures.cosignatures) == (600, 2, 0)

    @pytest.mark.parametrize(
        ("change", "kind", "named"),
        [
            (
                "update ledger_signatures set signature = set_byte(signature, 5, 7) where tree_size = 300",
                ProblemKind.WRONG_SIGNATURE,
                "Checkpoint 300",
            ),
            (
                "update ledger_signatures set signature = substr(signature, 2) where tree_size = 600",
                ProblemKind.WRONG_SIGNATURE,
                "Checkpoint 600",
            ),
            (
                "update ledger_signatures set key_name = 'else.example' where tree_size = 300",
                ProblemKind.UNKNOWN_KEY,
                "else.example",
            ),
            (
                "delete from ledger_signatures where tree_size = 300",
                ProblemKind.MISSING_SIGNATURE,
                "at 300 entries lacks",
            ),
            (
                "delete from ledger_checkpoints where tree_size = 300",
                ProblemKind.MISSING_CHECKPOINT,
                "at 300 entries was signed",
            ),
        ],
    )
    def test_a_tampered_signature_is_named(
        self, owner_engine: Engine, trust: LogTrust, change: str, kind: ProblemKind, named: str
    ) -> None:
        tamper(owner_engine, change)
        problem = self.problem(owner_engine, trust)
        assert problem.kind is kind
        assert named in problem.message

    def test_all_signatures_removed_are_missed_by_the_one_kept_outside(
        self, owner_engine: Engine, trust: LogTrust
    ) -> None:
        """Leaves, checkpoints and signatures cut off at the end, without a trace in the database."""
        tamper(
            owner_engine,
            "delete from ledger_events where id in (select event_id from ledger_leaves where leaf_index >= 300)",
            "delete from ledger_leaves where leaf_index >= 300",
            "delete from ledger_tiles where tile_index = 1",
            "delete from ledger_checkpoints where tree_size = 600",
            "delete from ledger_signatures where tree_size = 600",
        )
        assert verify_ledger(owner_engine).is_intact
        problem = self.problem(owner_engine, trust)
        assert problem.kind is ProblemKind.FORGOTTEN_CHECKPOINT
        assert "600" in problem.message

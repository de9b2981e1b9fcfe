"""The sequencer: no gap, no event twice, one at a time, whatever happens around it."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from operational_db.database import create_database_engine, unit_of_work
from operational_db.errors import LedgerTamperedError
from operational_db.ledger.append import append_events
from operational_db.ledger.merkle import Frontier
from operational_db.ledger.repository import Checkpoint, checkpoint_at, latest_checkpoint, pending_count
from operational_db.ledger.sequence import SEQUENCER_LOCK, sequence_pending
from operational_db.ledger.verify import verify_ledger
from operational_db.tables.ledger import LedgerLeaf
from tests.operational_db.ledger.samples import append_committed, create_events


def leaves(engine: Engine) -> Sequence[LedgerLeaf]:
    with Session(engine) as session:
        return session.scalars(select(LedgerLeaf).order_by(LedgerLeaf.leaf_index)).all()


class TestSequencePending:
    def test_an_empty_ledger_has_no_checkpoint(self, committed_engine: Engine, now: datetime) -> None:
        assert sequence_pending(committed_engine, now=now) is None

    def test_events_get_leaves_from_zero_in_the_order_of_their_append(
        self, committed_engine: Engine, now: datetime
    ) -> None:
        ids = append_committed(committed_engine, 5, now) + append_committed(committed_engine, 4, now)
        checkpoint = sequence_pending(committed_engine, now=now)
        placed = leaves(committed_engine)
        assert [leaf.leaf_index for leaf in placed] == list(range(9))
        assert [leaf.event_id for leaf in placed] == ids
        root = Frontier().extend(leaf.leaf_hash for leaf in placed).root()
        assert checkpoint == Checkpoint(tree_size=9, root_hash=root, created_at=now)
        with Session(committed_engine) as session:
            assert pending_count(session) == 0

    def test_a_second_run_without_news_changes_nothing(self, committed_engine: Engine, now: datetime) -> None:
        append_committed(committed_engine, 3, now)
        first = sequence_pending(committed_engine, now=now)
        assert sequence_pending(committed_engine, now=now + timedelta(hours=1)) == first
        with Session(committed_engine) as session:
            assert session.scalar(text("select count(*) from ledger_checkpoints")) == 1

    def test_batches_give_the_same_tree_as_one_run_and_a_checkpoint_each(
        self, committed_engine: Engine, now: datetime
    ) -> None:
        append_committed(committed_engine, 25, now)
        checkpoint = sequence_pending(committed_engine, now=now, batch_size=10)
        root = Frontier().extend(leaf.leaf_hash for leaf in leaves(committed_engine)).root()
        assert checkpoint is not None
        assert (checkpoint.tree_size, checkpoint.root_hash) == (25, root)
        with Session(committed_engine) as session:
            assert list(session.scalars(text("select tree_size from ledger_checkpoints order by 1"))) == [10, 20, 25]
            assert latest_checkpoint(session) == checkpoint_at(session, 25) == checkpoint
            assert checkpoint_at(session, 24) is None

    def test_a_queue_of_exactly_one_batch_is_emptied(self, committed_engine: Engine, now: datetime) -> None:
        append_committed(committed_engine, 10, now)
        checkpoint = sequence_pending(committed_engine, now=now, batch_size=10)
        assert checkpoint is not None
        assert checkpoint.tree_size == 10

    def test_an_event_that_commits_late_comes_behind_those_that_did_not_wait_for_it(
        self, committed_engine: Engine, now: datetime
    ) -> None:
        with Session(committed_engine) as slow:
            (late,) = append_events(slow, create_events(1), now=now)
            quick = append_committed(committed_engine, 2, now)
            sequence_pending(committed_engine, now=now)
            slow.commit()
        sequence_pending(committed_engine, now=now)
        assert [leaf.event_id for leaf in leaves(committed_engine)] == [*quick, late]
        assert verify_ledger(committed_engine).is_intact

    def test_a_naive_instant_is_refused(self, committed_engine: Engine) -> None:
        with pytest.raises(ValueError, match="naive"):
            sequence_pending(committed_engine, now=datetime(2026, 1, 1))  # noqa: DTZ001 - the case under test


class TestOneAtATime:
    def test_a_second_sequencer_returns_at_once(self, committed_engine: Engine, now: datetime) -> None:
        append_committed(committed_engine, 3, now)
        with committed_engine.connect() as other:
            other.execute(text("select pg_advisory_lock(:key)"), {"key": SEQUENCER_LOCK})
            assert sequence_pending(committed_engine, now=now) is None
            assert leaves(committed_engine) == []
            other.execute(text("select pg_advisory_unlock(:key)"), {"key": SEQUENCER_LOCK})
        assert len(leaves(committed_engine)) == 0
        assert sequence_pending(committed_engine, now=now) is not None

    def test_or_waits_for_the_first_when_asked_to(self, committed_engine: Engine, now: datetime) -> None:
        append_committed(committed_engine, 3, now)
        with committed_engine.connect() as other, ThreadPoolExecutor(1) as pool:
            other.execute(text("select pg_advisory_lock(:key)"), {"key": SEQUENCER_LOCK})
            waiting = pool.submit(sequence_pending, committed_engine, now=now, wait=True)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            other.execute(text("select pg_advisory_unlock(:key)"), {"key": SEQUENCER_LOCK})
            checkpoint = waiting.result(timeout=30)
        assert checkpoint is not None
        assert checkpoint.tree_size == 3

    def test_sixteen_writers_and_two_sequencers_leave_no_gap_and_lose_nothing(
        self, committed_engine: Engine, committed_url: str, now: datetime
    ) -> None:
        transactions, size = 12, 7
        is_writing = threading.Event()
        is_writing.set()

        def write(number: int) -> list[UUID]:
            kept: list[UUID] = []
            for turn in range(transactions):
                with Session(committed_engine) as session:
                    ids = append_events(session, create_events(size), now=now)
                    # Every third transaction is taken back; it must leave no gap.
                    if (number + turn) % 3 == 0:
                        session.rollback()
                    else:
                        session.commit()
                        kept.extend(ids)
            return kept

        def sequence() -> int:
            engine = create_database_engine(committed_url)
            runs = 0
            try:
                while is_writing.is_set():
                    runs += sequence_pending(engine, now=now, batch_size=50) is not None
                return runs
            finally:
                engine.dispose()

        with ThreadPoolExecutor(18) as pool:
            sequencers = [pool.submit(sequence) for _ in range(2)]
            writers = [pool.submit(write, number) for number in range(16)]
            kept = [event_id for writer in writers for event_id in writer.result(timeout=120)]
            is_writing.clear()
            runs = [sequencer.result(timeout=120) for sequencer in sequencers]
        sequence_pending(committed_engine, now=now)
        placed = leaves(committed_engine)
        assert len(kept) == 16 * transactions * size * 2 // 3
        assert [leaf.leaf_index for leaf in placed] == list(range(len(kept)))
        assert {leaf.event_id for leaf in placed} == set(kept)
        assert sum(runs) >= 1
        assert verify_ledger(committed_engine).is_intact


class TestRefusals:
    """The sequencer builds on nothing that contradicts itself."""

    def test_a_changed_checkpoint_stops_it(self, owner_engine: Engine, now: datetime) -> None:
        append_committed(owner_engine, 3, now)
        sequence_pending(owner_engine, now=now)
        append_committed(owner_engine, 1, now)
        with unit_of_work(owner_engine) as session:
            session.execute(text("alter table ledger_checkpoints disable trigger user"))
            session.execute(text("update ledger_checkpoints set root_hash = sha256('x')"))
        with pytest.raises(LedgerTamperedError, match="contradicts itself"):
            sequence_pending(owner_engine, now=now)

    def test_a_deleted_event_in_the_queue_stops_it(self, owner_engine: Engine, now: datetime) -> None:
        append_committed(owner_engine, 3, now)
        with unit_of_work(owner_engine) as session:
            session.execute(text("alter table ledger_events disable trigger user"))
            session.execute(text("delete from ledger_events where id = (select id from ledger_events limit 1)"))
        with pytest.raises(LedgerTamperedError, match="queue"):
            sequence_pending(owner_engine, now=now)
        assert leaves(owner_engine) == []
        with owner_engine.connect() as other:
            assert other.scalar(text("select pg_try_advisory_lock(:key)"), {"key": SEQUENCER_LOCK}) is True

    def test_an_event_that_is_queued_a_second_time_stops_it(self, owner_engine: Engine, now: datetime) -> None:
        (event_id,) = append_committed(owner_engine, 1, now)
        sequence_pending(owner_engine, now=now)
        with unit_of_work(owner_engine) as session:
            session.execute(text("insert into ledger_pending values (:id)"), {"id": event_id})
        with pytest.raises(LedgerTamperedError, match="queue"):
            sequence_pending(owner_engine, now=now)

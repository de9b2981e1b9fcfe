"""Processes killed in the middle: an append leaves nothing, a sequencer leaves whole batches, a rerun finishes."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, text

from operational_db.database import unit_of_work
from operational_db.ledger.append import copy_events
from operational_db.ledger.merkle import Frontier
from operational_db.ledger.sequence import sequence_pending
from operational_db.ledger.verify import verify_ledger
from operational_db.settings import PROJECT_ROOT
from tests.operational_db.ledger.samples import create_events

APPEND_FOREVER = """
import itertools, sys
from operational_db import clock
from operational_db.database import create_database_engine, unit_of_work
from operational_db.ledger.append import copy_events
from tests.operational_db.ledger.samples import create_events
with unit_of_work(create_database_engine(sys.argv[1])) as session:
    copy_events(session, itertools.cycle(create_events(1000)), now=clock.now())
"""

SEQUENCE = """
import sys
from operational_db import clock
from operational_db.database import create_database_engine
from operational_db.ledger.sequence import sequence_pending
sequence_pending(create_database_engine(sys.argv[1]), now=clock.now(), batch_size=50)
"""


def start(script: str, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", script, url], cwd=PROJECT_ROOT)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL, "The process had finished before it was killed."


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "The expected state did not come."
        time.sleep(0.01)


def number(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(query)) or 0)


def other_sessions(engine: Engine) -> int:
    return number(
        engine,
        # Of other roles' sessions the application may see no more than that they are there.
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    )


def test_an_append_that_is_killed_leaves_nothing_and_can_be_repeated(
    committed_engine: Engine, committed_url: str, now: datetime
) -> None:
    process = start(APPEND_FOREVER, committed_url)
    # Uncommitted rows cannot be counted from outside, but the table's file grows.
    wait_until(lambda: number(committed_engine, "select pg_relation_size('ledger_events')") > 2_000_000)
    kill(process)
    wait_until(lambda: other_sessions(committed_engine) == 0)
    for table in ("ledger_events", "ledger_pending"):
        assert number(committed_engine, f"select count(*) from {table}") == 0
    with unit_of_work(committed_engine) as session:
        copy_events(session, create_events(2000), now=now)
    checkpoint = sequence_pending(committed_engine, now=now)
    assert checkpoint is not None
    assert checkpoint.tree_size == 2000
    assert verify_ledger(committed_engine).is_intact


def test_a_sequencer_that_is_killed_leaves_whole_batches_and_the_next_run_ends_as_if_undisturbed(
    committed_engine: Engine, committed_url: str, now: datetime
) -> None:
    with unit_of_work(committed_engine) as session:
        copy_events(session, create_events(20_000), now=now)
    process = start(SEQUENCE, committed_url)
    wait_until(lambda: number(committed_engine, "select count(*) from ledger_checkpoints") >= 3)
    kill(process)
    wait_until(lambda: other_sessions(committed_engine) == 0)
    placed = number(committed_engine, "select count(*) from ledger_leaves")
    assert 150 <= placed < 20_000
    assert placed % 50 == 0
    assert placed == number(committed_engine, "select max(tree_size) from ledger_checkpoints")
    assert verify_ledger(committed_engine).is_intact

    checkpoint = sequence_pending(committed_engine, now=now, wait=True)
    with committed_engine.connect() as connection:
        undisturbed = connection.scalars(
            text("""
                select sha256('\\x00'::bytea || ledger_entry_bytes(
                    id, kind, version, subject_id, organization_id, occurred_at, recorded_at, body
                )) from ledger_events order by id
            """)
        ).all()
    assert checkpoint is not None
    assert (checkpoint.tree_size, checkpoint.root_hash) == (20_000, Frontier().extend(undisturbed).root())
    assert verify_ledger(committed_engine).is_intact

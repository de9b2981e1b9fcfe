"""A process of many writers for the ledger's rows: each commits one row after another, bare or a ledger event.

Several processes, because the threads of one take turns in Python. Run as `python -m tests.benchmarks.ledger_writers
URL KIND THREADS SECONDS`, it says `ready`, waits for a line, writes, and says how many rows it committed.
"""

import sys
import threading
import time
from collections.abc import Callable

import psycopg

from operational_db import clock
from operational_db.database import create_database_engine
from operational_db.ledger.append import insert_events
from operational_db.ledger.events import ModuleCompleted
from operational_db.types import new_id

# About as long as the ledger's own rows.
BODY = "x" * 300


def commit_bare(connection: psycopg.Connection) -> None:
    connection.execute("insert into bare_commits values (%s, %s)", (new_id(), BODY), prepare=True, binary=True)


def append_event(connection: psycopg.Connection) -> None:
    now = clock.now()
    event = ModuleCompleted(
        subject_id=new_id(),
        organization_id=new_id(),
        occurred_at=now,
        enrollment_id=new_id(),
        course_id=new_id(),
        module_id=new_id(),
        time_spent_minutes=7,
    )
    insert_events(connection, [event], now=now)


KINDS: dict[str, Callable[[psycopg.Connection], None]] = {"bare": commit_bare, "ledger": append_event}


def main() -> None:
    url, kind, thread_count, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    write = KINDS[kind]
    counts = [0] * thread_count
    barrier = threading.Barrier(thread_count + 1)
    engine = create_database_engine(url, pool_size=thread_count)

    def run(number: int) -> None:
        fairy = engine.raw_connection()
        connection = fairy.driver_connection
        assert isinstance(connection, psycopg.Connection)
        connection.autocommit = True
        write(connection)
        barrier.wait(60)
        barrier.wait(60)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            write(connection)
            counts[number] += 1
        connection.autocommit = False
        fairy.close()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(thread_count)]
    for thread in threads:
        thread.start()
    barrier.wait(60)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    barrier.wait(60)
    for thread in threads:
        thread.join()
    sys.stdout.write(f"{sum(counts)}\n")
    engine.dispose()


if __name__ == "__main__":
    main()

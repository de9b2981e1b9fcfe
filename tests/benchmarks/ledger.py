"""Rows of the ledger: durable appends beside bare commits, how soon they are sealed, verifying all, proving any.

The appends run with the sealer's own process beside them, as they do when the product is served.
"""

import itertools
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from operational_db import clock
from operational_db.database import APPLICATION_ROLE, create_owner_engine, read_only_session, unit_of_work
from operational_db.ledger.append import append_events, copy_events
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.published import prove_entry
from operational_db.ledger.seal import seal
from operational_db.settings import PROJECT_ROOT
from tests.benchmarks.bench import Bench
from tests.benchmarks.installation import Installation
from tests.benchmarks.machine import GIGABYTE, end_tree
from tests.benchmarks.report import Figure, Row, percentile
from tests.operational_db.ledger.samples import create_events

WHAT = {
    "append": "durable appends with 64 writers while sealing, as bare one-row commits per append; time until sealed",
    "verify": "verify the ledger from nothing",
    "proof": "proof for any entry of the ledger",
}
WRITERS, PROCESSES = 64, 4
# At least 40 % of the bare commits.
MOST_TIMES_BARE = 2.5
SEALED_SECONDS = 2.0
VERIFY_SECONDS, VERIFY_GIGABYTES = 60.0, 1.0
PROOF_MS = 20.0
BLOCK = 100_000

_IS_SEALED = text("""
    select exists (
        select from ledger_leaves
        where event_id = :id
            and leaf_index < (select max(tree_size) from ledger_signatures where not is_witness)
    )
""")


def measure_ledger(bench: Bench, wanted: frozenset[str]) -> list[Row]:
    """The rows asked for."""
    rows: list[Row] = []
    if "append" in wanted:
        rows.append(measure_append(bench))
    if wanted & {"verify", "proof"}:
        installation = bench.new_installation("ledger")
        bench.say(f"Filling a ledger with {bench.effort.ledger_entries:,} entries …")
        fill(installation, bench.effort.ledger_entries)
        if "verify" in wanted:
            rows.append(measure_verify(bench, installation))
        if "proof" in wanted:
            bench.say(f"Filling it up to {bench.entries:,} entries …")
            fill(installation, bench.entries)
            rows.append(measure_proof(bench, installation))
    return rows


def fill(installation: Installation, entries: int) -> None:
    """Bring the ledger to so many sealed entries."""
    signer = load_or_create_signer(installation.settings)
    with unit_of_work(installation.engine) as session:
        there = session.scalar(text("select coalesce(max(tree_size), 0) from ledger_checkpoints")) or 0
    events = create_events(1_000)
    for start in range(there, entries, BLOCK):
        count = min(BLOCK, entries - start)
        with unit_of_work(installation.engine) as session:
            copy_events(session, itertools.islice(itertools.cycle(events), count), now=clock.now())
        seal(installation.engine, signer, now=clock.now(), wait=True)


def measure_append(bench: Bench) -> Row:
    """Rows a second of 64 writers in four processes, bare and as ledger events in turn."""
    installation = bench.new_installation("append")
    owner = create_owner_engine(installation.url)
    with owner.begin() as connection:
        connection.execute(text("create table bare_commits (id uuid primary key, body text)"))
        connection.execute(text(f"grant insert on bare_commits to {APPLICATION_ROLE}"))
    owner.dispose()
    effort = bench.effort
    bare, appended, waits = [], [], []
    with _sealer(installation):
        _time_until_sealed(installation.engine)
        for _ in range(effort.append_repetitions):
            bare.append(_rate(installation, "bare", effort.append_seconds))
            with _probe(installation.engine) as measured:
                appended.append(_rate(installation, "ledger", effort.append_seconds))
            waits += measured
    ratios = tuple(one / other for one, other in zip(bare, appended, strict=True))
    with unit_of_work(installation.engine) as session:
        size = session.scalar(text("select max(tree_size) from ledger_signatures where not is_witness"))
        checkpoints = session.scalar(text("select count(*) from ledger_checkpoints"))
    return Row(
        "append",
        WHAT["append"],
        (
            Figure("", "x", ratios, MOST_TIMES_BARE),
            Figure("longest until sealed", "s", (max(waits),), SEALED_SECONDS),
        ),
        details={
            "bare_commits_per_second": round(max(bare)),
            "appends_per_second": round(max(appended)),
            "writers": WRITERS,
            "probes": len(waits),
            "median_until_sealed_seconds": round(percentile(waits, 0.5), 3),
            "sealed_entries": size,
            "checkpoints": checkpoints,
        },
    )


def measure_verify(bench: Bench, installation: Installation) -> Row:
    """`sitesync ledger verify` as a process of its own."""
    run = installation.run("ledger", "verify")
    return Row(
        "verify",
        WHAT["verify"],
        (
            Figure("", "s", (run.seconds,), VERIFY_SECONDS),
            Figure("memory", "GB", (run.peak_bytes / GIGABYTE,), VERIFY_GIGABYTES),
        ),
        details={"entries": bench.effort.ledger_entries, "cpu_seconds": round(run.cpu_seconds, 1)},
    )


def measure_proof(bench: Bench, installation: Installation) -> Row:
    """One proof file after another, each read afresh, of entries drawn at random."""
    chance = random.Random(7)
    times = []
    for _ in range(bench.effort.proof_count):
        entry = str(chance.randrange(bench.entries))
        started = time.perf_counter()
        with read_only_session(installation.engine) as session:
            prove_entry(session, entry)
        times.append((time.perf_counter() - started) * 1e3)
    return Row(
        "proof",
        WHAT["proof"],
        (
            Figure("p50", "ms", (percentile(times, 0.5),)),
            Figure("p99", "ms", (percentile(times, 0.99),), PROOF_MS),
        ),
        details={"entries": bench.entries, "proofs": len(times), "longest_ms": round(max(times), 1)},
    )


@contextmanager
def _sealer(installation: Installation) -> Iterator[None]:
    log = (installation.home / "sealer.log").open("wb")
    with log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "ledger", "sealer"],
            cwd=PROJECT_ROOT,
            env=installation.environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        end_tree(process)


@contextmanager
def _probe(engine: Engine) -> Iterator[list[float]]:
    """Appends an event now and then while others write, and measures how long until it is sealed."""
    waits: list[float] = []
    is_over = threading.Event()

    def run() -> None:
        while not is_over.is_set():
            waits.append(_time_until_sealed(engine))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield waits
    finally:
        is_over.set()
        thread.join()


def _time_until_sealed(engine: Engine, longest: float = 60.0) -> float:
    with unit_of_work(engine) as session:
        (event_id,) = append_events(session, create_events(1), now=clock.now())
    started = time.monotonic()
    while time.monotonic() < started + longest:
        with engine.connect() as connection:
            if connection.scalar(_IS_SEALED, {"id": event_id}):
                return time.monotonic() - started
        time.sleep(0.01)
    raise TimeoutError(f"An event was not sealed within {longest:.0f} s.")


def _rate(installation: Installation, kind: str, seconds: float) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.ledger_writers", installation.url, kind]
    command += [str(WRITERS // PROCESSES), str(seconds)]
    processes = [
        subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=installation.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        _ask(processes, lambda line: line == "ready\n")
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        started = time.monotonic()
        counts = _ask(processes, lambda line: line.strip().isdigit())
        return sum(int(count) for count in counts) / (time.monotonic() - started)
    finally:
        for process in processes:
            process.kill()
            process.wait(30)


def _ask(processes: list["subprocess.Popen[str]"], is_expected: Callable[[str], bool]) -> list[str]:
    lines = []
    for process in processes:
        assert process.stdout is not None
        lines.append(process.stdout.readline())
        if not is_expected(lines[-1]):
            raise RuntimeError(f"A process of writers said {lines[-1]!r}.")
    return lines

"""Rows of the warehouse on a large ledger: the full build against one plain query, and a refresh after little news."""

import json
import time
from pathlib import Path

import duckdb

from operational_db import clock
from pipelines.landing import SCHEMA_FILE
from tests.benchmarks.bench import Bench, FilledInstallation
from tests.benchmarks.machine import GIGABYTE
from tests.benchmarks.new_entries import append_new_entries
from tests.benchmarks.report import Detail, Figure, Row

BUILD_MULTIPLE = 10.0
BUILD_GIGABYTES = 6.0
REFRESH_SECONDS = 30.0
REFRESH_RATIO = 1.3
NEW_ENTRIES = 1_000
# The smaller ledger of the comparison has a tenth of the entries.
SMALLER_BY = 10
QUERY_REPETITIONS = 3

# One pass over the same files that reads what any mart must: kind, person, course and time, and counts by them.
PLAIN_QUERY = """
select count(*) as group_count, sum(entry_count) as entry_count
from (
    select kind, subject_id, body ->> '$.course_id' as course_id, occurred_at, count(*) as entry_count
    from read_parquet($files, hive_partitioning = true)
    group by all
)
"""


def measure_build(bench: Bench) -> Row:
    """The build step of a first refresh (dbt's models and tests on everything) as a multiple of the plain query."""
    filled = bench.filled(bench.entries)
    bench.say("Running the plain query on the same Parquet …")
    query_seconds = [_plain_query_seconds(filled) for _ in range(QUERY_REPETITIONS)]
    build_seconds = filled.first_steps["build"]
    multiple = build_seconds / sorted(query_seconds)[QUERY_REPETITIONS // 2]
    return Row(
        "build",
        f"full mart build on {bench.entries:,} entries, as a multiple of one plain query",
        (
            Figure("", "x", (multiple,), BUILD_MULTIPLE),
            Figure("", "GB", (filled.first_refresh.peak_bytes / GIGABYTE,), BUILD_GIGABYTES),
        ),
        details={
            "build_seconds": build_seconds,
            "query_seconds": [round(value, 3) for value in query_seconds],
            "refresh_seconds": round(filled.first_refresh.seconds, 3),
            "refresh_cpu_seconds": round(filled.first_refresh.cpu_seconds, 3),
            "step_seconds": dict(filled.first_steps),
            "postgres_peak_gb": round(filled.first_refresh.postgres_peak_bytes / GIGABYTE, 3),
            "release_gb": round(_release_bytes(filled) / GIGABYTE, 3),
            "slowest_nodes": dict(filled.first_nodes),
        },
    )


def _plain_query_seconds(filled: FilledInstallation) -> float:
    """Seconds of the plain query, on as many threads as the build has, in a connection of its own.

    Raises
    ------
    ValueError
        When it did not read every entry.
    """
    landing = filled.installation.settings.landing_path / "entries"
    files = [str(path) for path in sorted(landing.glob("kind=*/*.parquet")) if path.name != SCHEMA_FILE]
    started = time.monotonic()
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "4GB"}) as connection:
        row = connection.execute(PLAIN_QUERY, {"files": files}).fetchone()
    seconds = time.monotonic() - started
    counted = int(row[1]) if row else 0
    if counted < filled.entries:
        raise ValueError(f"The plain query counted {counted} of {filled.entries} entries.")
    return seconds


def _release_bytes(filled: FilledInstallation) -> int:
    releases = filled.installation.settings.warehouse_path.glob("warehouse_*.duckdb")
    return max((path.stat().st_size for path in releases), default=0)


def measure_refresh(bench: Bench) -> Row:
    """A refresh from the shell after a thousand new entries, on the large ledger and on the smaller one in turns."""
    small, large = bench.filled(max(1_000, bench.entries // SMALLER_BY)), bench.filled(bench.entries)
    seconds: dict[int, list[float]] = {small.entries: [], large.entries: []}
    steps: dict[int, list[dict[str, float]]] = {small.entries: [], large.entries: []}
    cpu_seconds: dict[int, list[Detail]] = {small.entries: [], large.entries: []}
    nodes: dict[str, Detail] = {}
    for repetition in range(bench.effort.refresh_repetitions):
        for filled in (small, large) if small is not large else (large,):
            bench.say(f"Refreshing after {NEW_ENTRIES:,} new entries on {filled.entries:,} …")
            append_new_entries(filled.installation, NEW_ENTRIES, now=clock.now(), seed=repetition)
            run = filled.installation.run("refresh")
            seconds[filled.entries].append(run.seconds)
            cpu_seconds[filled.entries].append(round(run.cpu_seconds, 3))
            steps[filled.entries].append(_incremental_steps(filled))
            nodes[f"slowest_nodes_on_{filled.entries}"] = dict(filled.installation.last_refresh().node_seconds)
    on_small = Figure(f"on {small.entries:,}", "s", tuple(seconds[small.entries]))
    on_large = Figure("", "s", tuple(seconds[large.entries]), REFRESH_SECONDS)
    ratio = Figure("", "x", (on_large.median / on_small.median,), REFRESH_RATIO)
    return Row(
        "refresh",
        f"refresh after {NEW_ENTRIES:,} new entries on {large.entries:,}; against the same on {small.entries:,}",
        (on_large, ratio, on_small),
        details={
            **{f"step_seconds_on_{entries}": _medians(runs) for entries, runs in steps.items()},
            **{f"cpu_seconds_on_{entries}": runs for entries, runs in cpu_seconds.items()},
            **nodes,
        },
    )


def _incremental_steps(filled: FilledInstallation) -> dict[str, float]:
    """Seconds of the last refresh's steps.

    Raises
    ------
    ValueError
        When it was a full build: the day has changed meanwhile, or something else asked for one.
    """
    manifest = json.loads(_newest_manifest(filled).read_text())
    if manifest["is_full_build"]:
        raise ValueError("The refresh was a full build; did the day (UTC) change meanwhile? Measure again.")
    return filled.installation.last_refresh().step_seconds


def _newest_manifest(filled: FilledInstallation) -> Path:
    folder = filled.installation.settings.warehouse_path
    return folder / f"{json.loads((folder / 'current.json').read_text())['name']}.json"


def _medians(runs: list[dict[str, float]]) -> dict[str, Detail]:
    return {step: Figure(step, "s", tuple(run[step] for run in runs)).median for step in runs[0]}

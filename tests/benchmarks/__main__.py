"""`python -m tests.benchmarks`: measures the speed and memory the product promises, prints a table and writes JSON.

Every row runs on installations of its own in a temporary folder, which is removed at the end. Exit code 0 when every
row asked for was measured or skipped for a stated reason, 1 when one of them broke; a target that is missed is in the
table and does not change the exit code, because it depends on the machine.
"""

import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from operational_db import clock
from operational_db.settings import load_settings
from tests.benchmarks import (
    badges,
    crews,
    decisions_http,
    equipment,
    evidence,
    gate_cedar,
    gates,
    imports,
    ledger,
    match_training,
    matching,
    mentor_search,
    pages,
    pipeline,
    roi,
    startup,
    sweep,
)
from tests.benchmarks.bench import Bench, Effort
from tests.benchmarks.installation import shared_data_path
from tests.benchmarks.machine import describe_machine
from tests.benchmarks.report import Row, print_table, write_json

ROWS = {
    **startup.WHAT,
    **imports.WHAT,
    "build": "full mart build, as a multiple of one plain query on the same Parquet",
    "refresh": "refresh after 1,000 new entries, against the same on a tenth of the entries",
    "pages": "every page, server side, warm",
    "viewers": "20 viewers at once clicking through pages",
    **gates.WHAT,
    **gate_cedar.WHAT,
    **ledger.WHAT,
    **decisions_http.WHAT,
    **evidence.WHAT,
    **badges.WHAT,
    **crews.WHAT,
    **equipment.WHAT,
    **sweep.WHAT,
    **matching.WHAT,
    **mentor_search.WHAT,
    **match_training.WHAT,
    **roi.WHAT,
}
# Filled in this order, so that the small ledger's processes do not sit beside the imports.
DEFAULT_ENTRIES = 10_000_000


def run_rows(bench: Bench, wanted: frozenset[str]) -> list[Row]:
    """Measure the wanted rows; one that breaks says so and does not keep the others from being measured."""
    rows: list[Row] = []
    if wanted & startup.WHAT.keys():
        rows += _guarded(bench, wanted & startup.WHAT.keys(), lambda: startup.measure_startup(bench, wanted))
    if wanted & imports.WHAT.keys():
        rows += _guarded(bench, wanted & imports.WHAT.keys(), lambda: imports.measure_imports(bench, wanted))
    if wanted & gates.WHAT.keys():
        rows += _guarded(bench, wanted & gates.WHAT.keys(), lambda: gates.measure_gates(bench, wanted))
    if wanted & ledger.WHAT.keys():
        rows += _guarded(bench, wanted & ledger.WHAT.keys(), lambda: ledger.measure_ledger(bench, wanted))
    if wanted & evidence.WHAT.keys():
        rows += _guarded(bench, wanted & evidence.WHAT.keys(), lambda: evidence.measure_evidence(bench, wanted))
    if wanted & badges.WHAT.keys():
        rows += _guarded(bench, wanted & badges.WHAT.keys(), lambda: badges.measure_badges(bench, wanted))
    single: dict[str, Callable[[Bench], Row]] = {
        "gate_cedar": gate_cedar.measure_cedar,
        "gate_http": decisions_http.measure_http,
        "crew_check": crews.measure_crew_check,
        "build": pipeline.measure_build,
        "refresh": pipeline.measure_refresh,
        "pages": pages.measure_pages,
        "viewers": pages.measure_viewers,
        "equipment": equipment.measure_equipment,
        "sweep": sweep.measure_sweep,
        "match_rank": matching.measure_rank,
        "match_pairs": matching.measure_pairs,
        "find_mentors": mentor_search.measure_find_mentors,
        "match_train": match_training.measure_training,
        "assignment": match_training.measure_assignment,
        "roi": roi.measure_roi,
    }
    for name, measure in single.items():
        if name in wanted:
            rows += _guarded(bench, {name}, lambda measure=measure: [measure(bench)])  # type: ignore[misc]
    return rows


def _guarded(bench: Bench, names: set[str] | frozenset[str], measure: Callable[[], list[Row]]) -> list[Row]:
    try:
        return measure()
    except Exception as error:  # the edge of a process: whatever broke, the other rows are still wanted
        bench.console.print(traceback.format_exc(), style="red", markup=False, highlight=False)
        return [Row(name, what, failed=_short(error)) for name, what in ROWS.items() if name in names]


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def main(
    only: Annotated[list[str] | None, typer.Option(help="Measure this row only; may be repeated.")] = None,
    entries: Annotated[
        int, typer.Option(min=2_000, help="Ledger entries of the large installation.")
    ] = DEFAULT_ENTRIES,
    data: Annotated[Path | None, typer.Option(help="Folder with the public records.", show_default=False)] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the installations on disk.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the rows and measure nothing.")] = False,
) -> None:
    """Measure speed and memory."""
    console = Console()
    if list_:
        for name, what in ROWS.items():
            console.print(f"{name:<14}{what}", highlight=False)
        return
    unknown = sorted(set(only or ()) - ROWS.keys())
    if unknown:
        raise typer.BadParameter(f"There is no row {', '.join(unknown)}; --list names them.", param_hint="--only")
    # Whoever ends a run ends its servers too: an exception unwinds everything that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    machine, started_at = describe_machine(), clock.now()
    work_path = Path(tempfile.mkdtemp(prefix="sitesync-bench-"))
    bench = Bench(entries, data or shared_data_path(), work_path, console, Effort())
    try:
        rows = run_rows(bench, frozenset(only or ROWS))
    finally:
        bench.close()
        if keep:
            console.print(f"Kept: {work_path}", highlight=False)
        else:
            shutil.rmtree(work_path, ignore_errors=True)
    path = load_settings().home_path / "benchmarks" / f"{started_at:%Y%m%dT%H%M%SZ}.json"
    write_json(path, rows, {**machine, "entries": entries}, started_at)
    print_table(rows, console)
    console.print(f"Written: {path}", highlight=False, soft_wrap=True)
    if any(row.failed for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)

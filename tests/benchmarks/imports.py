"""Rows of the public learning records: how long their import takes and how much memory, and the pipeline on them."""

from tests.benchmarks.bench import Bench
from tests.benchmarks.installation import Installation
from tests.benchmarks.machine import GIGABYTE, CommandRun
from tests.benchmarks.report import Figure, Row

IMPORT_SECONDS = 60.0
IMPORT_GIGABYTES = 1.5
PIPELINE_SECONDS = 60.0
WHAT = {"import": "OULAD import, all tables", "pipeline": "pipeline from empty on that"}


def measure_imports(bench: Bench, wanted: frozenset[str]) -> list[Row]:
    """The import into a fresh, migrated installation, then the first refresh of it."""
    folder = bench.data_path / "oulad"
    names = [name for name in WHAT if name in wanted]
    if not folder.is_dir():
        return [Row(name, WHAT[name], skipped="no folder oulad in the data folder (--data)") for name in names]
    installation = bench.new_installation("oulad")
    bench.say("Importing the learning records …")
    imported = installation.run("import", "history", str(folder), "--format", "oulad")
    rows = [_import_row(imported)] if "import" in wanted else []
    if "pipeline" in wanted:
        bench.say("Running the pipeline on them …")
        rows.append(_pipeline_row(installation, installation.run("refresh")))
    return rows


def _import_row(run: CommandRun) -> Row:
    return Row(
        "import",
        WHAT["import"],
        (
            Figure("", "s", (run.seconds,), IMPORT_SECONDS),
            Figure("", "GB", (run.peak_bytes / GIGABYTE,), IMPORT_GIGABYTES),
        ),
        details={
            "cpu_seconds": round(run.cpu_seconds, 3),
            "postgres_peak_gb": round(run.postgres_peak_bytes / GIGABYTE, 3),
        },
    )


def _pipeline_row(installation: Installation, run: CommandRun) -> Row:
    last = installation.last_refresh()
    return Row(
        "pipeline",
        WHAT["pipeline"],
        (Figure("", "s", (run.seconds,), PIPELINE_SECONDS),),
        details={
            "entries": last.ledger_size,
            "step_seconds": dict(last.step_seconds),
            "cpu_seconds": round(run.cpu_seconds, 3),
            "peak_gb": round(run.peak_bytes / GIGABYTE, 3),
            "postgres_peak_gb": round(run.postgres_peak_bytes / GIGABYTE, 3),
        },
    )

"""Row of the city register: how long the import of its 76,061 devices takes, from the command to its report."""

from tests.benchmarks.bench import Bench
from tests.benchmarks.machine import GIGABYTE
from tests.benchmarks.report import Figure, Row

WHAT = {"equipment": "import of the city's register of elevating devices, 76,061 units in 34,912 buildings"}
IMPORT_SECONDS = 30.0
OPTIONS = ("--format", "nyc", "--organization", "city", "--organization-name", "City")


def measure_equipment(bench: Bench) -> Row:
    """Into a fresh, migrated installation; the same once more changes nothing and is timed beside it."""
    file = bench.data_path / "nyc_elevators_2015" / "elevators.parquet"
    if not file.is_file():
        return Row("equipment", WHAT["equipment"], skipped="no nyc_elevators_2015 in the data folder (--data)")
    installation = bench.new_installation("equipment")
    bench.say("Importing the register of elevating devices …")
    first = installation.run("import", "equipment", str(file), *OPTIONS)
    again = installation.run("import", "equipment", str(file), *OPTIONS)
    return Row(
        "equipment",
        WHAT["equipment"],
        (Figure("", "s", (first.seconds,), IMPORT_SECONDS), Figure("again", "s", (again.seconds,), IMPORT_SECONDS)),
        details={
            "cpu_seconds": round(first.cpu_seconds, 3),
            "peak_gb": round(first.peak_bytes / GIGABYTE, 3),
            "postgres_peak_gb": round(first.postgres_peak_bytes / GIGABYTE, 3),
        },
    )

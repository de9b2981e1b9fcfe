"""Runs dbt in this process on a landing folder, as a refresh does, and reads the marts it made."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from operational_db.settings import PROJECT_ROOT
from tests.dbt_project.landing import Landing

DBT_PROJECT = PROJECT_ROOT / "dbt_project"


@contextmanager
def _build_path(path: Path) -> Iterator[None]:
    before = os.environ.get("SITESYNC_BUILD_PATH")
    os.environ["SITESYNC_BUILD_PATH"] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SITESYNC_BUILD_PATH"]
        else:
            os.environ["SITESYNC_BUILD_PATH"] = before


@cache
def _work() -> TemporaryDirectory[str]:
    """Where dbt writes in this test process; removed when it ends."""
    return TemporaryDirectory(prefix="sitesync-dbt-")


def _arguments() -> list[str]:
    work = Path(_work().name)
    return [
        "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target-path", str(work / "target"),
        "--log-path", str(work / "logs"), "--quiet", "--no-use-colors", "--log-level-file", "none", "--no-write-json",
        "--no-send-anonymous-usage-stats", "--no-version-check",
    ]  # fmt: skip


@cache
def parsed_project() -> Any:  # dbt's manifest is not typed for us
    """The project, parsed once per test process; raises when it does not parse."""
    from dbt.cli.main import dbtRunner

    # A parsed project keeps the build file's stem as the name of its database.
    with _build_path(Path(_work().name) / "build.duckdb"):
        result = dbtRunner().invoke(["parse", *_arguments()])
    if not result.success:
        raise AssertionError(f"dbt parse failed: {result.exception}")
    return result.result


@dataclass(frozen=True)
class Run:
    """Outcome of one run: whether it succeeded, and what did not."""

    is_success: bool
    failures: tuple[str, ...]
    node_count: int


def run_dbt(
    build: Path, landing: Landing, *, as_of: datetime, first: int = 0, until: int | None = None, arguments: list[str]
) -> Run:
    """One dbt command on the build file with the variables of a refresh."""
    from dbt.cli.main import dbtRunner

    variables = {
        "landing_path": str(landing.root),
        "dimensions_path": str(landing.dimensions),
        "engagement_path": str(landing.engagement),
        "from_leaf_index": first,
        "to_leaf_index": landing.size if until is None else until,
        "as_of": as_of.isoformat(),
    }
    command = [*arguments, "--vars", json.dumps(variables), *_arguments()]
    with _build_path(build):
        result = dbtRunner(manifest=parsed_project()).invoke(command)
    _release_build_file()
    nodes = getattr(result.result, "results", None) or []
    failures = [f"{node.node.name}: {node.message}" for node in nodes if node.status in {"error", "fail"}]
    if result.exception is not None:
        failures.append(str(result.exception))
    return Run(bool(result.success), tuple(failures), len(nodes))


def models_comparing_pairs(build: Path) -> list[str]:
    """Models of the last run whose plan compares every row of one side with every row of the other for a left join.

    Such a join has no key to hash by, so that ten times the history takes a hundred times as long.
    """
    models = Path(_work().name) / "target" / "compiled" / "sitesync" / "models"
    found = []
    with duckdb.connect(build, read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for path in sorted(models.rglob("*.sql")):
            # What unit tests compile lies in folders named by their files.
            if any(folder.suffix == ".yml" for folder in path.parents):
                continue
            plan = connection.execute(f"explain {path.read_text()}").fetchall()
            if "BLOCKWISE_NL_JOIN" in str(plan):
                found.append(path.stem)
    return found


def _release_build_file() -> None:
    """The adapter keeps the build file open as long as the process lives, unless its environment is closed."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    with DuckDBConnectionManager._LOCK:
        environment = DuckDBConnectionManager._ENV
        if environment is not None:
            environment.close()
        DuckDBConnectionManager._ENV = None


def build_full(build: Path, landing: Landing, *, as_of: datetime, until: int | None = None, tested: bool = True) -> Run:
    """The whole ledger up to `until` into an empty or former file."""
    command = ["build", "--exclude-resource-type", "unit_test"] if tested else ["run"]
    return run_dbt(build, landing, as_of=as_of, until=until, arguments=[*command, "--full-refresh"])


def build_news(
    build: Path, landing: Landing, *, as_of: datetime, first: int, until: int | None = None, tested: bool = True
) -> Run:
    """Only the entries from `first`, on top of what the file holds, without the models that never change."""
    command = ["build", "--exclude-resource-type", "unit_test"] if tested else ["run"]
    return run_dbt(
        build, landing, as_of=as_of, first=first, until=until,
        arguments=[*command, "--exclude", "config.materialized:view"],
    )  # fmt: skip


def read(build: Path, sql: str) -> list[tuple[Any, ...]]:  # rows are as wide as the query says
    """Rows of a query on a finished build."""
    with duckdb.connect(str(build), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


def mart_names(build: Path) -> list[str]:
    rows = read(build, "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name")
    return [name for (name,) in rows]


def differences(left: Path, right: Path) -> dict[str, str]:
    """Marts whose contents are not the same rows, each with up to three rows from either side."""
    found: dict[str, str] = {}
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{left}' as first (read_only)")
        connection.execute(f"attach '{right}' as second (read_only)")
        for mart in mart_names(left):
            for one, other in (("first", "second"), ("second", "first")):
                rows = connection.execute(
                    f"select * from {one}.marts.{mart} except all select * from {other}.marts.{mart} limit 3"
                ).fetchall()
                if rows:
                    found[mart] = found.get(mart, "") + f"\nonly in {one}: {rows}"
    return found

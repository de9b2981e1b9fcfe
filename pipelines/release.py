"""Turns a checked build into a release: seals the file, renames it, writes its manifest, flips `current`, prunes.

Every step can be cut short: a release counts from the moment `current.json` names it, and what a killed run left is
removed by `remove_leftovers`. Readers hold the file they opened, so nothing they use is ever changed.
"""

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from operational_db.errors import ReleaseUnavailableError
from operational_db.releases.manifest import (
    CURRENT_ADAPTER,
    CURRENT_FILE,
    MANIFEST_ADAPTER,
    RELEASE_PREFIX,
    CheckResult,
    CurrentRelease,
    ReleaseManifest,
    current_manifest,
    list_manifests,
    manifest_path,
)
from operational_db.releases.reader import MARTS_SCHEMA
from operational_db.settings import Settings
from pipelines.build import BuildPlan, discard_build
from pipelines.errors import ChecksFailedError
from pipelines.landing import write_durably

RELEASE_CHECK = "release_equals_build"
# Made by the dbt project at the start of every run.
LANDING_SCHEMA = "landing"


@dataclass(frozen=True)
class TableState:
    """What identifies a mart's content well enough to see that a file is the one that was built."""

    row_count: int
    last_leaf: int | None


def find_current(settings: Settings) -> ReleaseManifest | None:
    """The current release, or none when there is none that can be opened."""
    try:
        return current_manifest(settings)
    except ReleaseUnavailableError:
        return None


def table_states(path: Path) -> dict[str, TableState]:
    """Row count and highest leaf of every mart in a file, read-only."""
    with duckdb.connect(path, read_only=True) as connection:
        return _table_states(connection)


def row_counts(path: Path) -> dict[str, int]:
    """Row count of every mart in a file, which DuckDB knows without reading the rows; read-only."""
    with duckdb.connect(path, read_only=True) as connection:
        return {name: _row_count(connection, name) for name in _mart_names(connection)}


def _table_states(connection: duckdb.DuckDBPyConnection) -> dict[str, TableState]:
    has_leaf = {
        str(name)
        for (name,) in connection.execute(
            "select table_name from duckdb_columns() where schema_name = $schema and column_name = 'leaf_index'",
            {"schema": MARTS_SCHEMA},
        ).fetchall()
    }
    states = {}
    for name in _mart_names(connection):
        row = None
        if name in has_leaf:
            row = connection.execute(f"select max(leaf_index) from {MARTS_SCHEMA}.{name}").fetchone()  # noqa: S608 - a mart's own name
        states[name] = TableState(_row_count(connection, name), row[0] if row else None)
    return states


def _mart_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select table_name from duckdb_tables() where schema_name = $schema order by table_name",
        {"schema": MARTS_SCHEMA},
    ).fetchall()
    return [str(name) for (name,) in rows]


def _row_count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f"select count(*) from {MARTS_SCHEMA}.{name}").fetchone()  # noqa: S608 - a mart's own name
    return int(row[0]) if row else 0


def seal_build(path: Path) -> dict[str, TableState]:
    """Drop the views on the landing folder, which name its place, and write the file out; returns what its marts hold.

    The models' views stay, although they read those: the next incremental build starts from a copy of this file.
    """
    with duckdb.connect(path) as connection:
        views = connection.execute(
            "select view_name from duckdb_views() where schema_name = $schema", {"schema": LANDING_SCHEMA}
        ).fetchall()
        for (view,) in views:
            connection.execute(f'drop view "{LANDING_SCHEMA}"."{view}"')
        connection.execute("checkpoint")
        return _table_states(connection)


def release_build(
    settings: Settings,
    plan: BuildPlan,
    build: Path,
    checks: tuple[CheckResult, ...],
    *,
    built_at: datetime,
    is_simulated: bool,
    duration_seconds: float,
) -> ReleaseManifest:
    """Make the build the current release; from the return on, readers that open anew get it.

    Raises
    ------
    ChecksFailedError
        When the released file does not hold what was built; the former release stays.
    """
    built = seal_build(build)
    path = _free_path(settings, plan)
    build.rename(path)
    check = check_released_file(built, path)
    if not check.passed:
        path.unlink()
        raise ChecksFailedError([check])
    manifest = ReleaseManifest(
        name=path.stem,
        path=path,
        ledger_size=plan.to_leaf,
        root_hash=plan.landed.root,
        as_of=plan.as_of,
        built_at=built_at,
        is_simulated=is_simulated,
        checks=(*checks, check),
        row_counts={name: state.row_count for name, state in built.items()},
        duration_seconds=round(duration_seconds, 3),
        is_full_build=plan.is_full,
        models_hash=plan.models_hash,
        landing_fingerprint=plan.landed.fingerprint,
    )
    # The folder a home lies in is nobody's business but the machine's.
    document = MANIFEST_ADAPTER.dump_json(replace(manifest, path=Path(path.name)), indent=2)
    write_durably(manifest_path(path), document)
    write_durably(settings.warehouse_path / CURRENT_FILE, CURRENT_ADAPTER.dump_json(CurrentRelease(path.stem)))
    discard_build(settings)
    return manifest


def check_released_file(built: dict[str, TableState], path: Path) -> CheckResult:
    """The released file, opened again, holds exactly what was built: rows and last leaf of every mart."""
    name = RELEASE_CHECK
    try:
        released = table_states(path)
    except duckdb.Error as error:
        return CheckResult(name, False, True, f"The released file cannot be opened ({type(error).__name__}).")
    different = sorted(table for table in built.keys() | released.keys() if built.get(table) != released.get(table))
    numbers: dict[str, int | float | str] = {
        "marts": len(released),
        "rows": sum(state.row_count for state in released.values()),
    }
    if different:
        return CheckResult(name, False, True, f"The released file differs in {', '.join(different)}.", numbers)
    return CheckResult(name, True, True, "The released file holds what was built.", numbers)


def _free_path(settings: Settings, plan: BuildPlan) -> Path:
    """A name nobody has opened yet: a file replaced in place would go on being served from memory."""
    stem = f"{RELEASE_PREFIX}{plan.as_of:%Y%m%dT%H%M%SZ}_{plan.to_leaf}"
    path = settings.warehouse_path / f"{stem}.duckdb"
    number = 2
    while path.exists() or manifest_path(path).exists():
        path = settings.warehouse_path / f"{stem}_{number}.duckdb"
        number += 1
    return path


def remove_leftovers(settings: Settings) -> list[str]:
    """Remove what a killed run left: its build, unfinished writes, releases without a manifest or never made current.

    Returns
    -------
    Names of the release files removed.
    """
    settings.warehouse_path.mkdir(parents=True, exist_ok=True)
    discard_build(settings)
    for unfinished in settings.warehouse_path.glob("*.unfinished"):
        unfinished.unlink()
    current = find_current(settings)
    kept = set()
    for manifest in list_manifests(settings):
        if current is None or manifest.built_at <= current.built_at:
            kept.add(manifest.name)
    return _remove_releases(settings, kept)


def prune_releases(settings: Settings) -> list[str]:
    """Remove releases beyond `settings.releases_kept`, oldest first, never the current one; returns their names."""
    current = find_current(settings)
    names = [manifest.name for manifest in list_manifests(settings)]
    kept = set(names[: settings.releases_kept])
    if current is not None:
        kept.add(current.name)
    return _remove_releases(settings, kept)


def _remove_releases(settings: Settings, kept: set[str]) -> list[str]:
    """The manifest goes first: a kill in between leaves a file without one, which the next run removes."""
    removed = []
    for suffix in ("json", "duckdb", "duckdb.wal"):
        for path in settings.warehouse_path.glob(f"{RELEASE_PREFIX}*.{suffix}"):
            if path.name.split(".")[0] not in kept:
                path.unlink(missing_ok=True)
                if suffix == "duckdb":
                    removed.append(path.name)
    if removed:
        _sync_folder(settings.warehouse_path)
    return sorted(removed)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

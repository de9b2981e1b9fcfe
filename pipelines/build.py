"""Builds the warehouse: decides what is to be built, copies the current release, runs dbt on the copy in this process.

The models are in `dbt_project`; checking and releasing the result are in `checks.py` and `release.py`.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operational_db.releases.manifest import ReleaseManifest
from operational_db.settings import PROJECT_ROOT, Settings
from pipelines.errors import RefreshFailedError
from pipelines.landing import Landing, Segment

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
BUILD_FILE = "build.duckdb"
# Kinds that take facts back out of rows built long ago: an incremental build cannot fold them in.
FULL_BUILD_KINDS = frozenset({"import.undone"})
PASSED_STATUSES = frozenset({"success", "pass", "no-op", "skipped"})


@dataclass(frozen=True)
class LandedState:
    """What is landed: entries up to `to_leaf` with their `root`, dimensions and engagement by fingerprint."""

    to_leaf: int
    root: str
    dimensions: str
    engagement: str
    segments: tuple[Segment, ...]

    @property
    def fingerprint(self) -> str:
        return f"{self.dimensions}-{self.engagement}"


@dataclass(frozen=True)
class BuildPlan:
    """One build: new entries `from_leaf` up to, not including, `to_leaf`; statuses as of `as_of`; and its reason."""

    from_leaf: int
    landed: LandedState
    as_of: datetime
    models_hash: str
    is_full: bool
    reason: str

    @property
    def to_leaf(self) -> int:
        return self.landed.to_leaf


@dataclass(frozen=True)
class NodeResult:
    """What dbt did with one node (model, test, …)."""

    unique_id: str
    status: str
    message: str
    seconds: float
    failures: int | None
    severity: str

    @property
    def has_passed(self) -> bool:
        return self.status in PASSED_STATUSES or self.status == "warn"


def plan_build(
    current: ReleaseManifest | None,
    landed: LandedState,
    *,
    as_of: datetime,
    models_hash: str,
    full: bool = False,
    dimensions_rewritten: bool = False,
) -> BuildPlan | None:
    """Decide whether there is anything to build and whether the current release can be built upon; none when not.

    Statuses hold on a day, so the first build of a new day (UTC) is a full one, even without any news.

    Parameters
    ----------
    full
        Build everything anew although there is no need.
    dimensions_rewritten
        Rows of a dimension that facts were derived with changed or went away since the current release.
    """
    reason = _full_reason(current, landed, as_of, models_hash, full=full, dimensions_rewritten=dimensions_rewritten)
    if reason is not None or current is None:
        return BuildPlan(0, landed, as_of, models_hash, is_full=True, reason=reason or "")
    new_entries = landed.to_leaf - current.ledger_size
    if new_entries == 0 and current.landing_fingerprint == landed.fingerprint:
        return None
    text = f"{new_entries} new entries" if new_entries else "changed dimensions or engagement"
    return BuildPlan(current.ledger_size, landed, as_of, models_hash, is_full=False, reason=text)


def _full_reason(
    current: ReleaseManifest | None,
    landed: LandedState,
    as_of: datetime,
    models_hash: str,
    *,
    full: bool,
    dimensions_rewritten: bool,
) -> str | None:
    if current is None:
        return "nothing is released yet"
    new_kinds = {
        kind for segment in landed.segments if segment.to_leaf > current.ledger_size for kind in segment.counts
    }
    reasons = {
        "it was asked for": full,
        "the day has changed": current.as_of.date() != as_of.date(),
        "the models have changed": current.models_hash != models_hash,
        "an import was undone": bool(new_kinds & FULL_BUILD_KINDS),
        "dimensions that facts are derived with have changed": dimensions_rewritten,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def models_hash(project: Path = DBT_PROJECT) -> str:
    """Hash of everything that decides what a build looks like: models, macros, tests and the project's settings."""
    digest = hashlib.sha256()
    folders = [project / name for name in ("models", "macros", "seeds", "tests", "analyses", "snapshots")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for path in sorted([*files, *project.glob("*.yml")]):
        digest.update(path.relative_to(project).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def build_path(settings: Settings) -> Path:
    """The file a build works in."""
    return settings.warehouse_path / BUILD_FILE


def discard_build(settings: Settings) -> None:
    """Remove the build file and whatever DuckDB keeps beside it."""
    for path in settings.warehouse_path.glob(f"{BUILD_FILE}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def prepare_build_file(settings: Settings, plan: BuildPlan, current: ReleaseManifest | None) -> Path:
    """Start from a copy of the current release, or from nothing for a full build."""
    discard_build(settings)
    path = build_path(settings)
    if not plan.is_full and current is not None:
        shutil.copyfile(current.path, path)
    return path


def dbt_variables(settings: Settings, plan: BuildPlan, *, built_at: datetime) -> dict[str, object]:
    """The variables one build runs with; the models' own defaults make the project parse without them."""
    landing = Landing(settings.landing_path)
    return {
        "landing_path": str(landing.root),
        "dimensions_path": str(landing.dimensions / plan.landed.dimensions),
        "engagement_path": str(landing.engagement),
        "from_leaf_index": plan.from_leaf,
        "to_leaf_index": plan.to_leaf,
        "as_of": plan.as_of.isoformat(),
        "root_hash": plan.landed.root,
        "built_at": built_at.isoformat(),
    }


def parse_models(settings: Settings) -> "Manifest":
    """The project's manifest, parsed again only where files changed since the last run of this installation.

    Raises
    ------
    RefreshFailedError
        When the project does not parse.
    """
    from dbt.cli.main import dbtRunner

    with _dbt_environment(settings):
        result = dbtRunner().invoke(["parse", *_common_arguments(settings)])
    if not result.success or result.result is None:
        raise RefreshFailedError(
            "The models cannot be read, so the former figures stay.", details={"reason": str(result.exception)}
        )
    manifest: Manifest = result.result  # type: ignore[assignment]
    return manifest


def run_models(settings: Settings, plan: BuildPlan, *, built_at: datetime) -> list[NodeResult]:
    """Run the models and data tests on the build file; unit tests are the test suite's business.

    The copy an incremental build works in holds the views already, made by the same models, so that only a full build
    makes them. Parsing is kept apart from running, because dbt throws its parsed project away whenever variables
    change.

    Raises
    ------
    RefreshFailedError
        When dbt itself fails; failed models and tests are in the results.
    """
    from dbt.cli.main import dbtRunner

    manifest = parse_models(settings)
    variables = json.dumps(dbt_variables(settings, plan, built_at=built_at))
    arguments = ["build", "--exclude-resource-type", "unit_test", "--vars", variables]
    arguments += ["--full-refresh"] if plan.is_full else ["--exclude", "config.materialized:view"]
    with _dbt_environment(settings):
        result = dbtRunner(manifest=manifest).invoke([*arguments, *_common_arguments(settings)])
    if result.exception is not None or result.result is None:
        raise RefreshFailedError(
            f"The marts could not be built, so the former figures stay: {result.exception}",
            details={"reason": type(result.exception).__name__},
        )
    return [_node_result(node) for node in result.result]  # type: ignore[union-attr]


def _node_result(result: Any) -> NodeResult:  # dbt's results are not typed
    config = getattr(result.node, "config", None)
    return NodeResult(
        unique_id=str(result.node.unique_id),
        status=str(result.status),
        message=str(result.message or ""),
        seconds=float(result.execution_time),
        failures=result.failures,
        severity=str(getattr(config, "severity", "ERROR")).lower(),
    )


def _common_arguments(settings: Settings) -> list[str]:
    work = settings.home_path / "dbt"
    return [
        "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
        "--target-path", str(work / "target"), "--log-path", str(work / "logs"),
        "--quiet", "--no-use-colors", "--log-level-file", "none", "--no-write-json",
        "--no-send-anonymous-usage-stats", "--no-version-check",
    ]  # fmt: skip


def _close_dbt_connection() -> None:
    """Dbt keeps the build file open for a next invocation in the same process; the checks must be able to open it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    with DuckDBConnectionManager._LOCK:
        environment = DuckDBConnectionManager._ENV
        if environment is not None:
            environment.close()
        DuckDBConnectionManager._ENV = None


@contextmanager
def _dbt_environment(settings: Settings) -> Iterator[None]:
    """The profile finds the build file by an environment variable; what was set before is put back."""
    wanted: Mapping[str, str] = {"SITESYNC_BUILD_PATH": str(build_path(settings)), "DO_NOT_TRACK": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        _close_dbt_connection()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

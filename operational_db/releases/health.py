"""How far the figures are behind the ledger, how old they are, and how the last pipeline run ended.

Feeds `/api/health` and the "As of" line of every page. Nothing here starts a run.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational_db.errors import ReleaseUnavailableError
from operational_db.releases.manifest import CheckResult, ReleaseManifest, current_manifest
from operational_db.settings import Settings
from operational_db.tables.ledger import LedgerCheckpoint, LedgerPending

LAST_RUN_FILE = "last_run.json"


class RunOutcome(StrEnum):
    RELEASED = "released"
    NO_NEWS = "no_news"
    CHECK_FAILED = "check_failed"
    FAILED = "failed"


@dataclass(frozen=True)
class LastRun:
    """How the last run of the pipeline ended; `message` is fit for a page, `failed_checks` are the blocking ones.

    `step_seconds` are of each step, `node_seconds` of the models and tests that took longest.
    """

    outcome: RunOutcome
    started_at: datetime
    finished_at: datetime
    ledger_size: int | None
    message: str
    failed_checks: tuple[CheckResult, ...] = ()
    step_seconds: dict[str, float] = field(default_factory=dict)
    node_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return self.outcome in {RunOutcome.RELEASED, RunOutcome.NO_NEWS}


class FreshnessState(StrEnum):
    """`verified`: checks passed, young enough; `stale`: too old; `failed`: the last run kept the former figures."""

    VERIFIED = "verified"
    STALE = "stale"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True)
class Freshness:
    """The "As of" line: state in words, with the reason when it is not `verified`."""

    state: FreshnessState
    reason: str
    as_of: datetime | None
    ledger_size: int | None
    root_hash: str | None
    is_simulated: bool


@dataclass(frozen=True)
class PipelineHealth:
    """Ledger against release: `lag_entries` counts entries (sequenced or waiting) that the release lacks."""

    ledger_size: int
    pending_count: int
    release_ledger_size: int | None
    lag_entries: int
    release_age: timedelta | None
    freshness: Freshness
    last_run: LastRun | None


LAST_RUN_ADAPTER = TypeAdapter(LastRun)


def last_run_path(settings: Settings) -> Path:
    """Where the outcome of the last run is kept."""
    return settings.warehouse_path / LAST_RUN_FILE


def read_last_run(settings: Settings) -> LastRun | None:
    """The outcome of the last finished run; none before the first one, or when the file is damaged."""
    try:
        return LAST_RUN_ADAPTER.validate_json(last_run_path(settings).read_bytes())
    except (OSError, ValidationError):
        return None


def freshness_of(
    manifest: ReleaseManifest | None, last_run: LastRun | None, *, now: datetime, limit: timedelta
) -> Freshness:
    """Judge a release at an instant: a failed last run outranks age; a run without news confirms old figures.

    Parameters
    ----------
    limit
        The age from which figures count as old (`SITESYNC_FRESHNESS_MINUTES`).
    """
    if manifest is None:
        reason = last_run.message if last_run and not last_run.is_success else "No figures have been computed yet."
        return Freshness(FreshnessState.MISSING, reason, None, None, None, False)
    state, reason = FreshnessState.VERIFIED, "Every check passed."
    confirmed_at = manifest.as_of
    if last_run is not None and last_run.outcome is RunOutcome.NO_NEWS:
        confirmed_at = max(confirmed_at, last_run.finished_at)
    if last_run is not None and not last_run.is_success and last_run.finished_at > manifest.built_at:
        state, reason = FreshnessState.FAILED, last_run.message
    elif now - confirmed_at > limit:
        minutes = int((now - confirmed_at).total_seconds() // 60)
        state, reason = FreshnessState.STALE, f"The figures were last brought up to date {minutes} minutes ago."
    return Freshness(state, reason, manifest.as_of, manifest.ledger_size, manifest.root_hash, manifest.is_simulated)


def read_freshness(settings: Settings, *, now: datetime) -> Freshness:
    """The freshness of the current release, from the files alone: works while the database is down."""
    try:
        manifest = current_manifest(settings)
    except ReleaseUnavailableError:
        manifest = None
    limit = timedelta(minutes=settings.freshness_minutes)
    return freshness_of(manifest, read_last_run(settings), now=now, limit=limit)


def read_health(session: Session, settings: Settings, *, now: datetime) -> PipelineHealth:
    """Compare the ledger with the current release.

    Raises
    ------
    sqlalchemy.exc.OperationalError
        When the database cannot be reached (turned into a named error by the session's owner).
    """
    ledger_size = session.scalar(select(func.max(LedgerCheckpoint.tree_size))) or 0
    pending_count = session.scalar(select(func.count()).select_from(LedgerPending)) or 0
    try:
        manifest = current_manifest(settings)
    except ReleaseUnavailableError:
        manifest = None
    last_run = read_last_run(settings)
    released = manifest.ledger_size if manifest else None
    return PipelineHealth(
        ledger_size=ledger_size,
        pending_count=pending_count,
        release_ledger_size=released,
        lag_entries=ledger_size + pending_count - (released or 0),
        release_age=now - manifest.as_of if manifest else None,
        freshness=freshness_of(manifest, last_run, now=now, limit=timedelta(minutes=settings.freshness_minutes)),
        last_run=last_run,
    )

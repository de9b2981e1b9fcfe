"""How the pipeline stands, in words, and where its own pages are."""

from urllib.parse import urlsplit

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.tables import Column
from app.dashboards.formats import to_instant, to_number
from app.dashboards.viewer import Viewer
from operational_db.database import read_only_session
from operational_db.errors import DatabaseUnavailableError
from operational_db.releases.health import LastRun, PipelineHealth, RunOutcome, read_health
from operational_db.releases.manifest import ReleaseManifest, list_manifests
from operational_db.settings import Settings

CHECK_COLUMNS = (
    Column("message", "Found"),
    Column("state", "Result", "status"),
    Column("is_blocking", "Stops a run", "flag"),
    Column("name", "Check", "words"),
)
RELEASE_COLUMNS = (
    Column("name", "File"),
    Column("as_of", "As of", "time"),
    Column("built_at", "Built", "time"),
    Column("ledger_size", "Ledger entries", "number"),
    Column("rows", "Rows", "number"),
    Column("seconds", "Seconds", "decimal"),
)
OUTCOMES = {
    RunOutcome.RELEASED: "brought new figures",
    RunOutcome.NO_NEWS: "found no news",
    RunOutcome.CHECK_FAILED: "kept the former figures, because a check failed",
    RunOutcome.FAILED: "failed and kept the former figures",
}


def health_of(viewer: Viewer) -> tuple[PipelineHealth | None, str]:
    """Ledger against figures, and why it is unknown when the database is down."""
    context = session.installation()
    try:
        with read_only_session(context.engine) as database:
            return read_health(database, context.settings, now=viewer.now), ""
    except DatabaseUnavailableError as error:
        return None, f"{error.message} The figures on all pages stay readable; nothing can be written until it is back."


def outcome_text(last_run: LastRun | None, health: PipelineHealth | None, viewer: Viewer) -> str:
    """The answer to "is the machine healthy?"."""
    behind = "how far they are behind the ledger is unknown"
    if health is not None:
        lag = health.lag_entries
        behind = f"they are {to_number(lag)} entries behind the ledger" if lag > 0 else "they hold the whole ledger"
    if last_run is None:
        return f"No run is on record; {behind}."
    finished = to_instant(last_run.finished_at, viewer.zone)
    reason = "" if last_run.is_success else f" ({last_run.message})"
    return f"The last run, {finished}, {OUTCOMES[last_run.outcome]}{reason}; {behind}."


def pipeline_address(settings: Settings) -> str:
    """The pipeline's own pages: the host of this page, the port of the settings."""
    host = urlsplit(st.context.url or "").hostname or settings.host
    return f"http://{host}:{settings.pipeline_port_number}"


def checks_frame(manifest: ReleaseManifest, last_run: LastRun | None) -> pl.DataFrame:
    """The checks of the figures shown, and those that failed in the last run; failed ones first."""
    failed = last_run.failed_checks if last_run else ()
    return pl.DataFrame(
        [
            {
                "name": check.name,
                "state": "passed" if check.passed else "failed",
                "is_blocking": check.blocking,
                "message": check.message,
            }
            for check in failed + manifest.checks
        ],
        schema={"name": pl.String, "state": pl.String, "is_blocking": pl.Boolean, "message": pl.String},
    ).sort("state", "name")


def kept_frame(settings: Settings) -> pl.DataFrame:
    """The figures kept on disk, the newest first."""
    return pl.DataFrame(
        [
            {
                "name": manifest.name,
                "as_of": manifest.as_of,
                "built_at": manifest.built_at,
                "ledger_size": manifest.ledger_size,
                "rows": sum(manifest.row_counts.values()),
                "seconds": manifest.duration_seconds,
            }
            for manifest in list_manifests(settings)
        ]
    )

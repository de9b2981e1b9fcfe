"""Whether the installation works: database, how far the figures lag behind the ledger, and their age."""

from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.api.dependencies import Context
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import DatabaseUnavailableError
from operational_db.releases.health import (
    Freshness,
    FreshnessState,
    PipelineHealth,
    RunOutcome,
    read_freshness,
    read_health,
)

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """`lag_entries` are ledger entries that the figures do not contain yet; ages are seconds."""

    status: Literal["ok", "degraded", "unavailable"]
    database: Literal["ok", "unavailable"]
    ledger_size: int | None
    pending_count: int | None
    lag_entries: int | None
    figures: FreshnessState
    figures_reason: str
    figures_as_of: datetime | None
    figures_age_seconds: int | None
    figures_ledger_size: int | None
    figures_root_hash: str | None
    last_run_outcome: RunOutcome | None
    last_run_finished_at: datetime | None
    last_run_message: str | None


def to_health(freshness: Freshness, pipeline: PipelineHealth | None, now: datetime) -> Health:
    """`unavailable` without a database or without any figures, `degraded` when the figures are old or a run failed."""
    is_usable = pipeline is not None and freshness.state is not FreshnessState.MISSING
    is_fine = is_usable and freshness.state is FreshnessState.VERIFIED
    age: timedelta | None = now - freshness.as_of if freshness.as_of else None
    last_run = pipeline.last_run if pipeline else None
    return Health(
        status="ok" if is_fine else "degraded" if is_usable else "unavailable",
        database="ok" if pipeline else "unavailable",
        ledger_size=pipeline.ledger_size if pipeline else None,
        pending_count=pipeline.pending_count if pipeline else None,
        lag_entries=pipeline.lag_entries if pipeline else None,
        figures=freshness.state,
        figures_reason=freshness.reason,
        figures_as_of=freshness.as_of,
        figures_age_seconds=int(age.total_seconds()) if age is not None else None,
        figures_ledger_size=freshness.ledger_size,
        figures_root_hash=freshness.root_hash,
        last_run_outcome=last_run.outcome if last_run else None,
        last_run_finished_at=last_run.finished_at if last_run else None,
        last_run_message=last_run.message if last_run else None,
    )


@router.get("/health", summary="Health of the installation")
def get_health(context: Context, response: Response) -> Health:
    """503 when the database is away or there are no figures yet; needs no sign-in and tells nothing about anybody."""
    now = clock.now()
    pipeline: PipelineHealth | None = None
    try:
        with read_only_session(context.engine) as session:
            pipeline = read_health(session, context.settings, now=now)
            freshness = pipeline.freshness
    except DatabaseUnavailableError:
        freshness = read_freshness(context.settings, now=now)
    health = to_health(freshness, pipeline, now)
    response.headers["Cache-Control"] = "no-store"
    if health.status == "unavailable":
        response.status_code = 503
    return health

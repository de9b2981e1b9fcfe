"""Whether the installation works: database, how far the figures lag behind the ledger, and their age."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.api.dependencies import Context
from operational_db import clock
from operational_db.releases.health import installation_health

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: Literal["ok", "degraded", "unavailable"]
    database: Literal["ok", "unavailable"]
    ledger_size: int | None
    ledger_pending_count: int | None
    ledger_lag_count: int | None
    release_as_of: datetime | None
    release_age_seconds: int | None
    release_ledger_size: int | None
    last_refresh_outcome: str | None
    messages: list[str]


@router.get("/health", summary="Health of the installation")
def get_health(context: Context, response: Response) -> Health:
    """503 when the database is away or there are no figures yet; needs no sign-in and tells nothing about anybody."""
    health = Health.model_validate(
        installation_health(context.settings, context.engine, now=clock.now()), from_attributes=True
    )
    response.headers["Cache-Control"] = "no-store"
    if health.status == "unavailable":
        response.status_code = 503
    return health

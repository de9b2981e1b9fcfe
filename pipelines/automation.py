"""When a refresh starts by itself: by the clock, and soon after the ledger has moved past the release."""

from typing import TYPE_CHECKING

import dagster as dg
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from operational_db import clock
from operational_db.errors import DatabaseUnavailableError
from operational_db.releases.health import read_health
from pipelines.resources import Installation

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as AssetJob,
    )

REFRESH_JOB = "refresh"
REPLAY_JOB = "replay_gate_decisions"
# Shortly after the day (UTC) whose decisions are replayed.
REPLAY_CRON = "15 0 * * *"
LEARNING_JOB = "learn"
WATCHING_JOB = "watch_learned"
# Sundays, when hardly anybody trains or meets; and every night after the replay.
LEARNING_CRON = "30 1 * * 0"
WATCHING_CRON = "45 0 * * *"
SENSOR_SECONDS = 30
ACTIVE_STATUSES = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def cron_at_most_every(minutes: int) -> str:
    """A cron line that fires at least every `minutes` minutes, evenly over the hour or the day.

    Cron knows no "every 50 minutes": the next shorter interval that divides the hour (or, from an hour on, the day) is
    taken, so that the time between two refreshes is never longer than asked for.
    """
    if minutes < 60:
        step = max(divisor for divisor in range(1, 31) if 60 % divisor == 0 and divisor <= minutes)
        return f"*/{step} * * * *" if step > 1 else "* * * * *"
    hours = max(divisor for divisor in range(1, 25) if 24 % divisor == 0 and divisor <= minutes // 60)
    return {1: "0 * * * *", 24: "0 0 * * *"}.get(hours, f"0 */{hours} * * *")


def decide_run(
    *, ledger_size: int, release_size: int | None, cursor: str | None, is_active: bool
) -> dg.RunRequest | dg.SkipReason:
    """Whether the ledger's news ask for a run now.

    Each size of the ledger is tried once; when its run failed, the schedule tries again, so that a lasting fault does
    not start a run every half a minute.
    """
    if release_size is not None and ledger_size <= release_size:
        return dg.SkipReason(f"The release holds all {ledger_size} entries.")
    if is_active:
        return dg.SkipReason("A refresh is running or waiting to run.")
    if cursor == str(ledger_size):
        return dg.SkipReason(f"A refresh up to {ledger_size} entries was started before; the schedule tries again.")
    return dg.RunRequest(tags={"sitesync/ledger_size": str(ledger_size)})


def create_sensor(job: "AssetJob") -> dg.SensorDefinition:
    """Asks for a run when the ledger, sequenced or waiting, has entries the release lacks; the cursor is its size."""

    @dg.sensor(
        name="ledger_moved",
        job=job,
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Refreshes soon after new entries in the ledger.",
    )
    def ledger_moved(context: dg.SensorEvaluationContext, installation: Installation) -> dg.RunRequest | dg.SkipReason:
        settings = installation.settings()
        try:
            with installation.open_engine() as engine, Session(engine) as session:
                health = read_health(session, settings, now=clock.now())
        except (DatabaseUnavailableError, OperationalError):
            return dg.SkipReason("The database cannot be reached.")
        size = health.ledger_size + health.pending_count
        active = context.instance.get_run_records(
            dg.RunsFilter(job_name=REFRESH_JOB, statuses=ACTIVE_STATUSES), limit=1
        )
        decision = decide_run(
            ledger_size=size,
            release_size=health.release_ledger_size,
            cursor=context.cursor,
            is_active=bool(active),
        )
        if isinstance(decision, dg.RunRequest):
            context.update_cursor(str(size))
        return decision

    return ledger_moved


def create_schedule(job: "AssetJob", refresh_minutes: int) -> dg.ScheduleDefinition:
    """Refreshes by the clock: statuses hold on a day, and a failed refresh is tried again."""
    return dg.ScheduleDefinition(
        name="refresh_by_the_clock",
        job=job,
        cron_schedule=cron_at_most_every(refresh_minutes),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Refreshes at least every {refresh_minutes} minutes.",
    )


def create_replay_schedule(job: "AssetJob") -> dg.ScheduleDefinition:
    """Makes every gate decision of the day before again, each night."""
    return dg.ScheduleDefinition(
        name="replay_gate_decisions_nightly",
        job=job,
        cron_schedule=REPLAY_CRON,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Makes the gate decisions of the day before again and compares every byte.",
    )


def create_learning_schedule(job: "AssetJob") -> dg.ScheduleDefinition:
    """Trains every week; only what is better than what serves is promoted."""
    return dg.ScheduleDefinition(
        name="learn_weekly",
        job=job,
        cron_schedule=LEARNING_CRON,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Trains the mentor match and the course recommender and promotes what is better.",
    )


def create_watching_schedule(job: "AssetJob") -> dg.ScheduleDefinition:
    """Estimates what training returned and checks the serving match, each night."""
    return dg.ScheduleDefinition(
        name="watch_learned_nightly",
        job=job,
        cron_schedule=WATCHING_CRON,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Estimates what training returned; checks the serving match for damage, drift and calibration.",
    )

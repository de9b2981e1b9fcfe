"""Makes the pipeline's own records (Dagster's SQLite files) ready, alone, before the processes that share them start.

Started together they would each set the files up and leave them unreadable. Here too: runs whose processes were killed
are ended on paper, because they would block the queue. Run as `python -m app.serving.pipeline_storage STARTED_AT`.
"""

import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from alembic.util import CommandError
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from sqlalchemy.exc import DatabaseError

logger = logging.getLogger(__name__)


def end_abandoned_runs(instance: dg.DagsterInstance, *, before: datetime) -> int:
    """Mark runs as failed that began before `before` and never ended; returns how many there were."""
    unfinished = [*IN_PROGRESS_RUN_STATUSES, dg.DagsterRunStatus.CANCELING]
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=unfinished, created_before=before))
    for run in runs:
        instance.report_run_failed(run, "The installation was stopped while this run was under way.")
    return len(runs)


def prepare_storage(dagster_path: Path, *, before: datetime) -> None:
    """Set the records up, or put aside those that a killed start left unreadable: they only tell of past runs."""
    try:
        _open_and_tidy(before)
    except (CommandError, DatabaseError) as error:
        aside = dagster_path / f"unreadable-{before:%Y%m%dT%H%M%S}"
        aside.mkdir()
        for name in ("storage", "history", "schedules"):
            if (dagster_path / name).exists():
                (dagster_path / name).rename(aside / name)
        logger.warning("pipeline.records_put_aside", extra={"path": str(aside), "reason": str(error)})
        _open_and_tidy(before)


def _open_and_tidy(before: datetime) -> None:
    with dg.DagsterInstance.get() as instance:
        end_abandoned_runs(instance, before=before)


def main() -> None:
    before = datetime.fromtimestamp(float(sys.argv[1]), UTC)
    prepare_storage(Path(os.environ["DAGSTER_HOME"]), before=before)


if __name__ == "__main__":
    main()

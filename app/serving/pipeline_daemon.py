"""Starts Dagster's daemon after ending, on paper, the runs whose processes were killed: they would block the queue.

Run as `python -m app.serving.pipeline_daemon STARTED_AT WORKSPACE_FILE`.
"""

import os
import sys
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from app.serving.children import program


def end_abandoned_runs(instance: dg.DagsterInstance, *, before: datetime) -> int:
    """Mark runs as failed that began before `before` and never ended; returns how many there were."""
    unfinished = [*IN_PROGRESS_RUN_STATUSES, dg.DagsterRunStatus.CANCELING]
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=unfinished, created_before=before))
    for run in runs:
        instance.report_run_failed(run, "The installation was stopped while this run was under way.")
    return len(runs)


def main() -> None:
    before = datetime.fromtimestamp(float(sys.argv[1]), UTC)
    with dg.DagsterInstance.get() as instance:
        end_abandoned_runs(instance, before=before)
    daemon = program("dagster-daemon")
    os.execv(daemon, [daemon, "run", "--workspace", sys.argv[2]])  # noqa: S606 - the same process goes on as the daemon


if __name__ == "__main__":
    main()

"""The pipeline's records after a kill: abandoned runs are ended on paper, unreadable records are put aside."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from app.serving.children import write_dagster_files
from app.serving.pipeline_storage import prepare_storage
from operational_db.settings import Settings


@pytest.fixture
def dagster_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings = Settings(home=tmp_path)
    write_dagster_files(settings, 4321)
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_path))
    return settings.dagster_path


@dg.job
def some_job() -> None:
    """A job without steps."""


class TestPrepareStorage:
    def test_a_run_of_a_killed_installation_is_ended_and_a_current_one_goes_on(self, dagster_path: Path) -> None:
        with dg.DagsterInstance.get() as instance:
            run = instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED)
        now = datetime.now(UTC)

        prepare_storage(dagster_path, before=now - timedelta(hours=1))
        with dg.DagsterInstance.get() as instance:
            still = instance.get_run_by_id(run.run_id)
        prepare_storage(dagster_path, before=now + timedelta(hours=1))
        with dg.DagsterInstance.get() as instance:
            ended = instance.get_run_by_id(run.run_id)

        assert still is not None
        assert still.status is dg.DagsterRunStatus.STARTED
        assert ended is not None
        assert ended.status is dg.DagsterRunStatus.FAILURE

    def test_unreadable_records_are_put_aside_and_new_ones_made(self, dagster_path: Path) -> None:
        now = datetime.now(UTC)
        prepare_storage(dagster_path, before=now)
        schedules = next(dagster_path.rglob("schedules.db"))
        with sqlite3.connect(schedules) as connection:
            connection.execute("insert into alembic_version (version_num) values ('another')")
        connection.close()

        prepare_storage(dagster_path, before=now)

        aside = list(dagster_path.glob("unreadable-*/**/schedules.db"))
        assert len(aside) == 1
        with dg.DagsterInstance.get() as instance:
            assert instance.get_runs() == []

"""Kills and full disks at every step: the former release stays, and the next refresh ends as if undisturbed."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from operational_db.releases.health import RunOutcome, read_last_run
from operational_db.releases.manifest import current_manifest
from operational_db.settings import Settings
from pipelines.errors import DiskFullError
from pipelines.refresh import refresh
from tests.pipelines.contents import landed_rows, leftover_files, release_contents
from tests.pipelines.history import add_news, write_history

MINUTE = timedelta(minutes=1)
# Where the process kills itself: the function about to be called, in the module that calls it.
KILL_POINTS = {
    "before the first file of a segment counts": "pipelines.landing.write_segment_manifest",
    "before dimensions are in place": "pipelines.extract.write_content_addressed",
    "while segments are checked": "pipelines.landing_checks.check_recomputed_root",
    "before the models run": "pipelines.refresh.run_models",
    "before the build is counted": "pipelines.build_checks.check_build",
    "before the build is renamed": "pipelines.release._free_path",
    "before the released file is compared": "pipelines.release.check_released_file",
    "before the manifest is written": "pipelines.release.manifest_path",
    "before current flips": "pipelines.release.CurrentRelease",
    "before old releases go": "pipelines.release.prune_releases",
    "before the run is recorded": "pipelines.refresh.LastRun",
}
DRIVER = """
import os, signal, sys
from datetime import datetime
from importlib import import_module
from operational_db.database import create_database_engine
from operational_db.settings import Settings
import pipelines.refresh
from tests.pipelines.quick_models import run_quick_models

url, home, now, point = sys.argv[1:]
if point != "dbt":
    pipelines.refresh.run_models = run_quick_models
    module, name = point.rsplit(".", 1)
    setattr(import_module(module), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
pipelines.refresh.refresh(create_database_engine(url), Settings(home=home), now=datetime.fromisoformat(now))
"""


def start_refresh(engine: Engine, home: Path, now: datetime, point: str) -> "subprocess.Popen[bytes]":
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-c", DRIVER, url, str(home), now.isoformat(), point]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class TestKill:
    @pytest.mark.usefixtures("quick_models")
    @pytest.mark.parametrize("point", KILL_POINTS.values(), ids=KILL_POINTS.keys())
    def test_the_next_refresh_ends_as_an_undisturbed_one(
        self, committed_engine: Engine, tmp_path: Path, now: datetime, point: str
    ) -> None:
        disturbed, undisturbed = Settings(home=tmp_path / "disturbed"), Settings(home=tmp_path / "undisturbed")
        history = write_history(committed_engine)
        for settings in (disturbed, undisturbed):
            refresh(committed_engine, settings, now=now)
        former = release_contents(disturbed)
        add_news(committed_engine, history)

        process = start_refresh(committed_engine, disturbed.home_path, now + MINUTE, point)
        assert process.wait(timeout=120) == -signal.SIGKILL
        is_released = current_manifest(disturbed).ledger_size == 40
        assert is_released == (point in {"pipelines.release.prune_releases", "pipelines.refresh.LastRun"})
        if not is_released:
            assert release_contents(disturbed) == former

        for settings in (disturbed, undisturbed):
            refresh(committed_engine, settings, now=now + 2 * MINUTE)
            assert leftover_files(settings) == []
        assert release_contents(disturbed) == release_contents(undisturbed)
        assert landed_rows(disturbed) == landed_rows(undisturbed)
        assert {path.name for path in disturbed.warehouse_path.glob("*.duckdb")} >= {
            current_manifest(disturbed).path.name
        }
        for path in disturbed.warehouse_path.glob("warehouse_*.duckdb"):
            assert path.with_suffix(".json").exists()

    @pytest.mark.slow
    def test_a_kill_while_dbt_runs_leaves_the_former_release(
        self, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        """The real models: killed once the build file grows, then run again beside an undisturbed refresh."""
        disturbed, undisturbed = Settings(home=tmp_path / "disturbed"), Settings(home=tmp_path / "undisturbed")
        write_history(committed_engine)
        process = start_refresh(committed_engine, disturbed.home_path, now, "dbt")
        build = disturbed.warehouse_path / "build.duckdb"
        try:
            deadline = time.monotonic() + 300
            while not (build.exists() and build.with_name("build.duckdb.wal").exists()):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait(timeout=30)
        assert build.exists()
        for settings in (disturbed, undisturbed):
            assert refresh(committed_engine, settings, now=now).outcome is RunOutcome.RELEASED
            assert leftover_files(settings) == []
        assert release_contents(disturbed) == release_contents(undisturbed)


# Calls that write, and so may find the disk full.
WRITE_POINTS = {
    "a landed file": "pipelines.landing.pq.ParquetWriter",
    "a segment's manifest": "pipelines.landing.write_segment_manifest",
    "the dimensions": "pipelines.extract.write_content_addressed",
    "the copy of the release": "pipelines.build.shutil.copyfile",
    "the rename": "pipelines.release.seal_build",
    "the release's manifest": "pipelines.release.write_durably",
}


@pytest.mark.usefixtures("quick_models")
class TestFullDisk:
    @pytest.mark.parametrize("point", WRITE_POINTS.values(), ids=WRITE_POINTS.keys())
    def test_the_former_release_stays_and_nothing_half_written_is_left(
        self,
        committed_engine: Engine,
        settings: Settings,
        now: datetime,
        monkeypatch: pytest.MonkeyPatch,
        point: str,
    ) -> None:
        history = write_history(committed_engine)
        former = refresh(committed_engine, settings, now=now).release
        contents = release_contents(settings)
        add_news(committed_engine, history)

        def no_space(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(point, no_space)
            with pytest.raises(DiskFullError, match="The disk is full"):
                refresh(committed_engine, settings, now=now + MINUTE)
        assert current_manifest(settings) == former
        assert release_contents(settings) == contents
        assert leftover_files(settings) == []
        last_run = read_last_run(settings)
        assert last_run is not None
        assert last_run.outcome is RunOutcome.FAILED
        assert "The disk is full" in last_run.message
        assert refresh(committed_engine, settings, now=now + 2 * MINUTE).release.ledger_size == 40


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB; where this user may not mount one, the test is skipped with the reason."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("A file system cannot be mounted here; the simulated full disks above still run.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class TestSmallDisk:
    @pytest.mark.usefixtures("quick_models")
    def test_a_disk_that_fills_up_while_duckdb_writes_keeps_the_former_release(
        self, committed_engine: Engine, small_disk: Path, now: datetime
    ) -> None:
        settings = Settings(home=small_disk)
        history = write_history(committed_engine)
        refresh(committed_engine, settings, now=now)
        contents = release_contents(settings)
        add_news(committed_engine, history)
        filler = small_disk / "filler"
        free = os.statvfs(small_disk)
        filler.write_bytes(b"\0" * (free.f_bavail * free.f_frsize - 1_000_000))
        with pytest.raises(DiskFullError):
            refresh(committed_engine, settings, now=now + MINUTE)
        assert release_contents(settings) == contents
        assert leftover_files(settings) == []
        filler.unlink()
        assert refresh(committed_engine, settings, now=now + 2 * MINUTE).release.ledger_size == 40

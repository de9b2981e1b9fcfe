"""The whole run with its real processes: start, refusals, kill, recovery, orderly stop, nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from app.serving.ports import free_port
from app.serving.processes import MARK
from operational_db.settings import PROJECT_ROOT

START_SECONDS = 180


class Installation:
    """A home of its own, and the `sitesync serve` processes started in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SITESYNC_")},
            "SITESYNC_HOME": str(home),
            "SITESYNC_PORT": str(self.port),
            "SITESYNC_PIPELINE_PORT": str(free_port()),
        }
        self.runs: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "app.cli", "serve"]
        output = (self.home / f"run-{len(self.runs)}.log").open("w")
        with output:
            run = subprocess.Popen(
                command, env=self.environment, cwd=PROJECT_ROOT, stdout=output, stderr=subprocess.STDOUT, text=True
            )
        self.runs.append(run)
        return run

    def said(self) -> str:
        return (self.home / f"run-{len(self.runs) - 1}.log").read_text()

    def processes(self) -> list[str]:
        """Everything that runs for this home: serving processes, keeper, PostgreSQL."""
        found = []
        for process in psutil.process_iter():
            try:
                belongs = process.environ().get(MARK, "").endswith(str(self.home)) or str(self.home) in " ".join(
                    process.cmdline()
                )
                if belongs and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.name())
            except (psutil.Error, OSError):
                continue
        return found

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.2)

    def wait_until_ready(self) -> None:
        self.wait_for(lambda: "SiteSync is ready: " in self.said() or self.runs[-1].poll() is not None, START_SECONDS)
        assert self.said().splitlines()[-1] == f"SiteSync is ready: http://127.0.0.1:{self.port}"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    yield installation
    for run in installation.runs:
        if run.poll() is None:
            run.terminate()
            run.wait(START_SECONDS)


@pytest.mark.slow
@pytest.mark.timeout(600)
class TestServe:
    def test_a_killed_run_leaves_nothing_and_the_next_one_recovers(self, installation: Installation) -> None:
        first = installation.start()
        installation.wait_until_ready()
        assert httpx2.get(f"http://127.0.0.1:{installation.port}/").status_code == 200

        again = subprocess.run(
            [sys.executable, "-m", "app.cli", "serve"],
            env=installation.environment,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=START_SECONDS,
        )
        assert "running already" in again.stdout

        first.kill()
        installation.wait_for(lambda: installation.processes() == [], START_SECONDS)

        second = installation.start()
        installation.wait_until_ready()
        postgres = [name for name in installation.processes() if "postgres" in name]
        assert postgres

        second.send_signal(signal.SIGINT)
        assert second.wait(START_SECONDS) == 0
        assert installation.said().splitlines()[-1] == "Stopped."
        assert installation.processes() == []

    def test_a_port_in_use_ends_the_start_with_advice(self, installation: Installation) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", installation.port))
            listener.listen()
            run = installation.start()
            assert run.wait(START_SECONDS) == 1
        assert f"Port {installation.port} is in use" in installation.said()
        assert installation.processes() == []

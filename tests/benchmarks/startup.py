"""Rows of `make up`: from an empty folder to the first page, and a second start of the same installation.

The clone is of the committed state and installs from the machine's package cache; the time ends when the dashboards'
address and `/api/health` both answer 200. Everything a start leaves behind is looked for after it was stopped.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2
import psutil

from app.serving.ports import free_port
from operational_db.settings import PROJECT_ROOT
from tests.benchmarks.bench import Bench
from tests.benchmarks.installation import installation_free_environment
from tests.benchmarks.machine import TAIL_CHARACTERS, CommandFailedError, end_tree
from tests.benchmarks.report import Figure, Row

FIRST_MINUTES = 4.0
SECOND_SECONDS = 30.0
GIVE_UP_SECONDS = 1_200.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1
WHAT = {
    "up": "`make up`, empty machine with warm package cache, to first page",
    "second_start": "second start, to first page",
}


def measure_startup(bench: Bench, wanted: frozenset[str]) -> list[Row]:
    """The first start of a fresh clone and the second one; for the second alone the first is made all the same."""
    clone = bench.work_path / "clone"
    bench.say("Cloning and starting with `make up` …")
    subprocess.run(["git", "clone", "--quiet", str(PROJECT_ROOT), str(clone)], check=True, timeout=300)
    environment = installation_free_environment(os.environ)
    environment.pop("VIRTUAL_ENV", None)
    command = ["make", "up"]
    first = seconds_to_first_page(command, clone, environment, clone / "first-start.txt")
    bench.say("Starting it again …")
    second = seconds_to_first_page(command, clone, environment, clone / "second-start.txt")
    shutil.rmtree(clone, ignore_errors=True)
    rows = [
        Row("up", WHAT["up"], (Figure("", "min", (first / 60,), FIRST_MINUTES),)),
        Row("second_start", WHAT["second_start"], (Figure("", "s", (second,), SECOND_SECONDS),)),
    ]
    return [row for row in rows if row.name in wanted]


def seconds_to_first_page(command: Sequence[str], folder: Path, environment: dict[str, str], log: Path) -> float:
    """Start, wait for the first page, stop as with Ctrl-C; returns the seconds to the first page.

    Raises
    ------
    CommandFailedError
        When it ends by itself, does not come up, does not stop, or leaves a process behind.
    """
    port, pipeline_port = free_port(), free_port()
    settings = {"SITESYNC_PORT": str(port), "SITESYNC_PIPELINE_PORT": str(pipeline_port)}
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**environment, **settings}, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_for_first_page(process, f"http://127.0.0.1:{port}", log)
            seconds = time.monotonic() - started
            _stop(process)
        finally:
            end_tree(process)
    return seconds


def _wait_for_first_page(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not _answers(f"{address}/") or not _answers(f"{address}/api/health"):
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-TAIL_CHARACTERS:]
            raise CommandFailedError(f"The start did not lead to a page: {said}")
        time.sleep(POLL_SECONDS)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C reaches the whole group of a terminal's command; nothing it started may live on."""
    started = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError(f"The start did not stop within {STOP_SECONDS:.0f} s") from error
    _, alive = psutil.wait_procs(started, timeout=STOP_SECONDS)
    if alive:
        raise CommandFailedError(f"Stopping left processes behind: {[child.name() for child in alive]}")

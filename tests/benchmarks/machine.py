"""The machine and its processes: what it is, running a command while watching its memory, ending what was started."""

import os
import platform
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from operational_db.settings import PROJECT_ROOT
from tests.benchmarks.report import Detail

GIGABYTE = 1e9
SAMPLE_SECONDS = 0.1
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "polars", "pyarrow", "streamlit", "sqlalchemy", "psycopg")
TAIL_CHARACTERS = 2_000


class CommandFailedError(RuntimeError):
    """A measured command ended with an error or took too long; its last words are the message."""


@dataclass(frozen=True)
class CommandRun:
    """How long a command took and the most memory its process tree held, PostgreSQL's processes apart.

    `cpu_seconds` are those of the tree, whatever else the machine was doing; PostgreSQL's are not among them.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    postgres_peak_bytes: int
    output: str


def describe_machine() -> dict[str, Detail]:
    """Cores, memory, load, versions and the revision measured."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / GIGABYTE, 1),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "system": platform.platform(),
        "processor": _processor(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "revision": _revision(),
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _revision() -> str | None:
    command = ["git", "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


class MemoryWatch:
    """Samples the resident memory of a process tree in a thread of its own, from entering to leaving.

    Pages shared between processes of the tree count in each of them, so the peak is never too low but for what happens
    between two samples. PostgreSQL's processes share most of theirs and are counted by their proportional share.
    """

    def __init__(self, process_id: int, postgres_id: int | None = None) -> None:
        self._process_id = process_id
        self._postgres_id = postgres_id
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.peak_bytes = 0
        self.postgres_peak_bytes = 0

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        count = 0
        while not self._ended.wait(SAMPLE_SECONDS if count else 0):
            resident = sum(_resident(process) for process in _tree(self._process_id) if not _is_postgres(process))
            self.peak_bytes = max(self.peak_bytes, resident)
            # Adding up proportional shares costs milliseconds for each process: once in two seconds is enough.
            if self._postgres_id is not None and count % 20 == 0:
                shares = sum(_proportional(process) for process in _tree(self._postgres_id))
                self.postgres_peak_bytes = max(self.postgres_peak_bytes, shares)
            count += 1


def _tree(process_id: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(process_id)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _is_postgres(process: psutil.Process) -> bool:
    try:
        return process.name() == "postgres"
    except psutil.Error:
        return False


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return _resident(process)


def run_command(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    output_path: Path,
    timeout_seconds: float,
    postgres_id: int | None = None,
    working_path: Path = PROJECT_ROOT,
) -> CommandRun:
    """Run a command to its end and measure it; what it says goes to `output_path`.

    Raises
    ------
    CommandFailedError
        When it ends with another exit code than 0 or not within the time.
    """
    started, cpu_before = time.monotonic(), _cpu_seconds_of_ended_children()
    with output_path.open("wb") as output:
        process = subprocess.Popen(
            command, env=dict(environment), cwd=working_path, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            with MemoryWatch(process.pid, postgres_id) as memory:
                process.wait(timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise CommandFailedError(f"{_name(command)} did not end within {timeout_seconds:.0f} s") from error
        finally:
            end_tree(process)
    seconds = time.monotonic() - started
    said = output_path.read_text(errors="replace")
    if process.returncode != 0:
        raise CommandFailedError(f"{_name(command)} ended with {process.returncode}: {said[-TAIL_CHARACTERS:]}")
    cpu_seconds = _cpu_seconds_of_ended_children() - cpu_before
    return CommandRun(seconds, cpu_seconds, memory.peak_bytes, memory.postgres_peak_bytes, said)


def _cpu_seconds_of_ended_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _name(command: Sequence[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:5]])


def end_tree(process: "subprocess.Popen[bytes]", grace_seconds: float = 30) -> None:
    """End a process we started and everything below it: asked first, then killed; nothing when it has ended."""
    if process.poll() is not None:
        return
    below = _tree(process.pid)[1:]
    process.terminate()
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in below:
        with suppress(psutil.Error):
            child.kill()

"""Starts the serving processes, starts one again when it ends, and writes what they say to log files.

Knows nothing of what the processes do. Time comes in as an argument, so that tests need not wait.
"""

import logging
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
# After this long a process counts as having started well, and its next failure as its first.
STEADY_SECONDS = 60.0
MAXIMUM_LOG_BYTES = 10_000_000


@dataclass(frozen=True)
class ChildSpec:
    """A process to keep alive: its name (also of its log file), its command, what it needs in its environment."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass
class _Child:
    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failure_count: int = 0
    due_at: float = 0.0


class Supervisor:
    """Keeps processes alive; `watch` is called again and again."""

    def __init__(self, *, log_path: Path, working_path: Path) -> None:
        self._children: dict[str, _Child] = {}
        self._log_path = log_path
        self._working_path = working_path

    def add(self, specs: Sequence[ChildSpec]) -> None:
        """Keep these alive too, from the next `watch` on."""
        self._children |= {spec.name: _Child(spec) for spec in specs}

    def watch(self, now: float) -> None:
        """Start what is due and note what has ended; `now` in seconds of any steadily rising clock."""
        for child in self._children.values():
            if child.process is not None and child.process.poll() is not None:
                self._note_end(child, child.process.returncode, now)
            if child.process is None and now >= child.due_at:
                self._start(child, now)

    def failure_count(self, name: str) -> int:
        """How often the process has ended in a row without having run steadily."""
        return self._children[name].failure_count

    def log_file(self, name: str) -> Path:
        return self._log_path / f"{name}.log"

    def last_words(self, name: str, line_count: int = 15) -> str:
        """The end of the process's log."""
        try:
            lines = self.log_file(name).read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-line_count:])

    def _start(self, child: _Child, now: float) -> None:
        self._log_path.mkdir(parents=True, exist_ok=True)
        path = self.log_file(child.spec.name)
        if path.exists() and path.stat().st_size > MAXIMUM_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            child.process = subprocess.Popen(
                child.spec.command,
                cwd=self._working_path,
                env=dict(child.spec.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C in the terminal reaches the supervisor, which ends the rest in order.
                start_new_session=True,
            )
        child.started_at = now
        logger.info("child.started", extra={"child": child.spec.name, "pid": child.process.pid})

    def _note_end(self, child: _Child, exit_code: int, now: float) -> None:
        if now - child.started_at >= STEADY_SECONDS:
            child.failure_count = 0
        wait_seconds = BACKOFF_SECONDS[min(child.failure_count, len(BACKOFF_SECONDS) - 1)]
        child.failure_count += 1
        child.process = None
        child.due_at = now + wait_seconds
        details = {"child": child.spec.name, "exit_code": exit_code, "restart_in_seconds": wait_seconds}
        logger.warning("child.ended", extra=details)

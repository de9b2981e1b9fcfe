"""A process that ends is started again, later each time, and what it said is kept."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.serving.processes import MARK, end_processes, mark_of, processes_of_other_runs, processes_of_run
from app.serving.supervisor import BACKOFF_SECONDS, STEADY_SECONDS, ChildSpec, Supervisor

WAITING = "import time; time.sleep(300)"


def environment(home: Path, run_id: str) -> dict[str, str]:
    return {**os.environ, MARK: mark_of(home, run_id)}


def child(name: str, code: str, home: Path, run_id: str = "run") -> ChildSpec:
    return ChildSpec(name, (sys.executable, "-c", code), environment(home, run_id))


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    end_processes(lambda: processes_of_other_runs(tmp_path, "none"), grace_seconds=2)


@pytest.fixture
def supervisor(home: Path) -> Supervisor:
    return Supervisor(log_path=home / "logs", working_path=home)


class TestSupervisor:
    def watch_until_ended(self, supervisor: Supervisor, name: str, now: float) -> None:
        before = supervisor.failure_count(name)

        def has_ended() -> bool:
            supervisor.watch(now)
            return supervisor.failure_count(name) > before

        wait_for(has_ended)

    def test_a_failing_process_is_started_again_later_each_time(self, supervisor: Supervisor, home: Path) -> None:
        supervisor.add([child("failing", "print('cannot work'); raise SystemExit(3)", home)])
        now = 0.0
        for number, pause in enumerate((*BACKOFF_SECONDS, BACKOFF_SECONDS[-1]), start=1):
            self.watch_until_ended(supervisor, "failing", now)
            assert supervisor.failure_count("failing") == number
            supervisor.watch(now + pause - 0.01)
            assert supervisor.last_words("failing").count("cannot work") == number
            now += pause

    def test_a_process_that_ran_steadily_starts_again_as_if_for_the_first_time(
        self, supervisor: Supervisor, home: Path
    ) -> None:
        supervisor.add([child("unlucky", "raise SystemExit(1)", home)])
        self.watch_until_ended(supervisor, "unlucky", 0.0)
        supervisor.add([child("steady", WAITING, home)])
        supervisor.watch(10.0)
        end_processes(lambda: processes_of_run(home, "run"), grace_seconds=5)

        supervisor.watch(10.0 + STEADY_SECONDS)

        assert supervisor.failure_count("steady") == 1

    def test_the_log_of_a_long_life_is_put_aside(self, supervisor: Supervisor, home: Path) -> None:
        log = supervisor.log_file("talking")
        log.parent.mkdir()
        log.write_bytes(b"x" * 10_000_001)
        supervisor.add([child("talking", "print('new words')", home)])

        self.watch_until_ended(supervisor, "talking", 0.0)

        assert supervisor.last_words("talking") == "new words"
        assert log.with_suffix(".log.1").stat().st_size == 10_000_001


class TestEndProcesses:
    def test_processes_started_by_processes_end_too(self, supervisor: Supervisor, home: Path) -> None:
        parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WAITING!r}], start_new_session=True)"
        supervisor.add([child("parent", parent, home)])
        supervisor.watch(0.0)
        wait_for(lambda: len(processes_of_run(home, "run")) == 2)

        assert end_processes(lambda: processes_of_run(home, "run"), grace_seconds=5) == 2

        assert processes_of_run(home, "run") == []

    def test_a_process_that_will_not_end_is_killed(self, supervisor: Supervisor, home: Path) -> None:
        stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {WAITING}"
        supervisor.add([child("stubborn", stubborn, home)])
        supervisor.watch(0.0)
        wait_for(lambda: supervisor.last_words("stubborn") == "deaf")

        end_processes(lambda: processes_of_run(home, "run"), grace_seconds=0.5)

        assert processes_of_run(home, "run") == []

    def test_leftovers_are_those_of_other_runs_of_the_same_installation(self, home: Path, tmp_path: Path) -> None:
        supervisor = Supervisor(log_path=home / "logs", working_path=home)
        supervisor.add([child("left", WAITING, home, "earlier"), child("current", WAITING, home)])
        supervisor.watch(0.0)
        wait_for(lambda: len(processes_of_run(home, "run")) == 1 and len(processes_of_run(home, "earlier")) == 1)

        leftovers = processes_of_other_runs(home, "run")

        assert leftovers == processes_of_run(home, "earlier")
        assert processes_of_other_runs(tmp_path / "elsewhere", "run") == []

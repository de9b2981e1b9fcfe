"""Finding and ending the processes of an installation, those included that they started themselves.

Each carries a mark in its environment, inherited by whatever it starts; so nothing depends on records that a killed
process could not write any more.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

MARK = "SITESYNC_SUPERVISED_BY"


def mark_of(home_path: Path, run_id: str) -> str:
    """Value of the mark: which run of which installation."""
    return f"{run_id}:{home_path}"


def processes_of_run(home_path: Path, run_id: str) -> list[psutil.Process]:
    """Live processes of this run."""
    mark = mark_of(home_path, run_id)
    return [process for process, found in _marked() if found == mark]


def processes_of_other_runs(home_path: Path, run_id: str) -> list[psutil.Process]:
    """Live processes that earlier runs of the same installation left behind."""
    mark = mark_of(home_path, run_id)
    return [process for process, found in _marked() if found != mark and found.partition(":")[2] == str(home_path)]


def end_processes(find: Callable[[], list[psutil.Process]], *, grace_seconds: float) -> int:
    """Ask what `find` finds to end, then make it; returns how many there were."""
    processes = find()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(processes, timeout=grace_seconds)
    # Looked for again: a process may have started another one before it ended.
    rest = find()
    for process in rest:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(rest, timeout=grace_seconds)
    return len(processes)


def _marked() -> Iterator[tuple[psutil.Process, str]]:
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            mark = process.environ().get(MARK)
        except (psutil.Error, OSError):
            continue
        if mark is not None:
            yield process, mark

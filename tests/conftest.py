"""Fixtures every test may use: a real PostgreSQL with the real migrations, a database per worker, a frozen instant.

Databases are copies of one template that is migrated once. Without SITESYNC_TEST_DATABASE_URL the embedded server runs
in a temporary folder that is removed at the end.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session

from operational_db.content.seed import install_platform_content
from operational_db.database import create_database_engine, create_owner_engine, unit_of_work
from operational_db.embedded import migrate, start_server
from tests.databases import (
    COPYING_LOCK,
    QUICK_OPTIONS,
    ReusedDatabase,
    UrlOf,
    copied_database,
    drop_database,
    maintenance,
    rolled_back_session,
)

# The same commit is tested with the same examples each time; `--hypothesis-profile default` looks for new ones.
# How long an example takes, or its making, depends on what else the machine does.
settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")

# When the shipped content of `shipped_database` was installed.
SHIPPED_AT = datetime(2026, 10, 1, 6, 0, tzinfo=UTC)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the workers of a run the long files first, so that none is left with one at the end.

    The file that comes first has the demo prepared; the others that need it wait until the other slow ones are done.
    """
    if not hasattr(config, "workerinput"):
        return
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    by_length = sorted(files, key=lambda path: -len(files[path]))
    whole = [path for path in by_length if path.parent.name in {"browser", "integration"}]
    slow = [path for path in by_length if any(item.get_closest_marker("slow") for item in files[path])]
    # A dictionary keeps the first place of what is named twice.
    ordered = dict.fromkeys([*whole[:1], *(path for path in slow if path not in whole), *whole, *by_length])
    items[:] = [item for path in ordered for item in files[path]]


@pytest.fixture
def now() -> datetime:
    """The instant at which a test happens."""
    return datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def test_run() -> str:
    """The same short name for all workers of one run."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)[:12]


@pytest.fixture(scope="session")
def server_url_of(test_run: str) -> Iterator[UrlOf]:
    """Address of a database, by its name, on the server of this test run."""
    configured = os.environ.get("SITESYNC_TEST_DATABASE_URL")
    if configured:
        yield lambda database: make_url(configured).set(database=database).render_as_string(hide_password=False)
        return
    folder = Path(tempfile.gettempdir()) / f"sitesync-test-{test_run}"
    server = start_server(folder, QUICK_OPTIONS)
    try:
        yield server.url_of
    finally:
        if server.stop():
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template_database(server_url_of: UrlOf, test_run: str, worker_id: str) -> Iterator[str]:
    """Name of the migrated database that others are copied from; made by whichever worker comes first."""
    name = f"sitesync_template_{test_run}"
    with maintenance(server_url_of) as connection:
        # Two workers may not migrate a database that a third already copies.
        connection.execute("select pg_advisory_lock(%s)", [COPYING_LOCK])
        if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            migrate(server_url_of(name))
    yield name
    if worker_id == "master":
        drop_database(server_url_of, name)


@pytest.fixture(scope="session")
def shipped_database(server_url_of: UrlOf, template_database: str) -> Iterator[str]:
    """Name of a migrated database that also holds what the product ships; copy it, as installing takes a while."""
    with copied_database(server_url_of, template_database) as url:
        engine = create_database_engine(url)
        with unit_of_work(engine) as session:
            install_platform_content(session, now=SHIPPED_AT)
        engine.dispose()
        yield make_url(url).database or ""


@pytest.fixture(scope="session")
def empty_database_url(server_url_of: UrlOf) -> Iterator[Callable[[], str]]:
    """Makes databases without any table; for the tests of the migrations themselves."""
    names: list[str] = []

    def create() -> str:
        names.append(f"sitesync_empty_{uuid4().hex[:12]}")
        with maintenance(server_url_of) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(names[-1])))
        return server_url_of(names[-1])

    yield create
    for name in names:
        drop_database(server_url_of, name)


@pytest.fixture(scope="session")
def engine(server_url_of: UrlOf, template_database: str) -> Iterator[Engine]:
    """The worker's own database. Tests must leave it as it was: use `session`, or `committed_engine` to commit."""
    with copied_database(server_url_of, template_database) as url:
        engine = create_database_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on the worker's own database that leaves nothing behind."""
    with rolled_back_session(engine) as session:
        yield session


@pytest.fixture(scope="session")
def committed_database(server_url_of: UrlOf, template_database: str) -> Iterator[ReusedDatabase]:
    """The worker's database that its tests take in turn."""
    database = ReusedDatabase(server_url_of, template_database)
    yield database
    database.close()


@pytest.fixture
def committed_url(committed_database: ReusedDatabase) -> Iterator[str]:
    """Address of a migrated database with nothing in it; for commits, several connections, other processes."""
    with committed_database.taken() as url:
        yield url


@pytest.fixture
def committed_engine(committed_url: str) -> Iterator[Engine]:
    """The application's engine on a fresh, migrated database."""
    engine = create_database_engine(committed_url, pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture
def owner_engine(committed_url: str) -> Iterator[Engine]:
    """The same fresh database with the rights of its owner, who may disable triggers."""
    engine = create_owner_engine(committed_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Name of the xdist worker, `master` without xdist (also when the plugin is not loaded)."""
    return os.environ.get("PYTEST_XDIST_WORKER", "master")

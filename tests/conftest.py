"""Fixtures every test may use: a real PostgreSQL with the real migrations, a database per worker, a frozen instant.

Databases are copies of one template that is migrated once. Without SITESYNC_TEST_DATABASE_URL the embedded server runs
in a temporary folder that is removed at the end.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session

from operational_db.content.seed import install_platform_content
from operational_db.database import create_database_engine, create_owner_engine, unit_of_work
from operational_db.embedded import SERVER_OPTIONS, migrate, start_server

# Tests need no durability.
TEST_OPTIONS = {**SERVER_OPTIONS, "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# When the shipped content of `shipped_database` was installed.
SHIPPED_AT = datetime(2026, 10, 1, 6, 0, tzinfo=UTC)

UrlOf = Callable[[str], str]


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
    server = start_server(folder, TEST_OPTIONS)
    try:
        yield server.url_of
    finally:
        if server.stop():
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template_database(server_url_of: UrlOf, test_run: str, worker_id: str) -> Iterator[str]:
    """Name of the migrated database that others are copied from; made by whichever worker comes first."""
    name = f"sitesync_template_{test_run}"
    with _maintenance(server_url_of) as connection:
        # Two workers may not migrate a database that a third already copies.
        connection.execute("select pg_advisory_lock(7311900)")
        if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            migrate(server_url_of(name))
    yield name
    if worker_id == "master":
        _drop_database(server_url_of, name)


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
        with _maintenance(server_url_of) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(names[-1])))
        return server_url_of(names[-1])

    yield create
    for name in names:
        _drop_database(server_url_of, name)


@pytest.fixture(scope="session")
def engine(server_url_of: UrlOf, template_database: str) -> Iterator[Engine]:
    """The worker's own database. Tests must leave it as it was: use `session`, or `committed_engine` to commit."""
    with copied_database(server_url_of, template_database) as url:
        engine = create_database_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose outer transaction is rolled back; `commit()` inside ends a savepoint only."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        if transaction.is_active:
            transaction.rollback()


@pytest.fixture
def committed_url(server_url_of: UrlOf, template_database: str) -> Iterator[str]:
    """Address of a fresh, migrated database of the test's own; for commits, several connections, other processes."""
    with copied_database(server_url_of, template_database) as url:
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


@contextmanager
def _maintenance(url_of: UrlOf) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url_of("postgres"), autocommit=True) as connection:
        yield connection


@contextmanager
def copied_database(url_of: UrlOf, template: str) -> Iterator[str]:
    name = f"sitesync_test_{uuid4().hex[:12]}"
    statement = sql.SQL("create database {} template {} strategy file_copy")
    with _maintenance(url_of) as connection:
        # A template must have no other session while it is copied; copies take turns.
        connection.execute("select pg_advisory_lock(7311900)")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield url_of(name)
    finally:
        _drop_database(url_of, name)


def _drop_database(url_of: UrlOf, name: str) -> None:
    with _maintenance(url_of) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

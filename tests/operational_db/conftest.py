"""A database that holds what the product ships, made once a run: installing it anew for every test takes too long."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.content.seed import install_platform_content
from operational_db.database import create_database_engine, unit_of_work
from tests.conftest import UrlOf, copied_database

SHIPPED_AT = datetime(2026, 10, 1, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def shipped_engine(server_url_of: UrlOf, template_database: str) -> Iterator[Engine]:
    """The worker's own database with the shipped content. Tests must leave it as it was: use `shipped`."""
    with copied_database(server_url_of, template_database) as url:
        engine = create_database_engine(url)
        with unit_of_work(engine) as session:
            install_platform_content(session, now=SHIPPED_AT)
        yield engine
        engine.dispose()


@pytest.fixture
def shipped(shipped_engine: Engine) -> Iterator[Session]:
    """A session on the shipped content whose outer transaction is rolled back, as `session` is."""
    with shipped_engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        if transaction.is_active:
            transaction.rollback()

"""A session on what the product ships: installing it anew for every test takes too long."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import create_database_engine
from tests.databases import UrlOf, copied_database, rolled_back_session


@pytest.fixture(scope="session")
def shipped_engine(server_url_of: UrlOf, shipped_database: str) -> Iterator[Engine]:
    """The worker's own database with the shipped content. Tests must leave it as it was: use `shipped`."""
    with copied_database(server_url_of, shipped_database) as url:
        engine = create_database_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def shipped(shipped_engine: Engine) -> Iterator[Session]:
    """A session on the shipped content that leaves nothing behind, as `session`."""
    with rolled_back_session(shipped_engine) as session:
        yield session

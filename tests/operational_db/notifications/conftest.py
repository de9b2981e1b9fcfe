"""One database for all tests of reminders, emptied after each: they are many, and need commits and connections."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, text

from operational_db.database import create_database_engine
from operational_db.tables.base import Base
from operational_db.types import ReminderSchedule
from tests.operational_db.notifications.reminding import NOW, RecordingChannel

# The advisory lock under which databases are copied from the template, as in the outermost conftest.
COPYING_LOCK = 7311900


@pytest.fixture(scope="package")
def reminders_engine(server_url_of: Callable[[str], str], template_database: str) -> Iterator[Engine]:
    """The application's engine on a migrated database of this folder's own."""
    name = f"sitesync_reminders_{uuid4().hex[:12]}"
    create = sql.SQL("create database {} template {} strategy file_copy")
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    with psycopg.connect(server_url_of("postgres"), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [COPYING_LOCK])
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template_database)))
    engine = create_database_engine(server_url_of(name), pool_size=20)
    yield engine
    engine.dispose()
    with psycopg.connect(server_url_of("postgres"), autocommit=True) as connection:
        connection.execute(drop)


@pytest.fixture
def new_installation(reminders_engine: Engine) -> Iterator[Engine]:
    """A database in which no reminder was ever owed; what is in the ledger stays there."""
    yield reminders_engine
    tables = [table.name for table in reversed(Base.metadata.sorted_tables) if not table.name.startswith("ledger_")]
    with reminders_engine.begin() as connection:
        for name in tables:
            connection.execute(text(f'delete from "{name}"'))


@pytest.fixture
def engine(new_installation: Engine) -> Engine:
    """A database whose installation owed everything up to yesterday, so that nothing is a first time."""
    with new_installation.begin() as connection:
        for schedule in ReminderSchedule:
            connection.execute(
                text("insert into reminder_runs (schedule, owed_at) values (:schedule, :at)"),
                {"schedule": schedule.value, "at": NOW - timedelta(days=1)},
            )
    return new_installation


@pytest.fixture
def mail() -> RecordingChannel:
    return RecordingChannel()

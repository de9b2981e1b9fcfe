"""The migrations give exactly what the tables say, in both directions, and from two processes at once."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text

from operational_db.database import create_owner_engine
from operational_db.embedded import migrate
from operational_db.migrations import runner
from operational_db.settings import PROJECT_ROOT
from operational_db.tables.registry import METADATA

# Everything in a schema that alembic's own comparison leaves out as well: checks, partial indexes, defaults.
SCHEMA = """
    select 'column', table_name || '.' || column_name,
           concat_ws(' ', data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable,
                     column_default, generation_expression)
    from information_schema.columns where table_schema = 'public'
    union all
    select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
    union all
    select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
"""
OWN_OBJECTS = """
    select relname from pg_class where relnamespace = 'public'::regnamespace and relname !~ '^alembic_version'
    union all
    select proname from pg_proc where pronamespace = 'public'::regnamespace
"""


def schema_of(connection: Connection) -> set[tuple[str, str, str]]:
    rows = connection.execute(text(SCHEMA)).all()
    return {(row[0], row[1], row[2]) for row in rows if "alembic_version" not in row[1]}


@pytest.fixture
def empty_url(empty_database_url: Callable[[], str]) -> str:
    return empty_database_url()


@pytest.fixture
def empty_engine(empty_url: str) -> Iterator[Engine]:
    engine = create_owner_engine(empty_url)
    yield engine
    engine.dispose()


class TestUpgrade:
    def test_from_nothing_gives_the_tables_without_drift(self, empty_engine: Engine) -> None:
        with empty_engine.connect() as connection:
            assert not runner.is_current(connection)
            connection.rollback()
            runner.upgrade(connection)
            assert runner.find_drift(connection) == []
            assert runner.is_current(connection)

    def test_gives_the_same_checks_indexes_and_defaults_as_the_tables(
        self, empty_engine: Engine, empty_database_url: Callable[[], str]
    ) -> None:
        described = create_owner_engine(empty_database_url())
        with described.begin() as connection:
            METADATA.create_all(connection)
            expected = schema_of(connection)
        described.dispose()
        with empty_engine.connect() as connection:
            runner.upgrade(connection)
            assert schema_of(connection) == expected

    def test_drift_is_noticed(self, empty_engine: Engine) -> None:
        with empty_engine.connect() as connection:
            runner.upgrade(connection)
            connection.execute(text("alter table people drop column timezone"))
            assert len(runner.find_drift(connection)) == 1

    def test_a_second_time_changes_nothing(self, empty_engine: Engine, empty_url: str) -> None:
        migrate(empty_url)
        with empty_engine.connect() as connection:
            before = schema_of(connection)
        migrate(empty_url)
        with empty_engine.connect() as connection:
            assert schema_of(connection) == before

    def test_two_processes_at_once_wait_for_one_another(self, empty_engine: Engine, empty_url: str) -> None:
        script = "import sys; from operational_db.embedded import migrate; migrate(sys.argv[1])"

        def run(_: int) -> int:
            command = [sys.executable, "-c", script, empty_url]
            return subprocess.run(command, cwd=PROJECT_ROOT, timeout=120, check=False).returncode

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(run, range(2))) == [0, 0]
        with empty_engine.connect() as connection:
            assert runner.find_drift(connection) == []
            assert connection.scalar(text("select count(*) from alembic_version")) == 1


class TestDowngrade:
    def test_to_base_leaves_nothing_and_the_way_up_is_open_again(self, empty_engine: Engine) -> None:
        with empty_engine.connect() as connection:
            runner.upgrade(connection)
            before = schema_of(connection)
            connection.rollback()
            runner.downgrade(connection, "base")
            assert connection.scalars(text(OWN_OBJECTS)).all() == []
            connection.rollback()
            runner.upgrade(connection)
            assert schema_of(connection) == before


class TestRole:
    def test_new_tables_of_later_migrations_are_the_applications_too(self, empty_engine: Engine) -> None:
        with empty_engine.connect() as connection:
            runner.upgrade(connection)
            connection.execute(text("create table later (id int)"))
            connection.execute(text("set role sitesync_app"))
            connection.execute(text("insert into later values (1)"))
            assert connection.scalar(text("select count(*) from later")) == 1

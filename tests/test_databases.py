"""A database that tests take in turn is, for each of them, as the template it was copied from."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError

from operational_db.database import create_database_engine, create_owner_engine, sqlalchemy_url, unit_of_work
from operational_db.tables.base import Base
from operational_db.tables.identity import Person
from tests import builders
from tests.databases import ReusedDatabase, UrlOf


@pytest.fixture
def database(server_url_of: UrlOf, template_database: str) -> Iterator[ReusedDatabase]:
    database = ReusedDatabase(server_url_of, template_database)
    yield database
    database.close()


def _change(url: str, statement: str) -> None:
    owner = create_owner_engine(url)
    with unit_of_work(owner) as session:
        session.execute(text(statement))
    owner.dispose()


def _counts(url: str) -> dict[str, int]:
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        tables = Base.metadata.sorted_tables
        found = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
        found["alembic_version"] = connection.scalar(text("select count(*) from alembic_version")) or 0
    engine.dispose()
    return found


def test_what_was_written_is_gone_and_nobody_gets_in_by_the_old_address(database: ReusedDatabase) -> None:
    with database.taken() as first:
        before = _counts(first)
        engine = create_database_engine(first)
        with unit_of_work(engine) as session:
            builders.create_assignment(session, builders.create_organization(session))
        assert _counts(first) != before
        # Whoever still holds a connection loses it.
        left = engine.connect()
        assert left.scalar(select(func.count()).select_from(Person)) == 1
    with pytest.raises(OperationalError):
        left.scalar(text("select 1"))
    left.invalidate()
    with pytest.raises(OperationalError), engine.connect():
        pass
    engine.dispose()
    with database.taken() as second:
        assert second != first
        assert _counts(second) == before


def test_what_the_template_held_is_there_again(database: ReusedDatabase) -> None:
    with database.taken() as url:
        before = _counts(url)
        assert before["alembic_version"] == 1
        _change(url, "delete from alembic_version")
    with database.taken() as url:
        assert _counts(url) == before


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("alter table ledger_events disable trigger user", "select count(*) from pg_trigger where tgenabled = 'D'"),
        ("drop index uq_ledger_leaves_event_id", "select count(*) from pg_indexes where schemaname = 'public'"),
        (
            "alter table people alter column display_name drop not null",
            "select count(*) from information_schema.columns where is_nullable = 'NO'",
        ),
        ("create table later (id int)", "select to_regclass('later')::text"),
        ("create schema later", "select count(*) from pg_namespace where nspname = 'later'"),
        ("revoke insert on people from sitesync_app", "select has_table_privilege('sitesync_app', 'people', 'insert')"),
    ],
)
def test_what_is_more_than_rows_is_gone_with_the_copy(database: ReusedDatabase, statement: str, question: str) -> None:
    def answer(url: str) -> object:
        engine = create_engine(sqlalchemy_url(url))
        with engine.connect() as connection:
            found: object = connection.scalar(text(question))
        engine.dispose()
        return found

    with database.taken() as url:
        before = answer(url)
        _change(url, statement)
        assert answer(url) != before
    with database.taken() as url:
        assert answer(url) == before

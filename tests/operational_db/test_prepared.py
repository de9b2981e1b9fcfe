"""Prepared statements without a cursor: the same rows and errors as with one, on either kind of connection."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine

from operational_db.prepared import PreparedStatement
from operational_db.types import new_id

ECHO = PreparedStatement("select $1::uuid, $2::text[], $3::date, $4::timestamptz, $5::int2, $6::text")
WRONG = PreparedStatement("select 1 / $1::int4")
INSERT = PreparedStatement("insert into numbers values ($1)")


@pytest.fixture(params=[True, False], ids=["commits by itself", "in transactions"])
def connection(request: pytest.FixtureRequest, committed_engine: Engine) -> Iterator[psycopg.Connection]:
    fairy = committed_engine.raw_connection()
    connection = fairy.driver_connection
    fairy.detach()
    assert isinstance(connection, psycopg.Connection)
    connection.autocommit = request.param
    with connection:
        yield connection


def prepared(connection: psycopg.Connection, part: str) -> int:
    row = connection.execute("select count(*) from pg_prepared_statements where statement like %s", [part]).fetchone()
    assert row is not None
    return int(row[0])


def test_values_come_back_as_they_went(connection: psycopg.Connection) -> None:
    values = (new_id(), ["a", "ü"], date(2026, 2, 28), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), 7, None)
    for _ in range(3):
        assert ECHO.run(connection, values) == [values]
    assert prepared(connection, "select $1::uuid, $2::text[]%") == 1
    assert ECHO.run(connection, (None, [], None, None, None, "x")) == [(None, [], None, None, None, "x")]


def test_a_statement_without_rows_gives_none(connection: psycopg.Connection) -> None:
    connection.execute("create temporary table numbers (n uuid)")
    number = UUID(int=7)
    assert INSERT.run(connection, (number,)) == []
    assert connection.execute("select n from numbers").fetchall() == [(number,)]


def test_errors_are_those_of_a_cursor_and_end_nothing_else(connection: psycopg.Connection) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            WRONG.run(connection, (0,))
        connection.rollback()
        assert WRONG.run(connection, (1,)) == [(1,)]
    with pytest.raises(psycopg.errors.UndefinedTable):
        PreparedStatement("select from nowhere").run(connection, ())
    connection.rollback()
    assert WRONG.run(connection, (1,)) == [(1,)]


def test_a_lost_connection_is_said_to_be_lost(connection: psycopg.Connection, owner_engine: Engine) -> None:
    assert WRONG.run(connection, (1,)) == [(1,)]
    with owner_engine.connect() as other:
        other.exec_driver_sql("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        WRONG.run(connection, (1,))
    assert connection.closed

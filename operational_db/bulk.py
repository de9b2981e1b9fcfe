"""Writing many rows of one table at once with COPY, inside the caller's transaction. For importers and the demo."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from operational_db.tables.base import Base


def driver_connection(session: Session) -> psycopg.Connection[Any]:
    """The psycopg connection the session's transaction runs on."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("Bulk writing needs the psycopg driver.")
    return connection


def copy_rows(session: Session, entity: type[Base], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """COPY `rows`, each in the order of `columns`, into the table of `entity`; columns left out take their default.

    Enumerations are given as their text value (a StrEnum is one).

    Returns
    -------
    The number of rows written. A row that breaks a constraint raises psycopg's error and loses the transaction.
    """
    table = entity.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{entity.__name__} is not mapped to a table.")
    json_positions = [i for i, name in enumerate(columns) if isinstance(table.c[name].type, JSONB)]
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table.name), sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    )
    count = 0
    with driver_connection(session).cursor().copy(statement) as copy:
        for row in rows:
            if json_positions:
                values = list(row)
                for position in json_positions:
                    values[position] = Jsonb(values[position])
                copy.write_row(values)
            else:
                copy.write_row(row)
            count += 1
    return count

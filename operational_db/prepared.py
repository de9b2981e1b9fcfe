"""A prepared statement in one round trip on the driver's lowest level, for the few paths every risky action waits for.

A cursor's own bookkeeping takes longer than such a statement does. Anything else goes through SQLAlchemy or a cursor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import abc, pq
from psycopg.adapt import PyFormat, Transformer

_ANSWERED = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})
_KEPT = "sitesync_prepared"


@dataclass(eq=False)
class PreparedStatement:
    """SQL whose parameters are $1, $2, …, each with its type where the place it stands in does not tell it."""

    sql: str
    formats: list[PyFormat] = field(init=False)

    def __post_init__(self) -> None:
        count = 0
        while f"${count + 1}" in self.sql:
            count += 1
        self.formats = [PyFormat.BINARY] * count

    def run(self, connection: psycopg.Connection, values: Sequence[object]) -> list[Any]:  # rows: the statement's own
        """The rows as tuples, none for a statement that returns none; at its first use it is prepared.

        Only a connection that commits by itself, and is the caller's alone, is spared the cursor: with a rollback the
        driver gives up every statement that was prepared.

        Raises
        ------
        psycopg.Error
            As a cursor raises it.
        """
        if not connection.autocommit:
            cursor = psycopg.RawCursor(connection).execute(self.sql, values, prepare=True, binary=True)
            return cursor.fetchall() if cursor.description else []
        # With the connection and not beside it: they refer to each other, and end together.
        kept: _Kept | None = vars(connection).get(_KEPT)
        if kept is None:
            kept = vars(connection)[_KEPT] = _Kept(Transformer.from_context(connection))
        line, adapt = connection.pgconn, kept.adapt
        sent = adapt.dump_sequence(values, self.formats)
        # Like the driver: a number has the type that its size needs, and an absent value none.
        key = (self, adapt.types)
        name = kept.names.get(key)
        if name is None:
            name = f"{_KEPT}_{len(kept.names)}".encode()
            _require(line, line.prepare(name, self.sql.encode(), adapt.types))
            kept.names[key] = name
        # The driver sends None for an absent value, whatever the type of this method says.
        result = line.exec_prepared(name, sent, adapt.formats, pq.Format.BINARY)  # type: ignore[arg-type]
        _require(line, result)
        adapt.set_pgresult(result)
        return adapt.load_rows(0, result.ntuples, tuple)


@dataclass
class _Kept:
    """What is kept of a connection: the statements it knows by name, each with the types of its parameters."""

    adapt: abc.Transformer
    names: dict[tuple[PreparedStatement, tuple[int, ...] | None], bytes] = field(default_factory=dict)


def _require(line: pq.abc.PGconn, result: pq.abc.PGresult) -> None:
    if result.status in _ANSWERED:
        return
    if line.status == pq.ConnStatus.BAD:
        raise psycopg.OperationalError(line.get_error_message())
    raise psycopg.errors.error_from_result(result)

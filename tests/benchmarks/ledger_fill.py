"""Fills an empty installation with a large simulated history, the way a bulk load of the product does it.

The entries are made in DuckDB (`history_sql.py`), brought into PostgreSQL with COPY, where the ledger's own trigger
queues them, and placed by the ordinary sequencer: `sitesync ledger verify` accepts the result. The tables that
dimensions and rights are read from are filled too; those of the current state of learning are not: no mart reads them.
Lessons, tracks and rules are the product's own, put in place before.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import cast

import duckdb
import polars as pl
import psycopg
from psycopg import sql

from operational_db.content.seed import install_platform_content
from operational_db.database import unit_of_work
from operational_db.gates.shipped import install_platform_rules
from operational_db.ledger.sequence import sequence_pending
from tests.benchmarks import history_sql, history_work_sql
from tests.benchmarks.history_sql import LEDGER, LEDGER_ROWS, LEDGER_STRETCH, MACROS, OPERATIONAL
from tests.benchmarks.installation import Installation

HISTORY_DAYS = 730
ROWS_PER_BLOCK = 100_000
BLOCKS_PER_TRANSACTION = 10
# Measured on the history itself; a little more is made than wanted, and the youngest entries are left out.
ENTRIES_PER_ENROLLMENT = 8.93
RESERVE = 1.01
ENTRIES_PER_STRETCH = 1_500_000
DUCKDB_MEMORY = "14GB"
ENTITIES = history_sql.ENTITIES + history_work_sql.ENTITIES
ENTRIES = history_sql.ENTRIES | history_work_sql.ENTRIES
# What the history tells of lessons and gates is about those the product ships.
SHIPPED = {
    "shipped_lesson": """
        select
            row_number() over (order by l.code) - 1 as n, l.id::text as id, l.lesson_type, v.version,
            v.scope_tags[1] as scope,
            (select p.policy_id::text from lesson_policies as p where p.lesson_version_id = v.id limit 1) as policy_id,
            coalesce(
                (select r.runbook_id::text from lesson_runbooks as r where r.lesson_version_id = v.id limit 1), ''
            ) as runbook_id
        from lessons as l join lesson_versions as v on v.lesson_id = l.id
        where v.status = 'published' and cardinality(v.scope_tags) > 0
    """,
    "shipped_track": """
        select row_number() over (order by persona, tier) - 1 as n, id::text as id, persona from training_tracks
    """,
    "shipped_feature": """
        select
            row_number() over (order by f.action) - 1 as n, f.id::text as id, f.action, f.lesson_id::text as lesson_id,
            g.id::text as rule_id, f.action as scope
        from protected_features as f join gate_rules as g on g.action = f.action
        where g.version = 1
    """,
}
LEDGER_COLUMNS = (
    "id", "kind", "version", "subject_id", "organization_id", "occurred_at", "recorded_at", "body",
)  # fmt: skip


@dataclass(frozen=True)
class HistorySize:
    """How many of what a history of `entries` ledger entries has: 50 entries to a person, 100 people to a company."""

    entries: int

    @property
    def people(self) -> int:
        return max(60, self.entries // 50)

    @property
    def organizations(self) -> int:
        return max(8, min(2_000, self.people // 100))

    @property
    def schools(self) -> int:
        return max(1, min(40, self.organizations * 6 // 100))

    @property
    def courses(self) -> int:
        return max(40, 16 * self.schools)

    @property
    def enrollments(self) -> int:
        about_people = 1.03 * self.people + 5 * self.organizations
        return int(max(1.0, self.entries - about_people) * RESERVE / ENTRIES_PER_ENROLLMENT) + 50

    def variables(self, now: datetime) -> dict[str, object]:
        return {
            "start": now - timedelta(days=HISTORY_DAYS),
            "now": now,
            "days": HISTORY_DAYS,
            "entries": self.entries,
            "people": self.people,
            "organizations": self.organizations,
            "schools": self.schools,
            "courses": self.courses,
            "certifications": 60,
            "enrollments": self.enrollments,
        }


def fill_installation(installation: Installation, size: HistorySize, *, now: datetime) -> None:
    """Write the history of the two years before `now` and sequence it.

    Raises
    ------
    ValueError
        When the history came out with fewer entries than asked for.
    """
    path = installation.home / "history.duckdb"
    with unit_of_work(installation.engine) as session:
        install_platform_content(session, now=now - timedelta(days=HISTORY_DAYS))
        install_platform_rules(session, now=now - timedelta(days=HISTORY_DAYS))
    with installation.engine.connect() as connection:
        shipped = {table: pl.read_database(query, connection) for table, query in SHIPPED.items()}
    try:
        with open_history(path, size, now, shipped) as history, psycopg.connect(installation.url) as connection:
            for table, query in OPERATIONAL.items():
                _copy(connection, table, history.execute(query))
                connection.commit()
            count = _copy_entries(connection, history)
            if count != size.entries:
                raise ValueError(f"The history has {count} entries, not {size.entries}.")
            connection.commit()
            connection.execute("analyze")
    finally:
        path.unlink(missing_ok=True)
    sequence_pending(installation.engine, now=now)
    with psycopg.connect(installation.url) as connection:
        connection.execute("analyze")


@contextmanager
def open_history(
    path: Path, size: HistorySize, now: datetime, shipped: Mapping[str, pl.DataFrame]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The history as tables of a DuckDB file, entries in the order of the ledger; `shipped` as `SHIPPED` reads it."""
    temporary = path.with_suffix(".tmp")
    with duckdb.connect(
        path, config={"threads": 2, "memory_limit": DUCKDB_MEMORY, "temp_directory": str(temporary)}
    ) as history:
        history.execute("set TimeZone = 'UTC'")
        for name, value in size.variables(now).items():
            history.execute(f"set variable {name} = $value", {"value": value})
        history.execute(MACROS)
        for table, frame in shipped.items():
            history.register("frame", frame)
            history.execute(f"create table {table} as select * from frame")
            history.unregister("frame")
        history.execute(ENTITIES)
        kinds = " union all ".join(
            f"select '{kind}' as kind, * from ({query}) as entries(subject_id, organization_id, moment, body)"
            for kind, query in ENTRIES.items()
        )
        history.execute(LEDGER)
        for first, last in _stretches(size, now):
            history.execute(LEDGER_STRETCH.format(kinds=kinds), {"first": first, "last": last})
        yield history


def _stretches(size: HistorySize, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The history's time in parts of about `ENTRIES_PER_STRETCH` entries."""
    count = 1 + size.entries // ENTRIES_PER_STRETCH
    length = timedelta(days=HISTORY_DAYS) / count
    start = now - timedelta(days=HISTORY_DAYS)
    for number in range(count):
        yield start + number * length, now if number == count - 1 else start + (number + 1) * length


def _copy_entries(connection: psycopg.Connection, history: duckdb.DuckDBPyConnection) -> int:
    return _copy(connection, "ledger_events", history.execute(LEDGER_ROWS), LEDGER_COLUMNS)


def _copy(
    connection: psycopg.Connection, table: str, rows: duckdb.DuckDBPyConnection, columns: tuple[str, ...] | None = None
) -> int:
    """COPY a result into a table, some blocks to a transaction so that no queue grows without bound."""
    names = columns or tuple(str(column[0]) for column in rows.description)
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    count = 0
    reader = rows.to_arrow_reader(ROWS_PER_BLOCK)
    for number, batch in enumerate(reader, start=1):
        block = BytesIO()
        frame = cast(pl.DataFrame, pl.from_arrow(batch))
        frame.write_csv(block, include_header=False, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(block.getbuffer())
        count += frame.height
        if number % BLOCKS_PER_TRANSACTION == 0:
            connection.commit()
    return count

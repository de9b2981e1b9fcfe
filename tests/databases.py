"""Databases of tests: copies of a template, and one that tests take in turn, each finding it as if it were just made.

Copying takes most of a second; taking out what a test wrote takes hundredths.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.rows import scalar_row
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.embedded import SERVER_OPTIONS

# For servers whose data need not outlive the machine: nothing waits for the disk, and little is kept of the log.
QUICK_OPTIONS = {
    **SERVER_OPTIONS,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",
}

# Address of a database, by its name, on the server of this test run.
UrlOf = Callable[[str], str]

# Under it templates are made and copied: a template must have no other session while it is copied.
COPYING_LOCK = 7311900
# Rows taken out leave their room behind; a database that has grown by more is not worth keeping.
KEPT_BYTES = 8_000_000

END_OTHER_SESSIONS = """
    select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""
# Everything but rows: each entry of the catalogue with the transaction that wrote it.
CATALOGUE = """
    select count(*) || ' ' || bit_xor(hashtextextended(entry, 0)) from (
        select 'relation ' || oid || ' ' || xmin from pg_class where relpersistence <> 't'
        union all select 'column ' || attrelid || ' ' || attnum || ' ' || xmin from pg_attribute where attrelid >= 16384
        union all select 'trigger ' || oid || ' ' || xmin from pg_trigger
        union all select 'constraint ' || oid || ' ' || xmin from pg_constraint
        union all select 'function ' || oid || ' ' || xmin from pg_proc
        union all select 'schema ' || oid || ' ' || xmin from pg_namespace where nspname !~ '^pg_(toast_)?temp_'
        union all select concat('database ', datdba, ' ', datacl, ' ', setconfig)
            from pg_database as d left join pg_db_role_setting as s on s.setdatabase = d.oid
            where datname = current_database()
    ) as entries (entry)
"""
TABLES = "from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"


@contextmanager
def maintenance(url_of: UrlOf) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url_of("postgres"), autocommit=True) as connection:
        yield connection


def create_copy(url_of: UrlOf, template: str) -> str:
    """Name of a new database with everything the template holds."""
    name = f"sitesync_test_{uuid4().hex[:12]}"
    with maintenance(url_of) as connection:
        connection.execute("select pg_advisory_lock(%s)", [COPYING_LOCK])
        copy = sql.SQL("create database {} template {} strategy file_copy")
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
    return name


def drop_database(url_of: UrlOf, name: str) -> None:
    with maintenance(url_of) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


@contextmanager
def copied_database(url_of: UrlOf, template: str) -> Iterator[str]:
    """Address of a copy that is dropped at the end."""
    name = create_copy(url_of, template)
    try:
        yield url_of(name)
    finally:
        drop_database(url_of, name)


@contextmanager
def rolled_back_session(engine: Engine) -> Iterator[Session]:
    """A session whose outer transaction is rolled back; `commit()` inside ends a savepoint only."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        if transaction.is_active:
            transaction.rollback()


@dataclass(frozen=True)
class _Beginning:
    """What a copy held when it was made."""

    catalogue: str
    size: int
    rows: dict[str, bytes]


class ReusedDatabase:
    """A copy of a template that tests take in turn, under a name of its own each time.

    What a test wrote is taken out after it. Where that does not bring back the beginning, as after a changed table or
    trigger, the next test gets a new copy.
    """

    def __init__(self, url_of: UrlOf, template: str) -> None:
        self._url_of = url_of
        self._template = template
        self._name: str | None = None
        self._beginning: _Beginning | None = None

    @contextmanager
    def taken(self) -> Iterator[str]:
        """Address of the database for one test."""
        if self._name is None:
            self._name = create_copy(self._url_of, self._template)
            with psycopg.connect(self._url_of(self._name)) as connection:
                self._beginning = _read_beginning(connection)
        try:
            yield self._url_of(self._name)
        finally:
            try:
                is_restored = self._restore()
            except psycopg.Error:
                # Somebody connects without end, or this server does not let us: a new copy serves as well.
                is_restored = False
            if not is_restored:
                self.close()

    def close(self) -> None:
        if self._name is not None:
            drop_database(self._url_of, self._name)
        self._name = None

    def _restore(self) -> bool:
        """Bring back the beginning, under a new name so that nobody who knew the old one gets in; true if done."""
        if self._name is None or self._beginning is None:
            return False
        with psycopg.connect(self._url_of(self._name)) as connection:
            connection.execute(END_OTHER_SESSIONS)
            connection.execute("set local session_replication_role = replica")
            if _size(connection) - self._beginning.size > KEPT_BYTES:
                return False
            if _catalogue(connection) != self._beginning.catalogue:
                return False
            deletions = [sql.SQL("delete from {}").format(sql.Identifier(name)) for name in _written_tables(connection)]
            connection.execute(sql.SQL("; ").join(deletions))
            for table, rows in self._beginning.rows.items():
                with connection.cursor().copy(_copying(table, "from stdin")) as copy:
                    copy.write(rows)
        name = f"sitesync_test_{uuid4().hex[:12]}"
        with maintenance(self._url_of) as connection:
            rename = sql.SQL("alter database {} rename to {}")
            connection.execute(rename.format(sql.Identifier(self._name), sql.Identifier(name)))
        self._name = name
        return True


def _read_beginning(connection: psycopg.Connection) -> _Beginning:
    rows = {table: _rows(connection, table) for table in _written_tables(connection)}
    return _Beginning(_catalogue(connection), _size(connection), rows)


def _catalogue(connection: psycopg.Connection) -> str:
    with connection.cursor(row_factory=scalar_row) as cursor:
        return str(cursor.execute(CATALOGUE).fetchone())


def _written_tables(connection: psycopg.Connection) -> list[str]:
    """Tables with room for rows: those that ever had one."""
    return [name for (name,) in connection.execute(f"select relname {TABLES} and pg_relation_size(oid) > 0")]


def _rows(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(_copying(table, "to stdout")) as copy:
        return b"".join(bytes(part) for part in copy)


def _copying(table: str, direction: str) -> sql.Composed:
    return sql.SQL(f"copy {{}} {direction} (format binary)").format(sql.Identifier(table))


def _size(connection: psycopg.Connection) -> int:
    with connection.cursor(row_factory=scalar_row) as cursor:
        return int(cursor.execute(f"select sum(pg_relation_size(oid)) {TABLES}").fetchone() or 0)

"""Engine and `unit_of_work`, the only place that commits.

Services receive the session, flush for ids and never commit; readers take `read_only_session`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from operational_db.errors import DatabaseUnavailableError

# Created by the first migration; may read and write tables, but not change or delete what the ledger holds.
APPLICATION_ROLE = "sitesync_app"


def sqlalchemy_url(url: str) -> str:
    """The same address with the driver we use (`postgresql+psycopg`)."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in {"postgresql", "postgres"}:
        raise DatabaseUnavailableError(
            "SITESYNC_DATABASE_URL must name a PostgreSQL database (postgresql://user@host/name)."
        )
    return f"postgresql+psycopg://{rest}"


def create_database_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine whose sessions run in UTC with the application's role; dead connections are noticed before use.

    Parameters
    ----------
    url
        `postgresql://…` with or without a driver name.
    pool_size
        Connections kept open; twice as many may be open at a time.
    """
    engine = _create_engine(url, pool_size=pool_size)
    event.listen(engine, "connect", _take_application_role)
    return engine


def psycopg_connection(connection: Connection) -> psycopg.Connection:
    """The driver's own connection, in the same transaction; for COPY and other bulk work."""
    driver_connection = connection.connection.driver_connection
    if not isinstance(driver_connection, psycopg.Connection):
        raise TypeError(f"psycopg is our driver, not {type(driver_connection).__name__}.")
    return driver_connection


def create_owner_engine(url: str) -> Engine:
    """An engine that keeps the rights it signed in with; for migrations and maintenance, never for services."""
    return _create_engine(url, pool_size=2)


def _create_engine(url: str, *, pool_size: int) -> Engine:
    return create_engine(
        sqlalchemy_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC", "connect_timeout": 5},
    )


def _take_application_role(connection: psycopg.Connection, _record: object) -> None:
    """Give up the owner's rights where the installation has the role: it cannot change or delete ledger rows (D2)."""
    # Since PostgreSQL 16 a member may still lack the right to take the role.
    privilege = "set" if connection.info.server_version >= 160_000 else "member"
    found = connection.execute(
        "select pg_has_role(current_user, oid, %s) from pg_roles where rolname = %s", [privilege, APPLICATION_ROLE]
    ).fetchone()
    if found is not None and found[0]:
        connection.execute(f"set role {APPLICATION_ROLE}")
    connection.commit()


@contextmanager
def unit_of_work(engine: Engine) -> Iterator[Session]:
    """One transaction: commits when the block ends, rolls back when it raises.

    Raises
    ------
    DatabaseUnavailableError
        When no connection to the database could be had or it was lost.
    """
    factory = sessionmaker(engine, expire_on_commit=False)
    try:
        with factory.begin() as session:
            yield session
    except OperationalError as error:
        if error.connection_invalidated or error.orig is None or getattr(error.orig, "sqlstate", None) is None:
            raise DatabaseUnavailableError(
                "The database cannot be reached. Nothing was changed; try again in a moment."
            ) from error
        raise


@contextmanager
def read_only_session(engine: Engine) -> Iterator[Session]:
    """A consistent read: one read-only, repeatable-read transaction that is always rolled back.

    Raises
    ------
    DatabaseUnavailableError
        When no connection to the database could be had or it was lost.
    """
    try:
        with Session(engine, expire_on_commit=False) as session:
            session.execute(text("set transaction isolation level repeatable read, read only"))
            yield session
            session.rollback()
    except OperationalError as error:
        raise DatabaseUnavailableError("The database cannot be reached; try again in a moment.") from error

"""Runs alembic without a configuration file: upgrade, downgrade, and the search for drift.

Everything happens on a connection of the schema's owner; one process at a time, the others wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from alembic import autogenerate, command, context
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from operational_db.tables.base import UtcDateTime
from operational_db.tables.registry import METADATA

# Any fixed number; it must differ from the sequencer's.
MIGRATION_LOCK = 7_311_001


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Apply the revisions up to `revision` in one transaction."""
    with _alone(connection) as config:
        command.upgrade(config, revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take revisions back down to `revision` (`base`: all of them); the data in dropped tables are lost."""
    with _alone(connection) as config:
        command.downgrade(config, revision)


def find_drift(connection: Connection) -> list[object]:
    """Differences between the database and the mapped tables, as alembic's operations; empty when there are none."""
    migration_context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(autogenerate.compare_metadata(migration_context, METADATA))


def is_current(connection: Connection) -> bool:
    """Whether every revision this version of the product knows has been applied."""
    applied = MigrationContext.configure(connection).get_current_heads()
    return set(applied) == set(ScriptDirectory.from_config(_config()).get_heads())


def configure_context(connection: Connection) -> None:
    """Settings of alembic's environment, shared by every command."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_server_default=True,
        render_item=_render_item,
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _alone(connection: Connection) -> Iterator[Config]:
    """One transaction under an advisory lock that ends with it."""
    config = _config()
    config.attributes["connection"] = connection
    with connection.begin():
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        yield config


def _render_item(kind: str, item: object, _autogen_context: AutogenContext) -> str | Literal[False]:
    """Revisions name PostgreSQL's type, not our class, so that they keep their meaning when the class changes."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "postgresql.TIMESTAMP(timezone=True)"
    return False

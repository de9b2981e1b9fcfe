"""Alembic's entry: runs revisions on the connection that `runner` hands over, in the transaction `runner` opened."""

from alembic import context

from operational_db.migrations.runner import configure_context

configure_context(context.config.attributes["connection"])
context.run_migrations()

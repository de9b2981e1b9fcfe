"""What every edge of the product holds: the settings and the engine, made once per process and handed down.

Nothing below the edges makes its own; nothing here decides anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import Engine

from operational_db.database import create_database_engine
from operational_db.embedded import EmbeddedServer, start_embedded
from operational_db.settings import Settings


@dataclass(frozen=True)
class AppContext:
    """Settings and engine of one process; `close` gives back its connections and its share in the embedded server."""

    settings: Settings
    engine: Engine
    _server: EmbeddedServer | None = field(default=None, repr=False)

    @cached_property
    def is_oidc_configured(self) -> bool:
        """Whether an `[auth]` section is configured, which turns the local sign-in off."""
        import streamlit as st

        return st.secrets.load_if_toml_exists() and "auth" in st.secrets

    def close(self) -> None:
        self.engine.dispose()
        if self._server is not None:
            self._server.stop()


def create_context(settings: Settings) -> AppContext:
    """Connect to the configured database, or start or join the embedded one; the caller closes the context.

    Raises
    ------
    DatabaseUnavailableError
        When the embedded server does not come up.
    """
    server = start_embedded(settings) if settings.database_url is None else None
    url = server.url if server is not None else str(settings.database_url)
    return AppContext(settings, create_database_engine(url), server)


@contextmanager
def open_context(settings: Settings) -> Iterator[AppContext]:
    """A context for the length of a command; an embedded server that nobody else uses stops at the end."""
    context = create_context(settings)
    try:
        yield context
    finally:
        context.close()

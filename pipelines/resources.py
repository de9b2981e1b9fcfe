"""What the assets and sensors are given: the installation, and the one refresh session a run shares.

Tests pass an installation of their own. Settings are read here and nowhere else in the Dagster code.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import PrivateAttr
from sqlalchemy import Engine

from operational_db import clock
from operational_db.database import create_database_engine
from operational_db.embedded import database_url
from operational_db.settings import Settings, load_settings
from pipelines.refresh import RefreshSession, StepReport


class Installation(dg.ConfigurableResource["Installation"]):
    """The installation the pipeline works for; unset fields come from the environment, as everywhere."""

    home: str | None = None
    database_url: str | None = None

    def settings(self) -> Settings:
        """The installation's settings."""
        given = {"home": self.home, "database_url": self.database_url}
        return load_settings().model_copy(
            update={
                name: Settings.model_validate({name: value}).__dict__[name] for name, value in given.items() if value
            }
        )

    @contextmanager
    def open_engine(self) -> Iterator[Engine]:
        """An engine on the installation's database; the embedded server is started or joined.

        Raises
        ------
        DatabaseUnavailableError
            When it cannot be started.
        """
        with database_url(self.settings()) as url:
            engine = create_database_engine(url, pool_size=2)
            try:
                yield engine
            finally:
                engine.dispose()


class Refresh(dg.ConfigurableResource["Refresh"]):
    """The refresh a run does: the lock is held from the run's first step to its last, so the run is one process.

    A run that finds another refresh (say, from the shell) waits for it, and then finds no news.
    """

    installation: dg.ResourceDependency[Installation]
    full: bool = False
    _session: RefreshSession | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Refresh"]:
        log = context.log

        def report(news: StepReport) -> None:
            if log is not None and news.message != "…":
                log.info("%s: %s", news.step, news.message)

        settings = self.installation.settings()
        with (
            self.installation.open_engine() as engine,
            RefreshSession(engine, settings, now=clock.now(), full=self.full, report=report) as session,
        ):
            self._session = session
            yield self

    @property
    def session(self) -> RefreshSession:
        """The session of this run.

        Raises
        ------
        RuntimeError
            Outside of a run.
        """
        if self._session is None:
            raise RuntimeError("A refresh session exists only while a run executes.")
        return self._session

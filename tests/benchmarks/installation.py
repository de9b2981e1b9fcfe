"""A throw-away installation: a home of its own with its own PostgreSQL, and the `sitesync` commands run against it."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from operational_db.database import create_database_engine
from operational_db.embedded import migrate, start_embedded
from operational_db.releases.health import LastRun, read_last_run
from operational_db.settings import PROJECT_ROOT, Settings
from tests.benchmarks.machine import CommandRun, run_command

# No measured command takes longer than this on a machine it is meant for.
COMMAND_SECONDS = 3_600.0


class Installation:
    """Enter it to have a migrated, empty database running under `home`; leaving stops the server.

    The server is held by this process, as it is by a serving installation, so that commands join it.
    """

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, database_url=None, demo=False)
        self._stack = ExitStack()
        self._run_count = 0

    def __enter__(self) -> Self:
        server = start_embedded(self.settings)
        self._stack.callback(server.stop)
        self.url = server.url
        self.postgres_id = int((server.data_path / "postmaster.pid").read_text().splitlines()[0])
        migrate(self.url)
        self.engine: Engine = create_database_engine(self.url)
        self._stack.callback(self.engine.dispose)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def home(self) -> Path:
        return self.settings.home_path

    @property
    def environment(self) -> dict[str, str]:
        """Ours without what configures another installation, with this one's home and database."""
        return {
            **installation_free_environment(os.environ),
            "SITESYNC_HOME": str(self.home),
            "SITESYNC_DATABASE_URL": self.url,
            "SITESYNC_DEMO": "false",
        }

    def run(self, *arguments: str) -> CommandRun:
        """Run `sitesync` with these arguments and measure it.

        Raises
        ------
        CommandFailedError
            When the command fails.
        """
        self._run_count += 1
        logs = self.home / "benchmark-logs"
        logs.mkdir(exist_ok=True)
        return run_command(
            [sys.executable, "-m", "app.cli", *arguments],
            environment=self.environment,
            output_path=logs / f"{self._run_count:03d}-{arguments[0]}.txt",
            timeout_seconds=COMMAND_SECONDS,
            postgres_id=self.postgres_id,
        )

    def last_refresh(self) -> LastRun:
        """How the last refresh ended, with the seconds of its steps."""
        last_run = read_last_run(self.settings)
        if last_run is None:
            raise LookupError("No refresh has been run in this installation.")
        return last_run


def installation_free_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without any setting of an installation."""
    return {name: value for name, value in environment.items() if not name.startswith("SITESYNC_")}


def shared_data_path() -> Path:
    """Where the public records lie that imports are measured with."""
    return Path(os.environ.get("SITESYNC_SHARED_DATA", PROJECT_ROOT.parent / "shared" / "data"))

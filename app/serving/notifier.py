"""The process that owes and delivers what falls due, kept alive by the supervisor: reminders to people, reviews of
lessons whose refresh is due, and the end of mentorship requests that nobody answered.

Run as `python -m app.serving.notifier`. Any number of them may run beside each other. When the database is away it
waits for it to come back.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.context import open_context
from app.logs import configure_logging
from app.serving.signals import StopRequested, StopSignals
from operational_db import clock
from operational_db.content.reviewing import request_due_refreshes
from operational_db.database import unit_of_work
from operational_db.errors import DatabaseUnavailableError
from operational_db.mentorship.requests import expire_requests
from operational_db.notifications.channels import Channels, create_channels
from operational_db.notifications.service import deliver_due, owe_reminders
from operational_db.settings import load_settings

logger = logging.getLogger(__name__)

DELIVER_EVERY = timedelta(seconds=20)
# Owing looks at every date; deliveries are looked up by when they are due.
OWE_EVERY = timedelta(minutes=5)


class Notifier:
    """Rounds of the worker; `now` comes in, so that tests need not wait."""

    def __init__(self, engine: Engine, channels: Channels) -> None:
        self._engine = engine
        self._channels = channels
        self._owed_at: datetime | None = None

    def round(self, now: datetime) -> None:
        """Owe when it is time to, deliver what is due. A database that is away or busy is told and waited for."""
        try:
            # Also after the clock was set back.
            if self._owed_at is None or abs(now - self._owed_at) >= OWE_EVERY:
                expire_requests(self._engine, now=now)
                owe_reminders(self._engine, now=now)
                with unit_of_work(self._engine) as session:
                    request_due_refreshes(session, now=now)
                self._owed_at = now
            deliver_due(self._engine, self._channels, now=now)
        except (DatabaseUnavailableError, SQLAlchemyError) as error:
            logger.warning("reminders.round_failed", extra={"reason": type(error).__name__})


def run(notifier: Notifier, wait: Callable[[float], object]) -> None:
    """Rounds for ever; `wait` takes the seconds between two."""
    while True:
        notifier.round(clock.now())
        wait(DELIVER_EVERY.total_seconds())


def main() -> None:
    configure_logging()
    settings = load_settings()
    with StopSignals(), open_context(settings) as context:
        try:
            run(Notifier(context.engine, create_channels(settings)), threading.Event().wait)
        except StopRequested:
            return


if __name__ == "__main__":
    main()

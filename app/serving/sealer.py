"""The process that seals the ledger while an installation is served, and has its checkpoints cosigned by witnesses.

Witnesses are asked in a thread of its own: one that is slow or away delays no seal.
"""

import logging
import signal
import threading

import httpx2
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.context import open_context
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.repository import Checkpoint
from operational_db.ledger.seal import Sealer
from operational_db.ledger.witness_client import Outcome, WitnessEndpoint, parse_witnesses, submit_newest
from operational_db.settings import Settings

logger = logging.getLogger(__name__)

# A witness that was away is asked again this often, whether or not there is a new checkpoint.
ASK_AGAIN_SECONDS = 15.0


class Submitter:
    """Keeps the witnesses up to date: at every new checkpoint, and now and then for those that were away."""

    def __init__(self, engine: Engine, witnesses: tuple[WitnessEndpoint, ...]) -> None:
        self._engine = engine
        self._witnesses = witnesses
        self._has_news = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="witnesses", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_stopping = True
        self._has_news.set()
        self._thread.join(timeout=5)

    def announce(self, _: Checkpoint) -> None:
        """There is a new checkpoint to submit."""
        self._has_news.set()

    def submit_all(self, client: httpx2.Client) -> list[Outcome]:
        """Submit the newest checkpoint to every witness that lacks it."""
        outcomes = []
        for witness in self._witnesses:
            try:
                submission = submit_newest(self._engine, witness, client, now=clock.now())
            except (DomainError, OperationalError) as error:
                logger.warning("ledger.witness_not_asked", extra={"reason": type(error).__name__})
                continue
            if submission is not None:
                outcomes.append(submission.outcome)
        return outcomes

    def _run(self) -> None:
        with httpx2.Client() as client:
            while not self._is_stopping:
                self._has_news.clear()
                self.submit_all(client)
                self._has_news.wait(ASK_AGAIN_SECONDS)


def run_sealer(settings: Settings) -> None:
    """Seal until the process is asked to end."""
    witnesses = parse_witnesses(settings.ledger_witnesses)
    with open_context(settings) as context:
        submitter = Submitter(context.engine, witnesses)
        sealer = Sealer(
            context.engine,
            lambda: load_or_create_signer(settings),
            clock=clock.now,
            after_seal=submitter.announce,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sealer.stop())
        if witnesses:
            submitter.start()
        sealer.run()
        if witnesses:
            submitter.stop()

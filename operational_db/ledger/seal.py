"""Sealing: sequence, tiles and signature for all that waits, once or for as long as an installation is served.

The background sealer looks for waiting events twice a second and is woken at once by `request_seal`. Events are not
announced one by one: a notification in every transaction would make all commits of the server wait for each other.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from operational_db.database import psycopg_connection
from operational_db.errors import DatabaseUnavailableError, DomainError
from operational_db.ledger.keys import LogSigner
from operational_db.ledger.repository import Checkpoint
from operational_db.ledger.sequence import sequence_pending

logger = logging.getLogger(__name__)

SEAL_CHANNEL = "ledger_seal"
# Half of the second within which an event must lie under a signed checkpoint; the rest is the work itself.
LOOK_SECONDS = 0.5
# After a failure; a ledger that was tampered with is not looked at more often either.
RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0)

_IS_WAITING = """
    select exists (select from ledger_pending)
        or (select max(tree_size) from ledger_checkpoints)
            is distinct from (select max(tree_size) from ledger_signatures where not is_witness)
"""


def seal(engine: Engine, signer: LogSigner, *, now: datetime, wait: bool = False) -> Checkpoint | None:
    """Put everything committed so far under a signed checkpoint; also what older leaves lack of tiles and signatures.

    Parameters
    ----------
    wait
        Whether to wait for another sequencer that is at work; otherwise the call returns at once.

    Returns
    -------
    The newest checkpoint, which is signed; none for an empty ledger and none when another is at work.

    Raises
    ------
    LedgerTamperedError
        When the ledger contradicts itself or what the signer signed before; nothing more is signed then.
    """
    return sequence_pending(engine, now=now, wait=wait, signer=signer)


def request_seal(session: Session) -> None:
    """Wake the background sealer once the session's transaction commits, instead of at its next look."""
    session.execute(text("select pg_notify(:channel, '')"), {"channel": SEAL_CHANNEL})


class Sealer:
    """Seals until it is told to stop; any number may run, only one is at work at a time.

    Parameters
    ----------
    load_signer
        Called before each seal, so that a rotated key is taken up without a restart.
    after_seal
        Called with each new checkpoint; whatever it does must not take long.
    """

    def __init__(
        self,
        engine: Engine,
        load_signer: Callable[[], LogSigner],
        *,
        clock: Callable[[], datetime],
        after_seal: Callable[[Checkpoint], None] = lambda checkpoint: None,
    ) -> None:
        self._engine = engine
        self._load_signer = load_signer
        self._clock = clock
        self._after_seal = after_seal
        self._stopping = threading.Event()
        self._key_id: bytes | None = None

    def stop(self) -> None:
        """Let the seal at work end and begin no other; safe to call from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Look, seal, wait; a lost database and a refusal are logged and tried again."""
        failure_count = 0
        while not self._stopping.is_set():
            try:
                with self._engine.connect() as connection:
                    listener = _listen(connection)
                    failure_count = 0
                    while not self._stopping.is_set():
                        self._seal_if_needed(connection)
                        _wait(listener, self._stopping)
            except (DatabaseUnavailableError, OperationalError, psycopg.OperationalError):
                logger.warning("ledger.sealer_lost_database")
                self._engine.dispose()
            except ProgrammingError:
                # The tables are those of another version; whoever migrates them does not have to restart us.
                logger.error("ledger.sealer_lacks_tables")
                self._engine.dispose()
            except DomainError as error:
                logger.error("ledger.not_sealed", extra={"code": error.code, "reason": error.message})
            self._stopping.wait(RETRY_SECONDS[min(failure_count, len(RETRY_SECONDS) - 1)])
            failure_count += 1

    def _seal_if_needed(self, connection: Connection) -> None:
        signer = self._load_signer()
        is_waiting = connection.scalar(text(_IS_WAITING))
        connection.commit()
        if not is_waiting and self._key_id == signer.key_id:
            return
        checkpoint = seal(self._engine, signer, now=self._clock())
        if checkpoint is not None:
            self._key_id = signer.key_id
            self._after_seal(checkpoint)


def _listen(connection: Connection) -> psycopg.Connection:
    connection.execute(text(f"listen {SEAL_CHANNEL}"))
    connection.commit()
    return psycopg_connection(connection)


def _wait(listener: psycopg.Connection, stopping: threading.Event) -> None:
    """Until somebody asks for a seal, the next look is due, or the sealer is told to stop."""
    for _ in listener.notifies(timeout=LOOK_SECONDS, stop_after=1):
        return

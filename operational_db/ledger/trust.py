"""What an installation knows of its own log outside the database, for `verify` to hold the database against."""

from operational_db.ledger.keys import log_verifiers, read_last_checkpoint
from operational_db.ledger.verify import LogTrust
from operational_db.ledger.witness_client import parse_witnesses
from operational_db.settings import Settings


def load_trust(settings: Settings) -> LogTrust:
    """The log's listed keys, the configured witnesses' keys, and the checkpoint that was signed last.

    Raises
    ------
    InvalidInputError
        When the configured witnesses cannot be read.
    """
    last = read_last_checkpoint(settings.keys_path)
    return LogTrust(
        keys=log_verifiers(settings),
        witnesses=tuple(witness.verifier for witness in parse_witnesses(settings.ledger_witnesses)),
        last_signed=last if last is not None and last.origin == settings.ledger_origin else None,
    )

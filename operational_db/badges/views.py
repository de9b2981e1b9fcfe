"""What verification answers: the outcome, each check in words, and as much of the certificate as may be shown."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from operational_db.types import VerificationOutcome


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: whether it holds, and what was found, for whoever asked."""

    name: str
    is_passed: bool
    text: str


@dataclass(frozen=True, slots=True)
class PublicCertificate:
    """As much of a certificate as its holder made public; `holder_name` only when she shows it."""

    certification_name: str
    certification_code: str | None
    issuing_organization: str
    # None where a foreign credential does not say.
    issued_on: date | None
    expires_on: date | None
    # Only when the certificate is revoked on the day asked about.
    revoked_from: date | None
    holder_name: str | None
    # The last part of the public address; None for what has no badge here.
    public_id: str | None
    # Entry of the ledger that recorded the certificate, when there is one.
    event_id: UUID | None
    leaf_index: int | None


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What a third party is told; `document_format` names what was handed in."""

    outcome: VerificationOutcome
    on: date
    document_format: str
    checks: tuple[Check, ...]
    certificate: PublicCertificate | None
    # The outcome as of now, when another day was asked about.
    outcome_now: VerificationOutcome

"""When a certificate counts: expiry from validity, status on a day, continuation of a line by renewal.

Pure and without a clock. Reading and writing certificates is in `repository` and `service`.
Source: training-platform seed 3.2.2.1; decision D4.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from dateutil.relativedelta import relativedelta

from operational_db.types import CertificateStatus, EarnedThrough, VerificationStatus

EXPIRING_WITHIN_DAYS = 30


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """The dates and marks of one certificate that decide whether it counts."""

    certificate_id: UUID
    person_id: UUID
    certification_id: UUID
    issued_on: date
    # Last day it counts; None when it never expires.
    expires_on: date | None
    # First day it no longer counts because it was revoked.
    revoked_from: date | None
    is_withdrawn: bool
    is_verified: bool


def expires_on(issued_on: date, validity_months: int | None) -> date | None:
    """The last day a certificate counts: the same day of the month `validity_months` later, both ends included.

    A day the target month does not have becomes that month's last day (31 January + 1 month = 28 or 29 February).
    None when the kind of certificate never expires.
    """
    if validity_months is None:
        return None
    return issued_on + relativedelta(months=validity_months)


def is_verified_at_issue(earned_through: EarnedThrough, verification: VerificationStatus) -> bool:
    """Whether a certificate counts as proven: earned on the platform, or its evidence was checked with success."""
    return earned_through is EarnedThrough.SITESYNC_COURSE or verification is VerificationStatus.VERIFIED


def first_uncounted_on(facts: CertificateFacts) -> date | None:
    """The first day after its issue on which the certificate no longer counts; None when it counts for ever.

    The last day of the calendar has none after it: 31 December 9999 is a way to write that something never ends.
    """
    ends = [facts.revoked_from] if facts.revoked_from is not None else []
    if facts.expires_on is not None and facts.expires_on < date.max:
        ends.append(facts.expires_on + timedelta(days=1))
    return min(ends, default=None)


def counts_on(facts: CertificateFacts, on: date) -> bool:
    """Whether the certificate meets a requirement on that day.

    It does from `issued_on` through `expires_on`, before `revoked_from`, when verified and not withdrawn.
    """
    if facts.is_withdrawn or not facts.is_verified or facts.issued_on > on:
        return False
    end = first_uncounted_on(facts)
    return end is None or on < end


def certificate_status(facts: CertificateFacts, *, on: date) -> CertificateStatus:
    """The seed's status as derived on a day; precedence revoked, expired, pending verification, active.

    A withdrawn certificate reads as revoked. One whose first day lies ahead, or whose evidence was not accepted (yet),
    is pending verification. `active` is exactly `counts_on`.
    """
    if facts.is_withdrawn or (facts.revoked_from is not None and facts.revoked_from <= on):
        return CertificateStatus.REVOKED
    if facts.expires_on is not None and facts.expires_on < on:
        return CertificateStatus.EXPIRED
    if not counts_on(facts, on):
        return CertificateStatus.PENDING_VERIFICATION
    return CertificateStatus.ACTIVE


def days_to_expiry(facts: CertificateFacts, *, on: date) -> int | None:
    """Days from `on` to the last day it counts (0 on that day, negative afterwards); None when it never expires."""
    return None if facts.expires_on is None else (facts.expires_on - on).days


def earned_at(issued_on: date, recorded_at: datetime) -> datetime:
    """The instant after which something counts toward the next certificate and no longer toward this one.

    When it was recorded, if that was on the day of issue; the end of that day for one that was recorded later.
    """
    if recorded_at.date() == issued_on:
        return recorded_at
    return datetime.combine(issued_on, time.max, UTC)

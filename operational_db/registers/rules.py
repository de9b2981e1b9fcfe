"""What a government register says of a licence, as a standing; pure and without a clock.

Reading registers is in `imports.licences`; claiming entries in `service`.
"""

from datetime import date

from operational_db.types import RegisterStanding

CLEAR_WORDS = frozenset({"CLEAR", "ACTIVE"})
# What the certificate's revocation gives as its reason.
REVOKED_BY_REGISTER = "The register says that the licence was revoked."


def standing_of_status(status_text: str) -> RegisterStanding:
    """What the words of the status mean by themselves.

    Only what says so is revoked. Everything that is neither clear nor revoked (a bond or insurance suspension,
    inactive, cancelled, words nobody knows) is not in good standing and reads as suspended.
    """
    words = status_text.strip().upper()
    if words in CLEAR_WORDS:
        return RegisterStanding.CLEAR
    return RegisterStanding.REVOKED if "REVOK" in words else RegisterStanding.SUSPENDED


def standing_of(status_text: str, expires_on: date | None, read_on: date | None) -> RegisterStanding:
    """The standing of an entry as of the day the register was read: clear though past its last day is contradictory.

    Parameters
    ----------
    read_on
        The day of the register's file, not the day of its import: the same file always says the same.
    """
    standing = standing_of_status(status_text)
    is_over = expires_on is not None and read_on is not None and expires_on < read_on
    return RegisterStanding.CONTRADICTORY if standing is RegisterStanding.CLEAR and is_over else standing


def revoked_from(changed_on: date | None, issued_on: date, today: date) -> date:
    """The first day a revoked licence no longer counts: when the register changed it, else today."""
    day = today if changed_on is None else min(changed_on, today)
    return max(day, issued_on)

"""What an incident may say and how it is summed up. Pure."""

from collections.abc import Iterable
from datetime import datetime

from operational_db.errors import InvalidInputError

LONGEST_TITLE = 200
LONGEST_TEXT = 10_000


def require_times(started_at: datetime, ended_at: datetime | None, *, now: datetime) -> None:
    """An incident has begun when it is reported, and ended after it began.

    Raises
    ------
    InvalidInputError
        For an instant without a time zone, a start that lies ahead, or an end before the start or ahead.
    """
    for instant in (started_at, ended_at):
        if instant is not None and instant.tzinfo is None:
            raise InvalidInputError("Give times with their zone, such as 2026-11-02T09:30:00Z.")
    if started_at > now:
        raise InvalidInputError("The incident starts in the future. Correct its start.")
    if ended_at is not None and not started_at <= ended_at <= now:
        raise InvalidInputError("The incident ends before it starts, or in the future. Correct its end.")


def require_text(value: str, what: str, longest: int) -> str:
    """The trimmed text.

    Raises
    ------
    InvalidInputError
        When it is empty, or longer than `longest` characters.
    """
    text = value.strip()
    if not text or len(text) > longest:
        raise InvalidInputError(f"The {what} has 1 to {longest:,} characters; this one has {len(text):,}.")
    return text


def certified_counts(answers: Iterable[tuple[bool, bool]]) -> tuple[int, int]:
    """How many were certified as known then, and as known now; answers are (then, now) pairs."""
    pairs = list(answers)
    return sum(then for then, _ in pairs), sum(now for _, now in pairs)

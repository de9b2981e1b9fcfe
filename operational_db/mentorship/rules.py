"""The life cycle of a mentorship, who may move it, and what its texts may hold. Pure.

pending -> active | declined | expired | cancelled; active -> completed | cancelled. Source: training-platform seed
3.2.4; the days a request waits and the number of open ones are ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

from operational_db.errors import ConflictError, InvalidInputError
from operational_db.types import MentorshipSide, MentorshipStatus

# A request that nobody answers within these days expires.
ANSWER_WITHIN = timedelta(days=14)
# So many requests of hers may wait for an answer at a time; mentors shall not be asked by everybody at once.
MOST_OPEN_REQUESTS = 5
# So many requests and offers of one mentor may wait for an answer, or twice as many as she takes mentees: most of more
# could only expire, and each waits up to two weeks for it.
MOST_WAITING_REQUESTS = 10
# After a request that was declined, expired or taken back the two neither see nor may ask each other for so long.
AGAIN_AFTER = timedelta(days=90)
# A request made without naming a list is counted to the latest list of these days that had the mentor.
COUNTED_TO_SHOWING_WITHIN = timedelta(days=14)

LONGEST_LINE = 200
LONGEST_TEXT = 4000
MOST_LINES = 20
LONGEST_MONTHS = 60


class MentorshipStep(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"
    COMPLETE = "complete"
    CANCEL = "cancel"


_STEPS: Mapping[MentorshipStep, tuple[frozenset[MentorshipStatus], MentorshipStatus]] = {
    MentorshipStep.ACCEPT: (frozenset({MentorshipStatus.PENDING}), MentorshipStatus.ACTIVE),
    MentorshipStep.DECLINE: (frozenset({MentorshipStatus.PENDING}), MentorshipStatus.DECLINED),
    MentorshipStep.EXPIRE: (frozenset({MentorshipStatus.PENDING}), MentorshipStatus.EXPIRED),
    MentorshipStep.COMPLETE: (frozenset({MentorshipStatus.ACTIVE}), MentorshipStatus.COMPLETED),
    MentorshipStep.CANCEL: (
        frozenset({MentorshipStatus.PENDING, MentorshipStatus.ACTIVE}),
        MentorshipStatus.CANCELLED,
    ),
}

# The side that was asked answers; either of the two may complete or cancel what they share.
STEPS_OF_THE_ASKED = frozenset({MentorshipStep.ACCEPT, MentorshipStep.DECLINE})


def next_status(status: MentorshipStatus, step: MentorshipStep) -> MentorshipStatus:
    """The status after the step.

    Raises
    ------
    ConflictError
        When the mentorship is not in a state that allows the step.
    """
    allowed, result = _STEPS[step]
    if status not in allowed:
        expected = " or ".join(sorted(allowed))
        raise ConflictError(
            f"This mentorship is {status}; only one that is {expected} can be moved by {step}. Reload to see its state."
        )
    return result


def most_waiting(max_mentees: int) -> int:
    """How many requests and offers of a mentor may wait for an answer at a time."""
    return max(MOST_WAITING_REQUESTS, 2 * max_mentees)


def other_side(side: MentorshipSide) -> MentorshipSide:
    return MentorshipSide.MENTEE if side is MentorshipSide.MENTOR else MentorshipSide.MENTOR


def require_line(text: str, field: str) -> str:
    """One short line without spaces around it.

    Raises
    ------
    InvalidInputError
        When it is empty, too long or holds what cannot be printed.
    """
    line = text.strip()
    if not 0 < len(line) <= LONGEST_LINE or not line.isprintable():
        raise InvalidInputError(f"{field}: write 1 to {LONGEST_LINE} printable characters on one line.")
    return line


def require_lines(lines: Iterable[str], field: str) -> list[str]:
    """Short lines, each once, in the order given.

    Raises
    ------
    InvalidInputError
        When there are too many, or one cannot be.
    """
    kept = list(dict.fromkeys(require_line(line, field) for line in lines))
    if len(kept) > MOST_LINES:
        raise InvalidInputError(f"{field}: give up to {MOST_LINES} entries.")
    return kept


def optional_text(text: str | None, field: str) -> str | None:
    """A longer text of one of the two; nothing but spaces is none.

    Raises
    ------
    InvalidInputError
        When it is too long or holds characters that no text has.
    """
    kept = (text or "").strip()
    if len(kept) > LONGEST_TEXT or "\0" in kept:
        raise InvalidInputError(f"{field}: write up to {LONGEST_TEXT} characters.")
    return kept or None


def require_months(months: int | None, field: str = "duration_months") -> int | None:
    """Raises
    ------
    InvalidInputError
        When the number of months is not between 1 and 60.
    """
    if months is not None and not 1 <= months <= LONGEST_MONTHS:
        raise InvalidInputError(f"{field}: give 1 to {LONGEST_MONTHS} months, or leave it open.")
    return months


def require_stars(rating: int, field: str = "rating") -> int:
    """Raises
    ------
    InvalidInputError
        When the rating is not between 1 and 5.
    """
    if not 1 <= rating <= 5:
        raise InvalidInputError(f"{field}: give 1 to 5 stars.")
    return rating


def require_one_of(values: Sequence[str], allowed: type[StrEnum], field: str) -> list[str]:
    """The values, each once, in the order given.

    Raises
    ------
    InvalidInputError
        Naming the first that is not in the vocabulary, and the vocabulary.
    """
    known = {str(member.value) for member in allowed}
    for value in values:
        if value not in known:
            raise InvalidInputError(f"{field}: “{value}” is not known. Choose among {', '.join(sorted(known))}.")
    return list(dict.fromkeys(str(value) for value in values))

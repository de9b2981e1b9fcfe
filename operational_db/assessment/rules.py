"""How checks are shuffled and graded, and what keeps somebody from passing without reading (RSK-02).

Pure and without a clock. Passing is compared in whole numbers, so that no rounding decides at the threshold.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import TypeVar
from uuid import UUID

from operational_db.content.body import Decision, LessonBody, Question, Step
from operational_db.errors import ConflictError, InvalidInputError
from operational_db.types import LessonType

# Nobody reads a question with its options, and decides, in less.
SECONDS_PER_QUESTION = 3
SECONDS_PER_STEP = 1
# An attempt that is not handed in by then starts over.
ATTEMPT_LASTS = timedelta(hours=2)
# After so many failures in a row within the time, the next attempt waits, twice as long after each further one.
FAILURES_BEFORE_PAUSE = 3
FAILURES_WITHIN = timedelta(hours=24)
FIRST_PAUSE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=4)

Item = TypeVar("Item")


class TooFastError(ConflictError):
    """The answers came sooner than anybody could have read the questions."""

    code = "too_fast"


class CoolDownError(ConflictError):
    """Repeated failures: time to read before the next try."""

    code = "cool_down"


@dataclass(frozen=True)
class ItemResult:
    """How one question, decision or step went."""

    item_id: str
    is_right: bool
    chosen: tuple[str, ...]
    policy_code: str | None
    # What to read again: the slide a wrong answer goes back to.
    slide_id: str | None


@dataclass(frozen=True)
class Grade:
    """`score` is percent with two decimals, rounded down so that it never shows more than was reached."""

    score: Decimal
    is_passed: bool
    items: tuple[ItemResult, ...]
    # A harmful choice fails a simulation whatever its points.
    has_harmful_choice: bool = False


def shuffled(items: Sequence[Item], key: UUID, salt: str = "") -> tuple[Item, ...]:
    """The items in an order that depends on the key alone: the same attempt always shows the same order."""

    def place(index: int) -> bytes:
        return hashlib.sha256(f"{key}:{salt}:{index}".encode()).digest()

    return tuple(items[index] for index in sorted(range(len(items)), key=place))


def items_of(lesson_type: LessonType, body: LessonBody) -> tuple[Question | Decision | Step, ...]:
    """What an attempt goes through: questions, the decisions of a scenario, or the steps of a walkthrough.

    Raises
    ------
    InvalidInputError
        When there is nothing to go through, as in a course, which is taken in the catalogue.
    """
    items: tuple[Question | Decision | Step, ...] = ()
    match lesson_type:
        case LessonType.MICRO_LESSON | LessonType.QUIZ:
            items = body.graded_questions
        case LessonType.SIMULATION:
            items = body.scenario.decisions if body.scenario else ()
        case LessonType.WALKTHROUGH:
            items = body.steps
        case LessonType.COURSE:
            raise InvalidInputError("A course is taken in the catalogue. Enroll there.")
    if not items:
        raise InvalidInputError("The lesson has nothing to answer yet.")
    return items


def item_order(lesson_type: LessonType, body: LessonBody, attempt_id: UUID) -> list[str]:
    """Ids in the order shown: questions shuffled, decisions and steps as they follow from each other."""
    ids = [item.id for item in items_of(lesson_type, body)]
    return list(shuffled(ids, attempt_id)) if lesson_type in (LessonType.MICRO_LESSON, LessonType.QUIZ) else ids


def is_passing(reached: int, most: int, threshold: int) -> bool:
    """Whether `reached` out of `most` is at least `threshold` percent, exactly."""
    return most > 0 and reached * 100 >= threshold * most


def percent(reached: int, most: int) -> Decimal:
    return (Decimal(reached * 100) / Decimal(most)).quantize(Decimal("0.01"), ROUND_DOWN)


def require_answers(
    items: Sequence[Question | Decision | Step], answers: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """The answers, one list of option ids for every item, each option once.

    Raises
    ------
    InvalidInputError
        When an item is left out, unknown, or answered with an option it does not have.
    """
    wanted = {item.id for item in items}
    strange, absent = sorted(set(answers) - wanted), [item.id for item in items if item.id not in answers]
    if strange or absent:
        wrong = [f"{name} is not asked" for name in strange] + [f"{name} is not answered" for name in absent]
        raise InvalidInputError(f"The answers do not fit the attempt: {', '.join(wrong)}.")
    taken: dict[str, tuple[str, ...]] = {}
    for item in items:
        chosen = tuple(dict.fromkeys(answers[item.id]))
        known = _option_ids(item)
        unknown = [option for option in chosen if option not in known]
        if unknown:
            raise InvalidInputError(f"{item.id} has no option {', '.join(unknown)}.")
        if isinstance(item, Decision) and len(chosen) != 1:
            raise InvalidInputError(f"Choose one thing to do at {item.id}.")
        taken[item.id] = tuple(sorted(chosen))
    return taken


def _option_ids(item: Question | Decision | Step) -> frozenset[str]:
    if isinstance(item, Question):
        return frozenset(option.id for option in item.options)
    if isinstance(item, Decision):
        return frozenset(choice.id for choice in item.choices)
    return frozenset({"done"})


def grade(items: Sequence[Question | Decision | Step], answers: Mapping[str, tuple[str, ...]], threshold: int) -> Grade:
    """Grade an attempt: questions right or wrong, decisions by points, steps done or not.

    A walkthrough is passed when every step was done; a simulation never with a harmful choice.
    """
    reached = most = 0
    has_harmful_choice = False
    results: list[ItemResult] = []
    for item in items:
        chosen = answers[item.id]
        if isinstance(item, Question):
            is_right = frozenset(chosen) == item.right
            reached, most = reached + is_right, most + 1
            results.append(ItemResult(item.id, is_right, chosen, item.policy_code, item.slide_id))
        elif isinstance(item, Decision):
            choice = next(choice for choice in item.choices if choice.id == chosen[0])
            reached, most = reached + choice.points, most + item.most_points
            has_harmful_choice |= choice.is_harmful
            results.append(ItemResult(item.id, choice.points == item.most_points, chosen, item.policy_code, None))
        else:
            is_done = chosen == ("done",)
            reached, most = reached + is_done, most + 1
            results.append(ItemResult(item.id, is_done, chosen, None, None))
    needed = 100 if any(isinstance(item, Step) for item in items) else threshold
    is_passed = is_passing(reached, most, needed) and not has_harmful_choice
    return Grade(percent(reached, most), is_passed, tuple(results), has_harmful_choice)


def least_seconds(items: Sequence[Question | Decision | Step]) -> int:
    """The shortest time in which somebody can have read what was asked."""
    return sum(SECONDS_PER_STEP if isinstance(item, Step) else SECONDS_PER_QUESTION for item in items)


def require_plausible(items: Sequence[Question | Decision | Step], started_at: datetime, *, now: datetime) -> int:
    """Whole seconds since the attempt started.

    Raises
    ------
    TooFastError
        When nobody could have read the questions in that time.
    """
    seconds = int((now - started_at).total_seconds())
    least = least_seconds(items)
    if seconds < least:
        raise TooFastError(
            f"The answers came after {max(seconds, 0)} seconds. Read every question, then hand in again.",
            details={"least_seconds": least, "seconds": seconds},
        )
    return seconds


def may_try_again_at(failed_at: Sequence[datetime], *, now: datetime) -> datetime | None:
    """When the next attempt may start after failures in a row, or None when it may start now.

    Parameters
    ----------
    failed_at
        Instants of the failures since the last passed attempt, oldest first; only those of the last 24 hours matter.
    """
    recent = [instant for instant in failed_at if now - instant < FAILURES_WITHIN]
    if len(recent) < FAILURES_BEFORE_PAUSE:
        return None
    pause = min(FIRST_PAUSE * 2 ** (len(recent) - FAILURES_BEFORE_PAUSE), LONGEST_PAUSE)
    ready_at = recent[-1] + pause
    return ready_at if ready_at > now else None

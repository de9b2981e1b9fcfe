"""Read dataclasses of proficiency: the training somebody still has to do before an action is allowed."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from operational_db.types import LessonType


class TrainingReason(StrEnum):
    """What the list of lessons is: complete, not needed, or as far as it goes."""

    NOTHING_MISSING = "nothing_missing"
    LESSONS = "lessons"
    NO_RULE = "no_rule"
    NO_LESSON = "no_lesson"


@dataclass(frozen=True)
class LessonStep:
    """A lesson to take, with its minutes and the requirement (scope or track) it is first of all taken for."""

    lesson_id: UUID
    code: str
    title: str
    lesson_type: LessonType
    minutes: Decimal
    for_scope: str


@dataclass(frozen=True)
class RequiredTraining:
    """The fewest lessons that make every unmet requirement of an action met; `unreachable` has no published lesson."""

    lessons: tuple[LessonStep, ...]
    estimated_minutes: Decimal
    reason: TrainingReason
    missing: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()

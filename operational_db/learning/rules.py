"""Who may enroll, how far along an enrollment is, and when it is passed.

Pure and without a clock: callers gather the facts under a lock and ask here. Source: training-platform seed 3.2.1.1.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from operational_db.errors import (
    ConflictError,
    CourseFullError,
    DomainError,
    EnrollmentClosedError,
    InvalidInputError,
    PrerequisiteMissingError,
)
from operational_db.types import CourseStatus, PricingModel

HUNDREDTH = Decimal("0.01")
MINUTES_OF_A_DAY = 24 * 60


@dataclass(frozen=True, kw_only=True)
class EnrollmentFacts:
    """What decides whether a person may enroll, read while the course's row is locked."""

    title: str
    status: CourseStatus
    enrollment_deadline: datetime | None
    # None when the number of seats is not limited.
    available_seats: int | None
    # Names of the courses and certifications the person still lacks.
    missing_prerequisites: tuple[str, ...]
    # The cycle the person has open in this course.
    open_cycle_number: int | None
    pricing_model: PricingModel
    has_sponsor: bool


def enrollment_obstacle(facts: EnrollmentFacts, *, now: datetime) -> DomainError | None:
    """The first reason that speaks against enrolling now, or None.

    The deadline is the last instant at which enrolling is possible. Order: what never changes for this person first,
    the seats last, so that "full" is said only to those who could otherwise enroll.
    """
    if facts.status is not CourseStatus.PUBLISHED:
        return EnrollmentClosedError(
            f"'{facts.title}' is {facts.status} and takes no enrollments. Choose another course."
        )
    if facts.open_cycle_number is not None:
        return ConflictError(
            f"Already enrolled in '{facts.title}' (cycle {facts.open_cycle_number}). "
            "Finish or drop that enrollment first.",
            details={"cycle_number": facts.open_cycle_number},
        )
    if facts.enrollment_deadline is not None and now > facts.enrollment_deadline:
        return EnrollmentClosedError(
            f"Enrollment in '{facts.title}' closed at {facts.enrollment_deadline.isoformat()}. Choose another session."
        )
    if facts.missing_prerequisites:
        return PrerequisiteMissingError(
            f"'{facts.title}' requires {', '.join(facts.missing_prerequisites)} first. Complete that, then enroll.",
            details={"missing": list(facts.missing_prerequisites)},
        )
    if facts.pricing_model is PricingModel.EMPLOYER_PAID and not facts.has_sponsor:
        return EnrollmentClosedError(
            f"'{facts.title}' is paid by employers. Name the organization that sponsors the enrollment."
        )
    if facts.available_seats is not None and facts.available_seats <= 0:
        return CourseFullError(f"All seats of '{facts.title}' are taken. Choose another session or try again later.")
    return None


def available_seats(max_enrollment: int | None, open_enrollment_count: int) -> int | None:
    """Seats left: the limit less the open enrollments, never below 0; None without a limit (seed: available_seats)."""
    return None if max_enrollment is None else max(max_enrollment - open_enrollment_count, 0)


def next_cycle(cycle_numbers: Iterable[int]) -> int:
    """The number of a person's next enrollment in a course, counted from 1; gaps are not filled."""
    return max(cycle_numbers, default=0) + 1


def progress_pct(done_required: int, total_required: int) -> Decimal:
    """How much of what is required is done, 0-100 with two decimals, rounded down so that 100 means all of it.

    Required are the required modules and the required assessments (done when passed). 0 when nothing is required: such
    a course is finished by an instructor's word.

    Raises
    ------
    ValueError
        When more is done than required, or a count is negative.
    """
    if not 0 <= done_required <= total_required:
        raise ValueError("Done steps lie between 0 and the number of required steps.")
    if total_required == 0:
        return Decimal("0.00")
    return Decimal(done_required * 10_000 // total_required) / 100


def is_passing(score: Decimal, passing_score: Decimal | int, minimum: Decimal | None = None) -> bool:
    """Whether a score in percent reaches the assessment's threshold, and the assignment's minimum when one is set."""
    return score >= passing_score and (minimum is None or score >= minimum)


def final_score(best_scores: Iterable[Decimal]) -> Decimal | None:
    """The mean of the best score of every required assessment, two decimals half up; None when none was scored."""
    scores = list(best_scores)
    if not scores:
        return None
    return (sum(scores, Decimal(0)) / len(scores)).quantize(HUNDREDTH, ROUND_HALF_UP)


def is_finished(
    *, required_modules: int, done_modules: int, required_assessments: int, passed_assessments: int
) -> bool:
    """Whether an enrollment completes by itself: something is required, and all of it is done and passed."""
    has_steps = required_modules + required_assessments > 0
    return has_steps and done_modules >= required_modules and passed_assessments >= required_assessments


def next_attempt_number(numbers: Collection[int], attempts_allowed: int | None, title: str) -> int:
    """The number of the next attempt, counted from 1.

    Raises
    ------
    ConflictError
        When every allowed attempt is used up.
    """
    if attempts_allowed is not None and len(numbers) >= attempts_allowed:
        raise ConflictError(
            f"All {attempts_allowed} attempts at '{title}' are used. Ask the instructor to close this enrollment, "
            "then take the course again.",
            details={"attempts_allowed": attempts_allowed},
        )
    return max(numbers, default=0) + 1


def require_percent(score: Decimal) -> Decimal:
    """The score with two decimals.

    Raises
    ------
    InvalidInputError
        When it does not lie between 0 and 100.
    """
    if not score.is_finite() or not 0 <= score <= 100:
        raise InvalidInputError("A score is a percentage from 0 to 100.")
    return score.quantize(HUNDREDTH, ROUND_HALF_UP)


def require_minutes(minutes: int | None) -> int | None:
    """Minutes spent in one go.

    Raises
    ------
    InvalidInputError
        When they are negative or more than a day has.
    """
    if minutes is not None and not 0 <= minutes <= MINUTES_OF_A_DAY:
        raise InvalidInputError(f"Time spent lies between 0 and {MINUTES_OF_A_DAY} minutes.")
    return minutes

"""Enrolling, progress and passing at and around every boundary."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.errors import (
    ConflictError,
    CourseFullError,
    DomainError,
    EnrollmentClosedError,
    InvalidInputError,
    PrerequisiteMissingError,
)
from operational_db.learning import rules
from operational_db.types import CourseStatus, PricingModel

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SCORES = st.decimals(0, 100, places=2)
FREE_TO_ENROLL = rules.EnrollmentFacts(
    title="Pit safety",
    status=CourseStatus.PUBLISHED,
    enrollment_deadline=None,
    available_seats=None,
    missing_prerequisites=(),
    open_cycle_number=None,
    pricing_model=PricingModel.FREE,
    has_sponsor=False,
)


class TestEnrollmentObstacle:
    """LMS-06."""

    @pytest.mark.parametrize(
        ("facts", "error"),
        [
            (replace(FREE_TO_ENROLL, status=CourseStatus.DRAFT), EnrollmentClosedError),
            (replace(FREE_TO_ENROLL, status=CourseStatus.ARCHIVED), EnrollmentClosedError),
            (replace(FREE_TO_ENROLL, open_cycle_number=2), ConflictError),
            (replace(FREE_TO_ENROLL, enrollment_deadline=NOW - timedelta(microseconds=1)), EnrollmentClosedError),
            (replace(FREE_TO_ENROLL, missing_prerequisites=("Electrical basics",)), PrerequisiteMissingError),
            (replace(FREE_TO_ENROLL, pricing_model=PricingModel.EMPLOYER_PAID), EnrollmentClosedError),
            (replace(FREE_TO_ENROLL, available_seats=0), CourseFullError),
        ],
    )
    def test_each_obstacle_alone_speaks_against_it(
        self, facts: rules.EnrollmentFacts, error: type[DomainError]
    ) -> None:
        assert type(rules.enrollment_obstacle(facts, now=NOW)) is error

    @pytest.mark.parametrize(
        "facts",
        [
            FREE_TO_ENROLL,
            replace(FREE_TO_ENROLL, enrollment_deadline=NOW),
            replace(FREE_TO_ENROLL, available_seats=1),
            replace(FREE_TO_ENROLL, pricing_model=PricingModel.EMPLOYER_PAID, has_sponsor=True),
            replace(FREE_TO_ENROLL, pricing_model=PricingModel.PAID),
            replace(FREE_TO_ENROLL, pricing_model=PricingModel.SUBSCRIPTION),
        ],
    )
    def test_nothing_speaks_against_it_on_the_near_side_of_each_boundary(self, facts: rules.EnrollmentFacts) -> None:
        assert rules.enrollment_obstacle(facts, now=NOW) is None

    def test_full_is_said_last(self) -> None:
        facts = replace(FREE_TO_ENROLL, available_seats=0, missing_prerequisites=("Electrical basics",))
        assert isinstance(rules.enrollment_obstacle(facts, now=NOW), PrerequisiteMissingError)

    def test_what_is_missing_is_named(self) -> None:
        facts = replace(FREE_TO_ENROLL, missing_prerequisites=("Electrical basics", "First aid"))
        obstacle = rules.enrollment_obstacle(facts, now=NOW)
        assert obstacle is not None
        assert "Electrical basics, First aid" in obstacle.message
        assert obstacle.details == {"missing": ["Electrical basics", "First aid"]}


@given(st.one_of(st.none(), st.integers(0, 10_000)), st.integers(0, 10_000))
def test_seats_are_never_negative_and_never_more_than_the_limit(limit: int | None, taken: int) -> None:
    seats = rules.available_seats(limit, taken)
    if limit is None:
        assert seats is None
    else:
        assert seats == max(limit - taken, 0)


@given(st.lists(st.integers(1, 50), unique=True))
def test_the_next_cycle_is_above_every_earlier_one(cycles: list[int]) -> None:
    following = rules.next_cycle(cycles)
    assert following >= 1
    assert all(following > cycle for cycle in cycles)
    assert following == 1 or following - 1 in cycles


class TestProgress:
    """LMS-10."""

    @given(st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
    def test_it_grows_with_every_step_and_is_100_only_at_the_end(self, steps: tuple[int, int]) -> None:
        done, total = steps
        percent = rules.progress_pct(done, total)
        assert 0 <= percent <= 100
        assert (percent == 100) == (done == total)
        assert done == 0 or rules.progress_pct(done - 1, total) < percent

    @pytest.mark.parametrize(
        ("done", "total", "percent"), [(0, 0, "0"), (0, 3, "0"), (1, 3, "33.33"), (2, 3, "66.66"), (3, 3, "100")]
    )
    def test_it_is_rounded_down(self, done: int, total: int, percent: str) -> None:
        assert rules.progress_pct(done, total) == Decimal(percent)

    @pytest.mark.parametrize(("done", "total"), [(2, 1), (-1, 1), (1, 0)])
    def test_more_than_everything_is_a_programming_error(self, done: int, total: int) -> None:
        with pytest.raises(ValueError, match="Done steps"):
            rules.progress_pct(done, total)


class TestPassing:
    @pytest.mark.parametrize(
        ("score", "minimum", "is_passing"),
        [
            ("69.99", None, False),
            ("70", None, True),
            ("70.01", None, True),
            ("79.99", "80", False),
            ("80", "80", True),
            ("69", "60", False),
        ],
    )
    def test_both_thresholds_are_reached_or_not(self, score: str, minimum: str | None, is_passing: bool) -> None:
        least = None if minimum is None else Decimal(minimum)
        assert rules.is_passing(Decimal(score), 70, least) is is_passing

    @given(SCORES, SCORES, st.integers(0, 100))
    def test_a_better_score_never_loses_a_pass(self, one: Decimal, other: Decimal, threshold: int) -> None:
        low, high = sorted((one, other))
        assert rules.is_passing(high, threshold) or not rules.is_passing(low, threshold)


class TestFinalScore:
    @given(st.lists(SCORES, min_size=1, max_size=20))
    def test_it_lies_between_the_lowest_and_highest_best_score(self, scores: list[Decimal]) -> None:
        final = rules.final_score(scores)
        assert final is not None
        assert min(scores) <= final <= max(scores)

    def test_half_a_hundredth_is_rounded_up(self) -> None:
        assert rules.final_score([Decimal("80.00"), Decimal("80.01")]) == Decimal("80.01")

    def test_without_a_score_there_is_none(self) -> None:
        assert rules.final_score([]) is None


class TestFinished:
    @pytest.mark.parametrize(
        ("required", "done", "assessments", "passed", "is_finished"),
        [
            (2, 2, 1, 1, True),
            (2, 1, 1, 1, False),
            (2, 2, 1, 0, False),
            (2, 2, 0, 0, True),
            (0, 0, 1, 1, True),
            (0, 0, 0, 0, False),
        ],
    )
    def test_everything_required_is_done(
        self, required: int, done: int, assessments: int, passed: int, is_finished: bool
    ) -> None:
        assert (
            rules.is_finished(
                required_modules=required,
                done_modules=done,
                required_assessments=assessments,
                passed_assessments=passed,
            )
            is is_finished
        )


class TestAttempts:
    @pytest.mark.parametrize(("used", "allowed", "number"), [([], 3, 1), ([1, 2], 3, 3), ([1, 2, 3], None, 4)])
    def test_the_next_number_follows_the_last(self, used: list[int], allowed: int | None, number: int) -> None:
        assert rules.next_attempt_number(used, allowed, "Exam") == number

    def test_a_used_up_allowance_is_refused(self) -> None:
        with pytest.raises(ConflictError, match="All 3 attempts"):
            rules.next_attempt_number([1, 2, 3], 3, "Exam")


@pytest.mark.parametrize("score", ["-0.01", "100.01", "NaN", "Infinity"])
def test_a_score_outside_percent_is_refused(score: str) -> None:
    with pytest.raises(InvalidInputError):
        rules.require_percent(Decimal(score))


@pytest.mark.parametrize("score", ["0", "100", "55.555"])
def test_a_score_has_two_decimals(score: str) -> None:
    assert rules.require_percent(Decimal(score)).as_tuple().exponent == -2


@pytest.mark.parametrize("minutes", [-1, 1441])
def test_time_outside_a_day_is_refused(minutes: int) -> None:
    with pytest.raises(InvalidInputError):
        rules.require_minutes(minutes)


@pytest.mark.parametrize("minutes", [None, 0, 1440])
def test_time_within_a_day_is_taken(minutes: int | None) -> None:
    assert rules.require_minutes(minutes) == minutes

"""Grading at the boundary, shuffling, and what keeps somebody from passing without reading."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.assessment import rules
from operational_db.content.body import Decision, LessonBody, Question, parse_body
from operational_db.content.seed_data_export import MICRO_LESSON, SIMULATION, WALKTHROUGH
from operational_db.errors import InvalidInputError
from operational_db.types import LessonType

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
KEY = UUID(int=7)


def questions(count: int) -> list[Question]:
    return [
        Question.model_validate(
            {
                "id": f"q{number}",
                "prompt": {"en": "Which?"},
                "options": [{"id": name, "text": {"en": name}} for name in "abc"],
                "right": ["a"],
                "explanation": {"en": "Because."},
            }
        )
        for number in range(count)
    ]


def answered(items: list[Question], right: int) -> dict[str, tuple[str, ...]]:
    return {item.id: ("a",) if place < right else ("b",) for place, item in enumerate(items)}


def simulation() -> tuple[Decision, ...]:
    body = parse_body(LessonType.SIMULATION, SIMULATION.body)
    assert body.scenario is not None
    return body.scenario.decisions


@pytest.mark.requirement("EMB-03")
class TestGrade:
    @pytest.mark.parametrize(
        ("right", "total", "score", "is_passed"),
        [
            (4, 5, "80.00", True),
            (3, 5, "60.00", False),
            (3, 4, "75.00", False),
            (4, 4, "100.00", True),
            (8, 10, "80.00", True),
            (7, 10, "70.00", False),
            (7, 9, "77.77", False),
            (2, 3, "66.66", False),
            (0, 3, "0.00", False),
        ],
    )
    def test_eighty_percent_passes_and_less_does_not(self, right: int, total: int, score: str, is_passed: bool) -> None:
        items = questions(total)
        grade = rules.grade(items, answered(items, right), 80)
        assert (grade.score, grade.is_passed) == (Decimal(score), is_passed)

    @given(st.integers(1, 1000), st.data(), st.integers(0, 100))
    def test_no_rounding_decides(self, most: int, data: st.DataObject, threshold: int) -> None:
        reached = data.draw(st.integers(0, most))
        assert rules.is_passing(reached, most, threshold) == (Decimal(reached) / most * 100 >= threshold)
        assert rules.percent(reached, most) * most <= 100 * reached

    def test_a_question_with_two_right_answers_needs_exactly_both(self) -> None:
        body = parse_body(LessonType.MICRO_LESSON, MICRO_LESSON.body)
        question = next(each for each in body.quiz if len(each.right) == 2)
        for chosen in (tuple(sorted(question.right)), tuple(question.right)[:1], tuple(o.id for o in question.options)):
            grade = rules.grade([question], {question.id: chosen}, 80)
            assert grade.is_passed is (frozenset(chosen) == question.right)

    def test_a_harmful_choice_fails_a_simulation_whatever_its_points(self) -> None:
        decisions = simulation()
        best = {d.id: (max(d.choices, key=lambda choice: choice.points).id,) for d in decisions}
        assert rules.grade(decisions, best, 80).is_passed
        harmful = next(choice for choice in decisions[-1].choices if choice.is_harmful)
        grade = rules.grade(decisions, {**best, decisions[-1].id: (harmful.id,)}, 10)
        assert (grade.is_passed, grade.has_harmful_choice) == (False, True)
        assert grade.score == Decimal("75.00")

    def test_a_walkthrough_needs_every_step(self) -> None:
        steps = parse_body(LessonType.WALKTHROUGH, WALKTHROUGH.body).steps
        done: dict[str, tuple[str, ...]] = {step.id: ("done",) for step in steps}
        assert rules.grade(steps, done, 0).is_passed
        assert not rules.grade(steps, {**done, steps[2].id: ()}, 0).is_passed


class TestAnswers:
    @pytest.mark.parametrize(
        ("answers", "problem"),
        [
            ({"q0": ["a"]}, "q1 is not answered"),
            ({"q0": ["a"], "q1": ["a"], "q2": ["a"]}, "q2 is not asked"),
            ({"q0": ["a"], "q1": ["z"]}, "q1 has no option z"),
            ({}, "q0 is not answered, q1 is not answered"),
        ],
    )
    def test_must_fit_the_questions(self, answers: dict[str, list[str]], problem: str) -> None:
        with pytest.raises(InvalidInputError, match=problem):
            rules.require_answers(questions(2), answers)

    def test_a_decision_takes_one_choice(self) -> None:
        decisions = simulation()
        answers = {decision.id: [choice.id for choice in decision.choices] for decision in decisions}
        with pytest.raises(InvalidInputError, match="Choose one thing"):
            rules.require_answers(decisions, answers)

    def test_repeated_options_count_once_in_any_order(self) -> None:
        taken = rules.require_answers(questions(1), {"q0": ["b", "a", "b"]})
        assert taken == {"q0": ("a", "b")}


class TestShuffling:
    @given(st.uuids(), st.integers(0, 12))
    def test_is_the_same_for_the_same_attempt_and_loses_nothing(self, key: UUID, count: int) -> None:
        items = list(range(count))
        assert rules.shuffled(items, key) == rules.shuffled(items, key)
        assert sorted(rules.shuffled(items, key)) == items

    def test_differs_between_attempts(self) -> None:
        orders = {rules.shuffled(range(4), UUID(int=number)) for number in range(200)}
        assert len(orders) == 24

    def test_decisions_keep_their_order(self) -> None:
        body: LessonBody = parse_body(LessonType.SIMULATION, SIMULATION.body)
        assert rules.item_order(LessonType.SIMULATION, body, KEY) == [decision.id for decision in simulation()]


@pytest.mark.requirement("RSK-02")
class TestFraud:
    @pytest.mark.parametrize(
        ("seconds", "is_plausible"), [(-5, False), (0, False), (11, False), (12, True), (600, True)]
    )
    def test_four_questions_take_twelve_seconds(self, seconds: int, is_plausible: bool) -> None:
        started_at = NOW - timedelta(seconds=seconds)
        if is_plausible:
            assert rules.require_plausible(questions(4), started_at, now=NOW) == seconds
        else:
            with pytest.raises(rules.TooFastError):
                rules.require_plausible(questions(4), started_at, now=NOW)

    @pytest.mark.parametrize(
        ("minutes_ago", "wait"),
        [
            ([], None),
            ([1], None),
            ([2, 1], None),
            ([3, 2, 1], 14),
            ([60, 50, 15], None),
            ([60, 50, 14], 1),
            ([4, 3, 2, 1], 29),
            ([6, 5, 4, 3, 2, 1, 0], 240),
            ([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], 240),
            ([25 * 60, 24 * 60, 1], None),
        ],
    )
    def test_failures_in_a_row_pause_for_longer_and_longer(self, minutes_ago: list[int], wait: int | None) -> None:
        failed_at = [NOW - timedelta(minutes=minutes) for minutes in minutes_ago]
        expected = None if wait is None else NOW + timedelta(minutes=wait)
        assert rules.may_try_again_at(failed_at, now=NOW) == expected

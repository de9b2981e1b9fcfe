"""The life cycle of a mentorship: every step from every state."""

from itertools import product

import pytest

from operational_db.errors import ConflictError, InvalidInputError
from operational_db.mentorship import rules
from operational_db.mentorship.rules import MentorshipStep, next_status
from operational_db.types import MentorshipSide, MentorshipStatus, Specialization

ALLOWED = {
    (MentorshipStatus.PENDING, MentorshipStep.ACCEPT): MentorshipStatus.ACTIVE,
    (MentorshipStatus.PENDING, MentorshipStep.DECLINE): MentorshipStatus.DECLINED,
    (MentorshipStatus.PENDING, MentorshipStep.EXPIRE): MentorshipStatus.EXPIRED,
    (MentorshipStatus.PENDING, MentorshipStep.CANCEL): MentorshipStatus.CANCELLED,
    (MentorshipStatus.ACTIVE, MentorshipStep.COMPLETE): MentorshipStatus.COMPLETED,
    (MentorshipStatus.ACTIVE, MentorshipStep.CANCEL): MentorshipStatus.CANCELLED,
}


@pytest.mark.parametrize(("status", "step"), list(product(MentorshipStatus, MentorshipStep)))
def test_only_the_stated_steps_are_taken(status: MentorshipStatus, step: MentorshipStep) -> None:
    if (status, step) in ALLOWED:
        assert next_status(status, step) is ALLOWED[status, step]
    else:
        with pytest.raises(ConflictError, match=f"is {status};"):
            next_status(status, step)


@pytest.mark.parametrize(("places", "waiting"), [(0, 10), (1, 10), (5, 10), (6, 12), (50, 100)])
def test_more_places_let_more_requests_wait(places: int, waiting: int) -> None:
    assert rules.most_waiting(places) == waiting


def test_each_side_has_the_other() -> None:
    assert [rules.other_side(side) for side in MentorshipSide] == list(reversed(MentorshipSide))


@pytest.mark.parametrize("text", ["", "   ", "x" * 201, "two\nlines", "bell\x07"])
def test_a_line_is_short_and_printable(text: str) -> None:
    with pytest.raises(InvalidInputError, match="goals: write 1 to 200"):
        rules.require_line(text, "goals")


def test_lines_are_kept_once_in_order_and_limited() -> None:
    assert rules.require_lines([" b ", "a", "b"], "goals") == ["b", "a"]
    assert len(rules.require_lines([str(n) for n in range(20)], "goals")) == 20
    with pytest.raises(InvalidInputError, match="goals: give up to 20"):
        rules.require_lines([str(n) for n in range(21)], "goals")


def test_a_text_of_spaces_is_none_and_a_long_one_is_refused() -> None:
    assert rules.optional_text("  ", "note") is None
    assert rules.optional_text(" a\nb ", "note") == "a\nb"
    with pytest.raises(InvalidInputError, match="note: write up to 4000"):
        rules.optional_text("x" * 4001, "note")


@pytest.mark.parametrize(("months", "is_fine"), [(None, True), (0, False), (1, True), (60, True), (61, False)])
def test_months(months: int | None, is_fine: bool) -> None:
    if is_fine:
        assert rules.require_months(months) == months
    else:
        with pytest.raises(InvalidInputError, match="duration_months: give 1 to 60"):
            rules.require_months(months)


@pytest.mark.parametrize(("stars", "is_fine"), [(0, False), (1, True), (5, True), (6, False)])
def test_stars(stars: int, is_fine: bool) -> None:
    if is_fine:
        assert rules.require_stars(stars) == stars
    else:
        with pytest.raises(InvalidInputError, match="rating: give 1 to 5"):
            rules.require_stars(stars)


def test_words_outside_the_vocabulary_are_named_with_it() -> None:
    with pytest.raises(InvalidInputError, match=r"specializations: “elevatorz” is not known.*traction_elevators"):
        rules.require_one_of(["boilers", "elevatorz"], Specialization, "specializations")

"""A goal in somebody's own words and the names of paths, courses and certifications."""

import pytest

from models.recommending.goals import means, significant_words


@pytest.mark.parametrize(
    ("wish", "name", "is_meant"),
    [
        ("Become a licensed elevator inspector", "Elevator inspector", True),
        ("elevator inspectors", "Elevator Inspector", True),
        ("Hydraulics", "Hydraulic elevators", True),
        ("Hydraulic elevators", "hydraulics", False),
        ("Become an inspector of boilers", "Elevator inspector", False),
        ("Better job", "Elevator inspector", False),
        ("", "Elevator inspector", False),
        ("Elevator inspector", "", False),
        ("Work on elevators", "Elevators", True),
    ],
)
def test_means(wish: str, name: str, is_meant: bool) -> None:
    assert means(wish, name) is is_meant


def test_idle_words_say_nothing() -> None:
    assert significant_words("I want to get better at my job") == frozenset()

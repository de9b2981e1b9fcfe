"""How numbers, shares and dates read on a page."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.dashboards import formats
from app.dashboards.chips import CHIPS, chip_of

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(None, 0, "–"), (0, 0, "0"), (999, 0, "999"), (1204551, 0, "1\u202f204\u202f551"), (1234.56, 1, "1\u202f234.6")],
)
def test_numbers_have_thin_separators(value: float | None, decimals: int, text: str) -> None:
    assert formats.to_number(value, decimals) == text


def test_a_share_that_cannot_be_known_is_a_dash_and_not_zero() -> None:
    assert formats.to_percent(None) == "–"
    assert formats.to_percent(0) == "0\u202f%"
    assert formats.to_percent(0.4421, 1) == "44.2\u202f%"
    assert formats.to_parts(460, 500) == "460 of 500"


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [
        (1, 0, "100"), (0.995, 0, "99.5"), (0.998, 0, "99.8"), (0.9996, 0, "99.96"), (0.9996, 1, "99.96"),
        (0.99, 0, "99"), (0.005, 0, "0.5"), (0.0049, 0, "0.5"), (0.01, 0, "1"), (-0.001, 0, "0"), (1.004, 0, "100"),
        (1 - 1e-12, 0, "100"), (1e-12, 1, "0.0"),
    ],
)  # fmt: skip
def test_a_part_never_reads_as_none_or_as_all(share: float, decimals: int, text: str) -> None:
    assert formats.to_percent(share, decimals) == f"{text}\u202f%"


@given(part=st.integers(0, 100_000), whole=st.integers(1, 100_000), decimals=st.integers(0, 2))
def test_of_up_to_a_hundred_thousand_only_none_reads_0_and_only_all_100(part: int, whole: int, decimals: int) -> None:
    part = min(part, whole)
    told = float(formats.to_percent(part / whole, decimals).removesuffix("\u202f%"))
    assert (told == 0, told == 100) == (part == 0, part == whole)
    assert abs(told - 100 * part / whole) <= 0.5 / 10**decimals + 1e-9


@given(value=st.floats(-1000, 1000), decimals=st.integers(0, 2))
@example(value=-0.04, decimals=1)
@example(value=-0.0, decimals=0)
def test_zero_has_no_minus(value: float, decimals: int) -> None:
    texts = formats.to_number(value, decimals), formats.to_percent(value / 100, decimals)
    for text in (*texts, formats.to_points(value / 100) or ""):
        digits = text.removesuffix(" points").removesuffix("\u202f%").replace("\u202f", "").replace("−", "-")
        assert float(digits) != 0 or not digits.startswith("-")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 12, 3), "3 Dec 2026 (in 12 days)"),
        (date(2026, 11, 22), "22 Nov 2026 (in 1 day)"),
        (TODAY, "21 Nov 2026 (today)"),
        (date(2026, 11, 20), "20 Nov 2026 (1 day ago)"),
        (None, "–"),
    ],
)
def test_dates_carry_their_distance(value: date | None, text: str) -> None:
    assert formats.to_relative_day(value, TODAY) == text


def test_instants_read_in_the_viewers_zone() -> None:
    at = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
    assert formats.to_instant(at, ZoneInfo("America/New_York")) == "21 Nov 2026 20:30"
    assert formats.to_instant(None, ZoneInfo("UTC")) == "–"


def test_changes_are_signed_points() -> None:
    assert formats.to_points(0.0142) == "+1.4 points"
    assert formats.to_points(-0.03) == "−3.0 points"
    assert formats.to_points(-0.0004) == "+0.0 points"
    assert formats.to_points(None) is None


def test_small_words() -> None:
    assert formats.to_plural(1, "person", "people") == "1 person"
    assert formats.to_plural(2, "person", "people") == "2 people"
    assert formats.to_plural(3, "course") == "3 courses"
    assert formats.to_words("in_progress") == "In progress"
    assert formats.to_words("ux") == "UX"
    assert formats.to_hours(90) == "1.5\u202fh"
    assert formats.to_month(TODAY) == "Nov 2026"


def test_every_chip_has_icon_and_word_so_that_colour_never_stands_alone() -> None:
    for chip in CHIPS.values():
        assert chip.word
        assert chip.glyph
        assert chip.markdown == f":{chip.color}-badge[:material/{chip.icon}: {chip.word}]"


def test_an_unknown_status_is_shown_in_words_and_a_missing_one_as_not_required() -> None:
    assert chip_of("some_new_state").word == "Some new state"
    assert chip_of(None).word == "Not required"

"""Amounts, paid time and first days, at and around every boundary."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from operational_db.errors import InvalidInputError
from operational_db.roi.rules import (
    CENT,
    FIRST_DAY,
    LARGEST_AMOUNT,
    LARGEST_WAGE,
    cost_of_minutes,
    require_amount,
    require_start,
)

TODAYS = st.dates(date(2020, 1, 1), date(2090, 12, 31))
WAGES = st.decimals(CENT, LARGEST_WAGE, places=2)
MINUTES = st.integers(1, 10_000)


class TestRequireStart:
    @pytest.mark.parametrize(
        ("today", "last"),
        [
            (date(2026, 1, 31), date(2027, 1, 31)),
            (date(2027, 2, 28), date(2028, 2, 28)),
            (date(2028, 2, 29), date(2029, 2, 28)),
        ],
    )
    def test_it_lies_at_most_a_year_ahead(self, today: date, last: date) -> None:
        assert require_start(last, today=today) == last
        with pytest.raises(InvalidInputError):
            require_start(last + timedelta(days=1), today=today)

    @given(today=TODAYS, days=st.integers(0, 364))
    def test_every_day_of_the_year_ahead_will_do(self, today: date, days: int) -> None:
        day = today + timedelta(days=days)
        assert require_start(day, today=today) == day

    def test_nothing_began_before_1990(self) -> None:
        assert require_start(FIRST_DAY, today=date(2026, 1, 1)) == FIRST_DAY
        with pytest.raises(InvalidInputError):
            require_start(FIRST_DAY - timedelta(days=1), today=date(2026, 1, 1))


class TestRequireAmount:
    @given(amount=st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(-5, LARGEST_AMOUNT + 5, places=2))
    @example(amount=Decimal("-0.0"))
    @example(amount=LARGEST_AMOUNT + CENT)
    def test_whole_cents_up_to_the_largest_and_nothing_else(self, amount: Decimal) -> None:
        is_money = amount.is_finite() and 0 <= amount <= LARGEST_AMOUNT and Fraction(amount) * 100 % 1 == 0
        if is_money:
            kept = require_amount(amount, "amount")
            # As it is read back: two decimals, and no minus before zero.
            assert (kept, str(kept)) == (amount, f"{abs(amount):.2f}")
        else:
            with pytest.raises(InvalidInputError):
                require_amount(amount, "amount")


class TestCostOfMinutes:
    @given(minutes=MINUTES, wage=WAGES)
    def test_is_the_nearest_cent_and_halves_go_up(self, minutes: int, wage: Decimal) -> None:
        sixtieths = (cost_of_minutes(minutes, wage) * 60 - wage * minutes) / CENT
        assert -30 < sixtieths <= 30

    @given(first=MINUTES, second=MINUTES, wage=WAGES)
    def test_paid_in_two_parts_it_differs_by_a_cent_at_most(self, first: int, second: int, wage: Decimal) -> None:
        parts = cost_of_minutes(first, wage) + cost_of_minutes(second, wage)
        assert abs(parts - cost_of_minutes(first + second, wage)) <= CENT

    @given(minutes=MINUTES, more=st.integers(0, 500), wage=WAGES)
    def test_more_time_never_costs_less(self, minutes: int, more: int, wage: Decimal) -> None:
        assert cost_of_minutes(minutes, wage) <= cost_of_minutes(minutes + more, wage)

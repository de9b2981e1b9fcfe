"""Continuing education: each activity counts for one cycle, once; what goes into the next cycle follows the rule."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.credentials.ce_rules import (
    CeTerms,
    Credit,
    Cycle,
    carried_out,
    cycle_index,
    format_credits,
    require_valid_credit,
    standing_of,
)
from operational_db.credentials.rules import expires_on
from operational_db.errors import InvalidInputError

FIRST = Cycle(date(2024, 2, 29), date(2026, 2, 28))
SECOND = Cycle(date(2026, 2, 28), date(2028, 2, 28))
LINE = (FIRST, SECOND)


def credit(day: date, amount: str = "1") -> Credit:
    return Credit(Decimal(amount), day)


class TestCycle:
    @pytest.mark.parametrize(
        ("day", "index"),
        [
            (date(2024, 2, 28), None),
            (date(2024, 2, 29), 0),
            (date(2026, 2, 27), 0),
            # The day of the renewal still belongs to the cycle it ends.
            (date(2026, 2, 28), 0),
            (date(2026, 3, 1), 1),
            (date(2028, 2, 28), 1),
            # Late, and still to be renewed.
            (date(2028, 2, 29), 1),
        ],
    )
    def test_an_activity_falls_into_one_cycle(self, day: date, index: int | None) -> None:
        assert cycle_index(LINE, day) == index

    def test_a_line_without_certificates_has_no_cycle(self) -> None:
        assert cycle_index((), date(2026, 1, 1)) is None


class TestCarryOver:
    @pytest.mark.parametrize(
        ("earned", "taken_over", "limit", "carried"),
        [
            ("12", "0", "4", "0"),
            ("12.5", "0", "4", "0.5"),
            ("16", "0", "4", "4"),
            ("20", "0", "4", "4"),
            ("20", "0", "0", "0"),
            # What was taken over fills the requirement first, and is never handed on.
            ("10", "4", "4", "2"),
            ("0", "13", "4", "0"),
            ("1", "13", "4", "1"),
        ],
    )
    def test_the_surplus_up_to_the_limit_goes_on(self, earned: str, taken_over: str, limit: str, carried: str) -> None:
        terms = CeTerms(Decimal(12), Decimal(limit))
        credits = [credit(date(2025, 6, 1), earned)] if earned != "0" else []
        result = carried_out(terms, credits, taken_over=Decimal(taken_over), ended_on=SECOND.issued_on)
        assert result == Decimal(carried)

    @pytest.mark.parametrize(
        ("ended_on", "day", "is_late_enough"),
        [
            (date(2026, 2, 28), date(2025, 8, 28), False),
            (date(2026, 2, 28), date(2025, 8, 29), True),
            # Six months before the leap day is 29 August.
            (date(2028, 2, 29), date(2027, 8, 29), False),
            (date(2028, 2, 29), date(2027, 8, 30), True),
            # August has a 31st, February has not: the window begins after its last day.
            (date(2026, 8, 31), date(2026, 2, 28), False),
            (date(2026, 8, 31), date(2026, 3, 1), True),
        ],
    )
    def test_only_the_last_months_go_on(self, ended_on: date, day: date, is_late_enough: bool) -> None:
        terms = CeTerms(Decimal(0), Decimal(10), carry_over_months=6)
        carried = carried_out(terms, [credit(day, "3")], taken_over=Decimal(0), ended_on=ended_on)
        assert carried == (Decimal(3) if is_late_enough else Decimal(0))


class TestStanding:
    TERMS = CeTerms(Decimal(12), Decimal(4))

    def test_what_is_short_is_told(self) -> None:
        standing = standing_of(self.TERMS, LINE, [credit(date(2025, 1, 1), "7.5")], index=0, on=date(2025, 2, 1))
        assert (standing.earned, standing.short_by, standing.due_on) == (Decimal("7.5"), Decimal("4.5"), FIRST.due_on)
        assert not standing.is_met

    def test_a_day_before_the_activity_it_is_not_counted(self) -> None:
        credits = [credit(date(2025, 1, 1), "12")]
        assert not standing_of(self.TERMS, LINE, credits, index=0, on=date(2024, 12, 31)).is_met
        assert standing_of(self.TERMS, LINE, credits, index=0, on=date(2025, 1, 1)).is_met

    def test_the_surplus_of_one_cycle_is_taken_over_by_the_next_and_not_by_the_one_after(self) -> None:
        third = Cycle(date(2028, 2, 29), date(2030, 2, 28))
        credits = [credit(date(2025, 1, 1), "20"), credit(date(2027, 1, 1), "8")]
        standings = [
            standing_of(self.TERMS, (*LINE, third), credits, index=index, on=date(2028, 6, 1)) for index in range(3)
        ]
        assert [each.earned for each in standings] == [Decimal(20), Decimal(8), Decimal(0)]
        assert [each.carried_over for each in standings] == [Decimal(0), Decimal(4), Decimal(0)]
        assert [each.is_met for each in standings] == [True, True, False]

    def test_a_surplus_logged_late_reaches_the_next_cycle_too(self) -> None:
        early = standing_of(self.TERMS, LINE, [credit(date(2025, 1, 1), "12")], index=1, on=date(2026, 6, 1))
        late = [credit(date(2025, 1, 1), "12"), credit(date(2026, 2, 28), "3")]
        assert early.carried_over == Decimal(0)
        assert standing_of(self.TERMS, LINE, late, index=1, on=date(2026, 6, 1)).carried_over == Decimal(3)

    def test_without_a_requirement_nothing_is_short(self) -> None:
        never = Cycle(date(2025, 1, 1), None)
        assert standing_of(CeTerms(Decimal(0)), (never,), [], index=0, on=date(2026, 1, 1)).is_met


days = st.dates(date(2023, 1, 1), date(2033, 12, 31))
amounts = st.decimals(Decimal("0.01"), Decimal(40), places=2)
logs = st.lists(st.builds(Credit, amounts, days), max_size=12)
terms_of_any_kind = st.builds(
    CeTerms,
    required=st.decimals(Decimal(0), Decimal(40), places=2),
    carry_over_limit=st.decimals(Decimal(0), Decimal(20), places=2),
    carry_over_months=st.none() | st.integers(1, 36),
)


@st.composite
def lines(draw: st.DrawFn) -> tuple[Cycle, ...]:
    """Renewal lines of up to four certificates, also from a leap day, renewed early, in time or late."""
    issued_on = draw(st.sampled_from([date(2024, 2, 29), date(2024, 1, 31), date(2025, 3, 1)]) | days)
    cycles = []
    for _ in range(draw(st.integers(1, 4))):
        due_on = expires_on(issued_on, draw(st.sampled_from([6, 12, 24])))
        assert due_on is not None
        cycles.append(Cycle(issued_on, due_on))
        issued_on = due_on + timedelta(days=draw(st.integers(-90, 90)))
    return tuple(cycles)


LAST = date(2040, 1, 1)


@given(lines(), logs, terms_of_any_kind)
def test_every_credit_since_the_first_day_counts_in_exactly_one_cycle(
    line: tuple[Cycle, ...], log: list[Credit], terms: CeTerms
) -> None:
    earned = sum((standing_of(terms, line, log, index=index, on=LAST).earned for index in range(len(line))), Decimal(0))
    assert earned == sum((each.credits for each in log if each.activity_on >= line[0].issued_on), Decimal(0))


@given(lines(), logs, terms_of_any_kind)
def test_carried_credits_were_earned_are_surplus_and_within_the_limit(
    line: tuple[Cycle, ...], log: list[Credit], terms: CeTerms
) -> None:
    standings = [standing_of(terms, line, log, index=index, on=LAST) for index in range(len(line))]
    assert standings[0].carried_over == 0
    for former, following in pairwise(standings):
        assert 0 <= following.carried_over <= min(terms.carry_over_limit, former.earned)
        assert following.carried_over <= max(former.earned + former.carried_over - terms.required, Decimal(0))


@given(lines(), logs, terms_of_any_kind, st.builds(Credit, amounts, days))
def test_one_more_activity_never_makes_anything_worse(
    line: tuple[Cycle, ...], log: list[Credit], terms: CeTerms, more: Credit
) -> None:
    for index in range(len(line)):
        before = standing_of(terms, line, log, index=index, on=LAST)
        after = standing_of(terms, line, [*log, more], index=index, on=LAST)
        assert after.short_by <= before.short_by


@given(lines(), logs, terms_of_any_kind, st.data())
def test_the_order_of_the_log_does_not_matter(
    line: tuple[Cycle, ...], log: list[Credit], terms: CeTerms, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(log))
    for index in range(len(line)):
        assert standing_of(terms, line, shuffled, index=index, on=LAST) == standing_of(
            terms, line, log, index=index, on=LAST
        )


@pytest.mark.parametrize("credits", ["0.01", "4.5", "200"])
def test_credits_of_one_activity_up_to_today_are_accepted(credits: str) -> None:
    require_valid_credit(Decimal(credits), date(2026, 11, 2), today=date(2026, 11, 2))


@pytest.mark.parametrize("credits", ["0", "-1", "0.001", "200.01", "NaN", "Infinity"])
def test_amounts_no_activity_gives_are_refused(credits: str) -> None:
    with pytest.raises(InvalidInputError):
        require_valid_credit(Decimal(credits), date(2026, 11, 2), today=date(2026, 11, 2))


def test_an_activity_to_come_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="took place"):
        require_valid_credit(Decimal(1), date(2026, 11, 3), today=date(2026, 11, 2))


@pytest.mark.parametrize(("credits", "text"), [("4.50", "4.5"), ("12.00", "12"), ("100", "100"), ("0.25", "0.25")])
def test_credits_read_as_people_write_them(credits: str, text: str) -> None:
    assert format_credits(Decimal(credits)) == text

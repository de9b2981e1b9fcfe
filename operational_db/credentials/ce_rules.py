"""Continuing education: which cycle an activity falls into, what a cycle takes over from the former, what is short.

Pure and without a clock. Source: training-platform seed 3.2.2.1 (`ce_credits_required`, `ce_due_date`, ce_credit_log).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from operational_db.errors import InvalidInputError

NONE = Decimal(0)
SMALLEST_CREDIT = Decimal("0.01")
# Of one activity; a week of full days has fewer than 60 hours.
MOST_CREDITS = Decimal(200)


@dataclass(frozen=True, slots=True)
class CeTerms:
    """What a kind of certificate asks for in each cycle, and what may go from one cycle into the next."""

    required: Decimal
    carry_over_limit: Decimal = NONE
    # Only what was earned in so many last months of a cycle goes into the next; None: in all of it.
    carry_over_months: int | None = None


@dataclass(frozen=True, slots=True)
class Cycle:
    """The time of one certificate in a renewal line; credits are due by `due_on` (None: it never expires)."""

    issued_on: date
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Credit:
    """Credits of one activity."""

    credits: Decimal
    activity_on: date


@dataclass(frozen=True, slots=True)
class CycleStanding:
    """What counts for one cycle on a day: earned in it, taken over from the former, and short of the requirement."""

    earned: Decimal
    carried_over: Decimal
    required: Decimal
    due_on: date | None

    @property
    def short_by(self) -> Decimal:
        return max(self.required - self.earned - self.carried_over, NONE)

    @property
    def is_met(self) -> bool:
        return self.short_by == NONE


def cycle_index(cycles: Sequence[Cycle], activity_on: date) -> int | None:
    """The one cycle an activity counts for; None before the line began.

    The day of a renewal belongs to the cycle it ends, so that what is earned that morning counts for renewing and not
    again afterwards. Activities after the due date count for the cycle that is still to be renewed: late, but not lost.

    Parameters
    ----------
    cycles
        The certificates of one line by their day of issue.
    """
    if not cycles or activity_on < cycles[0].issued_on:
        return None
    later = sum(1 for cycle in cycles[1:] if cycle.issued_on < activity_on)
    return later


def carried_out(terms: CeTerms, credits: Sequence[Credit], *, taken_over: Decimal, ended_on: date) -> Decimal:
    """What goes into the next cycle: the surplus, up to the limit, as far as it was earned late enough.

    Nothing is handed on twice: what a cycle took over fills its own requirement or lapses.

    Parameters
    ----------
    credits
        Those of the cycle that ended.
    ended_on
        Its last day, the day of the renewal.
    """
    earned = sum((credit.credits for credit in credits), NONE)
    surplus = min(max(earned + taken_over - terms.required, NONE), earned)
    if terms.carry_over_months is None:
        late_enough = earned
    else:
        after = ended_on - relativedelta(months=terms.carry_over_months)
        late_enough = sum((credit.credits for credit in credits if credit.activity_on > after), NONE)
    return min(surplus, late_enough, terms.carry_over_limit)


def standing_of(
    terms: CeTerms, cycles: Sequence[Cycle], credits: Sequence[Credit], *, index: int, on: date
) -> CycleStanding:
    """Where the cycle with the index stands on a day, by what was done up to that day.

    Parameters
    ----------
    cycles
        The certificates of one line by their day of issue.
    credits
        All credits of the person toward the kind, each once.
    """
    by_cycle: list[list[Credit]] = [[] for _ in cycles]
    for credit in credits:
        place = cycle_index(cycles, credit.activity_on)
        if place is not None and credit.activity_on <= on:
            by_cycle[place].append(credit)
    carried = NONE
    for former, following in zip(range(index), cycles[1:], strict=False):
        carried = carried_out(terms, by_cycle[former], taken_over=carried, ended_on=following.issued_on)
    earned = sum((credit.credits for credit in by_cycle[index]), NONE)
    return CycleStanding(earned, carried, terms.required, cycles[index].due_on)


def require_valid_credit(credits: Decimal, activity_on: date, *, today: date) -> None:
    """Whether credits may be logged at all.

    Raises
    ------
    InvalidInputError
        When they are not above 0, finer than a hundredth, more than one activity can give, or of a day to come.
    """
    if not credits.is_finite() or not NONE < credits <= MOST_CREDITS:
        raise InvalidInputError(f"One activity earns more than 0 and at most {MOST_CREDITS} credits.")
    if credits != credits.quantize(SMALLEST_CREDIT):
        raise InvalidInputError("Credits have at most two decimals.")
    if activity_on > today:
        raise InvalidInputError("An activity is logged once it took place. Check the date.")


def format_credits(credits: Decimal) -> str:
    """As people write it: 4.5, 12."""
    return f"{credits.normalize():f}"

"""Rules of money and of months: what an amount is, what hours cost, which unit values count. Pure.

Source: training-platform seed, US-TC020. Currencies: ISO 4217, those in use; nothing here converts one into another.
"""

from collections.abc import Collection
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from dateutil.relativedelta import relativedelta

from operational_db.errors import ConflictError, InvalidInputError
from operational_db.types import OutcomeKind

CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal(1_000_000_000)
LARGEST_WAGE = Decimal(10_000)
# A year of days and nights: whoever means more has mistaken the unit.
LARGEST_MINUTES = 366 * 24 * 60
LONGEST_NOTE = 300
FIRST_DAY = date(1990, 1, 1)

_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY "
    "COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK "
    "MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF "
    "SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU "
    "UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset(_CODES.split())

# What one unit of each outcome is, as a company puts a value on it; each is a change for the better.
UNITS: dict[OutcomeKind, str] = {
    OutcomeKind.FIRST_TIME_FIX_RATE: "one more job fixed at the first visit",
    OutcomeKind.CALLBACK_RATE: "one callback avoided",
    OutcomeKind.REWORK_RATE: "one rework avoided",
    OutcomeKind.INCIDENTS: "one incident avoided",
    OutcomeKind.HOURS_PER_JOB: "one hour saved",
    OutcomeKind.UNITS_MAINTAINED: "one more unit maintained in a month",
}


def require_currency(text: str) -> str:
    """The currency's code in capitals.

    Raises
    ------
    InvalidInputError
        When it is no code of ISO 4217 in use.
    """
    code = text.strip().upper()
    if code not in CURRENCIES:
        raise InvalidInputError("The currency is no ISO 4217 code. Write its three letters, such as USD or CAD.")
    return code


def require_amount(
    value: Decimal, what: str, *, is_zero_allowed: bool = True, most: Decimal = LARGEST_AMOUNT
) -> Decimal:
    """The amount with two decimals, and no minus before zero.

    Raises
    ------
    InvalidInputError
        When it is no number, negative, zero where that says nothing, larger than can be meant, or finer than a cent.
    """
    if not value.is_finite() or value < 0 or (value == 0 and not is_zero_allowed):
        least = "zero or more" if is_zero_allowed else "more than zero"
        raise InvalidInputError(f"The {what} must be {least}. Money that came back is withdrawn from the cost it was.")
    if value > most:
        raise InvalidInputError(f"The {what} is larger than {most:,.0f}; check the decimal point.")
    if value != value.quantize(CENT):
        raise InvalidInputError(f"The {what} has more than two decimals; round it.")
    return abs(value.quantize(CENT))


def require_minutes(minutes: int) -> int:
    """Paid time in whole minutes.

    Raises
    ------
    InvalidInputError
        When it is not between a minute and a year.
    """
    if not 0 < minutes <= LARGEST_MINUTES:
        raise InvalidInputError("Paid time is at least a minute and at most a year. Write it in minutes.")
    return minutes


def require_past_day(day: date, what: str, *, today: date) -> date:
    """A day that has come.

    Raises
    ------
    InvalidInputError
        When it lies in the future or before 1990.
    """
    if day > today:
        raise InvalidInputError(f"The {what} lies in the future. Record it once it has come.")
    if day < FIRST_DAY:
        raise InvalidInputError(f"The {what} lies before 1990; check the year.")
    return day


def require_start(day: date, *, today: date) -> date:
    """A first day from which something holds: a raise may be known a year before.

    Raises
    ------
    InvalidInputError
    """
    if not FIRST_DAY <= day <= today + relativedelta(years=1):
        raise InvalidInputError("The first day lies before 1990 or more than a year ahead; check the year.")
    return day


def require_note(text: str) -> str:
    """A short remark, without line breaks or control characters.

    Raises
    ------
    InvalidInputError
    """
    note = " ".join(text.split())
    if len(note) > LONGEST_NOTE or any(ord(letter) < 32 for letter in note):
        raise InvalidInputError(f"The note has more than {LONGEST_NOTE} characters; shorten it.")
    return note


def require_one_currency(currency: str, others: Collection[str]) -> str:
    """All costs, wages and unit values of an organization are in one currency: nothing here converts.

    Raises
    ------
    ConflictError
        When there are some in another one.
    """
    different = sorted(set(others) - {currency})
    if different:
        raise ConflictError(
            f"Costs, wages or unit values of this organization are in {', '.join(different)}, and no return can be "
            f"stated in two currencies. Write the amount in {different[0]}; or withdraw the costs, remove the wages "
            "and set the unit values to zero, and start anew.",
            details={"currencies": different},
        )
    return currency


def cost_of_minutes(minutes: int, hourly_wage: Decimal) -> Decimal:
    """What paid time costs at a wage per hour, to the cent, halves up."""
    return (hourly_wage * minutes / 60).quantize(CENT, rounding=ROUND_HALF_UP)


def month_of(day: date) -> date:
    """The first day of the month."""
    return day.replace(day=1)

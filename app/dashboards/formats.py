"""How numbers, shares, dates and times read on a page. Pure text; no page writes its own format."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

# A narrow space that does not break the line: 1 204 551 stays one number in any language.
THIN = "\u202f"
# Words of codes that are not written as other words are.
_SPELLED = {"hvac": "HVAC", "ux": "UX", "sitesync": "SiteSync"}
NOTHING = "–"
# Of a percentage that would read as none or as all with fewer.
MOST_DECIMALS = 4


def to_number(value: float | None, decimals: int = 0) -> str:
    """A count or measure with thin separators; an en dash when there is none."""
    if value is None:
        return NOTHING
    return f"{value:z,.{decimals}f}".replace(",", THIN)


def to_percent(share: float | None, decimals: int = 0) -> str:
    """A share (0–1) as percent. Only none of it reads 0 % and only all of it 100 %: 998 of 1 000 are 99.8 %.

    What would take more than `MOST_DECIMALS` to tell from them is taken for them.
    """
    if share is None:
        return NOTHING
    texts = [f"{share * 100:z.{places}f}" for places in range(decimals, MOST_DECIMALS + 1)]
    telling = (text for text in texts if not 0 < share < 1 or float(text) not in {0, 100})
    return f"{next(telling, texts[0])}{THIN}%"


def to_parts(numerator: float | None, denominator: float | None) -> str:
    """What a percentage is made of: "460 of 500"."""
    return f"{to_number(numerator)} of {to_number(denominator)}"


def to_points(change: float | None) -> str | None:
    """A change of a share in percentage points, signed; nothing when it cannot be known."""
    return None if change is None else f"{change * 100:+z.1f} points".replace("-", "−")


def to_day(value: date | None) -> str:
    """A date as 21 Nov 2026."""
    return NOTHING if value is None else f"{value.day} {value:%b %Y}"


def to_month(value: date) -> str:
    """The month of a date as Nov 2026."""
    return f"{value:%b %Y}"


def to_days_away(days: int) -> str:
    """How far a day is from today: "today", "in 12 days", "3 days ago"."""
    if days == 0:
        return "today"
    unit = "day" if abs(days) == 1 else "days"
    return f"in {to_number(days)} {unit}" if days > 0 else f"{to_number(-days)} {unit} ago"


def to_relative_day(value: date | None, today: date) -> str:
    """A date with its distance: "3 Dec 2026 (in 12 days)"."""
    return NOTHING if value is None else f"{to_day(value)} ({to_days_away((value - today).days)})"


def to_instant(value: datetime | None, zone: ZoneInfo) -> str:
    """An instant in the viewer's time zone as 21 Nov 2026 14:05."""
    if value is None:
        return NOTHING
    local = value.astimezone(zone)
    return f"{to_day(local.date())} {local:%H:%M}"


def to_hours(minutes: float | None) -> str:
    """Minutes as hours, one decimal: "5.2 h"."""
    return NOTHING if minutes is None else f"{to_number(minutes / 60, 1)}{THIN}h"


def to_plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: "1 person", "12 people"."""
    return f"{to_number(count)} {one if count == 1 else many or one + 's'}"


def to_words(code: str | None) -> str:
    """A stored code as words: "in_progress" reads "In progress", "hvac_unit" reads "HVAC unit"."""
    if not code:
        return NOTHING
    words = code.replace("_", " ").capitalize().split(" ")
    return " ".join(_SPELLED.get(word.lower(), word) for word in words)

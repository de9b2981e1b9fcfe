"""The one place that reads the wall clock. Everything below the edges takes `now` as an argument (decision D4)."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """The current instant in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The current calendar date in UTC."""
    return now().date()

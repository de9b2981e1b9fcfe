"""Events for the ledger's tests: plausible ones of two kinds, and hypothesis strategies over every kind there is."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_type_hints
from uuid import UUID

from hypothesis import strategies as st
from sqlalchemy import Engine

from operational_db.database import unit_of_work
from operational_db.ledger.append import append_events
from operational_db.ledger.events import EVENT_TYPES, EnrollmentOpened, Event, ModuleCompleted
from operational_db.types import new_id

HAPPENED_AT = datetime(2026, 10, 5, 7, 15, 30, 250, tzinfo=UTC)


def create_events(count: int) -> list[Event]:
    """Alternately an enrollment and the completion of a module of it."""
    events: list[Event] = []
    for number in range(count):
        enrollment_id, course_id = new_id(), new_id()
        occurred_at = HAPPENED_AT + timedelta(minutes=number)
        if number % 2 == 0:
            events.append(
                EnrollmentOpened(
                    subject_id=new_id(),
                    organization_id=None,
                    occurred_at=occurred_at,
                    enrollment_id=enrollment_id,
                    course_id=course_id,
                    cycle_number=1,
                )
            )
        else:
            events.append(
                ModuleCompleted(
                    subject_id=new_id(),
                    organization_id=new_id(),
                    occurred_at=occurred_at,
                    enrollment_id=enrollment_id,
                    course_id=course_id,
                    module_id=new_id(),
                    time_spent_minutes=number,
                )
            )
    return events


def append_committed(engine: Engine, count: int, now: datetime) -> list[UUID]:
    """Append in a transaction of its own."""
    with unit_of_work(engine) as session:
        return append_events(session, create_events(count), now=now)


# PostgreSQL and Python both know the years 1 to 9999; the edges would leave them when moved to another time zone.
INSTANTS = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001 - hypothesis takes naive bounds and adds the time zone
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.timezones(),
    allow_imaginary=False,
)

_VALUES: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(-(2**53) + 1, 2**53 - 1),
    bool: st.booleans(),
    UUID: st.uuids(),
    date: st.dates(),
    datetime: INSTANTS,
    Decimal: st.decimals(-99_999_999, 99_999_999, places=2),
}


def _values_of(hint: object) -> st.SearchStrategy[Any]:
    if hint in _VALUES:
        return _VALUES[hint]
    if isinstance(hint, type):
        return st.sampled_from(hint)
    options = [st.none() if option is type(None) else _values_of(option) for option in getattr(hint, "__args__", ())]
    return st.one_of(options)


def _events_of(event_type: type[Event]) -> st.SearchStrategy[Event]:
    hints = get_type_hints(event_type)
    return st.builds(event_type, **{field.name: _values_of(hints[field.name]) for field in fields(event_type)})


EVENTS: st.SearchStrategy[Event] = st.one_of([_events_of(event_type) for event_type in EVENT_TYPES.values()])

"""What both forms of visits share: who of the contractor may come, and writing with a receipt."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from uuid import UUID

import streamlit as st
from sqlalchemy import Engine

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.components.receipts import write
from app.dashboards.use_cases import crew
from app.dashboards.viewer import Viewer
from operational_db.owners.views import ServingPerson


def serving(viewer: Viewer, contractor_id: UUID, on: date) -> Mapping[UUID, ServingPerson]:
    """People of a contractor whom the viewer may send or ask for, by id.

    Raises
    ------
    DomainError
        When the database is down, or the viewer may not know.
    """
    if viewer.organization_id is None:
        return {}
    found = crew.serving_people(
        session.installation().engine,
        viewer.principal,
        organization_id=viewer.organization_id,
        contractor_id=contractor_id,
        on=on,
    )
    return {each.person_id: each for each in found}


def choose_crew(people: Mapping[UUID, ServingPerson], *, key: str, now: Sequence[UUID]) -> None:
    """A field for some of them, kept under `key`; nobody stands for anybody of the contractor."""
    st.multiselect(
        "Who comes",
        list(people),
        default=[person_id for person_id in now if person_id in people],
        format_func=lambda person_id: people[person_id].display_name,
        key=key,
        placeholder="Anybody of the contractor",
    )


def to_date(value: object, otherwise: date) -> date:
    """What a date field holds, which may be nothing."""
    return value if isinstance(value, date) else otherwise


def write_visit(action: Callable[[Engine], Receipt]) -> None:
    """Run a change from a button's callback; its receipt or the reason against it shows above the list."""
    engine = session.installation().engine
    write(lambda: action(engine))

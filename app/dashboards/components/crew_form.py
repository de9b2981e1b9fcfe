"""The question of a crew check: where, who and when, in the order people think of it, filled from the address."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import say_empty
from app.dashboards.components.places import address_id, choose_place, choose_unit
from app.dashboards.components.visit_crew import to_date
from app.dashboards.queries import buildings
from app.dashboards.use_cases import crew, owners
from app.dashboards.use_cases.crew import Question
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.owners.views import ContractView, VisitView
from operational_db.owners.visits import LARGEST_CREW
from operational_db.types import ContractStatus


@dataclass(frozen=True)
class Prefilled:
    """What the address says already: a visit with its place and crew, or a place alone."""

    visit: VisitView | None = None
    building_id: UUID | None = None
    equipment_id: UUID | None = None


def prefilled(viewer: Viewer) -> Prefilled:
    """From `visit`, `unit` or `building` in the address."""
    visit_id, unit_id, building_id = address_id("visit"), address_id("unit"), address_id("building")
    if visit_id is not None:
        try:
            visit = owners.visit_of(session.installation().engine, viewer.principal, visit_id=visit_id)
        except DomainError as error:
            st.error(error.message, icon=":material/error:")
            return Prefilled()
        return Prefilled(visit, visit.building_id, visit.equipment_id)
    if unit_id is not None and viewer.warehouse.views >= buildings.NEEDED_VIEWS:
        found = viewer.load(buildings.building_of_unit, equipment_id=str(unit_id))
        return Prefilled(None, UUID(found) if found else None, unit_id if found else None)
    return Prefilled(None, building_id)


def show_form(viewer: Viewer, organization_id: UUID, ask: Callable[[Question], None]) -> None:
    """The form; `ask` runs when the button is pressed.

    Raises
    ------
    DomainError
        When the database is down, or what the address names is none of the viewer's.
    """
    known = prefilled(viewer)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        place = choose_place(viewer, organization_id, key="crew", wanted=known.building_id)
    if place is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        equipment_id = choose_unit(place, key="crew", wanted=known.equipment_id)
        planned_on = known.visit.planned_on if known.visit else clock.today()
        day_key = f"crew_day_{planned_on}"
        day = st.date_input("Day of work", planned_on, key=day_key, format="YYYY-MM-DD", width=160)
    work_on = to_date(day, planned_on)
    contractors = _contractors(viewer, organization_id, place.building.building_id, work_on)
    if not contractors:
        say_empty(
            "No contractor services this building on that day.",
            "Only people of a contractor that accepted a contract can be asked about; choose another day or building.",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        ids = list(contractors)
        wanted = known.visit.contractor_id if known.visit else None
        contractor_key = f"crew_contractor_{place.building.building_id}"
        contractor_id = st.selectbox(
            "Contractor",
            ids,
            index=ids.index(wanted) if wanted in contractors else 0,
            format_func=contractors.__getitem__,
            key=contractor_key,
        )
        people = {
            each.person_id: each.display_name
            for each in crew.serving_people(
                session.installation().engine,
                viewer.principal,
                organization_id=organization_id,
                contractor_id=contractor_id,
                on=work_on,
            )
        }
        comes = [each.person_id for each in known.visit.crew] if known.visit else []
        people_key = f"crew_people_{contractor_id}_{known.visit.visit_id if known.visit else ''}"
        st.multiselect(
            "People",
            list(people),
            default=[person_id for person_id in comes if person_id in people],
            format_func=people.__getitem__,
            key=people_key,
            max_selections=LARGEST_CREW,
            placeholder="Anybody of the contractor",
        )

    def press() -> None:
        """As the fields stand when the button is pressed."""
        ask(
            Question(
                building_id=place.building.building_id,
                equipment_id=equipment_id,
                contractor_id=st.session_state[contractor_key],
                person_ids=tuple(st.session_state[people_key]),
                work_on=to_date(st.session_state[day_key], planned_on),
                visit_id=known.visit.visit_id if known.visit else None,
            )
        )

    st.button(
        "Check the crew",
        key="crew_ask",
        type="primary",
        icon=":material/how_to_reg:",
        on_click=press,
        help="The answer goes on record before it is shown.",
    )


def _contractors(viewer: Viewer, organization_id: UUID, building_id: UUID, on: date) -> dict[UUID, str]:
    """Contractors whose contract covers the building on the day, by name."""
    found = owners.contracts_of(session.installation().engine, viewer.principal, organization_id=organization_id, on=on)
    return {
        each.contractor_id: each.contractor_name for each in sorted(found, key=_name) if _holds(each, building_id, on)
    }


def _name(contract: ContractView) -> str:
    return contract.contractor_name


def _holds(contract: ContractView, building_id: UUID, on: date) -> bool:
    is_here = contract.building_id is None or contract.building_id == building_id
    is_agreed = contract.status is ContractStatus.ACCEPTED
    return (
        is_agreed and is_here and contract.started_on <= on and (contract.ended_on is None or contract.ended_on >= on)
    )

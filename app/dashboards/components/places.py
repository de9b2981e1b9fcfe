"""Choosing where: a building among many by search, and a unit in it; read from the records, so new ones are there."""

from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import say_empty
from app.dashboards.formats import to_number, to_words
from app.dashboards.use_cases import owners
from app.dashboards.use_cases.owners import MOST_OFFERED, Place, building_label
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.owners.views import BuildingView, EquipmentView

WHOLE_BUILDING = "All units of the building"


def address_id(name: str) -> UUID | None:
    """The id a page's address holds under a name; None when there is none or it is not one."""
    try:
        return UUID(str(st.query_params.get(name, "")))
    except ValueError:
        return None


def choose_place(viewer: Viewer, organization_id: UUID, *, key: str, wanted: UUID | None = None) -> Place | None:
    """A building of the organization (or that it services); with many of them a search comes first.

    Raises
    ------
    DomainError
        When the database is down, or `wanted` is no building for the viewer.
    """
    engine, today = session.installation().engine, clock.today()
    everything = owners.find_buildings(engine, viewer.principal, organization_id=organization_id, search="", on=today)
    found, search = everything, ""
    if everything.total > MOST_OFFERED:
        search = st.text_input(
            "Find the building",
            key=f"{key}_search",
            type="search",
            icon=":material/search:",
            live="400ms",
            placeholder="Name, address or register number",
        ).strip()
        if search:
            found = owners.find_buildings(
                engine, viewer.principal, organization_id=organization_id, search=search, on=today
            )
    if not everything.total:
        say_empty("There is no building yet.", "Add one, or bring in a register of units.")
        return None
    if not found.total:
        st.caption(f"No building matches “{search}”.")
        return None
    offered = {each.building_id: each for each in found.items}
    if wanted is not None and wanted not in offered and not search:
        offered = {wanted: owners.place_of(engine, viewer.principal, building_id=wanted, on=today).building} | offered
    is_decided = len(offered) == 1 or (wanted in offered and not search)
    ids = list(offered)
    chosen = st.selectbox(
        "Building",
        ids,
        index=(ids.index(wanted) if wanted in offered and not search else 0) if is_decided else None,
        format_func=lambda building_id: building_label(offered[building_id]),
        key=f"{key}_building_{wanted or ''}",
        placeholder="Choose a building",
        help=_help(found.total, offered),
    )
    if chosen is None:
        return None
    return owners.place_of(engine, viewer.principal, building_id=chosen, on=today)


def _help(total: int, offered: dict[UUID, BuildingView]) -> str | None:
    if total <= len(offered):
        return None
    return f"The first {to_number(len(offered))} of {to_number(total)} by name; search to find another."


def unit_label(unit: EquipmentView) -> str:
    """A unit by name and kind, with maker and model where they are known."""
    kind = to_words(unit.equipment_type)
    parts = [unit.name, kind if kind.lower() not in unit.name.lower() else "", unit.manufacturer_name, unit.model]
    return ", ".join(part for part in parts if part)


def choose_unit(place: Place, *, key: str, wanted: UUID | None = None) -> UUID | None:
    """A unit of the building; None stands for all of them."""
    units = {unit.equipment_id: unit for unit in place.units}
    options = [None, *units]
    chosen = st.selectbox(
        "Unit",
        options,
        index=options.index(wanted) if wanted in units else 0,
        format_func=lambda unit_id: WHOLE_BUILDING if unit_id is None else unit_label(units[unit_id]),
        key=f"{key}_unit_{place.building.building_id}",
    )
    return chosen

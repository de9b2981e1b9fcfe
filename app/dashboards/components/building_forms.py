"""Forms of buildings and units on an owner's pages: add, change, take out of use, and bring back what was retired."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID
from zoneinfo import available_timezones

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.components.notices import page_number, show_pages
from app.dashboards.components.places import unit_label
from app.dashboards.components.receipts import write, writer
from app.dashboards.components.tables import PAGE_ROWS, Column, Opens, show_table
from app.dashboards.formats import to_number, to_words
from app.dashboards.navigation import OWNER_BUILDING
from app.dashboards.use_cases import buildings
from app.dashboards.use_cases.buildings import BuildingFacts, UnitFacts
from app.dashboards.use_cases.owners import Place, building_label, place_of
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.owners.rules import LONGEST_TEXT
from operational_db.owners.views import BuildingView, EquipmentView
from operational_db.paging import Page, PageRequest
from operational_db.types import EquipmentStatus, EquipmentType

EARLIEST = date(1850, 1, 1)
RETIRED_PAGE = "retired_page"
RETIRED = (Column("name", "Building"), Column("place", "Where"), Column("unit_count", "Units in use", "number"))


def show_new_building(viewer: Viewer) -> None:
    """The form of a new building, for who may manage buildings; it leads to the building it made."""
    organization_id = viewer.organization_id
    if organization_id is None or not viewer.principal.can(Permission.MANAGE_BUILDINGS, organization_id):
        return
    with st.expander("Add a building", icon=":material/add_business:"):
        facts = _building_form(BuildingFacts("", timezone=viewer.zone.key), "Add the building", key="new_building")
    if facts is None:
        return
    made: list[UUID] = []

    def add() -> Receipt:
        receipt, building_id = buildings.add_building(
            session.installation().engine,
            viewer.principal,
            organization_id=organization_id,
            facts=facts,
            now=clock.now(),
        )
        made.append(building_id)
        return receipt

    if write(add):
        st.switch_page(OWNER_BUILDING.path, query_params={"building": str(made[0])})
    st.rerun()


def find_record(viewer: Viewer, building_id: str) -> Place | None:
    """The building as it is on record now; None where there is none for the viewer, or it cannot be read."""
    try:
        wanted = UUID(building_id)
        return place_of(
            session.installation().engine,
            viewer.principal,
            building_id=wanted,
            on=clock.today(),
            has_dismantled=True,
        )
    except (ValueError, DomainError):
        return None


def show_changes(viewer: Viewer, place: Place) -> None:
    """Adding and changing units, and changing the building, for who may manage it."""
    building = place.building
    if not viewer.principal.can(Permission.MANAGE_BUILDINGS, building.organization_id):
        return
    building_id = building.building_id
    engine, principal = session.installation().engine, viewer.principal
    with st.expander("Add a unit", icon=":material/add:"):
        # Another form after each unit, so that the next one starts empty.
        key = f"new_unit_{building_id}_{len(place.units)}"
        unit = _unit_form(UnitFacts("", EquipmentType.PASSENGER_ELEVATOR), "Add the unit", key=key)
    if unit is not None:
        _write(lambda: buildings.add_unit(engine, principal, building_id=building_id, facts=unit, now=clock.now()))
    in_use = {each.equipment_id: each for each in place.units if each.status is not EquipmentStatus.DISMANTLED}
    if in_use:
        with st.expander("Change a unit", icon=":material/edit:"):
            _show_unit(viewer, building_id, in_use)
    dismantled = {each.equipment_id: each for each in place.units if each.equipment_id not in in_use}
    if dismantled:
        with st.expander(f"Dismantled units ({to_number(len(dismantled))})", icon=":material/restore:"):
            _show_dismantled(viewer, building_id, dismantled)
    with st.expander("Change this building", icon=":material/edit:"):
        facts = BuildingFacts.of(building)
        changed = _building_form(facts, "Save the building", key=f"building_{building_id}")
        st.button(
            "Take it out of use" if building.is_active else "Take it into use again",
            key="building_retire",
            icon=":material/domain_disabled:" if building.is_active else ":material/domain:",
            help="Nothing is deleted: what was decided and visited there stays on record.",
            on_click=writer(
                lambda: buildings.change_building(
                    engine,
                    principal,
                    building_id=building_id,
                    facts=replace(facts, is_active=not facts.is_active),
                    now=clock.now(),
                )
            ),
        )
    if changed is not None:
        _write(
            lambda: buildings.change_building(
                engine, principal, building_id=building_id, facts=changed, now=clock.now()
            )
        )


def show_retired(viewer: Viewer) -> None:
    """Buildings out of use, page by page, each with the way back, for who may manage buildings."""
    organization_id = viewer.organization_id
    if organization_id is None or not viewer.principal.can(Permission.MANAGE_BUILDINGS, organization_id):
        return
    engine, principal = session.installation().engine, viewer.principal

    def read(number: int) -> Page[BuildingView]:
        page = PageRequest(number, PAGE_ROWS)
        return buildings.retired_buildings(
            engine, principal, organization_id=organization_id, page=page, on=clock.today()
        )

    try:
        found = read(page_number(RETIRED_PAGE))
        if found.total and not found.items:
            found = read(1)
    except DomainError as error:
        st.caption(f"Buildings out of use are not shown: {error.message}")
        return
    if not found.total:
        return
    with st.expander(f"Buildings out of use ({to_number(found.total)})", icon=":material/domain_disabled:"):
        frame = pl.DataFrame(
            {
                "building_id": [str(each.building_id) for each in found.items],
                "name": [each.name for each in found.items],
                "place": [building_label(each) for each in found.items],
                "unit_count": [each.unit_count for each in found.items],
            }
        )
        opens = Opens(OWNER_BUILDING, "building_id", "building", "building")
        alt = f"Buildings out of use, page {found.number} of {found.page_count}"
        show_table(frame, RETIRED, viewer, key="retired", alt=alt, opens=opens)
        show_pages(found.page_count, RETIRED_PAGE)
        by_id = {each.building_id: each for each in found.items}
        chosen = st.selectbox(
            "Take into use again",
            list(by_id),
            index=None,
            format_func=lambda building_id: building_label(by_id[building_id]),
            key="retired_chosen",
            placeholder="Choose one of this page",
        )
        if chosen is not None:
            building = by_id[chosen]
            facts = replace(BuildingFacts.of(building), is_active=True)
            st.button(
                f"Take it into use again: {building.name}",
                key="retired_restore",
                icon=":material/domain:",
                on_click=writer(
                    lambda: buildings.change_building(
                        engine, principal, building_id=building.building_id, facts=facts, now=clock.now()
                    )
                ),
            )


def _show_unit(viewer: Viewer, building_id: UUID, units: Mapping[UUID, EquipmentView]) -> None:
    chosen = st.selectbox(
        "Unit", list(units), format_func=lambda unit_id: unit_label(units[unit_id]), key=f"change_unit_{building_id}"
    )
    facts = UnitFacts.of(units[chosen])
    changed = _unit_form(facts, "Save the unit", key=f"unit_{chosen}")
    st.button(
        "Note that it was dismantled",
        key=f"unit_retire_{chosen}",
        icon=":material/delete_sweep:",
        help="Nobody is asked to work on it any more; what is on record of it stays.",
        on_click=writer(
            lambda: _change_unit(viewer, building_id, chosen, replace(facts, status=EquipmentStatus.DISMANTLED))
        ),
    )
    if changed is not None:
        _write(lambda: _change_unit(viewer, building_id, chosen, changed))


def _show_dismantled(viewer: Viewer, building_id: UUID, units: Mapping[UUID, EquipmentView]) -> None:
    chosen = st.selectbox(
        "Dismantled unit",
        list(units),
        format_func=lambda unit_id: unit_label(units[unit_id]),
        key=f"dismantled_unit_{building_id}",
    )
    facts = replace(UnitFacts.of(units[chosen]), status=EquipmentStatus.ACTIVE)
    st.button(
        f"Take it into use again: {facts.name}",
        key=f"unit_restore_{chosen}",
        icon=":material/restore:",
        on_click=writer(lambda: _change_unit(viewer, building_id, chosen, facts)),
    )


def _change_unit(viewer: Viewer, building_id: UUID, equipment_id: UUID, facts: UnitFacts) -> Receipt:
    return buildings.change_unit(
        session.installation().engine,
        viewer.principal,
        building_id=building_id,
        equipment_id=equipment_id,
        facts=facts,
        now=clock.now(),
    )


def _building_form(facts: BuildingFacts, label: str, *, key: str) -> BuildingFacts | None:
    """What was handed in; None as long as nothing was."""
    with st.form(f"{key}_form", border=False):
        name = st.text_input("Name of the building", facts.name, key=f"{key}_name", max_chars=LONGEST_TEXT)
        address = st.text_input("Address", facts.address, key=f"{key}_address", max_chars=LONGEST_TEXT)
        with st.container(horizontal=True):
            city = st.text_input("City", facts.city or "", key=f"{key}_city", max_chars=LONGEST_TEXT)
            district = st.text_input("District", facts.district or "", key=f"{key}_district", max_chars=LONGEST_TEXT)
            postal_code = st.text_input("Postal code", facts.postal_code or "", key=f"{key}_postal", max_chars=20)
        with st.container(horizontal=True):
            register_id = st.text_input(
                "Number in the register", facts.register_id or "", key=f"{key}_register", max_chars=LONGEST_TEXT
            )
            zones = sorted(available_timezones() | {facts.timezone})
            timezone = st.selectbox("Time zone", zones, index=zones.index(facts.timezone), key=f"{key}_zone")
        with st.container(horizontal=True):
            latitude = st.number_input("Latitude", -90.0, 90.0, facts.latitude, format="%.5f", key=f"{key}_latitude")
            longitude = st.number_input(
                "Longitude", -180.0, 180.0, facts.longitude, format="%.5f", key=f"{key}_longitude"
            )
        if not st.form_submit_button(label, type="primary", key=f"{key}_save"):
            return None
    return replace(
        facts,
        name=name,
        address=address,
        city=city or None,
        district=district or None,
        postal_code=postal_code or None,
        register_id=register_id or None,
        latitude=latitude,
        longitude=longitude,
        timezone=timezone,
    )


def _unit_form(facts: UnitFacts, label: str, *, key: str) -> UnitFacts | None:
    """What was handed in; None as long as nothing was."""
    kinds, states = list(EquipmentType), list(EquipmentStatus)
    with st.form(f"{key}_form", border=False):
        with st.container(horizontal=True):
            name = st.text_input("Name of the unit", facts.name, key=f"{key}_name", max_chars=LONGEST_TEXT)
            kind = st.selectbox(
                "Type", kinds, index=kinds.index(facts.equipment_type), format_func=to_words, key=f"{key}_type"
            )
            status = st.selectbox(
                "State", states, index=states.index(facts.status), format_func=to_words, key=f"{key}_status"
            )
        with st.container(horizontal=True):
            maker = st.text_input(
                "Maker",
                facts.manufacturer_text or "",
                key=f"{key}_maker",
                max_chars=LONGEST_TEXT,
                help="As its plate says; spellings are read as the page of makers' names shows.",
            )
            model = st.text_input("Model", facts.model or "", key=f"{key}_model", max_chars=LONGEST_TEXT)
            register_id = st.text_input(
                "Number in the register", facts.register_id or "", key=f"{key}_register", max_chars=LONGEST_TEXT
            )
        with st.container(horizontal=True):
            installed_on = _day("Installed on", facts.installed_on, key=f"{key}_installed")
            inspected_on = _day("Inspected on", facts.inspected_on, key=f"{key}_inspected")
        if not st.form_submit_button(label, type="primary", key=f"{key}_save"):
            return None
    return replace(
        facts,
        name=name,
        equipment_type=kind,
        status=status,
        manufacturer_text=maker or None,
        model=model or None,
        register_id=register_id or None,
        installed_on=installed_on,
        inspected_on=inspected_on,
    )


def _day(label: str, value: date | None, *, key: str) -> date | None:
    chosen: date | None = st.date_input(
        label, value, min_value=EARLIEST, max_value=clock.today(), key=key, format="YYYY-MM-DD"
    )
    return chosen


def _write(action: Callable[[], Receipt]) -> None:
    """After a form: write, and draw the page anew with the receipt or the reason against it."""
    write(action)
    st.rerun()

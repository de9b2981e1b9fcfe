"""One building: what is required there, whether it is covered, its units, and the way to a crew check."""

from uuid import UUID

import streamlit as st

from app.dashboards.components.building_forms import find_record, show_changes
from app.dashboards.components.crew_rules import show_rules_here
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.owners import UNITS, building_answer, require_figures
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.tables import Empty, Opens, show_listing
from app.dashboards.formats import to_day, to_days_away, to_number, to_parts, to_percent
from app.dashboards.navigation import OWNER_BUILDING, OWNER_BUILDINGS, OWNER_CREW_CHECK, OWNER_REQUIREMENTS
from app.dashboards.queries import buildings
from app.dashboards.use_cases.owners import building_label

viewer = open_page(OWNER_BUILDING)
require_figures(viewer, buildings.NEEDED_VIEWS)
st.page_link(OWNER_BUILDINGS.path, label="All buildings", icon=":material/arrow_back:")
building_id = str(st.query_params.get("building", ""))
building = viewer.load(buildings.building_head, building_id=building_id)
record = find_record(viewer, building_id)
if building is None and record is not None and record.building.organization_id == viewer.organization_id:
    st.header(record.building.name)
    st.caption(building_label(record.building))
    in_use = "It is on record; its figures come with the next update."
    answer(in_use if record.building.is_active else "It is out of use.")
    show_receipts(viewer)
    show_changes(viewer, record)
    st.stop()
if building is None:
    say_empty("No building with this address is among yours.", "Choose one from the list.")
    st.stop()
st.header(building.name)
st.caption(building.place or "No address on record")
answer(building_answer(building))
show_receipts(viewer)
covered = building.covered_count / building.required_count if building.required_count else None
visit_on = building.next_visit_on
when = "none is planned" if visit_on is None else f"planned, {to_days_away((visit_on - viewer.today).days)}"
show_figures(
    [
        Figure(
            "Requirements covered",
            to_percent(covered),
            f"{to_parts(building.covered_count, building.required_count)}, each counted once a unit",
        ),
        Figure("Uncovered units", to_number(building.uncovered_unit_count), f"of {to_number(building.unit_count)}"),
        Figure("Next visit", to_day(building.next_visit_on), when),
    ]
)
with st.container(horizontal=True):
    here = {"building": building.building_id}
    st.page_link(OWNER_CREW_CHECK.path, label="Check a crew here", icon=OWNER_CREW_CHECK.icon, query_params=here)
    st.page_link(
        OWNER_REQUIREMENTS.path, label="Set a requirement here", icon=OWNER_REQUIREMENTS.icon, query_params=here
    )
show_rules_here(viewer, UUID(building.building_id))
st.subheader("Units")
show_listing(
    viewer,
    buildings.units_listing(building_id=building.building_id),
    UNITS,
    key="units",
    noun=("unit", "units"),
    empty=Empty("No unit is on record here.", "Add one, or import a register of units."),
    opens=Opens(OWNER_CREW_CHECK, "equipment_id", "unit", "crew check"),
)
if record is not None:
    show_changes(viewer, record)

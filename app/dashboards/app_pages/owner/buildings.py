"""Buildings: where units are that none of the contractors' people may work on; on a map and as a list."""

import streamlit as st

from app.dashboards.charts.owners import buildings_by_place
from app.dashboards.components.building_forms import show_new_building, show_retired
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import show_figures
from app.dashboards.components.filters import choose, choose_id, search_box
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.owners import BUILDINGS, building_figures, buildings_answer, require_figures
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.tables import Empty, Opens, show_listing
from app.dashboards.navigation import OWNER_BUILDING, OWNER_BUILDINGS, OWNER_EQUIPMENT, OWNER_REQUIREMENTS
from app.dashboards.queries import buildings
from app.dashboards.queries.listing import count_rows

viewer = open_page(OWNER_BUILDINGS)
require_figures(viewer, buildings.NEEDED_VIEWS)
counts = viewer.load(buildings.counts, today=viewer.today)
answer(buildings_answer(counts))
show_receipts(viewer)
if counts.building_count == 0:
    say_empty("There is nothing to show.", "Add a building, or bring in a register of units.")
    st.page_link(OWNER_EQUIPMENT.path, label="Bring in a register", icon=OWNER_EQUIPMENT.icon)
    show_new_building(viewer)
    show_retired(viewer)
    st.stop()
show_figures(building_figures(counts))
st.page_link(OWNER_REQUIREMENTS.path, label="Set a requirement", icon=OWNER_REQUIREMENTS.icon)
show_new_building(viewer)
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    state = choose("Coverage", list(buildings.STATES), key="buildings_state")
    known = viewer.load(buildings.cities)
    city = choose_id("City", dict(zip(known, known, strict=True)), any_label="All cities", key="buildings_city")
    names = viewer.load(buildings.districts)
    district = choose_id(
        "District", dict(zip(names, names, strict=True)), any_label="All districts", key="buildings_district"
    )
    search = search_box("Search by name or register number", key="buildings_search")
listing = buildings.listing(state=state, city=city, district=district, search=search, today=viewer.today)
places = viewer.load(buildings.on_map, state=state, city=city, district=district, search=search, today=viewer.today)
listed = viewer.load(count_rows, listing)
if places.height:
    show_chart(buildings_by_place(places, listed - int(places["building_count"].sum())), key="buildings_map")
show_listing(
    viewer,
    listing,
    BUILDINGS,
    key="buildings",
    noun=("building", "buildings"),
    empty=Empty("No building matches.", "Choose another coverage or district, or clear the search."),
    opens=Opens(OWNER_BUILDING, "building_id", "building", "building"),
)
show_retired(viewer)

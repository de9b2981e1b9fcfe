"""Units and makers: every unit on record, whose make it is and how that was read, and bringing more of them in."""

import streamlit as st

from app.dashboards.components.equipment import show_imports, show_makers, show_units
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.owners import require_figures
from app.dashboards.components.receipts import show_receipts
from app.dashboards.formats import to_plural, to_words
from app.dashboards.navigation import OWNER_EQUIPMENT
from app.dashboards.queries import buildings

UNITS, MAKERS, IMPORT = "Units", "Makers' names", "Bring units in"

viewer = open_page(OWNER_EQUIPMENT)
require_figures(viewer, buildings.NEEDED_VIEWS)
kinds = viewer.load(buildings.equipment_types)
if kinds.is_empty():
    answer("No unit is on record yet.")
else:
    total, most = int(kinds["unit_count"].sum()), kinds.row(0, named=True)
    answer(
        f"{to_plural(total, 'unit')} in use on record, of {to_plural(kinds.height, 'kind')}; the most common: "
        f"{to_words(most['equipment_type'])}."
    )
show_receipts(viewer)
part = st.segmented_control(
    "What to show", [UNITS, MAKERS, IMPORT], default=UNITS, required=True, key="equipment_part", bind="query-params"
)
if part == MAKERS:
    show_makers(viewer)
elif part == IMPORT:
    show_imports(viewer)
else:
    show_units(viewer)

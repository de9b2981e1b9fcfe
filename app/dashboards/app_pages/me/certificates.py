"""My certificates: what do I hold, and until when? Read at this moment; without the database, from the last figures."""

import streamlit as st

from app.dashboards.components import record
from app.dashboards.components.certificates import (
    ADDED,
    find_held,
    holding_answer,
    holding_figures,
    show_add_form,
    show_held,
    show_timeline,
)
from app.dashboards.components.figures import show_figures
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.registers import show_claims
from app.dashboards.components.renewal import show_progress
from app.dashboards.navigation import MY_CERTIFICATES
from app.dashboards.queries import people
from operational_db import clock

HELD, ADD, NEXT, REGISTER = "What I hold", "Add one", "What comes next", "From a register"

viewer = open_page(MY_CERTIFICATES)
me = viewer.principal.person_id
held, states = find_held(viewer), viewer.load(people.certificates_of, person_id=me, today=viewer.today)
answer(holding_answer(held, states, viewer.today))
show_receipts(viewer)
if held is None:
    st.warning(
        "The records cannot be read at the moment. These are the last figures; adding and changing has to wait.",
        icon=":material/cloud_off:",
    )
    record.show_certificates(viewer, me, key="mine")
    st.stop()
if st.session_state.pop(ADDED, False):
    st.session_state["mine_part"] = HELD
part = st.segmented_control(
    "What to show", [HELD, ADD, NEXT, REGISTER], default=HELD, required=True, key="mine_part", bind="query-params"
)
if part == ADD:
    show_add_form(viewer)
elif part == NEXT:
    show_progress(viewer)
elif part == REGISTER:
    show_claims(viewer)
else:
    show_figures(holding_figures(held))
    show_timeline(held, clock.today())
    show_held(viewer, held)

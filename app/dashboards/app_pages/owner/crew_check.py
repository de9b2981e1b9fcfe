"""Crew check: may these people work on this unit on this day? One yes or no, with who carries it and the proof."""

import streamlit as st

from app.dashboards.components.crew_check import show_check, show_history
from app.dashboards.components.frame import open_page, say_empty
from app.dashboards.navigation import OWNER_CREW_CHECK

CHECK, HISTORY = "Check", "Former checks"

viewer = open_page(OWNER_CREW_CHECK)
if viewer.organization_id is None:
    say_empty("Crews are checked for an owner's buildings.", "Sign in as somebody of a building owner.")
    st.stop()
first_line = st.container()
part = st.segmented_control(
    "What to show", [CHECK, HISTORY], default=CHECK, required=True, key="crew_part", bind="query-params"
)
if part == HISTORY:
    show_history(viewer, viewer.organization_id, first_line)
else:
    show_check(viewer, viewer.organization_id, first_line)

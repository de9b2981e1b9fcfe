"""Requirements: what an owner asks of whoever works on its units, and what asking for something else would change."""

import streamlit as st

from app.dashboards.components.crew_rules import show_rules
from app.dashboards.components.frame import open_page
from app.dashboards.components.owners import require_figures
from app.dashboards.navigation import OWNER_REQUIREMENTS
from app.dashboards.queries import buildings

viewer = open_page(OWNER_REQUIREMENTS)
first_line = st.container()
require_figures(viewer, buildings.NEEDED_VIEWS)
show_rules(viewer, first_line)

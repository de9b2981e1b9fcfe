"""Company skills: can we take this job? People and the kinds of certificate they hold, and where it hangs on one."""

import streamlit as st

from app.dashboards.components.figures import show_figures
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.skills import DEPTH, MATRIX, show_depth, show_matrix, skill_answer, skill_figures
from app.dashboards.navigation import COMPANY_SKILLS
from app.dashboards.queries import skills

viewer = open_page(COMPANY_SKILLS)
kinds = viewer.load(skills.kinds)
if not kinds:
    say_empty("Nobody here holds or needs a certificate.", "Certificates and requirements make the matrix.")
    st.stop()
answer(skill_answer(kinds))
show_figures(skill_figures(kinds))
part = st.segmented_control(
    "What to show", [MATRIX, DEPTH], default=MATRIX, required=True, key="skills_part", bind="query-params"
)
if part == DEPTH:
    show_depth(viewer, kinds)
else:
    show_matrix(viewer, kinds)

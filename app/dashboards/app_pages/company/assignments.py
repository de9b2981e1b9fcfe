"""Company assignments: who must do what, assign what is missing, exempt with a reason, end what is required."""

import streamlit as st

from app.dashboards.components.assigning import show_assign_missing, show_exempt
from app.dashboards.components.exemptions import show_exemptions
from app.dashboards.components.filters import choose, choose_id, fold, search_box, set_count
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.requirements import show_requirements
from app.dashboards.components.tables import Column, Empty, Opens, show_listing
from app.dashboards.formats import to_number
from app.dashboards.navigation import COMPANY_ASSIGNMENTS, COMPANY_PERSON
from app.dashboards.queries import assignments, company

ASSIGN, ASSIGNED, EXEMPT, REQUIRED = "Assign what is missing", "Assigned", "Exempt", "Required"

viewer = open_page(COMPANY_ASSIGNMENTS)
counts = viewer.load(assignments.counts)
open_count = sum(counts.get(status, 0) for status in ("pending", "in_progress", "overdue"))
answer(f"{to_number(open_count)} assigned trainings are open, {to_number(counts.get('overdue', 0))} of them overdue.")
show_receipts(viewer)

if "exempt_person" in st.query_params and "assignments_part" not in st.session_state:
    st.session_state["assignments_part"] = EXEMPT
part = st.segmented_control(
    "What to do",
    [ASSIGN, ASSIGNED, EXEMPT, REQUIRED],
    default=ASSIGN,
    required=True,
    key="assignments_part",
    bind="query-params",
)
if part == EXEMPT:
    show_exempt(viewer)
    show_exemptions(viewer)
elif part == REQUIRED:
    show_requirements(viewer)
elif part == ASSIGN:
    show_assign_missing(viewer)
else:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        search = search_box("Search by name or course", key="assignments_search")
        folded = fold(set_count("assignments_status", "assignments_team"))
    with folded:
        status = choose("Status", list(assignments.STATUSES), key="assignments_status")
        team_id = choose_id("Team", viewer.load(company.teams), any_label="All teams", key="assignments_team")
    show_listing(
        viewer,
        assignments.listing(status=status, search=search, team_id=team_id, today=viewer.today),
        [
            Column("display_name", "Person"),
            Column("title", "Course"),
            Column("status", "Status", "status"),
            Column("due_on", "Due", "date"),
            Column("days_left", "Days left", "number", help="Negative when it is overdue"),
            Column("assigned_at", "Assigned", "time"),
            Column("is_mandatory", "Mandatory", "flag"),
        ],
        key="assignments",
        noun=("assignment", "assignments"),
        empty=Empty(
            "No assignment matches these filters.", "Choose another status or team, or assign what is missing."
        ),
        opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
    )

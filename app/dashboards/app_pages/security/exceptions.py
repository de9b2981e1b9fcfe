"""Security exceptions: who can do what they should not, and why; assign what is missing, or waive it for a time."""

import streamlit as st

from app.dashboards.charts.security import exceptions_by_action
from app.dashboards.components.charts import show_chart
from app.dashboards.components.exceptions import show_assign, show_waivers
from app.dashboards.components.figures import show_figures
from app.dashboards.components.filters import choose, choose_id, search_box
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.security import exception_figures
from app.dashboards.components.tables import Column, Empty, Opens, show_listing
from app.dashboards.formats import to_number, to_plural
from app.dashboards.navigation import COMPANY_PERSON, SECURITY_EXCEPTIONS
from app.dashboards.queries import company, exceptions

LIST, ASSIGN, WAIVERS = "Who and why", "Assign what is missing", "Waivers"

viewer = open_page(SECURITY_EXCEPTIONS)
counts, access_count = viewer.load(exceptions.counts), viewer.load(exceptions.access_count)
total = sum(counts.values())
if access_count == 0:
    answer("No product has told us yet who has access to what.")
elif total:
    answer(
        f"{to_plural(total, 'access', 'accesses')} of {to_number(access_count)} without the training the gate asks "
        f"for; {to_number(counts.get('waived', 0))} of them waived for a time"
        + (f", {to_number(left)} of people who left." if (left := counts.get("no_longer_member", 0)) else ".")
    )
else:
    answer(f"All {to_number(access_count)} accesses are covered by training.")
show_receipts(viewer)
show_figures(exception_figures(counts, access_count))

part = st.segmented_control(
    "What to do", [LIST, ASSIGN, WAIVERS], default=LIST, required=True, key="exceptions_part", bind="query-params"
)
if part == ASSIGN:
    show_assign(viewer)
elif part == WAIVERS:
    show_waivers(viewer)
else:
    if access_count:
        show_chart(exceptions_by_action(viewer.load(exceptions.by_action)), key="exceptions_chart")
    actions = viewer.load(exceptions.actions)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        reason = choose("Reason", list(exceptions.REASONS), key="exceptions_reason")
        action = choose_id("Action", dict(zip(actions, actions, strict=True)), any_label="All", key="exceptions_action")
        team_id = choose_id("Team", viewer.load(company.teams), any_label="All teams", key="exceptions_team")
        search = search_box("Search by name", key="exceptions_search")
    show_listing(
        viewer,
        exceptions.listing(reason=reason, action=action, team_id=team_id, search=search, today=viewer.today),
        [
            Column("display_name", "Person"),
            Column("action", "Action"),
            Column("reason", "Why", "status"),
            Column("since_on", "Since", "date"),
            Column("days", "Days", "number"),
            Column("waived_through", "Waived through", "date"),
            Column("unmet_count", "Requirements missing", "number"),
            Column("team_name", "Team"),
        ],
        key="exceptions",
        noun=("exception", "exceptions"),
        empty=Empty(
            "No exception matches.",
            "Access lists come in over the API or as CSV; who is on one and lacks the training appears here.",
        ),
        opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
    )

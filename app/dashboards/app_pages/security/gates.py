"""Security gates: what they let through and what not, why, and what another rule would change."""

import streamlit as st

from app.dashboards.charts.security import decisions_by_day
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import show_figures
from app.dashboards.components.filters import choose, choose_id, search_box
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.impact import DAYS
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.rules import first_day, show_rules
from app.dashboards.components.security import gate_answer, gate_figures
from app.dashboards.components.tables import Column, Empty, Opens, show_frame, show_listing
from app.dashboards.navigation import COMPANY_PERSON, SECURITY_GATES
from app.dashboards.queries import gates

DECISIONS, RULES = "Decisions", "Rules"

viewer = open_page(SECURITY_GATES)
first_line = st.container()
part = st.segmented_control(
    "What to show", [DECISIONS, RULES], default=DECISIONS, required=True, key="gates_part", bind="query-params"
)
if part == RULES:
    show_rules(viewer, first_line)
    st.stop()
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    stretch = choose("Time", list(DAYS), key="gates_time")
    names = viewer.load(gates.actions)
    action = choose_id("Action", dict(zip(names, names, strict=True)), any_label="All actions", key="gates_of")
since = first_day(DAYS[stretch], viewer.today)
counts = viewer.load(gates.counts, since=since, action=action)
with first_line:
    answer(gate_answer(counts, since))
    show_receipts(viewer)
show_figures(gate_figures(counts))
show_chart(
    decisions_by_day(viewer.load(gates.daily, since=since, action=action), since, viewer.today), key="gates_chart"
)
st.subheader("Why not")
show_frame(
    viewer,
    viewer.load(gates.reasons, since=since, action=action),
    [
        Column("action", "Action"),
        Column("reason", "Reason", "words"),
        Column("outcome", "Outcome", "status"),
        Column("decision_count", "Decisions", "number"),
    ],
    key="gates_reasons",
    alt="Why people were denied",
    empty=Empty("Nobody was denied in this time.", "Denials and what a dry run would have denied appear here."),
)
st.subheader("Decisions one by one")
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    outcome = choose("Outcome", list(gates.OUTCOMES), key="gates_outcome")
    search = search_box("Search by name", key="gates_search")
show_listing(
    viewer,
    gates.listing(outcome=outcome, action=action, search=search, since=since),
    [
        Column("display_name", "Person"),
        Column("action", "Action"),
        Column("outcome", "Outcome", "status"),
        Column("reason", "Reason", "words"),
        Column("decided_at", "Decided", "time"),
        Column("rule_version", "Rule version", "number"),
        Column("leaf_index", "Ledger entry", "number", help="Number of the entry in the ledger that says so"),
    ],
    key="gates",
    noun=("decision", "decisions"),
    empty=Empty("No decision matches.", "Products ask the gate before risky actions; each answer is listed here."),
    opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
)

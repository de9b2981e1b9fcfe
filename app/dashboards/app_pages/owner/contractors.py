"""Contractors: who is investing in their people? Scorecards side by side, and their place among others.

Contracts are proposed here, and withdrawn while their answer is awaited.
"""

import streamlit as st

from app.dashboards.charts.owners import contractors_compared
from app.dashboards.components.charts import show_chart
from app.dashboards.components.contractors import COLUMNS, MOST_CARDS, contractors_answer, measures, show_cards
from app.dashboards.components.contracts import show_owner_contracts
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.owners import require_figures
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.tables import Empty, Opens, show_listing
from app.dashboards.formats import to_parts
from app.dashboards.navigation import OWNER_CONTRACTOR, OWNER_CONTRACTORS
from app.dashboards.queries import contractors

viewer = open_page(OWNER_CONTRACTORS)
require_figures(viewer, contractors.NEEDED_VIEWS)
totals = viewer.load(contractors.totals)
answer(contractors_answer(totals))
show_receipts(viewer)
show_owner_contracts(viewer)
if not totals.contractor_count:
    say_empty("There is nobody to compare.", "Contractors appear once they have accepted a contract.")
    st.stop()
if not totals.is_compared:
    st.info(
        f"Your contractors stand side by side, but not against others: with fewer than {contractors.FEWEST_COMPARED} "
        "contractors known, a comparison would give single ones away.",
        icon=":material/visibility_off:",
    )
sort = choose("Side by side", list(contractors.SORTS), key="contractors_cards")
cards = viewer.load(contractors.cards, sort=sort, limit=MOST_CARDS)
show_cards(viewer, cards)
if totals.contractor_count > len(cards):
    st.caption(f"The first {to_parts(len(cards), totals.contractor_count)}; all of them are in the list.")
show_chart(
    contractors_compared(
        measures(cards, "training_hours_per_technician", "quantile_training_hours_per_technician"),
        "Hours of training a technician in a year",
        is_percent=False,
        unit="h",
    ),
    key="contractors_hours",
)
show_listing(
    viewer,
    contractors.listing(),
    COLUMNS,
    key="contractors",
    noun=("contractor", "contractors"),
    empty=Empty("No contractor has a contract today.", "Contracts bring them here."),
    opens=Opens(OWNER_CONTRACTOR, "contractor_id", "contractor", "scorecard"),
)

"""Training return: what training cost, changed and returned, each with its interval, and what would change that."""

import streamlit as st

from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.return_costs import show_costs
from app.dashboards.components.return_jobs import show_jobs
from app.dashboards.components.return_values import show_values
from app.dashboards.components.return_wages import show_wages
from app.dashboards.components.returns import require_figures, returns_answer, show_incomes, show_return
from app.dashboards.navigation import COMPANY_ROI
from app.dashboards.queries import returns
from operational_db.identity.rules import Permission

RETURN, COSTS, WAGES, VALUES, JOBS, INCOMES = (
    "Return", "Costs", "Wages", "Worth of results", "Results of jobs", "Published incomes",
)  # fmt: skip

viewer = open_page(COMPANY_ROI)
if not viewer.principal.can(Permission.VIEW_ROI, viewer.organization_id):
    say_empty("What training cost and returned is shown to the company's managers and auditors.", "Ask one of them.")
    st.stop()
require_figures(viewer)
found, records = viewer.load(returns.company), viewer.load(returns.records)
answer(returns_answer(found))
show_receipts(viewer)
parts = [RETURN, COSTS, WAGES, VALUES, JOBS, INCOMES]
if not viewer.principal.can(Permission.MANAGE_ROI, viewer.organization_id):
    parts.remove(WAGES)
part = st.segmented_control(
    "What to show", parts, default=RETURN, required=True, key="returns_part", bind="query-params"
)
currency = found.currency if found is not None else None
if part == COSTS:
    show_costs(viewer, currency)
elif part == WAGES:
    show_wages(viewer, currency)
elif part == VALUES:
    show_values(viewer, currency)
elif part == JOBS:
    show_jobs(viewer, records)
elif part == INCOMES:
    show_incomes(viewer)
else:
    show_return(viewer, found, records)

"""Visits of a company to the buildings it services: which of them nobody of its people may do, and what to do then.

Contracts that owners propose are answered here, and those that hold can be ended.
"""

import streamlit as st

from app.dashboards.components.contracts import show_proposals, show_running_contracts
from app.dashboards.components.frame import open_page, say_empty
from app.dashboards.components.visits import show_visits
from app.dashboards.navigation import COMPANY_VISITS
from operational_db.identity.rules import Permission

viewer = open_page(COMPANY_VISITS)
organization_id = viewer.organization_id
may_see = (Permission.PLAN_VISITS, Permission.VIEW_BUILDINGS)
if organization_id is None or not any(viewer.principal.can(each, organization_id) for each in may_see):
    say_empty(
        "Visits are planned by the company's managers.", "Ask one of them which visits are coming and who is to go."
    )
    st.stop()
show_proposals(viewer)
show_visits(viewer, COMPANY_VISITS, "contractor")
show_running_contracts(viewer)

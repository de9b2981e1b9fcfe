"""Visits of a company to the buildings it services: which of them nobody of its people may do, and what to do then.

Contracts that owners propose are answered here, and those that hold can be ended.
"""

from app.dashboards.components.contracts import show_proposals, show_running_contracts
from app.dashboards.components.frame import open_page
from app.dashboards.components.visits import show_visits
from app.dashboards.navigation import COMPANY_VISITS

viewer = open_page(COMPANY_VISITS)
show_proposals(viewer)
show_visits(viewer, COMPANY_VISITS, "contractor")
show_running_contracts(viewer)

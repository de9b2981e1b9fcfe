"""Visits to an owner's buildings: who comes when, and which of them nobody qualified can do."""

from app.dashboards.components.frame import open_page
from app.dashboards.components.visits import show_visits
from app.dashboards.navigation import OWNER_VISITS

viewer = open_page(OWNER_VISITS)
show_visits(viewer, OWNER_VISITS, "owner")

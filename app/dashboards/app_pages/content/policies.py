"""Policies: which hold, which lessons teach them, and a new version with what it sets off before it is published."""

from app.dashboards.components.frame import open_page
from app.dashboards.components.policies import show_policies
from app.dashboards.components.receipts import show_receipts
from app.dashboards.navigation import CONTENT_POLICIES

viewer = open_page(CONTENT_POLICIES)
show_receipts(viewer)
show_policies(viewer)

"""Security incidents: were those involved certified when it happened? Report one, open its report."""

import streamlit as st

from app.dashboards.charts.security import certified_by_scope
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import show_figures
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.incidents import show_incidents, show_report_form
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.security import incident_figures
from app.dashboards.formats import to_parts, to_plural
from app.dashboards.navigation import SECURITY_INCIDENTS
from app.dashboards.queries import incidents

LIST, REPORT = "Incidents", "Report one"

viewer = open_page(SECURITY_INCIDENTS)
counts = viewer.load(incidents.counts)
if counts.involved_count:
    answer(
        f"{to_parts(counts.known_certified_count, counts.involved_count)} people involved in "
        f"{to_plural(counts.incident_count, 'incident')} were certified for its scope, as known at the time."
    )
else:
    answer("No incident with people involved is on record.")
show_receipts(viewer)
part = st.segmented_control(
    "What to do", [LIST, REPORT], default=LIST, required=True, key="incidents_part", bind="query-params"
)
if part == REPORT:
    show_report_form(viewer)
    st.stop()
if counts.involved_count:
    show_figures(incident_figures(counts))
    show_chart(certified_by_scope(viewer.load(incidents.by_scope)), key="incidents_chart")
show_incidents(viewer)

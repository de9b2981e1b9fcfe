"""One incident: who was involved, and whether each was certified for its scope then, as known then and as known now."""

from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.incidents import show_report
from app.dashboards.components.receipts import show_receipts
from app.dashboards.formats import to_instant, to_number, to_parts
from app.dashboards.navigation import EVIDENCE_EXPORT, SECURITY_INCIDENT, SECURITY_INCIDENTS
from app.dashboards.use_cases import incidents
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission

viewer = open_page(SECURITY_INCIDENT)
st.page_link(SECURITY_INCIDENTS.path, label="All incidents", icon=":material/arrow_back:")
try:
    incident_id = UUID(str(st.query_params.get("incident", "")))
except ValueError:
    incident_id = UUID(int=0)
try:
    report = incidents.report_of(
        session.installation().engine, viewer.principal, incident_id=incident_id, now=clock.now()
    )
except DomainError as error:
    st.error(error.message, icon=":material/error:")
    st.stop()
incident = report.incident
st.header(incident.title)
ended = f" to {to_instant(incident.ended_at, viewer.zone)}" if incident.ended_at else ""
st.caption(f"{incident.scope} · {to_instant(incident.started_at, viewer.zone)}{ended}")
total = len(report.people)
answer(f"{to_parts(report.certified_then_count, total)} people involved were certified for {incident.scope} then.")
show_receipts(viewer)
if incident.summary:
    st.markdown(incident.summary)
show_figures(
    [
        Figure("Involved", to_number(total), "people"),
        Figure("As known then", to_number(report.certified_then_count), f"of {to_number(total)} certified"),
        Figure(
            "As known now",
            to_number(report.certified_now_count),
            f"of {to_number(total)} certified",
            help="Takes in what was learned since, such as a revocation that reaches back.",
        ),
    ]
)
if viewer.principal.can(Permission.EXPORT_EVIDENCE, incident.organization_id):
    st.page_link(
        EVIDENCE_EXPORT.path,
        label="Get the evidence of this incident",
        icon=EVIDENCE_EXPORT.icon,
        query_params={"incident": str(incident.incident_id)},
    )
show_report(viewer, report)

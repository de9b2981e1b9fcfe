"""One contractor: its scorecard, how it answers each requirement of the owner, and where that hangs on one person."""

import streamlit as st

from app.dashboards import session
from app.dashboards.components.contractors import REQUIREMENTS, card_figures, places_of, with_rules
from app.dashboards.components.figures import show_figures
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.owners import require_figures
from app.dashboards.components.tables import Empty, show_frame
from app.dashboards.formats import to_number, to_parts, to_percent
from app.dashboards.navigation import OWNER_CONTRACTOR, OWNER_CONTRACTORS, OWNER_CREW_CHECK, OWNER_VISITS
from app.dashboards.queries import contractors
from app.dashboards.use_cases import crew_rules
from operational_db import clock
from operational_db.errors import DomainError

viewer = open_page(OWNER_CONTRACTOR)
require_figures(viewer, contractors.NEEDED_VIEWS)
st.page_link(OWNER_CONTRACTORS.path, label="All contractors", icon=":material/arrow_back:")
contractor_id = str(st.query_params.get("contractor", ""))
card = viewer.load(contractors.card_of, contractor_id=contractor_id)
if card is None or viewer.organization_id is None:
    say_empty("No contractor of yours has this address.", "Choose one from the list; contracts bring them there.")
    st.stop()
st.header(card.name)
answer(
    f"Covers {to_percent(card.requirement_coverage)} of what you ask of it "
    f"({to_parts(card.covered_count, card.requirement_count)}); {to_number(card.one_deep_count)} of the rules hang on "
    "one person."
)
show_figures(card_figures(card, viewer))
st.subheader("Among other contractors")
st.markdown("\n".join(places_of(card)))
st.caption("Others are known by these shares alone, never by name, and only where there are at least five.")
with st.container(horizontal=True):
    st.page_link(OWNER_CREW_CHECK.path, label="Check a crew", icon=OWNER_CREW_CHECK.icon)
    st.page_link(OWNER_VISITS.path, label="Its visits", icon=OWNER_VISITS.icon)
st.subheader("Your requirements")
frame = viewer.load(contractors.requirements_of, contractor_id=contractor_id)
try:
    rules = crew_rules.rules_of(
        session.installation().engine, viewer.principal, organization_id=viewer.organization_id, on=clock.today()
    )
except DomainError as error:
    st.warning(f"What each rule asks cannot be read now. {error.message}", icon=":material/cloud_off:")
    rules = []
show_frame(
    viewer,
    with_rules(frame, rules),
    REQUIREMENTS,
    key="contractor_requirements",
    alt="Your requirements and how this contractor answers each",
    empty=Empty("Nothing is asked of this contractor.", "Set a requirement that applies to a unit it services."),
)

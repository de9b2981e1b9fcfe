"""Company certificates: what lapses next, how fast renewals come, and where only one person holds a kind."""

import streamlit as st

from app.dashboards.charts.company import lapses_by_month
from app.dashboards.components.charts import show_chart
from app.dashboards.components.company import certificate_figures, show_calendar
from app.dashboards.components.figures import show_figures
from app.dashboards.components.filters import choose, choose_id, fold, search_box, set_count
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.renewal import show_bulk_renewal
from app.dashboards.components.tables import Column, Empty, Opens, show_frame, show_listing
from app.dashboards.formats import to_number, to_plural
from app.dashboards.navigation import COMPANY_CERTIFICATES, COMPANY_PERSON
from app.dashboards.queries import certificates, company

LIST, CALENDAR, RENEW = "List", "Calendar and pace", "Renew"

viewer = open_page(COMPANY_CERTIFICATES)
counts = viewer.load(certificates.counts, today=viewer.today)
if counts.held_count == 0:
    say_empty(
        "No certificates are on record.", "Finished courses that lead to one, and imports of registers, add them."
    )
    st.stop()
pace = viewer.load(certificates.renewal_pace, today=viewer.today)
answer(
    f"{to_plural(counts.expiring_30_count, 'certificate lapses', 'certificates lapse')} in the next 30 days; "
    f"{to_number(counts.expired_count)} lapsed already and were not renewed."
)
show_receipts(viewer)
show_figures(certificate_figures(counts, pace))
part = st.segmented_control(
    "What to show", [LIST, CALENDAR, RENEW], default=LIST, required=True, key="certificates_part", bind="query-params"
)
if part == RENEW:
    show_bulk_renewal(viewer)
    st.stop()
if part == CALENDAR:
    show_calendar(viewer)
    st.stop()
show_chart(
    lapses_by_month(viewer.load(certificates.lapses_by_month, today=viewer.today), viewer.today),
    key="certificates_chart",
)

with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    search = search_box("Search by name", key="certificates_search")
    folded = fold(set_count("certificates_state", "certificates_team", "certificates_kind"))
with folded:
    state = choose("State", list(certificates.STATES), key="certificates_state")
    team_id = choose_id("Team", viewer.load(company.teams), any_label="All teams", key="certificates_team")
    kind = choose_id("Certificate", viewer.load(certificates.kinds), any_label="All kinds", key="certificates_kind")
show_listing(
    viewer,
    certificates.listing(today=viewer.today, state=state, team_id=team_id, certification_id=kind, search=search),
    [
        Column("display_name", "Person"),
        Column("name", "Certificate"),
        Column("state", "State", "status"),
        Column("expires_on", "Valid until", "date"),
        Column("days_left", "Days left", "number", help="Negative when it has lapsed"),
        Column("team_name", "Team"),
        Column("issued_on", "Issued", "date"),
    ],
    key="certificates",
    noun=("certificate", "certificates"),
    empty=Empty("No certificate matches these filters.", "Choose another state, team or kind."),
    opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
)
st.subheader("One person deep")
st.caption(
    f"Kinds that exactly one person holds validly ({to_number(counts.one_deep_count)}): "
    "if that person is away, nobody may do the work."
)
show_frame(
    viewer,
    viewer.load(certificates.one_deep),
    [Column("display_name", "Person"), Column("name", "Certificate"), Column("expires_on", "Valid until", "date")],
    key="certificates_one_deep",
    alt="Certificates that one person alone holds",
    empty=Empty("Every kind is held by at least two people.", "Nothing to do here."),
    opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
)

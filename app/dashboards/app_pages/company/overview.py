"""Company overview: are we compliant, and where not? The figures lead to the people behind them."""

import streamlit as st

from app.dashboards.charts.company import compliance_by_part, compliance_over_time
from app.dashboards.components.charts import show_chart
from app.dashboards.components.company import compliance_figures
from app.dashboards.components.figure_evidence import with_evidence
from app.dashboards.components.figures import show_figures
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.tables import words_of
from app.dashboards.formats import to_parts, to_percent, to_plural
from app.dashboards.navigation import COMPANY_ASSIGNMENTS, COMPANY_CERTIFICATES, COMPANY_OVERVIEW, Area
from app.dashboards.queries import company

viewer = open_page(COMPANY_OVERVIEW)
now = viewer.load(company.headline)
if now is None or now.required_count == 0:
    say_empty(
        "Nothing is required of anybody yet.", "Set a requirement, or assign a mandatory course, to see compliance."
    )
    st.stop()
trend, forecast = viewer.load(company.trend), viewer.load(company.forecast)

answer(
    f"{to_percent(now.compliance_rate)} compliant: {to_parts(now.completed_count, now.counted_count)} required "
    f"trainings are done; {to_plural(now.people_overdue_count, 'person is', 'people are')} overdue."
)
show_figures(with_evidence(viewer, compliance_figures(now, trend), area=Area.COMPANY))
with st.container(horizontal=True):
    st.page_link(
        COMPANY_ASSIGNMENTS.path, label="Assign what is missing to those who lack it", icon=COMPANY_ASSIGNMENTS.icon
    )
    st.page_link(COMPANY_CERTIFICATES.path, label="See which certificates lapse", icon=COMPANY_CERTIFICATES.icon)
show_chart(compliance_over_time(trend, forecast, company.COMPLIANCE_TARGET), key="overview_trend")

by_category = viewer.load(company.by_category)
categories = by_category.with_columns(words_of(by_category["label"]))
teams = viewer.load(company.by_team)
left, right = st.columns(2)
with left:
    show_chart(compliance_by_part(categories, company.COMPLIANCE_TARGET, "By category"), key="overview_category")
with right:
    show_chart(compliance_by_part(teams, company.COMPLIANCE_TARGET, "By team"), key="overview_team")
st.caption(company.TARGET_SOURCE)

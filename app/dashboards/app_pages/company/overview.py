"""Company overview: are we compliant, and where not? The figures lead to the people behind them."""

import polars as pl
import streamlit as st

from app.dashboards.charts.company import compliance_by_part, compliance_over_time
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import Drill, Figure, show_figures
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.formats import to_number, to_parts, to_percent, to_plural, to_points, to_words
from app.dashboards.navigation import COMPANY_ASSIGNMENTS, COMPANY_CERTIFICATES, COMPANY_OVERVIEW, COMPANY_PEOPLE
from app.dashboards.queries import company

viewer = open_page(COMPANY_OVERVIEW)
now = viewer.load(company.headline)
if now is None or now.required_count == 0:
    say_empty(
        "Nothing is required of anybody yet.", "Set a requirement, or assign a mandatory course, to see compliance."
    )
    st.stop()
trend, forecast = viewer.load(company.trend), viewer.load(company.forecast)
rates = trend["compliance_rate"].drop_nulls().to_list()
since = f"vs {trend['as_of_on'][-2]:%d %b}" if trend.height > 1 else None
change = to_points(rates[-1] - rates[-2]) if len(rates) > 1 else None

answer(
    f"{to_percent(now.compliance_rate)} compliant: {to_parts(now.completed_count, now.counted_count)} required "
    f"trainings are done; {to_plural(now.people_overdue_count, 'person is', 'people are')} overdue."
)
show_figures(
    [
        Figure(
            "Compliance",
            to_percent(now.compliance_rate),
            f"{to_parts(now.completed_count, now.counted_count)} done · {to_number(now.exempted_count)} exempt",
            change,
            since,
            trend=rates,
            drill=Drill(COMPANY_PEOPLE, "All people"),
        ),
        Figure(
            "Overdue",
            to_number(now.overdue_count),
            f"trainings of {to_plural(now.people_overdue_count, 'person', 'people')}",
            drill=Drill(COMPANY_PEOPLE, "Who is overdue", {"people_status": "Overdue"}),
        ),
        Figure(
            "Due in 14 days",
            to_number(now.due_14_days_count),
            "trainings not done yet",
            drill=Drill(COMPANY_PEOPLE, "Who is due", {"people_status": "Due in 14 days"}),
        ),
        Figure(
            "Expiring in 30 days",
            to_number(now.expiring_30_days_count),
            "done, but the certificate ends soon",
            drill=Drill(COMPANY_PEOPLE, "Whose", {"people_status": "Expiring in 30 days"}),
        ),
        Figure(
            "Expired",
            to_number(now.expired_count),
            "once done, the certificate lapsed",
            drill=Drill(COMPANY_PEOPLE, "Whose", {"people_status": "Lapsed"}),
        ),
    ]
)
with st.container(horizontal=True):
    st.page_link(
        COMPANY_ASSIGNMENTS.path, label="Assign what is missing to those who lack it", icon=COMPANY_ASSIGNMENTS.icon
    )
    st.page_link(COMPANY_CERTIFICATES.path, label="See which certificates lapse", icon=COMPANY_CERTIFICATES.icon)
show_chart(compliance_over_time(trend, forecast, company.COMPLIANCE_TARGET), key="overview_trend")

categories = viewer.load(company.by_category).with_columns(
    pl.col("label").map_elements(to_words, return_dtype=pl.String)
)
teams = viewer.load(company.by_team)
left, right = st.columns(2)
with left:
    show_chart(compliance_by_part(categories, company.COMPLIANCE_TARGET, "By category"), key="overview_category")
with right:
    show_chart(compliance_by_part(teams, company.COMPLIANCE_TARGET, "By team"), key="overview_team")
st.caption(company.TARGET_SOURCE)

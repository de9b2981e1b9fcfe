"""Learning engagement and certification impact by month: what moves the targets."""

import polars as pl
import streamlit as st

from app.dashboards.charts.product import measure_by_month
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_month, to_number, to_parts, to_percent, to_points
from app.dashboards.navigation import PRODUCT_TRENDS
from app.dashboards.queries import product

GROUPS = {
    "Learning engagement": (
        product.engagement,
        {
            "course_completion_rate": ("Course completion rate", "completed_count", "ended_count"),
            "assessment_pass_rate": ("Assessment pass rate", "passed_attempt_count", "scored_attempt_count"),
            "return_rate": ("Return rate", "returning_people_count", "active_people_count"),
            "average_session_minutes": ("Average session, minutes", None, None),
            "session_count": ("Sessions", None, None),
        },
    ),
    "Certification impact": (
        product.certification,
        {
            "renewal_rate": ("Renewal rate", "renewed_count", "due_for_renewal_count"),
            "new_certificate_count": ("New certificates", None, None),
            "renewed_count": ("Renewed certificates", None, None),
        },
    ),
}

viewer = open_page(PRODUCT_TRENDS)
group = st.segmented_control(
    "Group", list(GROUPS), default=next(iter(GROUPS)), required=True, key="trends_group", bind="query-params"
)
query, measures = GROUPS[group or next(iter(GROUPS))]
months = viewer.load(query)
full = months.filter(pl.col("month_on") < viewer.today.replace(day=1))
if full.is_empty():
    say_empty("No full month has been measured yet.", "The first one appears when it is over.")
    st.stop()
last = full.row(-1, named=True)
before = full.row(-2, named=True) if full.height > 1 else None
main = next(iter(measures))
answer(f"{measures[main][0]}: {to_percent(last[main])} in {to_month(last['month_on'])}, the last full month.")


def _figure(name: str, label: str, top: str | None, bottom: str | None) -> Figure:
    is_share = top is not None
    value = to_percent(last[name]) if is_share else to_number(last[name], 1 if "minutes" in name else 0)
    change = None
    if before is not None and last[name] is not None and before[name] is not None:
        change = to_points(last[name] - before[name]) if is_share else f"{last[name] - before[name]:+,.0f}"
    detail = to_parts(last[top], last[bottom]) if top and bottom else to_month(last["month_on"])
    return Figure(label, value, detail, change, "vs the month before", trend=full[name].drop_nulls().to_list())


show_figures([_figure(name, *facts) for name, facts in measures.items()])
by_label = {facts[0]: name for name, facts in measures.items()}
label = choose(
    "Measure by month", list(by_label), key=f"trends_measure_{list(GROUPS).index(group or next(iter(GROUPS)))}"
)
chosen = by_label[label]
chart = measure_by_month(
    label, full["month_on"].to_list(), full[chosen].to_list(), is_share=measures[chosen][1] is not None
)
show_chart(chart, key="trends_chart")
show_frame(
    viewer,
    months.sort("month_on", descending=True),
    [
        Column("month_on", "Month", "month"),
        *(
            Column(
                name,
                name.removesuffix("_count").replace("_", " ").capitalize(),
                "percent" if name.endswith("_rate") else "decimal" if "minutes" in name else "number",
            )
            for name in months.columns
            if name != "month_on"
        ),
    ],
    key="trends_months",
    alt=f"{group} by month",
    empty=Empty("No month has been measured yet.", "The first one appears when it is over."),
)
st.caption("The running month is in the table and left out of the figures and the chart, because it is not over.")

"""Learning engagement and certification impact by month: what moves the targets."""

import polars as pl
import streamlit as st

from app.dashboards.charts.product import measure_by_month
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import show_figures
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.measures import GROUPS, measure_figure, month_columns
from app.dashboards.components.tables import Empty, show_frame
from app.dashboards.formats import to_month
from app.dashboards.navigation import PRODUCT_TRENDS

NO_MONTH = Empty("No full month has been measured yet.", "The first one appears when it is over.")

viewer = open_page(PRODUCT_TRENDS)
names = list(GROUPS)
name = st.segmented_control("Group", names, default=names[0], required=True, key="trends_group", bind="query-params")
group = GROUPS[name or names[0]]
months = viewer.load(group.query)
full = months.filter(pl.col("month_on") < viewer.today.replace(day=1))
if full.is_empty():
    say_empty(NO_MONTH.why, NO_MONTH.what_fills_it)
    st.stop()
figures = [measure_figure(measure, full) for measure in group.measures]
answer(f"{figures[0].label}: {figures[0].value} in {to_month(full['month_on'][-1])}, the last full month.")
show_figures(figures)

by_label = {measure.label: measure for measure in group.measures}
key = "trends_learning" if name == names[0] else "trends_certification"
measure = by_label[choose("Measure by month", list(by_label), key=key)]
values = full[measure.column].to_list()
show_chart(
    measure_by_month(measure.label, full["month_on"].to_list(), values, is_share=measure.is_share), key="trends_chart"
)
show_frame(
    viewer,
    months.sort("month_on", descending=True),
    month_columns(months),
    key="trends_months",
    alt=f"{name} by month",
    empty=NO_MONTH,
)
st.caption("The running month is in the table and left out of the figures and the chart, because it is not over.")

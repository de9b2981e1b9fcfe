"""Product KPIs: are we reaching the targets? The eight success criteria, each with its monthly values."""

import polars as pl
import streamlit as st

from app.dashboards.charts.product import measure_by_month
from app.dashboards.components.charts import show_chart
from app.dashboards.components.criteria import criterion_figure, months_of, target_text, value_text
from app.dashboards.components.figures import show_figures
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_number, to_relative_day
from app.dashboards.navigation import PRODUCT_KPIS, PRODUCT_TRENDS
from app.dashboards.queries import product

viewer = open_page(PRODUCT_KPIS)
criteria = viewer.load(product.criteria)
if not criteria:
    say_empty("No target has been measured yet.", "The figures appear with the next update.")
    st.stop()
trends = viewer.load(product.criterion_trends)
met = [criterion for criterion in criteria if criterion.is_met]
missed = ", ".join(criterion.label.lower() for criterion in criteria if not criterion.is_met)
answer(
    f"{to_number(len(met))} of {to_number(len(criteria))} targets are met"
    + (f"; not yet: {missed}." if missed else ".")
)
figures = [criterion_figure(criterion, months_of(criterion, trends)) for criterion in criteria]
show_figures(figures[:4])
show_figures(figures[4:])

labels = {criterion.label: criterion for criterion in criteria}
chosen = labels[choose("Target by month", list(labels), key="kpis_criterion")]
months = months_of(chosen, trends)
chart = measure_by_month(
    chosen.label,
    months["month_on"].to_list(),
    months["value"].to_list(),
    is_share=chosen.is_share,
    target=chosen.target,
)
show_chart(chart, key="kpis_trend")
st.caption(
    f"{chosen.explanation} Measured through {to_relative_day(chosen.measured_to, viewer.today)}; "
    f"{value_text(chosen)} against {target_text(chosen)}."
)
show_frame(
    viewer,
    months.sort("month_on", descending=True).with_columns(pl.lit(chosen.target).alias("target")),
    [
        Column("month_on", "Month", "month"),
        Column("value", chosen.label, "percent" if chosen.is_share else "number"),
        Column("target", "Target", "percent" if chosen.is_share else "number"),
    ],
    key="kpis_months",
    alt=f"{chosen.label} by month",
    empty=Empty("No month has a value yet.", "The first full month fills this table."),
)
st.page_link(PRODUCT_TRENDS.path, label="What moves the targets", icon=PRODUCT_TRENDS.icon)

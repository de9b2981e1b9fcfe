"""Puts a pure chart on the page: heading, finding in words, and the same words for those who cannot see it."""

import streamlit as st

from app.dashboards.charts.chart import Chart

CHART_CONFIG = {"displayModeBar": False, "responsive": True}


def show_chart(chart: Chart, *, key: str) -> None:
    """The chart under its heading; the finding is both visible and the text alternative."""
    st.subheader(chart.heading)
    st.caption(chart.finding)
    st.plotly_chart(chart.figure, key=key, alt=f"{chart.heading}. {chart.finding}", config=CHART_CONFIG)

"""What every chart shares: its heading, its finding in words, the palette and the plain axes. No Streamlit here."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go

from app.dashboards.formats import to_percent

# Okabe and Ito's colours, darkened where needed to keep 3:1 on white and on the dark background.
BLUE = "#2E7EBB"
ORANGE = "#C75B12"
GREEN = "#178F6B"
PURPLE = "#A8588B"
GRAY = "#7A828C"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, GRAY)


@dataclass(frozen=True)
class Chart:
    """`figure` is a plotly figure (untyped library); `finding` states in words what it shows."""

    heading: str
    finding: str
    figure: Any


@dataclass(frozen=True)
class ShareBar:
    """One bar: `share` is 0–1, `made_of` its numerator and denominator in words."""

    label: str
    share: float
    made_of: str


def create_figure(height: int, *, is_percent: bool = False, right_margin: int = 16) -> Any:
    """An empty figure with our margins, no legend and an axis from zero."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": right_margin, "t": 12, "b": 8},
        showlegend=False,
        hovermode="closest",
        separators=".\u202f",
        bargap=0.35,
    )
    if is_percent:
        figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def create_share_bars(bars: Sequence[ShareBar], *, target: float | None = None) -> Any:
    """Lying bars from 0 to 100 %, each labelled directly; with a target, those below it stand out."""
    figure = create_figure(60 + 44 * max(len(bars), 1))
    positions = list(range(len(bars)))
    figure.add_bar(
        x=[bar.share for bar in bars],
        y=positions,
        orientation="h",
        marker={"color": [ORANGE if target is not None and bar.share < target else BLUE for bar in bars]},
        customdata=[[bar.label, to_percent(bar.share), bar.made_of] for bar in bars],
        hovertemplate="%{customdata[0]}: %{customdata[1]} · %{customdata[2]}<extra></extra>",
    )
    # Name and value stand left of the bar, so that they never cover it or the target, however narrow the screen.
    figure.update_yaxes(
        tickvals=positions,
        ticktext=[f"{escape(_shorten(bar.label))}<br><b>{to_percent(bar.share)}</b> · {bar.made_of}" for bar in bars],
        showgrid=False,
    )
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%", tickvals=[0, 0.5, 1], fixedrange=True)
    if target is not None:
        figure.add_vline(x=target, line={"color": GRAY, "dash": "dash", "width": 2})
    return figure


LABEL_LENGTH = 34


def _shorten(label: str) -> str:
    """A long name ends in an ellipsis on the axis; the whole one is in the hover text and the tables."""
    return label if len(label) <= LABEL_LENGTH else f"{label[: LABEL_LENGTH - 1]}…"

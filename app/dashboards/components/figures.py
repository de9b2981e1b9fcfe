"""Rows of figures: label, value, what it is made of, change, a small trend, and the way to the records behind it."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape

import streamlit as st

from app.dashboards.charts.chart import BLUE
from app.dashboards.navigation import PageEntry

CARD_WIDTH = 165
SPARK_WIDTH, SPARK_HEIGHT = 120, 28


@dataclass(frozen=True)
class Drill:
    """Where a figure leads: a page with filters already set, or other filters on this page (`page` is None)."""

    page: PageEntry | None
    label: str
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """`change` is signed text ("+2.1 points"), coloured by `more_is_good`; `trend` holds evenly spaced values."""

    label: str
    value: str
    detail: str = ""
    change: str | None = None
    change_since: str | None = None
    more_is_good: bool | None = True
    trend: Sequence[float] = ()
    drill: Drill | None = None
    help: str | None = None
    chip: str = ""
    # Where a bundle of the entries behind it is made, for those who may export evidence.
    evidence: Drill | None = None


def show_figures(figures: Sequence[Figure]) -> None:
    """The figures as cards that stack on a narrow screen."""
    labels = [figure.drill.label for figure in figures if figure.drill is not None]
    with st.grid(min(len(figures), 5), min_column_width=CARD_WIDTH, gap="small") as grid:
        for figure in figures:
            with grid.container(border=True, height="stretch", gap="xsmall"):
                _card(figure, has_own_label=figure.drill is None or labels.count(figure.drill.label) == 1)


def _card(figure: Figure, *, has_own_label: bool) -> None:
    st.metric(
        figure.label,
        figure.value,
        _delta(figure.change),
        delta_color="off" if figure.more_is_good is None else "normal" if figure.more_is_good else "inverse",
        delta_description=figure.change_since if figure.change else None,
        help=figure.help,
    )
    if len(figure.trend) > 1:
        st.html(to_sparkline(figure.trend, f"Trend of {figure.label}: {_direction(figure.trend)}"))
    if figure.chip:
        st.markdown(figure.chip)
    if figure.detail:
        st.caption(figure.detail)
    if figure.drill is not None or figure.evidence is not None:
        st.space("stretch")
    if figure.drill is not None:
        # No two links or buttons of a page may go by one name: a screen reader lists them without their cards.
        label = figure.drill.label if has_own_label else f"{figure.drill.label}: {figure.label.lower()}"
        _link(figure.label, replace(figure.drill, label=label))
    if figure.evidence is not None:
        _link(figure.label, figure.evidence)


def to_sparkline(values: Sequence[float], words: str) -> str:
    """A small line as an image, from the lowest to the highest value; `words` say the same to a screen reader."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = SPARK_WIDTH / (len(values) - 1)
    places = [
        (n * step, SPARK_HEIGHT - 3 - (value - low) / span * (SPARK_HEIGHT - 6)) for n, value in enumerate(values)
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" '
        f'preserveAspectRatio="none" width="{SPARK_WIDTH}" height="{SPARK_HEIGHT}">'
        f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="2" vector-effect="non-scaling-stroke"/>'
        "</svg>"
    )
    return to_image(drawing.encode(), "image/svg+xml", words, f"display:block;width:100%;height:{SPARK_HEIGHT}px")


def to_image(content: bytes, media_type: str, words: str, look: str) -> str:
    """A picture within the page, as HTML; `words` say to a screen reader what it shows, `look` is CSS."""
    source = f"data:{media_type};base64,{b64encode(content).decode()}"
    return f'<img src="{source}" alt="{escape(words, quote=True)}" style="{look}">'


def _direction(values: Sequence[float]) -> str:
    first, last = values[0], values[-1]
    return "unchanged" if first == last else "rising" if last > first else "falling"


def _link(figure_label: str, drill: Drill) -> None:
    if drill.page is not None:
        filters = dict(drill.filters) or None
        st.page_link(drill.page.path, label=drill.label, icon=":material/arrow_forward:", query_params=filters)
        return
    st.button(
        drill.label,
        key=f"figure_{figure_label.lower().replace(' ', '_')}",
        type="tertiary",
        icon=":material/filter_alt:",
        on_click=_set_filters,
        args=(dict(drill.filters),),
    )


def _set_filters(filters: Mapping[str, str]) -> None:
    for name, value in filters.items():
        st.session_state[name] = value


def _delta(change: str | None) -> str | int | None:
    """Streamlit reads the sign from an ordinary minus, and greys a zero only when it is a number."""
    if change is None:
        return None
    text = change.replace("−", "-")
    return 0 if text.lstrip("+-").split(" ")[0] in {"0", "0.0"} else text

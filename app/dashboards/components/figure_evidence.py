"""From a figure to its evidence in one click: a link that presets the figure on the evidence page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from app.dashboards.components.figures import Drill, Figure
from app.dashboards.navigation import EVIDENCE_EXPORT, Area
from app.dashboards.queries.figures import FIGURES
from app.dashboards.viewer import Viewer
from operational_db.identity.rules import Permission

BY_LABEL = {source.label: name for name, source in FIGURES.items()}
LABEL = "Its evidence"


def with_evidence(
    viewer: Viewer, figures: Sequence[Figure], *, area: Area, address: Mapping[str, str] | None = None
) -> list[Figure]:
    """The figures, those with rows behind them leading to a bundle of the entries; as they are for everybody else.

    Parameters
    ----------
    area
        The area of the page, whose chosen organization is taken along.
    address
        What else the evidence page takes over, such as the cohort.
    """
    organization_id = viewer.organization_id
    if organization_id is None or not viewer.principal.can(Permission.EXPORT_EVIDENCE, organization_id):
        return list(figures)
    taken: dict[str, str] = dict(address or {})
    chosen = st.session_state.get(f"{area}_organization")
    if chosen:
        taken[f"{Area.EVIDENCE}_organization"] = chosen

    def linked(figure: Figure) -> Figure:
        name = BY_LABEL.get(figure.label)
        if name is None:
            return figure
        return replace(
            figure, evidence=Drill(EVIDENCE_EXPORT, f"{LABEL}: {figure.label.lower()}", {"figure": name, **taken})
        )

    return [linked(figure) for figure in figures]

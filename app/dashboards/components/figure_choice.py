"""Choosing a figure of a dashboard for a bundle: by its name, in the chosen organization, with what it shows now."""

from datetime import date

import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import say_empty
from app.dashboards.formats import to_month, to_number, to_percent, to_plural
from app.dashboards.queries import figures, school
from app.dashboards.queries.figures import FigureEvidence, FigureSource
from app.dashboards.use_cases import evidence
from app.dashboards.viewer import Viewer
from operational_db.errors import DomainError
from operational_db.evidence.rules import BundleScope

ALL_COHORTS = "All cohorts"


def choose_figure(viewer: Viewer) -> BundleScope | None:
    """What the bundle of a figure is to hold; the figure of the address comes first. None when there is nothing."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return None
    known = viewer.load(figures.figures_of, organization_id=str(organization_id))
    if not known:
        say_empty("There are no figures of this organization yet.", "They appear with the next update.")
        return None
    asked = st.query_params.get("figure", "")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = list(known)
        name = st.selectbox(
            "Figure",
            names,
            index=names.index(asked) if asked in names else 0,
            format_func=lambda each: known[each].label,
            key="evidence_figure",
        )
        cohort_on = _choose_cohort(viewer) if "$cohort_on" in known[name].rows else None
    found = viewer.load(
        figures.evidence_of,
        figure=name,
        organization_id=str(organization_id),
        today=viewer.today,
        cohort_on=cohort_on,
    )
    value = shown(known[name], found)
    if not found.leaf_indexes:
        say_empty(f"“{known[name].label}” shows {value}: nothing is behind it.", "Choose another figure.")
        return None
    try:
        wanted = evidence.figure_scope(
            session.installation().engine,
            viewer.principal,
            organization_id=organization_id,
            name=known[name].name if cohort_on is None else f"{known[name].name} {cohort_on:%Y-%m}",
            value=value,
            leaf_indexes=found.leaf_indexes,
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return None
    held = len(wanted.scope.leaf_indexes)
    st.markdown(
        f"**{known[name].label}: {value}.** The bundle holds the "
        f"{to_plural(held, 'ledger entry', 'ledger entries')} it rests on."
    )
    if wanted.left_out_count:
        st.caption(
            f"{to_plural(wanted.left_out_count, 'more entry is', 'more entries are')} not in this organization's part "
            "of the ledger, such as courses taken elsewhere, and cannot be given with it."
        )
    return wanted.scope if held else None


def shown(source: FigureSource, found: FigureEvidence) -> str:
    """The figure as its page shows it."""
    if found.value is None:
        return "–"
    return to_percent(found.value) if source.is_share else to_number(int(found.value))


def _choose_cohort(viewer: Viewer) -> date | None:
    months: list[date] = viewer.load(school.cohorts)["cohort_on"].to_list()
    asked = st.query_params.get("cohort", "")
    by_label = {to_month(month): month for month in reversed(months)}
    options = [ALL_COHORTS, *by_label]
    wanted = next((label for label, month in by_label.items() if month.isoformat() == asked), ALL_COHORTS)
    chosen = st.selectbox("Cohort", options, index=options.index(wanted), key="evidence_cohort")
    return by_label.get(chosen)

"""What a company requires of its people, and ending one of its requirements."""

from collections.abc import Sequence
from datetime import date

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import say_empty
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_day, to_words
from app.dashboards.use_cases import requirements
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.compliance.views import RequirementView
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission

IN_FORCE, ALL = "In force today", "All there ever were"
CHOSEN, ENDS, ENDING = "requirements_chosen", "requirements_ends", "requirements_ending"
COLUMNS = (
    Column("subject", "Required training"),
    Column("scope", "Of whom"),
    Column("category", "Category", "words"),
    Column("due_within_days", "Days to meet it", "number"),
    Column("effective_from", "From", "date"),
    Column("ended_on", "No longer from", "date"),
)


def show_requirements(viewer: Viewer) -> None:
    """Requirements with their scope and days, their download, and the way to end one, confirmed before it is written.

    They are some dozens: the list is shown whole.
    """
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    today = clock.today()
    is_now = choose("Which requirements", [IN_FORCE, ALL], key="requirements_which") == IN_FORCE
    try:
        found = requirements.requirements_of(
            session.installation().engine, viewer.principal, organization_id, on=today if is_now else None
        )
    except DomainError as error:
        st.error(f"{error.message} The other parts go on working from the last figures.", icon=":material/error:")
        return
    show_frame(
        viewer,
        _frame(found),
        COLUMNS,
        key="requirements",
        alt="Requirements",
        empty=Empty("Your company requires nothing." if not is_now else "No requirement is in force today.", ""),
    )
    open_ended = [view for view in found if view.ended_on is None]
    if not viewer.principal.can(Permission.SET_REQUIREMENTS, organization_id):
        say_empty("Your role may look, but not change requirements.", "Ask a manager of the organization.")
    elif open_ended:
        _show_end(viewer, open_ended, today)


def _show_end(viewer: Viewer, open_ended: Sequence[RequirementView], today: date) -> None:
    labels = {f"{view.subject}, {_scope(view)} ({str(view.requirement_id)[-4:]})": view for view in open_ended}
    label = st.selectbox(
        "End a requirement", list(labels), index=None, key=CHOSEN, placeholder="Choose one", on_change=_back
    )
    chosen = labels.get(str(label))
    if chosen is None:
        return
    first = max(today, chosen.effective_from)
    ended_on = st.date_input(
        "First day it no longer holds",
        first,
        min_value=first,
        key=f"{ENDS}_{chosen.requirement_id}",
        format="YYYY-MM-DD",
    )
    if ended_on is None:
        return
    if not st.session_state.get(ENDING):
        st.button("End it…", key="requirements_review", on_click=_ask)
        return
    st.warning(
        f"End “{chosen.subject}” for {_scope(chosen)} from {to_day(ended_on)}? Nobody owes it from then on, and it no "
        "longer counts in the compliance rate. What held until then stays on record. This cannot be undone; to require "
        "it again later, a new requirement with new days is set.",
        icon=":material/warning:",
    )
    with st.container(horizontal=True):
        st.button("End it", type="primary", key="requirements_confirm", on_click=_end, args=(viewer, chosen))
        st.button("Back", key="requirements_back", on_click=_back)


def _ask() -> None:
    st.session_state[ENDING] = True


def _back() -> None:
    st.session_state[ENDING] = False


def _end(viewer: Viewer, requirement: RequirementView) -> None:
    """On the day that stands there when the button is pressed."""
    engine, ended_on = session.installation().engine, st.session_state[f"{ENDS}_{requirement.requirement_id}"]
    st.session_state[ENDING] = not write(
        lambda: requirements.end_requirement(
            engine, viewer.principal, requirement=requirement, ended_on=ended_on, now=clock.now()
        )
    )


def _scope(view: RequirementView) -> str:
    parts = [to_words(view.role) if view.role else "everybody", f"in {view.team_name}" if view.team_name else ""]
    return " ".join(part for part in parts if part)


def _frame(views: Sequence[RequirementView]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "subject": [view.subject for view in views],
            "scope": [_scope(view) for view in views],
            "category": [view.category for view in views],
            "due_within_days": [view.due_within_days for view in views],
            "effective_from": [view.effective_from for view in views],
            "ended_on": [view.ended_on for view in views],
        },
        schema_overrides={"ended_on": pl.Date, "effective_from": pl.Date},
    )

"""The exemptions of a company: who is excused from what, why, by whom and until when, and ending one."""

from collections.abc import Sequence
from datetime import date
from functools import partial

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.downloads import show_downloads
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import say_empty
from app.dashboards.components.notices import page_number, show_pages
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import PAGE_ROWS, Column, Opens, show_table, to_export
from app.dashboards.formats import to_day, to_plural
from app.dashboards.navigation import COMPANY_PERSON
from app.dashboards.use_cases import requirements
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.compliance.views import ExemptionOrder, ExemptionView
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.paging import PageRequest

PAGE_KEY = "exemptions_page"
IN_FORCE, ALL = "In force today", "All there ever were"
ORDERS = {
    "Ends first": ExemptionOrder.ENDS_FIRST,
    "Latest granted first": ExemptionOrder.LATEST_FIRST,
    "Person": ExemptionOrder.PERSON,
    "Approver": ExemptionOrder.APPROVER,
}
COLUMNS = (
    Column("display_name", "Person"),
    Column("subject", "Required training"),
    Column("reason", "Reason"),
    Column("approver_name", "Approved by"),
    Column("starts_on", "From", "date"),
    Column("ends_on", "Last day", "date"),
    Column("state", "State"),
)


def show_exemptions(viewer: Viewer) -> None:
    """The exemptions, page by page, with their download; whoever may exempt can end one that holds."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    engine, principal, today = session.installation().engine, viewer.principal, clock.today()
    st.subheader("Exemptions")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        on = today if choose("Which exemptions", [IN_FORCE, ALL], key="exemptions_which") == IN_FORCE else None
        order = ORDERS[choose("Sort by", list(ORDERS), key="exemptions_sort")]
    read = partial(requirements.exemptions_of, engine, principal, organization_id, on=on, order=order)
    try:
        page = read(PageRequest(page_number(PAGE_KEY), PAGE_ROWS))
        if page.total and not page.items:
            page = read(PageRequest(1, PAGE_ROWS))
    except DomainError as error:
        st.error(f"{error.message} The other parts go on working from the last figures.", icon=":material/error:")
        return
    if not page.total:
        say_empty(
            "Nobody is exempt today." if on else "Nobody was ever exempted.",
            "Each exemption is listed here with its reason, who approved it, and its last day.",
        )
        return
    every = partial(requirements.every_exemption, engine, principal, organization_id, on=on, order=order)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.markdown(f"**{to_plural(page.total, 'exemption')}** · choose a person to open the record", width="stretch")
        show_downloads(viewer, lambda: to_export(_frame(every(), today), COLUMNS, viewer), key="exemptions")
    opens = Opens(COMPANY_PERSON, "person_id", "person", "record")
    alt = f"Exemptions, page {page.number} of {page.page_count}"
    show_table(_frame(page.items, today), COLUMNS, viewer, key="exemptions", alt=alt, opens=opens)
    show_pages(page.page_count, PAGE_KEY)
    if principal.can(Permission.EXEMPT_TRAINING, organization_id):
        _show_end(viewer, [view for view in page.items if not _is_over(view, today)])


def _show_end(viewer: Viewer, standing: Sequence[ExemptionView]) -> None:
    if not standing:
        return
    labels = {
        f"{view.display_name}, {view.subject}, through {to_day(view.ends_on)} ({str(view.exemption_id)[-4:]})": view
        for view in standing
    }
    label = st.selectbox(
        "End an exemption", list(labels), index=None, key="exemptions_chosen", placeholder="Choose one of this page"
    )
    chosen = labels.get(str(label))
    if chosen is not None:
        st.button(
            f"End it now: {chosen.display_name}",
            key="exemptions_end",
            icon=":material/block:",
            help="From today the training is owed again.",
            on_click=_end,
            args=(viewer, chosen),
        )


def _end(viewer: Viewer, exemption: ExemptionView) -> None:
    engine, principal = session.installation().engine, viewer.principal
    if write(lambda: requirements.end_exemption(engine, principal, exemption=exemption, now=clock.now())):
        st.session_state["exemptions_chosen"] = None


def _is_over(view: ExemptionView, today: date) -> bool:
    return view.ended_at is not None or view.ends_on < today


def _state(view: ExemptionView, today: date) -> str:
    if view.ended_at is not None:
        return f"Ended on {to_day(view.ended_at.date())}"
    if view.ends_on < today:
        return "Over"
    return "In force" if view.starts_on <= today else "Ahead"


def _frame(views: Sequence[ExemptionView], today: date) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person_id": [str(view.person_id) for view in views],
            "display_name": [view.display_name for view in views],
            "subject": [view.subject for view in views],
            "reason": [view.reason for view in views],
            "approver_name": [view.approver_name for view in views],
            "starts_on": [view.starts_on for view in views],
            "ends_on": [view.ends_on for view in views],
            "state": [_state(view, today) for view in views],
        }
    )

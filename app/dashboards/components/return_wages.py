"""Hourly wages of an organization's people, for who manages costs there: set, take away, bring in a file of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import say_empty
from app.dashboards.components.imports import show_outcome
from app.dashboards.components.notices import page_number, show_pages
from app.dashboards.components.receipts import write
from app.dashboards.components.return_costs import act, choose_currency
from app.dashboards.components.tables import PAGE_ROWS, Column, show_table
from app.dashboards.formats import to_day, to_number, to_plural
from app.dashboards.use_cases import returns as use_cases
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.paging import Page, PageRequest
from operational_db.roi.views import WageView

COLUMNS = (
    Column("person", "Person"),
    Column("starts_on", "From", "date"),
    Column("amount", "Cost of an hour"),
)
PREVIEW = "wages_preview"
PAGE_KEY = "wages_page"


@dataclass(frozen=True)
class Preview:
    """What a file would change, kept for this visit until it is brought in or put away."""

    organization_id: UUID
    content: bytes
    report: Mapping[str, Any]  # Any: reports are JSON


def show_wages(viewer: Viewer, currency: str | None) -> None:
    """The list of wages and every way to change it."""
    organization_id = viewer.organization_id
    if organization_id is None or not viewer.principal.can(Permission.MANAGE_ROI, organization_id):
        say_empty("Wages are shown to who manages costs here.", "Ask a manager of the company.")
        return
    st.caption(
        "What an hour of a person costs you. Wages are in no figure, download or log; nobody but those who manage "
        "costs here sees them, and they go when the person is erased."
    )
    engine = session.installation().engine
    try:
        named = use_cases.choices(engine, viewer.principal, organization_id=organization_id)
        found = _wages(viewer, organization_id, page_number(PAGE_KEY))
        if found.total and not found.items:
            found = _wages(viewer, organization_id, 1)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    people = {f"{name} ({str(key)[-4:]})": key for key, name in named.people.items()}
    with st.expander("Set a wage", icon=":material/add:"):
        st.selectbox("Person", list(people), key="wages_person")
        st.date_input("From", value=clock.today(), key="wages_from", format="YYYY-MM-DD")
        st.number_input("Cost of an hour", min_value=0.0, step=1.0, format="%.2f", key="wages_amount")
        choose_currency("wages_currency", currency)
        st.button(
            "Set it",
            key="wages_set",
            type="primary",
            icon=":material/save:",
            disabled=not people,
            on_click=_set,
            args=(viewer, organization_id, people),
        )
    with st.expander("Bring in a file of wages", icon=":material/upload_file:"):
        _show_upload(viewer, organization_id)
    if not found.total:
        say_empty("No wage is on record.", "Paid hours can be recorded once there is one.")
        return
    st.markdown(f"**{to_plural(found.total, 'wage')}**")
    shown = found.items
    frame = pl.DataFrame(
        {
            "person": [each.person_name for each in shown],
            "starts_on": [each.starts_on for each in shown],
            "amount": [f"{each.amount:,.2f} {each.currency}" for each in shown],
        }
    )
    show_table(frame, COLUMNS, viewer, key="wages", alt=f"Hourly wages, page {found.number}")
    show_pages(found.page_count, PAGE_KEY)
    labels = {f"{each.person_name}, from {to_day(each.starts_on)} ({str(each.person_id)[-4:]})": each for each in shown}
    label = st.selectbox("Take away", list(labels), key="wages_chosen", index=None, placeholder="Choose a wage")
    wage = labels.get(str(label))
    if wage is not None:
        st.button(
            "Take it away",
            key="wages_remove",
            icon=":material/delete:",
            on_click=act,
            args=(
                lambda: use_cases.remove_wage(
                    engine, viewer.principal, organization_id=organization_id, wage=wage, now=clock.now()
                ),
            ),
        )


def _wages(viewer: Viewer, organization_id: UUID, number: int) -> Page[WageView]:
    return use_cases.wages_of(
        session.installation().engine,
        viewer.principal,
        organization_id=organization_id,
        page=PageRequest(number, PAGE_ROWS),
    )


def _set(viewer: Viewer, organization_id: UUID, people: Mapping[str, UUID]) -> None:
    """Reads the form as it stands at the click."""
    state, engine = st.session_state, session.installation().engine
    person_id, first_day = people[state["wages_person"]], state["wages_from"]
    amount, currency = Decimal(f"{state['wages_amount']:.2f}"), state["wages_currency"]
    act(
        lambda: use_cases.set_wage(
            engine,
            viewer.principal,
            organization_id=organization_id,
            person_id=person_id,
            starts_on=first_day,
            amount=amount,
            currency=currency,
            now=clock.now(),
        )
    )


def _show_upload(viewer: Viewer, organization_id: UUID) -> None:
    kept: Preview | None = st.session_state.get(PREVIEW)
    if kept is not None and kept.organization_id == organization_id:
        report = kept.report
        st.markdown(
            f"**{to_plural(int(report['added']), 'wage')} added, {to_number(int(report['changed']))} changed, "
            f"{to_number(int(report['unchanged']))} as before; {to_plural(int(report['refused']), 'row')} refused.**"
        )
        show_outcome(viewer, report)
        with st.container(horizontal=True):
            st.button(
                "Bring it in", key="wages_bring_in", type="primary", icon=":material/upload:", on_click=_bring_in,
                args=(viewer, kept),
            )  # fmt: skip
            st.button("Put it away", key="wages_put_away", on_click=_put_away)
        return
    st.caption("CSV with the columns person (e-mail or id), starts_on, amount, currency. It is tried out first.")
    file = st.file_uploader("File of wages (CSV)", type=["csv"], key="wages_file")
    if st.button("See what would change", key="wages_see", icon=":material/difference:", disabled=file is None):
        content = file.getvalue() if file is not None else b""
        try:
            report = use_cases.read_wages(
                session.installation().engine,
                viewer.principal,
                organization_id=organization_id,
                content=content,
                now=clock.now(),
            )
        except DomainError as error:
            st.error(f"{error.message} Nothing was changed.", icon=":material/error:")
            return
        st.session_state[PREVIEW] = Preview(organization_id, content, report)
        st.rerun()


def _bring_in(viewer: Viewer, kept: Preview) -> None:
    engine, principal = session.installation().engine, viewer.principal
    is_done = write(
        lambda: use_cases.bring_in_wages(
            engine, principal, organization_id=kept.organization_id, content=kept.content, now=clock.now()
        )
    )
    if is_done:
        _put_away()


def _put_away() -> None:
    st.session_state.pop(PREVIEW, None)

"""What one unit of each result is worth to the organization: shown to all who see returns, set by who manages them."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import say_empty
from app.dashboards.components.return_costs import act, choose_currency
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_words
from app.dashboards.use_cases import returns as use_cases
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.roi.rules import UNITS
from operational_db.roi.views import UnitValueView
from operational_db.types import OutcomeKind

COLUMNS = (
    Column("outcome", "Result"),
    Column("unit", "What is valued"),
    Column("amount", "Worth"),
    Column("starts_on", "Since", "date"),
)


def show_values(viewer: Viewer, currency: str | None) -> None:
    """The values in force, and stating another from a day on."""
    organization_id = viewer.organization_id
    if organization_id is None:
        say_empty("Values belong to an organization.", "Choose one in the sidebar.")
        return
    st.caption(
        "Money is counted at your own values: what one callback avoided, one hour saved is worth to you. Values that "
        "overlap count twice: whoever values both a callback and a missed first fix counts the same trip twice."
    )
    try:
        found = use_cases.unit_values(
            session.installation().engine, viewer.principal, organization_id=organization_id, on=clock.today()
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    valued = [each for each in found if each.amount > 0]
    show_frame(
        viewer,
        _frame(valued),
        COLUMNS,
        key="values",
        alt="What a unit of each result is worth",
        empty=Empty("No result has a value yet.", "Without one, what training changed cannot be put into money."),
    )
    if viewer.principal.can(Permission.MANAGE_ROI, organization_id):
        _show_form(viewer, organization_id, valued[0].currency if valued else currency)


def _frame(valued: list[UnitValueView]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "outcome": [to_words(each.outcome_kind) for each in valued],
            "unit": [each.unit for each in valued],
            "amount": [f"{each.amount:,.2f} {each.currency}" for each in valued],
            "starts_on": [each.starts_on for each in valued],
        }
    )


def _show_form(viewer: Viewer, organization_id: UUID, currency: str | None) -> None:
    with st.expander("State a value", icon=":material/edit:"):
        kinds = {to_words(each): each for each in OutcomeKind}
        kind = kinds[str(st.selectbox("Result", list(kinds), key="values_kind"))]
        st.number_input(
            f"Worth of {UNITS[kind]}",
            min_value=0.0,
            step=10.0,
            format="%.2f",
            key="values_amount",
            help="Zero leaves the result out of the return.",
        )
        choose_currency("values_currency", currency)
        st.date_input("From", value=clock.today(), key="values_from", format="YYYY-MM-DD")
        st.button(
            "State it",
            key="values_set",
            type="primary",
            icon=":material/save:",
            on_click=_set,
            args=(viewer, organization_id, kinds),
        )


def _set(viewer: Viewer, organization_id: UUID, kinds: Mapping[str, OutcomeKind]) -> None:
    """Reads the form as it stands at the click."""
    state, engine = st.session_state, session.installation().engine
    kind, first_day = kinds[state["values_kind"]], state["values_from"]
    amount, currency = Decimal(f"{state['values_amount']:.2f}"), state["values_currency"]
    act(
        lambda: use_cases.set_unit_value(
            engine,
            viewer.principal,
            organization_id=organization_id,
            outcome_kind=kind,
            amount=amount,
            currency=currency,
            starts_on=first_day,
            now=clock.now(),
        )
    )

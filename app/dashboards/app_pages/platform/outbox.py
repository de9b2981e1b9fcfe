"""Platform reminders: do they get through? What waits, failed and was given up, and the way to try again."""

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.notices import page_number, show_pages
from app.dashboards.components.outbox import COLUMNS, retry, rows_frame, show_message, show_problem, summary
from app.dashboards.components.tables import Empty, show_frame
from app.dashboards.formats import to_number, to_plural, to_words
from app.dashboards.navigation import PLATFORM_OUTBOX
from app.dashboards.use_cases import notices
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.notifications.views import DeliveryState
from operational_db.paging import PageRequest

PAGE_SIZE = 100

viewer = open_page(PLATFORM_OUTBOX)
show_problem()
states = {to_words(state): state for state in DeliveryState}
wanted = None
if viewer.principal.can(Permission.ADMINISTER):
    wanted = states.get(str(st.selectbox("State", ["All", *states], key="outbox_state", bind="query-params")))
try:
    request = PageRequest(number=page_number("outbox_page"), size=PAGE_SIZE)
    found = notices.read_outbox(session.installation().engine, viewer.principal, request, state=wanted)
except DomainError as error:
    st.info(f"The outbox cannot be shown at the moment. {error.message} Nothing is lost.", icon=":material/cloud_off:")
    st.stop()
counted = summary(found.counts)
given_up, stuck = counted[DeliveryState.GIVEN_UP], counted[DeliveryState.RETRYING] + counted[DeliveryState.IN_DOUBT]
if given_up:
    answer(f"{to_plural(given_up, 'message')} did not get through and will not be tried again by themselves.")
elif stuck:
    answer(f"{to_plural(stuck, 'message')} did not get through yet; they are tried again by themselves.")
else:
    answer("Every message whose time has come got through.")
show_figures(
    [
        Figure("Waiting", to_number(counted[DeliveryState.WAITING]), "for the morning of their day"),
        Figure("Tried again", to_number(stuck), f"{to_number(counted[DeliveryState.IN_DOUBT])} with unknown outcome"),
        Figure("Given up", to_number(given_up), "refused, or failing for a week"),
        Figure("Delivered", to_number(counted[DeliveryState.DELIVERED]), "over all channels"),
        Figure("Cancelled", to_number(counted[DeliveryState.CANCELLED]), "renewed or done before they went out"),
    ]
)
if found.rows is None:
    say_empty("Single messages are for administrators.", "They see whom a message is for and may try it again.")
    st.stop()
frame = rows_frame(found.rows.items)
if given_up:
    st.button(
        "Try all given up again", key="outbox_retry_all", icon=":material/replay:", on_click=retry, args=(viewer, None)
    )
show_frame(
    viewer,
    frame,
    COLUMNS,
    key="outbox_rows",
    alt="Deliveries, those that need somebody first",
    empty=Empty("No delivery is in this state.", "Reminders appear here when they are owed."),
    whole=lambda: rows_frame(notices.every_delivery(session.installation().engine, viewer.principal, state=wanted)),
)
show_pages(found.rows.page_count, "outbox_page")
if not frame.is_empty():
    ids = frame.get_column("delivery_id").cast(pl.String).to_list()
    chosen = st.selectbox("Look at one delivery", ids, index=None, key="outbox_chosen", bind="query-params")
    if chosen:
        show_message(viewer, next(row for row in found.rows.items if str(row.delivery_id) == chosen))

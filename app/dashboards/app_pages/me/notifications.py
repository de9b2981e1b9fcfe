"""Reminders: what lapses or falls due soon, and where do I act on it? Read at this moment, not from the figures."""

import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.notices import (
    mark_all_read,
    page_number,
    show_channels,
    show_notice,
    show_pages,
    show_problem,
)
from app.dashboards.formats import to_plural
from app.dashboards.navigation import MY_NOTIFICATIONS
from app.dashboards.use_cases import notices
from operational_db.errors import DomainError
from operational_db.paging import PageRequest

PAGE_SIZE = 20

viewer = open_page(MY_NOTIFICATIONS)
show_problem()
with st.container(horizontal=True, vertical_alignment="center"):
    chosen = st.segmented_control(
        "Which", ["All", "Unread"], default="All", required=True, key="notifications_which", bind="query-params"
    )
try:
    found = notices.read_notices(
        session.installation().engine,
        viewer.principal,
        PageRequest(number=page_number("notifications_page"), size=PAGE_SIZE),
        unread_only=chosen == "Unread",
    )
except DomainError as error:
    st.info(f"Reminders cannot be shown at the moment. {error.message} None is lost.", icon=":material/cloud_off:")
    st.stop()
today = viewer.now.astimezone(viewer.zone).date()
answer(f"{to_plural(found.unread_count, 'reminder')} unread." if found.unread_count else "You have read everything.")
if found.unread_count:
    st.button(
        "Mark all as read",
        key="notifications_all_read",
        icon=":material/done_all:",
        on_click=mark_all_read,
        args=(viewer,),
    )
if not found.page.items:
    say_empty("There is no reminder here.", "Certificates that expire and trainings that fall due appear in time.")
for notice in found.page.items:
    show_notice(viewer, notice, today)
show_pages(found.page.page_count, "notifications_page")
show_channels(viewer, list(found.channels))

"""Draws reminders: one message a day with its news, each with the page to act on it, and the choice of channels."""

from datetime import date
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from app.dashboards import session
from app.dashboards.formats import to_relative_day, to_words
from app.dashboards.navigation import PAGES
from app.dashboards.use_cases import notices
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.notifications.texts import ACTION_LABELS, line_of
from operational_db.notifications.views import ItemView, NotificationView, PreferenceView
from operational_db.types import NotificationChannel

PROBLEM = "notices_problem"
CHANNEL_LABELS = {
    NotificationChannel.EMAIL: "E-mail",
    NotificationChannel.PUSH: "Push to a device",
    NotificationChannel.SMS: "Text message",
}
ADDRESS_LABELS = {NotificationChannel.PUSH: "Device token", NotificationChannel.SMS: "Telephone number, with +"}


def show_notice(viewer: Viewer, notice: NotificationView, today: date) -> None:
    """One day's message; unread ones carry a mark in words and the way to put it aside."""
    key = notice.notification_id
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            mark = ":blue-badge[:material/mark_email_unread: Unread] " if notice.read_at is None else ""
            st.markdown(f"{mark}**{to_relative_day(notice.on_date, today)}**", width="stretch")
            if notice.read_at is None:
                st.button(
                    f"Mark as read: {to_relative_day(notice.on_date, today)}",
                    key=f"notices_read_{key}",
                    type="tertiary",
                    icon=":material/done:",
                    on_click=_mark_read,
                    args=(viewer, notice),
                )
        for number, item in enumerate(notice.items):
            _show_item(item, today, key=f"notices_{key}_{number}")


def show_channels(viewer: Viewer, channels: list[PreferenceView]) -> None:
    """How the viewer is reminded besides in the product."""
    with st.expander("How you are reminded", icon=":material/tune:"):
        st.caption("Here, always; and between 8 in the morning and 8 in the evening of your time also over:")
        for view in channels:
            if view.channel is NotificationChannel.IN_APP:
                continue
            with st.form(f"notices_channel_{view.channel}", border=False):
                is_enabled = st.toggle(CHANNEL_LABELS[view.channel], view.is_enabled, key=f"notices_on_{view.channel}")
                address = None
                if view.channel in ADDRESS_LABELS:
                    known = " (one is on record)" if view.has_address else ""
                    address = st.text_input(ADDRESS_LABELS[view.channel] + known, key=f"notices_address_{view.channel}")
                elif not view.has_address:
                    st.caption("Your record holds no e-mail address; your manager can add one.")
                label = f"Save: {CHANNEL_LABELS[view.channel].lower()}"
                if st.form_submit_button(label, key=f"notices_save_{view.channel}"):
                    _set_channel(viewer, view.channel, is_enabled=is_enabled, address=address or None)


def page_number(key: str) -> int:
    """The page the viewer is on: what was clicked, else what the address names, else the first."""
    value = str(st.session_state.get(key) or st.query_params.get(key, "1"))
    return max(int(value), 1) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def show_pages(page_count: int, key: str) -> None:
    """The way to other pages, when there are any."""
    if st.session_state.get(key, 1) > page_count:
        st.session_state[key] = 1
    if page_count > 1:
        st.pagination(page_count, key=key, bind="query-params")


def show_problem() -> None:
    """What kept the last click from being written."""
    problem = st.session_state.pop(PROBLEM, None)
    if problem:
        st.error(f"Nothing was written. {problem}", icon=":material/error:")


def mark_all_read(viewer: Viewer) -> None:
    """For a button's callback."""
    try:
        notices.mark_all_read(session.installation().engine, viewer.principal, now=clock.now())
    except DomainError as error:
        st.session_state[PROBLEM] = error.message


def _show_item(item: ItemView, today: date, *, key: str) -> None:
    line = line_of(item, today)
    if item.is_resolved:
        st.markdown(f":gray[:material/check: ~~{line}~~ Nothing is left to do.]")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(line, width="stretch")
        address = urlsplit(item.action_path)
        page = next((page for page in PAGES if f"/{page.address}" == address.path), None)
        if page is not None:
            st.page_link(
                page.path,
                label=ACTION_LABELS[item.schedule],
                icon=":material/arrow_forward:",
                query_params=dict(parse_qsl(address.query)) or None,
            )


def _mark_read(viewer: Viewer, notice: NotificationView) -> None:
    try:
        notices.mark_read(session.installation().engine, viewer.principal, notice.notification_id, now=clock.now())
    except DomainError as error:
        st.session_state[PROBLEM] = error.message


def _set_channel(viewer: Viewer, channel: NotificationChannel, *, is_enabled: bool, address: str | None) -> None:
    try:
        notices.set_channel(
            session.installation().engine,
            viewer.principal,
            channel,
            is_enabled=is_enabled,
            address=address,
            now=clock.now(),
        )
    except DomainError as error:
        st.error(f"Nothing was written. {error.message}", icon=":material/error:")
        return
    st.success(
        f"{CHANNEL_LABELS[channel]}: {to_words('on' if is_enabled else 'off').lower()}.", icon=":material/check:"
    )

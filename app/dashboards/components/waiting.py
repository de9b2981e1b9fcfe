"""What waits for the viewer in the flow of work: a reinforcement that is due, and lessons somebody assigned."""

from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.certification import link_to_lesson, locale, show_tip, to_minutes
from app.dashboards.formats import to_relative_day
from app.dashboards.use_cases import lessons
from app.dashboards.use_cases.lessons import Waiting
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.reinforcement.service import DueReinforcement


def find_waiting(viewer: Viewer) -> Waiting | None:
    """Read at this moment, not from the figures; None without the database, and the page goes on without it."""
    try:
        return lessons.waiting_for(session.installation().engine, viewer.principal, locale=locale(), now=clock.now())
    except DomainError:
        return None


def next_lesson(waiting: Waiting | None) -> str | None:
    """The lesson to take first, in words."""
    if waiting is None or not waiting.assigned:
        return None
    first = waiting.assigned[0]
    return f"{first.title}, due {to_relative_day(first.due_on, clock.today())}"


def show_waiting(viewer: Viewer, waiting: Waiting | None) -> None:
    """The refresher that is due, and every lesson that was assigned."""
    if waiting is None:
        st.caption("Assigned lessons cannot be shown while the database is away.")
        return
    if waiting.reinforcement is not None:
        _show_reinforcement(viewer, waiting.reinforcement)
    if not waiting.assigned:
        return
    with st.container(border=True):
        st.markdown("**Lessons assigned to you**")
        for each in waiting.assigned:
            due = to_relative_day(each.due_on, clock.today())
            link_to_lesson(
                each.lesson_id,
                f"{each.title} ({to_minutes(each.minutes)}), due {due}, for {each.action}",
                each.action,
                each.organization_id,
                "assignment",
            )


def show_at_entry(viewer: Viewer, action: str, organization_id: UUID | None, *, key: str) -> None:
    """What comes up at the entry to a risky feature: its tip, and the refresher that near-misses in it earned."""
    show_tip(viewer, action, organization_id, key=key)
    try:
        due = lessons.refresher_for(
            session.installation().engine,
            viewer.principal,
            action=action,
            organization_id=organization_id,
            locale=locale(),
            now=clock.now(),
        )
    except DomainError:
        return
    if due is not None:
        _show_reinforcement(viewer, due, key=key)


def _show_reinforcement(viewer: Viewer, due: DueReinforcement, *, key: str = "reinforcement") -> None:
    with st.container(border=True):
        st.markdown(
            f":material/psychology: **A short refresher on {due.action}**\n\n"
            "It nearly went wrong more than once lately. A few minutes help, and it will not come back soon."
        )
        with st.container(horizontal=True):
            label = f"{due.lesson.title} ({to_minutes(due.lesson.minutes)})"
            link_to_lesson(due.lesson.id, label, due.action, due.organization_id, "reinforcement")
            st.button(
                "Not needed",
                key=f"{key}_put_off",
                type="tertiary",
                on_click=_put_off,
                args=(viewer, due),
            )


def _put_off(viewer: Viewer, due: DueReinforcement) -> None:
    try:
        lessons.put_off(
            session.installation().engine,
            viewer.principal,
            reinforcement_id=due.reinforcement_id,
            now=clock.now(),
        )
    except DomainError as error:
        st.toast(error.message, icon=":material/error:")

"""A person's mentorships: who waits for an answer, what runs, what was; with accepting and declining."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.chips import chip_of
from app.dashboards.components.receipts import write, writer
from app.dashboards.components.tables import Column, Empty, Opens, show_frame
from app.dashboards.formats import to_day, to_hours, to_instant, to_plural, to_relative_day, to_words
from app.dashboards.navigation import MY_MENTORSHIP
from app.dashboards.use_cases import mentoring
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.mentorship.views import MentorshipView
from operational_db.types import DeclineReason, MentorshipSide, MentorshipStatus

COLUMNS = (
    Column("name", "With"),
    Column("side", "You are", "words"),
    Column("status", "State", "status"),
    Column("kind", "Kind", "words"),
    Column("requested_on", "Asked", "date"),
    Column("session_count", "Meetings", "number"),
    Column("session_hours", "Hours", "decimal"),
    Column("next_on", "Next meeting", "date"),
    Column("ended_on", "Ended", "date"),
)


def other_name(view: MentorshipView) -> str:
    """The name of the other side."""
    return view.mentee_name if view.my_side is MentorshipSide.MENTOR else view.mentor_name


def status_code(view: MentorshipView) -> str:
    """The code a chip knows: a running mentorship is no valid certificate."""
    return "running" if view.status is MentorshipStatus.ACTIVE else str(view.status)


def mentorships_answer(views: Sequence[MentorshipView]) -> str:
    """Who waits for an answer, and what runs."""
    mine = [view for view in views if view.is_mine_to_answer]
    running = [view for view in views if view.status is MentorshipStatus.ACTIVE]
    waiting = [view for view in views if view.status is MentorshipStatus.PENDING and not view.is_mine_to_answer]
    if mine:
        first = min(mine, key=lambda view: view.requested_at)
        others = f" and {to_plural(len(mine) - 1, 'other')}" if len(mine) > 1 else ""
        return f"{other_name(first)}{others} {'wait' if others else 'waits'} for your answer."
    if running:
        tasks = sum(view.open_action_count for view in running)
        open_tasks = f"; {to_plural(tasks, 'task is', 'tasks are')} open" if tasks else ""
        return f"{to_plural(len(running), 'mentorship is', 'mentorships are')} running{open_tasks}."
    if waiting:
        return f"{to_plural(len(waiting), 'request of yours waits', 'requests of yours wait')} for an answer."
    return "You have no mentorship at present."


def show_inbox(viewer: Viewer, views: Sequence[MentorshipView]) -> None:
    """Requests and offers that wait for the viewer's answer, the oldest first."""
    mine = sorted((view for view in views if view.is_mine_to_answer), key=lambda view: view.requested_at)
    if not mine:
        return
    st.subheader("Waiting for your answer")
    for view in mine:
        with st.container(border=True):
            asks = "asks you to be the mentor" if view.my_side is MentorshipSide.MENTOR else "offers to be your mentor"
            until = f" · expires {to_relative_day(view.expires_at.date(), clock.today())}" if view.expires_at else ""
            st.markdown(f"**{other_name(view)}** {asks}: {to_words(view.mentorship_type).lower()}{until}")
            if view.message:
                st.markdown(f"> {view.message.replace(chr(10), chr(10) + '> ')}")
            if view.goals:
                st.caption("Goals: " + "; ".join(view.goals))
            _show_answer(viewer, view)


def _show_answer(viewer: Viewer, view: MentorshipView) -> None:
    engine, name = session.installation().engine, other_name(view)
    with st.container(horizontal=True):
        st.button(
            f"Accept {name}",
            key=f"accept_{view.mentorship_id}",
            type="primary",
            icon=":material/check:",
            on_click=writer(
                lambda: mentoring.accept(
                    engine, viewer.principal, mentorship_id=view.mentorship_id, name=name, now=clock.now()
                )
            ),
        )
        with st.popover(f"Decline {name}", icon=":material/close:"):
            st.selectbox("Why", list(DeclineReason), format_func=to_words, key=f"decline_reason_{view.mentorship_id}")
            st.text_input(f"A word to {name}, if you like", key=f"decline_note_{view.mentorship_id}")
            st.button(
                "Decline with this reason",
                key=f"decline_{view.mentorship_id}",
                on_click=_decline,
                args=(viewer, view),
            )


def _decline(viewer: Viewer, view: MentorshipView) -> None:
    """As the fields stand when the button is pressed."""
    engine, state = session.installation().engine, st.session_state
    write(
        lambda: mentoring.decline(
            engine,
            viewer.principal,
            mentorship_id=view.mentorship_id,
            name=other_name(view),
            reason=state[f"decline_reason_{view.mentorship_id}"],
            note=state[f"decline_note_{view.mentorship_id}"] or "",
            now=clock.now(),
        )
    )


def show_running(viewer: Viewer, views: Sequence[MentorshipView]) -> None:
    """Cards of what runs, each with its next step."""
    running = [view for view in views if view.status is MentorshipStatus.ACTIVE]
    if not running:
        return
    st.subheader("Running")
    for view in running:
        with st.container(border=True):
            role = "your mentor" if view.my_side is MentorshipSide.MENTEE else "your mentee"
            st.markdown(f"**{other_name(view)}**, {role} · {chip_of('running').markdown}")
            st.markdown(_next_step(view, viewer))
            met = f"{to_plural(view.session_count, 'meeting')}, {to_hours(view.session_minutes)}"
            goals = f" · goals: {'; '.join(view.goals)}" if view.goals else ""
            st.caption(f"Since {to_day(view.started_at.date() if view.started_at else None)} · {met}{goals}")
            st.page_link(
                MY_MENTORSHIP.path,
                label=f"Mentorship with {other_name(view)}",
                icon=":material/arrow_forward:",
                query_params={"mentorship": str(view.mentorship_id)},
            )


def _next_step(view: MentorshipView, viewer: Viewer) -> str:
    if view.next_session_at is not None and view.next_session_at > viewer.now:
        return f"Next meeting: {to_instant(view.next_session_at, viewer.zone)}."
    if view.open_action_count:
        return f"{to_plural(view.open_action_count, 'task is', 'tasks are')} open between you."
    if not view.session_count:
        return "Agree on a first meeting."
    return "No next meeting is planned; plan one, or log the last."


def show_all(viewer: Viewer, views: Sequence[MentorshipView]) -> None:
    """All of them as a table that opens the record."""
    st.subheader("All of them")
    frame = pl.DataFrame(
        {
            "mentorship_id": [str(view.mentorship_id) for view in views],
            "name": [other_name(view) for view in views],
            "side": [str(view.my_side) for view in views],
            "status": [status_code(view) for view in views],
            "kind": [str(view.mentorship_type) for view in views],
            "requested_on": [view.requested_at.date() for view in views],
            "session_count": [view.session_count for view in views],
            "session_hours": [view.session_minutes / 60 for view in views],
            "next_on": [view.next_session_at.date() if view.next_session_at else None for view in views],
            "ended_on": [view.ended_at.date() if view.ended_at else None for view in views],
        },
        schema_overrides={"next_on": pl.Date, "ended_on": pl.Date, "session_hours": pl.Float64},
    )
    show_frame(
        viewer,
        frame,
        COLUMNS,
        key="my_mentorships",
        alt="Your mentorships",
        empty=Empty("You have asked nobody and nobody has asked you.", "Find a mentor, or offer to be one."),
        opens=Opens(MY_MENTORSHIP, "mentorship_id", "mentorship", "mentorship"),
    )

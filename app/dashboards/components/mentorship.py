"""One mentorship as one of the two sees it: plan, milestones, meetings with own notes, tasks, feedback, and its end."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import streamlit as st

from app.dashboards import session
from app.dashboards.chips import chip_of
from app.dashboards.components.mentoring_profile import lines_of
from app.dashboards.components.mentorships import other_name, status_code
from app.dashboards.components.receipts import write, writer
from app.dashboards.formats import to_day, to_hours, to_instant, to_number, to_plural, to_relative_day, to_words
from app.dashboards.use_cases import mentoring
from app.dashboards.use_cases.mentoring import Meeting
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.mentorship.sessions import LONGEST_MINUTES, NewActionItem
from operational_db.mentorship.views import (
    ActionItemView,
    FeedbackView,
    MentorshipDetail,
    MentorshipView,
    MilestoneView,
    SessionView,
)
from operational_db.types import EarlyEndReason, MeetingFormat, MentorshipSide, MentorshipStatus

OPEN = (MentorshipStatus.PENDING, MentorshipStatus.ACTIVE)
MEETING_FORMATS = [MeetingFormat.IN_PERSON, MeetingFormat.VIDEO, MeetingFormat.PHONE, MeetingFormat.TEXT]


def mentorship_answer(view: MentorshipView, viewer: Viewer) -> str:
    """What comes next between the two."""
    name = other_name(view)
    if view.is_mine_to_answer:
        return f"{name} waits for your answer."
    match view.status:
        case MentorshipStatus.PENDING:
            until = f" It expires {to_relative_day(view.expires_at.date(), clock.today())}." if view.expires_at else ""
            return f"{name} has not answered yet.{until}"
        case MentorshipStatus.ACTIVE if view.next_session_at is not None and view.next_session_at > viewer.now:
            return f"You meet {name} next on {to_instant(view.next_session_at, viewer.zone)}."
        case MentorshipStatus.ACTIVE:
            return f"No next meeting with {name} is planned."
        case MentorshipStatus.COMPLETED:
            return f"Completed with {name} on {to_day(view.ended_at.date() if view.ended_at else None)}."
        case MentorshipStatus.DECLINED:
            return f"Declined: {to_words(view.decline_reason).lower() if view.decline_reason else 'no reason given'}."
        case MentorshipStatus.EXPIRED:
            return f"{name} did not answer in time. Ask again, or choose somebody else."
        case _:
            return f"Ended: {to_words(view.end_reason).lower() if view.end_reason else 'taken back'}."


def show_facts(view: MentorshipView) -> None:
    """State, kind, dates and what the two wrote to each other."""
    role = "You are the mentor" if view.my_side is MentorshipSide.MENTOR else "You are the mentee"
    met = f"{to_plural(view.session_count, 'meeting')}, {to_hours(view.session_minutes)}"
    st.markdown(f"{chip_of(status_code(view)).markdown} {role} · {to_words(view.mentorship_type)} · {met}")
    rows = [
        ("Asked", to_day(view.requested_at.date())),
        ("Started", to_day(view.started_at.date() if view.started_at else None)),
        ("Expected end", to_day(view.expected_end_on)),
        ("Goals", "; ".join(view.goals) or "none agreed yet"),
    ]
    st.markdown("\n".join(f"- **{label}:** {value}" for label, value in rows))
    for who, text in (("Message", view.message), ("Reason", view.decline_note), ("Reason", view.end_note)):
        if text:
            st.caption(f"{who}: {text}")


def show_plan(viewer: Viewer, detail: MentorshipDetail) -> None:
    """Milestones to tick off, and the form of the plan while it is open."""
    view = detail.mentorship
    st.subheader("Milestones")
    if not detail.milestones:
        st.caption("None agreed yet. Write them into the plan below.")
    for milestone in detail.milestones:
        if milestone.reached_at is not None:
            st.markdown(f":material/check_circle: {milestone.title} · reached {to_day(milestone.reached_at.date())}")
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/radio_button_unchecked: {milestone.title}", width="content")
            st.button(
                "Reached",
                key=f"milestone_{milestone.milestone_id}",
                type="tertiary",
                disabled=view.status is not MentorshipStatus.ACTIVE,
                help=f"Note that “{milestone.title}” was reached",
                on_click=_reach,
                args=(viewer, view, milestone),
            )
    if view.status in OPEN:
        with st.expander("Change the plan", icon=":material/edit_note:"):
            _show_plan_form(viewer, detail)


def _reach(viewer: Viewer, view: MentorshipView, milestone: MilestoneView) -> None:
    engine = session.installation().engine
    write(
        lambda: mentoring.reach_milestone(
            engine,
            viewer.principal,
            mentorship_id=view.mentorship_id,
            milestone_id=milestone.milestone_id,
            title=milestone.title,
            now=clock.now(),
        )
    )


def _show_plan_form(viewer: Viewer, detail: MentorshipDetail) -> None:
    view, engine = detail.mentorship, session.installation().engine
    with st.form("mentorship_plan", border=False):
        goals = st.text_area("Goals, one a line", "\n".join(view.goals), key="plan_goals", height=90)
        ahead = [each.title for each in detail.milestones if each.reached_at is None]
        milestones = st.text_area("Milestones ahead, one a line", "\n".join(ahead), key="plan_milestones", height=90)
        end_on = st.date_input(
            "Expected end", view.expected_end_on, format="YYYY-MM-DD", key="plan_end", width=200,
            min_value=min(clock.today() + timedelta(days=1), view.expected_end_on or date.max),
        )  # fmt: skip
        next_at = _next_meeting(viewer, view, key="plan_next") if view.status is MentorshipStatus.ACTIVE else None
        if not st.form_submit_button("Save the plan", type="primary", icon=":material/save:"):
            return
    changed_end = end_on if isinstance(end_on, date) and end_on != view.expected_end_on else None
    write(
        lambda: mentoring.save_plan(
            engine,
            viewer.principal,
            mentorship_id=view.mentorship_id,
            goals=lines_of(goals),
            milestones=lines_of(milestones),
            expected_end_on=changed_end,
            next_session_at=next_at if next_at != view.next_session_at else None,
            now=clock.now(),
        )
    )
    st.rerun()


def _next_meeting(viewer: Viewer, view: MentorshipView, *, key: str) -> datetime | None:
    """Day and time in the viewer's zone; None when no day is chosen."""
    planned = view.next_session_at
    local = planned.astimezone(viewer.zone) if planned is not None and planned > viewer.now else None
    with st.container(horizontal=True):
        day = st.date_input(
            "Next meeting on",
            local.date() if local else None,
            min_value=clock.today(),
            format="YYYY-MM-DD",
            key=f"{key}_day",
            width=200,
        )
        at = st.time_input("at", local.time() if local else time(18), key=f"{key}_time", width=150)
    if not isinstance(day, date) or at is None:
        return None
    return datetime.combine(day, at, viewer.zone)


def show_log_form(viewer: Viewer, view: MentorshipView) -> None:
    """Write down a meeting; notes are for oneself alone."""
    engine, today = session.installation().engine, clock.today()
    with st.form("log_meeting", border=False, clear_on_submit=True):
        with st.container(horizontal=True):
            day = st.date_input("Held on", today, max_value=today, format="YYYY-MM-DD", key="log_day", width=200)
            at = st.time_input("from", _an_hour_ago(viewer), key="log_time", width=150)
            minutes = st.number_input(
                "Minutes", min_value=1, max_value=LONGEST_MINUTES, value=60, step=5, key="log_minutes", width=150
            )
        with st.container(horizontal=True):
            form = st.selectbox("How", MEETING_FORMATS, format_func=to_words, key="log_format", width=200)
            place = st.text_input("Where", key="log_place")
        topics = st.text_area("Topics, one a line", key="log_topics", height=80)
        skills = st.text_area("Skills practised, one a line", key="log_skills", height=80)
        resources = st.text_area("Shared with each other, one a line", key="log_resources", height=80)
        notes = st.text_area(
            "My notes", key="log_notes", height=100, help=f"For you alone; {other_name(view)} never sees them."
        )
        st.markdown("**How was it?** Both of you see the stars.")
        stars = st.feedback("stars", key="log_stars")
        mine = st.text_area("What I do until the next meeting, one a line", key="log_my_tasks", height=80)
        theirs = st.text_area(f"What {other_name(view)} does until then, one a line", key="log_their_tasks", height=80)
        next_at = _next_meeting(viewer, view, key="log_next")
        if not st.form_submit_button("Log the meeting", type="primary", icon=":material/edit_calendar:"):
            return
    if not isinstance(day, date) or at is None or view.my_side is None:
        return
    other = MentorshipSide.MENTOR if view.my_side is MentorshipSide.MENTEE else MentorshipSide.MENTEE
    meeting = Meeting(
        held_at=datetime.combine(day, at, viewer.zone),
        minutes=int(minutes or 0),
        meeting_format=form,
        location=place or None,
        topics=lines_of(topics),
        skills_practiced=lines_of(skills),
        resources_shared=lines_of(resources),
        notes=notes or None,
        rating=None if stars is None else stars + 1,
        action_items=[
            *(NewActionItem(view.my_side, task) for task in lines_of(mine)),
            *(NewActionItem(other, task) for task in lines_of(theirs)),
        ],
        next_session_at=next_at,
    )
    write(
        lambda: mentoring.log_session(
            engine, viewer.principal, meeting, mentorship_id=view.mentorship_id, now=clock.now()
        )
    )
    st.rerun()


def _an_hour_ago(viewer: Viewer) -> time:
    """The full hour before this one, by the viewer's clock: a meeting is mostly logged right after it."""
    return time(max(viewer.now.astimezone(viewer.zone).hour - 1, 0))


def show_tasks(viewer: Viewer, detail: MentorshipDetail) -> None:
    """Open tasks of both, the soonest due first, and those done."""
    items = [item for meeting in detail.sessions for item in meeting.action_items]
    if not items:
        return
    st.subheader("Tasks")
    for item in sorted(items, key=lambda each: (each.done_at is not None, each.due_on or date.max)):
        _show_task(viewer, detail.mentorship, item)


def _show_task(viewer: Viewer, view: MentorshipView, item: ActionItemView) -> None:
    engine = session.installation().engine
    who = "you" if item.assignee is view.my_side else other_name(view)
    due = f", due {to_relative_day(item.due_on, clock.today())}" if item.due_on else ""
    is_done = item.done_at is not None
    st.checkbox(
        f"{item.task} ({who}{due})",
        value=is_done,
        key=f"task_{item.action_item_id}_{is_done}",
        on_change=writer(
            lambda: mentoring.tick_action(
                engine,
                viewer.principal,
                action_item_id=item.action_item_id,
                task=item.task,
                is_done=not is_done,
                now=clock.now(),
            )
        ),
    )


def show_meetings(viewer: Viewer, detail: MentorshipDetail) -> None:
    """Every meeting, the latest first, with one's own notes."""
    st.subheader("Meetings")
    if not detail.sessions:
        st.caption("None is on record yet.")
    for meeting in detail.sessions:
        label = (
            f"{to_instant(meeting.held_at, viewer.zone)} · {to_number(meeting.minutes)} min · "
            f"{to_words(meeting.meeting_format).lower()}"
        )
        with st.expander(label, icon=":material/event:"):
            _show_meeting(viewer, detail.mentorship, meeting)


def _show_meeting(viewer: Viewer, view: MentorshipView, meeting: SessionView) -> None:
    for heading, lines in (
        ("Where", [meeting.location] if meeting.location else []),
        ("Topics", meeting.topics),
        ("Skills practised", meeting.skills_practiced),
        ("Shared", meeting.resources_shared),
    ):
        if lines:
            st.markdown(f"**{heading}:** {'; '.join(lines)}")
    st.caption(
        f"Stars: mentee {_stars(meeting.mentee_rating)}, mentor {_stars(meeting.mentor_rating)} · logged by the "
        f"{meeting.logged_by}"
    )
    st.text_area("My notes (for me alone)", meeting.my_notes or "", key=f"notes_{meeting.session_id}", height=100)
    own = meeting.mentor_rating if view.my_side is MentorshipSide.MENTOR else meeting.mentee_rating
    st.feedback("stars", key=f"stars_{meeting.session_id}", default=None if own is None else own - 1)
    st.button(
        "Save notes and stars",
        key=f"save_{meeting.session_id}",
        on_click=_save_own,
        args=(viewer, meeting, own),
    )


def _save_own(viewer: Viewer, meeting: SessionView, own: int | None) -> None:
    """As the fields stand when the button is pressed."""
    engine, state = session.installation().engine, st.session_state
    stars = state[f"stars_{meeting.session_id}"]
    write(
        lambda: mentoring.add_to_session(
            engine,
            viewer.principal,
            session_id=meeting.session_id,
            notes=state[f"notes_{meeting.session_id}"] or "",
            rating=None if stars is None or stars + 1 == own else stars + 1,
            now=clock.now(),
        )
    )


def _stars(rating: int | None) -> str:
    return "–" if rating is None else f"{rating} of 5"


def show_end(viewer: Viewer, view: MentorshipView) -> None:
    """Complete it, end it early with a reason, or take a request back."""
    engine = session.installation().engine
    if view.status is MentorshipStatus.PENDING:
        if not view.is_mine_to_answer:
            st.button(
                "Take the request back",
                key="take_back",
                icon=":material/undo:",
                on_click=writer(
                    lambda: mentoring.end_early(
                        engine,
                        viewer.principal,
                        mentorship_id=view.mentorship_id,
                        reason=None,
                        note="",
                        now=clock.now(),
                    )
                ),
            )
        return
    if view.status is not MentorshipStatus.ACTIVE:
        return
    with st.container(horizontal=True):
        st.button(
            "Complete it",
            key="complete",
            icon=":material/task_alt:",
            help="The goals are reached, or as much of them as you wanted.",
            on_click=writer(
                lambda: mentoring.complete(engine, viewer.principal, mentorship_id=view.mentorship_id, now=clock.now())
            ),
        )
        with st.popover("End it early", icon=":material/do_not_disturb_on:"):
            st.selectbox("Why", list(EarlyEndReason), format_func=to_words, key="end_reason")
            st.text_input(f"A word to {other_name(view)}, if you like", key="end_note")
            st.button("End it with this reason", key="end_early", on_click=_end_early, args=(viewer, view))


def _end_early(viewer: Viewer, view: MentorshipView) -> None:
    """As the fields stand when the button is pressed."""
    engine, state = session.installation().engine, st.session_state
    write(
        lambda: mentoring.end_early(
            engine,
            viewer.principal,
            mentorship_id=view.mentorship_id,
            reason=state["end_reason"],
            note=state["end_note"] or "",
            now=clock.now(),
        )
    )


def show_feedback(viewer: Viewer, detail: MentorshipDetail) -> None:
    """What both sides say of the whole once it is over; said once."""
    view, engine = detail.mentorship, session.installation().engine
    if view.status in OPEN or view.started_at is None:
        return
    st.subheader("How it was")
    _show_given([("You", detail.my_feedback), (other_name(view), detail.feedback_for_me)])
    if detail.my_feedback is not None:
        return
    with st.form("feedback", border=False):
        st.markdown("**Your stars.** They count in the programme's figures; a mentee's also in the mentor's record.")
        stars = st.feedback("stars", key="feedback_stars")
        comment = st.text_area(f"A word to {other_name(view)}; nobody else sees it", key="feedback_comment", height=90)
        if not st.form_submit_button("Give feedback", type="primary", icon=":material/rate_review:"):
            return
    if stars is None:
        st.warning("Choose one to five stars first.", icon=":material/star:")
        return
    write(
        lambda: mentoring.give_feedback(
            engine,
            viewer.principal,
            mentorship_id=view.mentorship_id,
            rating=stars + 1,
            comment=comment or "",
            now=clock.now(),
        )
    )
    st.rerun()


def _show_given(given: Sequence[tuple[str, FeedbackView | None]]) -> None:
    for who, feedback in given:
        if feedback is None:
            st.caption(f"{who}: nothing said yet.")
            continue
        said = f": {feedback.comment}" if feedback.comment else ""
        st.markdown(f"**{who}:** {_stars(feedback.rating)} stars{said}")

"""Recommended for you: each course with its reason, why, and what to do about it; facts before what others did."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import say_empty
from app.dashboards.components.receipts import write
from app.dashboards.formats import to_plural
from app.dashboards.use_cases import recommendations
from app.dashboards.viewer import Viewer
from app.learned.courses import CourseList, RecommendedCourse
from models.recommending.ranking import ReasonKind
from operational_db import clock
from operational_db.errors import DomainError

ICONS = {
    ReasonKind.OVERDUE: "error",
    ReasonKind.REQUIRED: "assignment",
    ReasonKind.EXPIRING: "event_upcoming",
    ReasonKind.NEXT_IN_PATH: "route",
    ReasonKind.GOAL: "flag",
    ReasonKind.INTEREST: "interests",
    ReasonKind.PEOPLE_ALIKE: "groups",
    ReasonKind.POPULAR: "trending_up",
}
# These come back whatever one says, so there is nothing to put away.
CANNOT_BE_DISMISSED = frozenset({ReasonKind.OVERDUE, ReasonKind.REQUIRED, ReasonKind.EXPIRING})
SHOWN_AT_ONCE = 5


def show_recommended(viewer: Viewer) -> None:
    """The viewer's own recommendations, read at this moment; the page goes on without them."""
    st.subheader("Recommended for you")
    context = session.installation()
    try:
        found = recommendations.find_courses(context.engine, context.settings, viewer.principal, now=clock.now())
    except DomainError:
        st.caption("Recommendations cannot be shown while the database is away.")
        return
    if not found.courses:
        say_empty(
            "No course is recommended to you at the moment.",
            "Requirements, certificates that lapse, paths you follow, a goal in your mentoring profile and what others "
            "take fill it.",
        )
    for course in found.courses[:SHOWN_AT_ONCE]:
        _show_course(viewer, found, course)
    rest = found.courses[SHOWN_AT_ONCE:]
    if rest:
        with st.expander(f"{to_plural(len(rest), 'more course')}"):
            for course in rest:
                _show_course(viewer, found, course)
    _show_evidence(found)
    _show_dismissed(viewer, found)


def _show_course(viewer: Viewer, found: CourseList, course: RecommendedCourse) -> None:
    first = course.reasons[0]
    with st.container(border=True):
        st.markdown(f":material/{ICONS[first.kind]}: **{course.title}**  \n{first.text}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if course.needs_sponsor:
                st.caption("It is not free: ask your manager to enroll you or to assign it to you.", width="content")
            else:
                st.button(
                    f"Enroll in {course.title}",
                    key=f"recommended_enroll_{course.course_id}",
                    icon=":material/login:",
                    on_click=_enroll,
                    args=(viewer, course),
                )
            with st.popover(f"Why {course.title}", icon=":material/help:", key=f"recommended_why_{course.course_id}"):
                _show_why(course, found)
            if first.kind not in CANNOT_BE_DISMISSED:
                st.button(
                    f"Not for me: {course.title}",
                    key=f"recommended_dismiss_{course.course_id}",
                    type="tertiary",
                    on_click=_change,
                    args=(lambda: _dismiss(viewer, course.course_id),),
                )


def _show_why(course: RecommendedCourse, found: CourseList) -> None:
    """Every reason, what it rests on, and for those that rest on other people how they were tested."""
    for reason in course.reasons:
        basis = "From your own records or words." if reason.is_fact else "From what others did, at least five people."
        st.markdown(f":material/{ICONS[reason.kind]}: {reason.text}  \n:small[{basis}]")
    if any(reason.kind is ReasonKind.PEOPLE_ALIKE for reason in course.reasons):
        st.caption(found.served.sentence)


def _show_evidence(found: CourseList) -> None:
    """How the part that rests on other people came about, in plain words."""
    if found.served.is_damaged:
        st.warning(found.served.sentence, icon=":material/warning:")
    else:
        st.caption(found.served.sentence)


def _show_dismissed(viewer: Viewer, found: CourseList) -> None:
    if not found.dismissed:
        return
    with st.expander(f"{to_plural(len(found.dismissed), 'course')} you put away"):
        for each in found.dismissed:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(each.title)
                st.button(
                    f"Take back {each.title}",
                    key=f"recommended_restore_{each.course_id}",
                    type="tertiary",
                    icon=":material/undo:",
                    on_click=_change,
                    args=(lambda course_id=each.course_id: _restore(viewer, course_id),),
                )


def _enroll(viewer: Viewer, course: RecommendedCourse) -> None:
    engine, now = session.installation().engine, clock.now()
    write(
        lambda: recommendations.enroll(
            engine, viewer.principal, course_id=course.course_id, title=course.title, now=now
        )
    )


def _dismiss(viewer: Viewer, course_id: UUID) -> None:
    recommendations.dismiss(session.installation().engine, viewer.principal, course_id=course_id, now=clock.now())


def _restore(viewer: Viewer, course_id: UUID) -> None:
    recommendations.restore(session.installation().engine, viewer.principal, course_id=course_id, now=clock.now())


def _change(action: Callable[[], None]) -> None:
    try:
        action()
    except DomainError as error:
        st.toast(error.message, icon=":material/error:")

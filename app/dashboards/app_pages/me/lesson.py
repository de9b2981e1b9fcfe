"""A lesson: what do I need to know before I do this? Opened by a gate, a tip, an assignment or a reminder."""

from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.certification import locale
from app.dashboards.components.frame import open_page, say_empty
from app.dashboards.components.gate import PAGE, leave_for_lesson
from app.dashboards.components.lesson import TAKING, Taking, show_lesson
from app.dashboards.navigation import MY_LESSON, MY_TRAINING
from app.dashboards.use_cases import lessons
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.types import LessonTrigger

is_new_visit = st.session_state.get(PAGE) != MY_LESSON.path
viewer = open_page(MY_LESSON)
address = st.query_params.to_dict()
try:
    lesson_id = UUID(address.get("lesson", ""))
except ValueError:
    say_empty("No lesson is named.", "Choose one from your training, or start what you want to do: its gate names it.")
    st.page_link(MY_TRAINING.path, label="To my training", icon=MY_TRAINING.icon)
    st.stop()
belongs_to = {str(found): found for found in viewer.principal.organization_ids}
organization_id = belongs_to.get(address.get("in", ""), min(belongs_to.values(), default=None))
trigger = address.get("trigger", "")
blocked = leave_for_lesson()
taking: Taking | None = st.session_state.get(TAKING)
if taking is not None and taking.result is not None and is_new_visit:
    taking = None
if taking is None or taking.view.lesson_id != lesson_id or blocked is not None:
    # What takes several lessons is gone back to after the last of them.
    former = taking.blocked if taking is not None else None
    kept = blocked or (former if former is not None and former.action == address.get("for") else None)
    try:
        view = lessons.open_lesson(
            session.installation().engine,
            viewer.principal,
            lesson_id=lesson_id,
            organization_id=organization_id,
            trigger=LessonTrigger(trigger) if trigger in set(LessonTrigger) else LessonTrigger.BROWSE,
            locale=locale(),
            now=clock.now(),
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        st.page_link(MY_TRAINING.path, label="To my training", icon=MY_TRAINING.icon)
        st.stop()
    taking = Taking(
        view=view,
        organization_id=organization_id,
        trigger=LessonTrigger(trigger) if trigger in set(LessonTrigger) else LessonTrigger.BROWSE,
        action=address.get("for"),
        blocked=kept,
    )
    st.session_state[TAKING] = taking
st.header(taking.view.title)
show_lesson(viewer, taking)

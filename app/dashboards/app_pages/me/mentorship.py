"""One of my mentorships: what did we agree, and what comes next? Only the two ever open it."""

import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.mentorship import (
    mentorship_answer,
    show_end,
    show_facts,
    show_feedback,
    show_log_form,
    show_meetings,
    show_plan,
    show_tasks,
)
from app.dashboards.components.mentorships import show_inbox
from app.dashboards.components.places import address_id
from app.dashboards.components.receipts import show_receipts
from app.dashboards.navigation import MY_MENTORSHIP, MY_MENTORSHIPS
from app.dashboards.use_cases import mentoring
from operational_db.errors import DomainError
from operational_db.types import MentorshipStatus

viewer = open_page(MY_MENTORSHIP)
st.page_link(MY_MENTORSHIPS.path, label="All my mentorships", icon=":material/arrow_back:")
mentorship_id = address_id("mentorship")
if mentorship_id is None:
    say_empty("The address names no mentorship.", "Open one from your mentorships.")
    st.stop()
try:
    detail = mentoring.mentorship_of(session.installation().engine, viewer.principal, mentorship_id=mentorship_id)
except DomainError as error:
    st.error(error.message, icon=":material/error:")
    st.stop()
view = detail.mentorship
answer(mentorship_answer(view, viewer))
show_receipts(viewer)
show_facts(view)
show_end(viewer, view)
show_feedback(viewer, detail)
if view.is_mine_to_answer:
    show_inbox(viewer, [view])
if view.started_at is not None or view.status is MentorshipStatus.PENDING:
    show_plan(viewer, detail)
if view.status is MentorshipStatus.ACTIVE:
    with st.expander("Log a meeting", icon=":material/edit_calendar:"):
        show_log_form(viewer, view)
if view.started_at is not None:
    show_tasks(viewer, detail)
    show_meetings(viewer, detail)

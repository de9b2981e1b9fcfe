"""Find a mentor: who could help me get there, and why? Mentors find mentees here too."""

import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.mentor_search import (
    mentors_answer,
    say_profile_missing,
    show_dismissed,
    show_mentees,
    show_mentors,
)
from app.dashboards.components.receipts import show_receipts
from app.dashboards.formats import to_number
from app.dashboards.navigation import MY_MENTORING_PROFILE, MY_MENTORS, MY_MENTORSHIPS
from app.dashboards.use_cases import mentoring
from operational_db import clock
from operational_db.errors import ConflictError, DomainError

MENTORS, MENTEES = "Mentors for me", "Mentees for me"

viewer = open_page(MY_MENTORS)
context = session.installation()
first_line = st.container()
with st.container(horizontal=True):
    st.page_link(MY_MENTORSHIPS.path, label="My mentorships", icon=MY_MENTORSHIPS.icon)
    st.page_link(MY_MENTORING_PROFILE.path, label="My mentoring profile", icon=MY_MENTORING_PROFILE.icon)
part = st.segmented_control(
    "Whom to find", [MENTORS, MENTEES], default=MENTORS, required=True, key="mentors_part", bind="query-params"
)
try:
    if part == MENTEES:
        mentees = mentoring.mentees_for(context.engine, context.settings, viewer.principal, now=clock.now())
        with first_line:
            answer(f"{to_number(mentees.candidate_count)} people look for a mentor and can be shown to you.")
            show_receipts(viewer)
        show_mentees(viewer, mentees)
    else:
        mentors = mentoring.mentors_for(context.engine, context.settings, viewer.principal, now=clock.now())
        with first_line:
            answer(mentors_answer(mentors))
            show_receipts(viewer)
        show_mentors(viewer, mentors)
        show_dismissed(viewer, mentoring.dismissed(context.engine, viewer.principal))
except ConflictError as error:
    with first_line:
        answer("A mentor is found by what you say of yourself.")
        show_receipts(viewer)
    say_profile_missing(error.message)
except DomainError as error:
    st.error(error.message, icon=":material/cloud_off:")

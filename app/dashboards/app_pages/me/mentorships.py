"""My mentorships: who waits for my answer, and how do we get on? Read at this moment."""

import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.mentorships import mentorships_answer, show_all, show_inbox, show_running
from app.dashboards.components.receipts import show_receipts
from app.dashboards.navigation import MY_MENTORING_PROFILE, MY_MENTORS, MY_MENTORSHIPS
from app.dashboards.use_cases import mentoring
from operational_db.errors import DomainError

viewer = open_page(MY_MENTORSHIPS)
try:
    views = mentoring.my_mentorships(session.installation().engine, viewer.principal)
except DomainError as error:
    st.error(error.message, icon=":material/cloud_off:")
    st.stop()
answer(mentorships_answer(views))
show_receipts(viewer)
with st.container(horizontal=True):
    st.page_link(MY_MENTORS.path, label="Find a mentor", icon=MY_MENTORS.icon)
    st.page_link(MY_MENTORING_PROFILE.path, label="My mentoring profile", icon=MY_MENTORING_PROFILE.icon)
show_inbox(viewer, views)
show_running(viewer, views)
show_all(viewer, views)

"""My mentoring profile: what do others see of me? As mentor, as mentee, or as both."""

import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.mentoring_profile import show_mentee_form, show_mentor_form
from app.dashboards.components.receipts import show_receipts
from app.dashboards.navigation import MY_MENTORING_PROFILE, MY_MENTORS
from app.dashboards.use_cases import mentoring
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.types import Role

MENTEE, MENTOR = "As mentee", "As mentor"

viewer = open_page(MY_MENTORING_PROFILE)
try:
    found = mentoring.profiles_of(session.installation().engine, viewer.principal, on=clock.today())
except DomainError as error:
    st.error(error.message, icon=":material/cloud_off:")
    st.stop()
shown = [
    name
    for name, profile in (("a mentor", found.mentor), ("a mentee", found.mentee))
    if profile is not None and profile.consented_at is not None
]
answer(f"Others see you as {' and '.join(shown)}." if shown else "Nobody sees you here: you have not agreed to it yet.")
show_receipts(viewer)
st.page_link(MY_MENTORS.path, label="Find a mentor", icon=MY_MENTORS.icon)
is_mentor_first = found.mentor is not None or viewer.principal.has_role(Role.MENTOR)
part = st.segmented_control(
    "Which profile",
    [MENTEE, MENTOR],
    default=MENTOR if is_mentor_first else MENTEE,
    required=True,
    key="profile_part",
    bind="query-params",
)
if part == MENTOR:
    show_mentor_form(viewer, found.mentor)
else:
    show_mentee_form(viewer, found.mentee)

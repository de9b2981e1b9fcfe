"""One version of a lesson: what it says, what is missing before it ships, its reviews, and publishing it."""

from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.chips import chip_of
from app.dashboards.components.content import TRYING, show_version
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.lesson_text import show_text
from app.dashboards.components.receipts import show_receipts
from app.dashboards.formats import to_plural, to_relative_day, to_words
from app.dashboards.navigation import CONTENT_LESSONS, CONTENT_VERSION
from app.dashboards.use_cases import content
from operational_db.errors import DomainError

viewer = open_page(CONTENT_VERSION)
st.page_link(CONTENT_LESSONS.path, label="All lessons", icon=":material/arrow_back:")
try:
    version_id = UUID(str(st.query_params.get("version", "")))
except ValueError:
    version_id = UUID(int=0)
try:
    version = content.version_of(session.installation().engine, viewer.principal, version_id=version_id)
except DomainError as error:
    st.error(error.message, icon=":material/error:")
    st.stop()
st.header(f"{version.title} {version.version}")
st.caption(f"{to_words(version.lesson_type)} · {version.code}")
missing = [line for line in version.readiness if not line.is_met]
chip = chip_of(version.status).markdown
if missing and version.status in TRYING:
    answer(f"{chip} {to_plural(len(missing), 'line')} of the checklist still missing.")
elif missing:
    changed = to_plural(len(missing), "line no longer holds", "lines no longer hold")
    answer(f"{chip} The checklist was complete when it was published; {changed} since.")
elif version.refresh_due_on is not None:
    answer(f"{chip} Complete; to be looked at again by {to_relative_day(version.refresh_due_on, viewer.today)}.")
else:
    answer(f"{chip} Everything on the checklist is met.")
show_receipts(viewer)
show_text(version)
show_version(viewer, version)

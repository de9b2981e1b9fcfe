"""Draft a lesson: a new one, the next version of one, or a draft to be revised; saving leads to its checklist."""

from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.drafting import show_draft_form
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.receipts import show_receipts
from app.dashboards.navigation import CONTENT_DRAFT, CONTENT_LESSONS
from app.dashboards.use_cases import content
from operational_db.errors import DomainError
from operational_db.types import LessonStatus

viewer = open_page(CONTENT_DRAFT)
st.page_link(CONTENT_LESSONS.path, label="All lessons", icon=":material/arrow_back:")
asked, source = st.query_params.get("version"), None
if asked:
    try:
        source = content.version_of(session.installation().engine, viewer.principal, version_id=UUID(asked))
    except ValueError:
        st.error("This address names no version. Open one from the list of lessons.", icon=":material/error:")
        st.stop()
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        st.stop()
if source is None:
    answer("A new lesson starts as a draft: nobody meets it before it is reviewed and published.")
elif source.status is LessonStatus.DRAFT:
    answer(f"“{source.title}” {source.version} is a draft. What you save replaces what it says.")
else:
    answer(f"The next version of “{source.title}” starts from {source.version}; learners keep that one until it ships.")
show_receipts(viewer)
show_draft_form(viewer, source)

"""Company verification: whose evidence waits to be checked? Read at this moment, not from the figures."""

import streamlit as st

from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.verification import find_queue, may_verify, queue_answer, show_queue
from app.dashboards.navigation import COMPANY_VERIFICATION

viewer = open_page(COMPANY_VERIFICATION)
if not may_verify(viewer):
    say_empty("Your role does not check evidence.", "Managers of the organization verify what people report.")
    st.stop()
found = find_queue(viewer)
if found is None:
    st.stop()
answer(queue_answer(found))
show_receipts(viewer)
show_queue(viewer, found)

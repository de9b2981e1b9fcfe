"""Company verification: whose evidence waits to be checked? Read at this moment, not from the figures."""

import streamlit as st

from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.registers import show_claim_queue, show_flagged, show_linking
from app.dashboards.components.verification import find_queue, may_verify, queue_answer, show_queue
from app.dashboards.navigation import COMPANY_VERIFICATION

EVIDENCE, CLAIMS, LINKS, FLAGGED = "Certificates", "Licence claims", "Link in bulk", "Flagged licences"

viewer = open_page(COMPANY_VERIFICATION)
if not may_verify(viewer):
    say_empty("Your role does not check evidence.", "Managers of the organization verify what people report.")
    st.stop()
found = find_queue(viewer)
if found is None:
    st.stop()
answer(queue_answer(found))
show_receipts(viewer)
part = st.segmented_control(
    "What to do",
    [EVIDENCE, CLAIMS, LINKS, FLAGGED],
    default=EVIDENCE,
    required=True,
    key="verification_part",
    bind="query-params",
)
if part == CLAIMS:
    show_claim_queue(viewer)
elif part == LINKS:
    show_linking(viewer)
elif part == FLAGGED:
    show_flagged(viewer)
else:
    show_queue(viewer, found)

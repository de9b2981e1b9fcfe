"""One certificate of the viewer's: does it hold, who may see it, and what renews it?"""

import streamlit as st

from app.dashboards.components.badge import show_badge
from app.dashboards.components.certificate import certificate_answer, find_record, show_facts
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.renewal import show_education, show_renewal
from app.dashboards.navigation import MY_CERTIFICATE, MY_CERTIFICATES

viewer = open_page(MY_CERTIFICATE)
record = find_record(viewer)
st.page_link(MY_CERTIFICATES.path, label="All my certificates", icon=":material/arrow_back:")
st.header(record.held.view.certification_name)
answer(certificate_answer(record.held))
show_receipts(viewer)
parts = {"Record": show_facts, "Renewal": show_renewal, "Education": show_education, "Badge": show_badge}
part = st.segmented_control(
    "Part of the record", list(parts), default="Record", required=True, key="certificate_part", bind="query-params"
)
parts[part or "Record"](viewer, record)

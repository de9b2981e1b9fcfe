"""Verify: is this bundle or proof what it claims? Every check is shown; nothing that is dropped here is kept."""

import streamlit as st

from app.dashboards import session
from app.dashboards.components.evidence import show_checks
from app.dashboards.components.frame import answer, open_page
from app.dashboards.navigation import EVIDENCE_EXPORT, EVIDENCE_VERIFY
from app.dashboards.use_cases import evidence
from operational_db.errors import DomainError

viewer = open_page(EVIDENCE_VERIFY)
answer("Drop a bundle or a proof, and see each check.")
st.caption(
    "The same checks run offline: unzip the bundle and run `python verify_bundle.py`. "
    "That way you need not even trust this page."
)
dropped = st.file_uploader(
    "Evidence bundle (.zip) or proof (.tlog-proof)",
    type=["zip", "tlog-proof", "txt"],
    key="verify_file",
    max_upload_size=200,
)
if dropped is None:
    st.page_link(EVIDENCE_EXPORT.path, label="Get a bundle first", icon=EVIDENCE_EXPORT.icon)
    st.stop()
context = session.installation()
try:
    with st.spinner("Checking…"):
        if dropped.name.endswith(".zip"):
            checks = evidence.check_bundle(context.settings, dropped.getvalue())
        else:
            checks = evidence.check_proof(context.engine, context.settings, dropped.getvalue())
except DomainError as error:
    st.error(error.message, icon=":material/error:")
    st.stop()
show_checks(checks)

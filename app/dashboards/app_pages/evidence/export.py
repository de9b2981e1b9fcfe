"""Evidence: choose what it is to be about, get a bundle that can be checked without trusting us, see former exports."""

import streamlit as st

from app.dashboards.components.evidence import show_export_form, show_exports
from app.dashboards.components.frame import answer, open_page
from app.dashboards.navigation import EVIDENCE_EXPORT, EVIDENCE_VERIFY

viewer = open_page(EVIDENCE_EXPORT)
answer("A bundle holds the records, their proofs and a program that checks them, for whoever does not trust us.")
show_export_form(viewer)
st.page_link(EVIDENCE_VERIFY.path, label="Check a bundle or a proof", icon=EVIDENCE_VERIFY.icon)
show_exports(viewer)

"""Learned models: can their scores be trusted? The card of each that serves or was tried."""

import streamlit as st

from app.dashboards.components.frame import open_page
from app.dashboards.components.model_card import show_card
from app.dashboards.navigation import PLATFORM_MODELS
from operational_db.types import LearnedModelKind

KINDS = {"Mentor matching": LearnedModelKind.MENTOR_MATCHING, "Courses next": LearnedModelKind.COURSE_RECOMMENDING}

viewer = open_page(PLATFORM_MODELS)
kind = st.segmented_control(
    "Which model", list(KINDS), default="Mentor matching", required=True, key="model_kind", bind="query-params"
)
show_card(viewer, KINDS[kind or "Mentor matching"])

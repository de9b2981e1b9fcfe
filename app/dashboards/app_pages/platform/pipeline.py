"""Platform pipeline: is the machine healthy? Age of the figures, distance to the ledger, checks and the last run."""

import streamlit as st

from app.dashboards import session
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.pipeline import (
    CHECK_COLUMNS,
    RELEASE_COLUMNS,
    checks_frame,
    health_of,
    kept_frame,
    outcome_text,
    pipeline_address,
)
from app.dashboards.components.tables import Empty, show_frame
from app.dashboards.formats import to_hours, to_instant, to_number
from app.dashboards.navigation import PLATFORM_PIPELINE
from operational_db.releases.health import read_last_run

viewer = open_page(PLATFORM_PIPELINE)
settings = session.installation().settings
manifest = viewer.warehouse.manifest
last_run = read_last_run(settings)
health, problem = health_of(viewer)
passed = sum(check.passed for check in manifest.checks)
answer(outcome_text(last_run, health, viewer))
if problem:
    st.error(problem, icon=":material/error:")
age = (viewer.now - manifest.as_of).total_seconds() / 60
show_figures(
    [
        Figure("Age of the figures", to_hours(age), f"as of {to_instant(manifest.as_of, viewer.zone)}"),
        Figure(
            "Behind the ledger",
            to_number(max(health.lag_entries, 0)) if health else "unknown",
            f"entries; {to_number(health.pending_count)} wait for their place"
            if health
            else "the database is not reachable",
        ),
        Figure("Ledger entries", to_number(manifest.ledger_size), f"in the figures; root {manifest.root_hash[:8]}…"),
        Figure("Checks passed", to_number(passed), f"of {to_number(len(manifest.checks))}"),
        Figure(
            "Last build",
            f"{to_number(manifest.duration_seconds, 1)} s",
            "whole" if manifest.is_full_build else "new entries only",
        ),
    ]
)
address = pipeline_address(settings)
st.link_button("Open the pipeline's own pages", address, icon=":material/open_in_new:", help=address)

st.subheader("Checks of these figures and failed checks of the last run")
show_frame(
    viewer,
    checks_frame(manifest, last_run),
    CHECK_COLUMNS,
    key="pipeline_checks",
    alt="Checks and their results",
    empty=Empty("No check is on record.", "The next run records its checks."),
)
st.subheader("Figures kept on disk")
show_frame(
    viewer,
    kept_frame(settings),
    RELEASE_COLUMNS,
    key="pipeline_kept",
    alt="Figures kept on disk, newest first",
    empty=Empty("None is kept.", "The next run makes one."),
)

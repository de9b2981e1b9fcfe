"""Bringing in results of technicians' jobs: the layout, what a file would change, former imports, taking them back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.file_import import show_former_imports, show_would_change
from app.dashboards.components.imports import show_outcome
from app.dashboards.components.tables import Column, show_table
from app.dashboards.formats import to_number, to_plural
from app.dashboards.queries.returns import Records
from app.dashboards.use_cases import returns as use_cases
from app.dashboards.use_cases.returns import Upload
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.imports.outcomes import FILE_LAYOUT
from operational_db.imports.outcomes_service import IMPORTER

PREVIEW = "jobs_preview"
LAYOUT = (
    Column("name", "Column"),
    Column("must", "Must be filled"),
    Column("meaning", "Meaning"),
    Column("written", "Written as"),
)


@dataclass(frozen=True)
class Preview:
    """What an upload would do, kept until it is brought in or put away."""

    organization_id: UUID
    upload: Upload
    report: Mapping[str, Any]  # Any: reports are JSON


def show_jobs(viewer: Viewer, records: Records) -> None:
    """Hand a file in, see what it would change, bring it in; and former imports with the way to take them back."""
    organization_id = viewer.organization_id
    st.markdown(
        f"**{to_plural(records.job_count, 'job')} of {to_plural(records.technician_count, 'technician')} on record, "
        f"{to_number(records.trained_count)} of them trained.**"
    )
    if organization_id is None or not viewer.principal.can(Permission.MANAGE_ROI, organization_id):
        st.caption("Your role may look, but not import. Ask a manager of the company.")
        return
    kept: Preview | None = st.session_state.get(PREVIEW)
    if kept is not None and kept.organization_id == organization_id:
        _show_preview(viewer, kept)
    else:
        _show_form(viewer, organization_id)
    show_former_imports(
        viewer,
        organization_id,
        importer=IMPORTER,
        key="jobs",
        help="What it added goes, what it corrected is as before; a later correction is taken back first.",
    )


def _show_form(viewer: Viewer, organization_id: UUID) -> None:
    st.caption("Nothing changes yet: the file is first checked row by row and held against what is on record.")
    with st.expander("Columns of the file", icon=":material/table:"):
        frame = pl.DataFrame(
            {
                "name": [column.name for column in FILE_LAYOUT.columns],
                "must": ["Yes" if column.is_required else "" for column in FILE_LAYOUT.columns],
                "meaning": [column.description for column in FILE_LAYOUT.columns],
                "written": [column.written_as for column in FILE_LAYOUT.columns],
            }
        )
        show_table(frame, LAYOUT, viewer, key="jobs_layout", alt="Columns of a file of jobs")
    file = st.file_uploader("Results of jobs (CSV or Parquet)", type=["csv", "parquet"], key="jobs_file")
    st.caption(
        "Programs send them to `POST /api/v1/organizations/{id}/training/outcomes`; the operator uses "
        "`sitesync import outcomes FILE --organization SLUG --dry-run`."
    )
    if st.button(
        "See what would change", key="jobs_see", type="primary", icon=":material/difference:", disabled=file is None
    ):
        upload = Upload(file.name, file.getvalue()) if file is not None else Upload("", b"")
        _preview(viewer, organization_id, upload)


def _preview(viewer: Viewer, organization_id: UUID, upload: Upload) -> None:
    try:
        with st.spinner("Checking every row…"):
            report = use_cases.read_jobs(
                session.installation().engine,
                viewer.principal,
                organization_id=organization_id,
                upload=upload,
                now=clock.now(),
            )
    except DomainError as error:
        st.error(f"{error.message} Nothing was changed.", icon=":material/error:")
        found = error.details.get("report")
        if isinstance(found, Mapping):
            show_outcome(viewer, found)
        return
    st.session_state[PREVIEW] = Preview(organization_id, upload, report)
    st.rerun()


def _show_preview(viewer: Viewer, kept: Preview) -> None:
    show_would_change(
        viewer,
        kept.report,
        key=PREVIEW,
        noun="job",
        bring_in=lambda: use_cases.bring_in_jobs(
            session.installation().engine,
            viewer.principal,
            organization_id=kept.organization_id,
            upload=kept.upload,
            now=clock.now(),
        ),
    )

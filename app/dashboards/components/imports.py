"""The report of one import, read from the records: what became of each kind of row, and which were refused and why."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import say_empty
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_instant, to_number, to_words
from app.dashboards.viewer import Viewer
from operational_db.database import read_only_session
from operational_db.errors import DomainError
from operational_db.imports.service import list_imports
from operational_db.tables.imports import ImportBatch

KIND_COLUMNS = (
    Column("kind", "Rows of", "words"),
    Column("read", "Read", "number"),
    Column("added", "Added", "number"),
    Column("changed", "Changed", "number"),
    Column("unchanged", "Unchanged", "number"),
    Column("refused", "Refused", "number"),
    Column("missing", "Not in the file", "number", help="Imported before and not in this file; they stay"),
)
ROW_COLUMNS = (
    Column("file", "File"),
    Column("line", "Line", "number"),
    Column("column", "Column"),
    Column("code", "Reason", "words"),
    Column("value_class", "What stood there", "words"),
    Column("remedy", "How to mend it"),
)


def show_report(viewer: Viewer, import_id: str | None) -> None:
    """The report of the import the address names; says so when it cannot be read."""
    if not import_id:
        return
    try:
        batch = _find(viewer, import_id)
    except DomainError as error:
        st.error(f"The report cannot be read now. {error.message}", icon=":material/error:")
        return
    if batch is None:
        say_empty(
            "You may not read this import's report, or there is none with this address.", "Choose one from the list."
        )
        return
    with st.container(border=True):
        st.subheader(f"Report: {batch.source}")
        state = to_words(batch.state).lower()
        st.caption(
            f"{to_words(batch.importer)} · {batch.format} · {state} · {to_instant(batch.finished_at, viewer.zone)}"
        )
        show_outcome(viewer, batch.report)


def _find(viewer: Viewer, import_id: str) -> ImportBatch | None:
    with read_only_session(session.installation().engine) as database:
        batches = list_imports(database, viewer.principal)
        return next((batch for batch in batches if batch.id == _to_id(import_id)), None)


def _to_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def show_outcome(viewer: Viewer, report: Mapping[str, Any]) -> None:  # Any: reports are stored as JSON
    """What became of each kind of row, and which were refused and why; also of an import that was only tried."""
    for reason in report.get("stopped_because", []):
        st.error(str(reason), icon=":material/error:")
    kinds = report.get("kinds", {})
    names = [column.name for column in KIND_COLUMNS[1:]]
    frame = pl.DataFrame(
        [{"kind": kind, **{name: int(counts.get(name, 0)) for name in names}} for kind, counts in kinds.items()],
        schema={"kind": pl.String, **dict.fromkeys(names, pl.Int64)},
    )
    empty = Empty("No rows were read.", "The file was refused before its rows were looked at.")
    show_frame(viewer, frame, KIND_COLUMNS, key="import_kinds", alt="Rows by kind and what became of them", empty=empty)
    total = sum(int(reason["count"]) for reason in report.get("reasons", []))
    rows = pl.DataFrame(
        report.get("refused_rows", []),
        schema={
            "file": pl.String,
            "line": pl.Int64,
            **dict.fromkeys(("column", "code", "value_class", "remedy"), pl.String),
        },
    )
    st.markdown(f"**Refused rows** · {to_number(rows.height)} of {to_number(total)} reasons listed")
    clean = Empty("No row was refused.", "Every row that was read went in or was there already.")
    show_frame(viewer, rows, ROW_COLUMNS, key="import_rows", alt="Refused rows and how to mend them", empty=clean)

"""Parts of the page on units: every unit on record, how makers' names are brought together, and imports of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.file_import import show_former_imports, show_would_change
from app.dashboards.components.filters import choose_id, search_box
from app.dashboards.components.frame import say_empty
from app.dashboards.components.imports import show_outcome
from app.dashboards.components.tables import PAGE_ROWS, Column, Empty, Opens, show_listing, show_table
from app.dashboards.formats import to_plural, to_words
from app.dashboards.navigation import OWNER_CREW_CHECK
from app.dashboards.queries import buildings
from app.dashboards.use_cases import equipment
from app.dashboards.use_cases.equipment import Upload
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.imports.equipment_service import IMPORTER
from operational_db.paging import PageRequest

UNITS = (
    Column("name", "Unit"),
    Column("building_name", "Building"),
    Column("equipment_type", "Type", "words"),
    Column("manufacturer_name", "Maker"),
    Column("model", "Model"),
    Column("status", "State", "words"),
    Column("installed_on", "Installed", "date"),
    Column("inspected_on", "Inspected", "date"),
    Column("register_id", "Register number"),
)
MAKERS = (
    Column("name", "Maker"),
    Column("spellings", "Spellings that lead to it"),
    Column("spelling_count", "Spellings", "number"),
    Column("origins", "How they were found"),
    Column("is_maker", "A maker", "flag", help="No: registers carry this in the maker's place, but it makes no units"),
)
FORMATS = {
    "Buildings and units as tables of ours": equipment.STANDARD,
    "Elevating devices of New York City": equipment.NYC,
}
PREVIEW = "equipment_preview"
ORIGINS = {"table": "in the table", "spelling": "same but for its form", "new": "first seen"}


def show_units(viewer: Viewer) -> None:
    """Every unit on record, by kind, maker and words; a unit leads to its crew check."""
    kinds = viewer.load(buildings.equipment_types)["equipment_type"].to_list()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kind = choose_id("Type", {each: to_words(each) for each in kinds}, any_label="All types", key="equipment_type")
        maker = choose_id("Maker", viewer.load(buildings.manufacturers), any_label="All makers", key="equipment_maker")
        search = search_box("Search by building, unit or register number", key="equipment_search")
    show_listing(
        viewer,
        buildings.all_units_listing(equipment_type=kind, manufacturer_id=maker, search=search),
        UNITS,
        key="equipment",
        noun=("unit", "units"),
        empty=Empty("No unit matches.", "Choose another type or maker, clear the search, or bring units in."),
        opens=Opens(OWNER_CREW_CHECK, "equipment_id", "unit", "crew check"),
    )


def show_makers(viewer: Viewer) -> None:
    """Makers' names with every spelling that leads to them, so that nobody has to wonder why a unit is whose make."""
    st.caption(
        "Registers spell makers in many ways. Two spellings are one maker only when the table says so, or when they "
        "differ by form alone; nothing is guessed by likeness."
    )
    search = search_box("Search by name or spelling", key="makers_search")
    engine = session.installation().engine
    try:
        found = equipment.makers(engine, search=search, page=PageRequest(size=PAGE_ROWS))
        if not found.total:
            say_empty("No maker matches.", "Clear the search, or bring a register of units in.")
            return
        st.markdown(f"**{to_plural(found.total, 'maker')}**")
        table = st.container()
        if st.session_state.get("makers_page", 1) > found.page_count:
            st.session_state["makers_page"] = 1
        if found.page_count > 1:
            number = st.pagination(found.page_count, key="makers_page", bind="query-params")
            found = equipment.makers(engine, search=search, page=PageRequest(number=number, size=PAGE_ROWS))
    except DomainError as error:
        st.error(f"{error.message} Units go on being shown from the last figures.", icon=":material/error:")
        return
    frame = pl.DataFrame(
        {
            "name": [each.name for each in found.items],
            "spellings": [", ".join(alias for alias, _ in each.aliases) for each in found.items],
            "spelling_count": [len(each.aliases) for each in found.items],
            "origins": [
                ", ".join(sorted({ORIGINS.get(origin, to_words(origin)) for _, origin in each.aliases}))
                for each in found.items
            ],
            "is_maker": [each.is_maker for each in found.items],
        }
    )
    with table:
        show_table(frame, MAKERS, viewer, key="makers", alt=f"Makers and their spellings, page {found.number}")


@dataclass(frozen=True)
class Preview:
    """What an upload would do, kept until it is brought in or put away."""

    organization_id: UUID
    upload: Upload
    report: Mapping[str, Any]  # Any: reports are JSON


def show_imports(viewer: Viewer) -> None:
    """Hand files in, see what they would change, bring them in; and former imports with the way to take them back."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    if not viewer.principal.can(Permission.RUN_IMPORTS, organization_id):
        st.caption("Your role may look, but not import. Ask a manager of the organization.")
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
        key="equipment",
        help="What it added goes, what it changed is as before; refused when something was built on it.",
    )


def _show_form(viewer: Viewer, organization_id: UUID) -> None:
    st.caption("Nothing changes yet: the files are first checked row by row and held against what is on record.")
    word = st.selectbox("Layout", list(FORMATS), key="equipment_format")
    is_register = FORMATS[word] == equipment.NYC
    files = st.file_uploader(
        "The register's file (CSV or Parquet)" if is_register else "buildings and equipment (CSV or Parquet)",
        type=["csv", "parquet"],
        accept_multiple_files=not is_register,
        key=f"equipment_files_{FORMATS[word]}",
    )
    st.caption(
        "Large registers can also be brought in by the operator: `sitesync import equipment FILE --format nyc "
        "--organization SLUG --dry-run`."
    )
    chosen = files if isinstance(files, list) else [files] if files else []
    if st.button(
        "See what would change", key="equipment_see", type="primary", icon=":material/difference:", disabled=not chosen
    ):
        upload = Upload({each.name: each.getvalue() for each in chosen}, FORMATS[word])
        _preview(viewer, organization_id, upload)


def _preview(viewer: Viewer, organization_id: UUID, upload: Upload) -> None:
    try:
        with st.spinner("Checking every row…"):
            report = equipment.preview_import(
                session.installation().engine,
                viewer.principal,
                organization_id=organization_id,
                upload=upload,
                now=clock.now(),
            )
    except DomainError as error:
        st.error(f"{error.message} Nothing was changed.", icon=":material/error:")
        _show_reasons(viewer, error)
        return
    st.session_state[PREVIEW] = Preview(organization_id, upload, report)
    st.rerun()


def _show_reasons(viewer: Viewer, error: DomainError) -> None:
    report = error.details.get("report")
    if isinstance(report, Mapping):
        show_outcome(viewer, report)


def _show_preview(viewer: Viewer, kept: Preview) -> None:
    show_would_change(
        viewer,
        kept.report,
        key=PREVIEW,
        noun="record",
        bring_in=lambda: equipment.bring_in(
            session.installation().engine,
            viewer.principal,
            organization_id=kept.organization_id,
            upload=kept.upload,
            now=clock.now(),
        ),
        details=lambda: _show_read_makers(viewer, kept.report),
    )


def _show_read_makers(viewer: Viewer, report: Mapping[str, Any]) -> None:  # Any: reports are JSON
    listed = report.get("manufacturers", {}).get("listed", [])
    if not listed:
        return
    st.markdown(f"**How makers' names are read** · the {to_plural(len(listed), 'most frequent name')}")
    frame = pl.DataFrame(
        {
            "name": [str(each["name"]) for each in listed],
            "count": [int(each["count"]) for each in listed],
            "spellings": [", ".join(each["spellings"]) for each in listed],
            "is_maker": [bool(each["is_maker"]) for each in listed],
        }
    )
    columns = (
        Column("name", "Maker"),
        Column("count", "Rows", "number"),
        Column("spellings", "Spelt, among others"),
        Column("is_maker", "A maker", "flag"),
    )
    show_table(frame, columns, viewer, key="equipment_read_makers", alt="Makers' names and the spellings read as them")

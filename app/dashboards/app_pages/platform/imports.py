"""Platform imports: what came in, what was refused, and why."""

import streamlit as st

from app.dashboards.components.figures import Drill, Figure, show_figures
from app.dashboards.components.filters import choose, search_box
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.imports import show_report
from app.dashboards.components.tables import Column, Empty, Opens, show_listing
from app.dashboards.formats import to_number, to_plural
from app.dashboards.navigation import PLATFORM_IMPORTS
from app.dashboards.queries import platform

viewer = open_page(PLATFORM_IMPORTS)
counts = viewer.load(platform.import_counts)
if counts["import_count"] == 0:
    say_empty("Nothing was imported yet.", "`sitesync import history` and `sitesync import licences` bring records in.")
    st.stop()
answer(
    f"{to_plural(counts['import_count'], 'import')} brought {to_number(counts['row_count'])} rows in; "
    f"{to_plural(counts['refused_count'], 'import was', 'imports were')} refused as a whole."
)


def _drill(state: str) -> Drill:
    return Drill(None, "Show them", {"imports_state": state})


show_figures(
    [
        Figure("Imports", to_number(counts["import_count"]), "since the beginning", drill=_drill("All")),
        Figure("Rows in", to_number(counts["row_count"]), "added or changed", drill=_drill("Applied")),
        Figure(
            "Rows refused",
            to_number(counts["refused_row_count"]),
            "in imports that were applied",
            drill=_drill("Applied"),
        ),
        Figure("Refused", to_number(counts["refused_count"]), "imports, nothing changed", drill=_drill("Refused")),
        Figure("Undone", to_number(counts["undone_count"]), "imports taken back", drill=_drill("Undone")),
    ]
)
show_report(viewer, st.query_params.get("import"))
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    state = choose("State", list(platform.STATES), key="imports_state")
    search = search_box("Search by file, importer or organization", key="imports_search")
show_listing(
    viewer,
    platform.imports_listing(state=state, search=search),
    [
        Column("source", "File"),
        Column("state", "State", "status"),
        Column("importer", "Importer", "words"),
        Column("format", "Format"),
        Column("organization_name", "Organization"),
        Column("started_at", "Started", "time"),
        Column("seconds", "Seconds", "number"),
        Column("read_count", "Read", "number"),
        Column("added_count", "Added", "number"),
        Column("changed_count", "Changed", "number"),
        Column("unchanged_count", "Unchanged", "number"),
        Column("refused_count", "Refused", "number"),
    ],
    key="imports",
    noun=("import", "imports"),
    empty=Empty("No import matches these filters.", "Choose another state or clear the search."),
    opens=Opens(PLATFORM_IMPORTS, "import_id", "import", "report"),
)

"""Bringing a file in: what it would change, the button that does it, and former imports with the way back."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.chips import chip_of
from app.dashboards.components.frame import say_empty
from app.dashboards.components.imports import show_outcome
from app.dashboards.components.receipts import write
from app.dashboards.formats import to_instant, to_number, to_parts, to_plural
from app.dashboards.use_cases import imports
from app.dashboards.use_cases.imports import ImportRow
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError

COUNTS = ("added", "changed", "unchanged", "refused")
MOST_IMPORTS = 10


def show_would_change(
    viewer: Viewer,
    report: Mapping[str, Any],  # Any: reports are JSON
    *,
    key: str,
    noun: str,
    bring_in: Callable[[], Receipt],
    details: Callable[[], None] = lambda: None,
) -> None:
    """What a file that was only tried would change, row by row, and the choice to bring it in or put it away.

    Parameters
    ----------
    key
        Where the tried file is kept in the session; it goes once it was brought in or put away.
    details
        Draws what is told of this kind of file alone.
    """
    added, changed, unchanged, refused = (int(report.get(name, 0)) for name in COUNTS)
    with st.container(border=True):
        st.subheader("What would change")
        st.markdown(
            f"**{to_plural(added, noun)} added, {to_number(changed)} changed, {to_number(unchanged)} as before; "
            f"{to_plural(refused, 'row')} refused.** Nothing is deleted."
        )
        show_outcome(viewer, report)
        details()
        with st.container(horizontal=True):
            st.button(
                "Bring it in",
                key=f"{key}_bring_in",
                type="primary",
                icon=":material/upload:",
                on_click=_bring_in,
                args=(key, bring_in),
            )
            st.button("Put it away", key=f"{key}_put_away", on_click=_put_away, args=(key,))


def _bring_in(key: str, bring_in: Callable[[], Receipt]) -> None:
    if write(bring_in):
        _put_away(key)


def _put_away(key: str) -> None:
    st.session_state.pop(key, None)


def show_former_imports(viewer: Viewer, organization_id: UUID, *, importer: str, key: str, help: str) -> None:
    """The organization's imports of one kind, the latest first, each with the way to take it back."""
    st.subheader("Former imports")
    try:
        found = imports.imports_of(
            session.installation().engine, viewer.principal, organization_id=organization_id, importer=importer
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    if not found:
        say_empty("No file was imported yet.", "Each import is listed here, with the way to take it back.")
    for row in found[:MOST_IMPORTS]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            counts = ", ".join(f"{to_number(int(row.report.get(name, 0)))} {name}" for name in COUNTS)
            st.markdown(
                f"**{row.source}** {chip_of(row.state).markdown}\n\n{counts} · "
                f"{to_instant(row.finished_at, viewer.zone)}",
                width="stretch",
            )
            if row.can_be_undone:
                st.button(
                    f"Take back {row.source}, {to_instant(row.finished_at, viewer.zone)}",
                    key=f"{key}_undo_{row.import_id}",
                    icon=":material/undo:",
                    help=help,
                    on_click=_take_back,
                    args=(viewer, row),
                )
    if len(found) > MOST_IMPORTS:
        st.caption(f"The latest {to_parts(MOST_IMPORTS, len(found))}.")


def _take_back(viewer: Viewer, row: ImportRow) -> None:
    engine = session.installation().engine
    write(lambda: imports.take_back(engine, viewer.principal, row=row, now=clock.now()))

"""Downloads of a list, behind the gate `data-export` where the list holds an organization's records.

Nothing is decided while a page is drawn. Opening the menu shows where one stands; the click on a format decides, on
record, before a byte leaves. A person's own record and aggregates without people are no export of customer data.
"""

import io
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from uuid import UUID

import polars as pl
import streamlit as st
from sqlalchemy import Engine

from app.dashboards import session
from app.dashboards.components.certification import (
    certification_chip,
    link_to_lesson,
    locale,
    show_policy_panel,
    to_minutes,
)
from app.dashboards.components.gate import block, take_retry
from app.dashboards.components.waiting import show_at_entry
from app.dashboards.use_cases import gates
from app.dashboards.use_cases.gates import Standing
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.gates.shipped import DATA_EXPORT
from operational_db.identity.rules import Principal
from operational_db.types import GateOutcome

Write = Callable[[pl.DataFrame], bytes]


def to_csv(frame: pl.DataFrame) -> bytes:
    """UTF-8 with a mark, so that spreadsheets read names right."""
    return frame.write_csv(include_bom=True).encode()


def to_parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


FORMATS: Mapping[str, tuple[str, Write]] = {
    "CSV": ("text/csv", to_csv),
    "Parquet": ("application/vnd.apache.parquet", to_parquet),
}


def show_downloads(viewer: Viewer, whole: Callable[[], pl.DataFrame], *, key: str) -> None:
    """Both formats of a list, made only when asked for."""
    menu_key = f"{key}_download"
    if take_retry(menu_key):
        st.session_state[menu_key] = True
    menu = st.popover("Download", icon=":material/download:", width="content", key=menu_key, on_change="rerun")
    if not menu.open:
        return
    with menu:
        organization_id = viewer.organization_id
        if organization_id is None:
            st.caption("Every row of this list as filtered and sorted, with the columns shown.")
            _buttons(whole, key=key)
            return
        engine = session.installation().engine
        try:
            standing = gates.standing(
                engine,
                viewer.principal,
                action=DATA_EXPORT,
                organization_id=organization_id,
                locale=locale(),
                now=clock.now(),
            )
        except DomainError as error:
            st.error(
                f"{error.message} Nothing is handed out while no record can be kept of it.", icon=":material/error:"
            )
            return
        _say_standing(standing, organization_id, clock.today())
        if standing.feature is not None:
            show_policy_panel(standing.feature)
        show_at_entry(viewer, DATA_EXPORT, organization_id, key=key)
        st.caption("Every row of this list as filtered and sorted, with the columns shown. Each download is on record.")
        if standing.decision.is_allowed:
            _buttons(partial(_gated, engine, viewer.principal, organization_id, whole), key=key)
            return
        for name in FORMATS:
            st.button(
                name,
                key=f"{key}_{name.lower()}_ask",
                icon=":material/lock:",
                width="stretch",
                on_click=_ask,
                args=(viewer, organization_id, menu_key),
            )


def _say_standing(standing: Standing, organization_id: UUID, today: date) -> None:
    st.markdown(f"{certification_chip(standing.decision, today).markdown} for exporting data")
    is_tried_out = standing.decision.is_allowed and standing.decision.outcome is GateOutcome.DENY
    if is_tried_out and standing.training.lessons:
        step = standing.training.lessons[0]
        st.caption("The rule is being tried out: you may go on. Once it is turned on, this opens it:")
        link_to_lesson(
            step.lesson_id, f"{step.title} ({to_minutes(step.minutes)})", DATA_EXPORT, organization_id, "tip"
        )


def _buttons(whole: Callable[[], pl.DataFrame], *, key: str) -> None:
    for name, (mime, write) in FORMATS.items():
        st.download_button(
            name,
            data=partial(_write, whole, write),
            file_name=f"sitesync-{key.replace('_', '-')}.{name.lower()}",
            mime=mime,
            key=f"{key}_{name.lower()}",
            on_click="ignore",
            icon=":material/table:",
            width="stretch",
        )


def _write(whole: Callable[[], pl.DataFrame], write: Write) -> bytes:
    return write(whole())


def _gated(
    engine: Engine, principal: Principal, organization_id: UUID, whole: Callable[[], pl.DataFrame]
) -> pl.DataFrame:
    """Runs on the click, outside of the page: decides again, on record, and only then makes the rows."""
    gates.require_export(engine, principal, organization_id=organization_id, now=clock.now())
    return whole()


def _ask(viewer: Viewer, organization_id: UUID, menu_key: str) -> None:
    """A click on a locked format: the decision is recorded, and the dialog says what is missing."""
    decision = gates.decide_export(
        session.installation().engine, viewer.principal, organization_id=organization_id, now=clock.now()
    )
    if not decision.is_allowed:
        st.session_state[menu_key] = False
        block(DATA_EXPORT, organization_id, str(decision.reason), what="download this list", key=menu_key)

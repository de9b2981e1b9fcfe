"""Says what a page wrote, offers to take it back, and tells when the figures have caught up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from textwrap import shorten
from uuid import UUID

import streamlit as st

from app.dashboards import actions, session
from app.dashboards.actions import Receipt
from app.dashboards.components.gate import block_denied
from app.dashboards.formats import to_instant, to_plural
from app.dashboards.queries.assignments import arrived_count
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError, GateDeniedError, ReleaseUnavailableError
from operational_db.releases.manifest import current_manifest

RECEIPTS, PROBLEM = "receipts", "write_problem"
LOOK_AGAIN = "10s"
UNDO_LABEL_LENGTH = 32


@dataclass(frozen=True)
class Gated:
    """What somebody wants to do behind a gate, and the control to come back to after its lesson."""

    organization_id: UUID | None
    what: str
    key: str


def write(action: Callable[[], Receipt], *, gate: Gated | None = None) -> bool:
    """Run an action from a button's callback and keep its receipt, or the reason why nothing was written.

    Parameters
    ----------
    gate
        Where a gate stands before the action: a refusal opens its dialog.
    """
    try:
        receipt = action()
    except GateDeniedError as error:
        st.session_state[PROBLEM] = None if gate else error.message
        if gate is not None:
            block_denied(error, gate.organization_id, what=gate.what, key=gate.key)
        return False
    except DomainError as error:
        st.session_state[PROBLEM] = error.message
        return False
    st.session_state[PROBLEM] = None
    st.session_state[RECEIPTS] = [receipt, *st.session_state.get(RECEIPTS, [])]
    return True


def writer(action: Callable[[], Receipt]) -> Callable[[], None]:
    """A button's callback that writes."""

    def press() -> None:
        write(action)

    return press


def show_receipts(viewer: Viewer) -> None:
    """The latest problem and the receipts of this visit, each with its state."""
    problem = st.session_state.get(PROBLEM)
    if problem:
        st.error(f"Nothing was written. {problem}", icon=":material/error:")
    receipts: list[Receipt] = st.session_state.get(RECEIPTS, [])
    waiting = False
    for number, receipt in enumerate(receipts):
        waiting = not _show(viewer, receipt, len(receipts) - number) or waiting
    if waiting:
        _watch(viewer.warehouse.manifest.name)


def _show(viewer: Viewer, receipt: Receipt, number: int) -> bool:
    """Draw one receipt; True when the figures hold it."""
    entries = to_plural(receipt.entry_count, "entry", "entries")
    when = to_instant(receipt.written_at, viewer.zone)
    # A draft, say, is no fact that the ledger tells.
    written = f"Written to the ledger {when} ({entries})." if receipt.entry_count else f"Saved {when}."
    if _has_arrived(viewer, receipt):
        as_of = to_instant(viewer.warehouse.manifest.as_of, viewer.zone)
        st.success(f"{receipt.text} {written} The figures as of {as_of} hold it.", icon=":material/check_circle:")
        return True
    latest = receipt.written_at + timedelta(minutes=session.installation().settings.refresh_minutes)
    st.info(
        f"{receipt.text} {written} The figures follow with the next update, at the latest around "
        f"{to_instant(latest, viewer.zone)}; this page shows it when they do.",
        icon=":material/schedule:",
    )
    if receipt.can_be_undone:
        word = "Undo" if number == 1 else f"Undo {number}"
        st.button(
            f"{word}: {shorten(receipt.text, UNDO_LABEL_LENGTH, placeholder='…')}",
            icon=":material/undo:",
            key=f"receipt_undo_{number}",
            on_click=_undo,
            args=(viewer, receipt),
        )
    return False


def _has_arrived(viewer: Viewer, receipt: Receipt) -> bool:
    if receipt.recipient_ids:
        return viewer.load(arrived_count, recipient_ids=receipt.recipient_ids) == len(receipt.recipient_ids)
    return viewer.warehouse.manifest.as_of > receipt.written_at


def _undo(viewer: Viewer, receipt: Receipt) -> None:
    engine = session.installation().engine
    if write(lambda: actions.undo(engine, viewer.principal, receipt, now=clock.now())):
        st.session_state[RECEIPTS] = [kept for kept in st.session_state[RECEIPTS] if kept != receipt]


@st.fragment(run_every=LOOK_AGAIN)
def _watch(shown: str) -> None:
    """Looks for newer figures while something waits for them, and draws the page anew when they are there."""
    try:
        if current_manifest(session.installation().settings).name != shown:
            st.rerun(scope="app")
    except ReleaseUnavailableError:
        return

"""The dialog of a closed gate: it blocks, explains, launches the lesson, and brings people back to what they wanted.

Whether something is allowed is decided by the services behind the action; this shows their answer.
"""

from dataclasses import dataclass, replace
from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.chips import chip_of
from app.dashboards.components.certification import (
    certification_chip,
    link_to_lesson,
    locale,
    show_policy_panel,
    to_minutes,
)
from app.dashboards.use_cases import gates
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError, GateDeniedError
from operational_db.gates.rules import REASON_TEXTS, GateReason

BLOCKED, RETRY, PAGE = "gate_blocked", "gate_retry", "gate_page"


@dataclass(frozen=True)
class Blocked:
    """What somebody wanted to do when a gate was closed: `key` is the control that asked, on the page `path`."""

    action: str
    organization_id: UUID | None
    what: str
    reason: str
    key: str
    path: str
    address: tuple[tuple[str, str], ...]

    @property
    def is_for_training(self) -> bool:
        """Whether training opens the gate: not when the decision could not be recorded or no rule covers the action."""
        return self.reason not in {GateReason.RECORD_UNAVAILABLE, GateReason.NO_RULE, GateReason.NOT_A_MEMBER}


def remember_page(path: str) -> None:
    """Which page is on the screen, for coming back to it."""
    st.session_state[PAGE] = path


def block(action: str, organization_id: UUID | None, reason: str, *, what: str, key: str) -> None:
    """Keep what was refused, so that the dialog shows on this run and the page is found again after the lesson."""
    st.session_state[BLOCKED] = Blocked(
        action=action,
        organization_id=organization_id,
        what=what,
        reason=reason,
        key=key,
        path=st.session_state.get(PAGE, ""),
        address=tuple(sorted(st.query_params.to_dict().items())),
    )


def block_denied(error: GateDeniedError, organization_id: UUID | None, *, what: str, key: str) -> None:
    """As `block`, for a service that refused."""
    block(str(error.details["action"]), organization_id, str(error.details["reason"]), what=what, key=key)


def show_gate_dialog(viewer: Viewer) -> None:
    """The dialog, when something was refused on this page."""
    blocked: Blocked | None = st.session_state.get(BLOCKED)
    if blocked is not None and blocked.path == st.session_state.get(PAGE):
        _dialog(viewer, blocked)


def take_retry(key: str) -> bool:
    """Whether somebody comes back from the lesson to this control; true once."""
    retry: Blocked | None = st.session_state.get(RETRY)
    if retry is None or retry.key != key:
        return False
    del st.session_state[RETRY]
    return True


def leave_for_lesson() -> Blocked | None:
    """Take over what was refused when its lesson is opened; None when the lesson was opened for itself."""
    blocked: Blocked | None = st.session_state.pop(BLOCKED, None)
    return blocked


def go_back(blocked: Blocked) -> None:
    """Back to the page, with the control that asked ready to go on."""
    st.session_state[RETRY] = replace(blocked)
    st.switch_page(blocked.path, query_params=dict(blocked.address))


def _forget() -> None:
    st.session_state.pop(BLOCKED, None)


@st.dialog("Not yet: training comes first", width="medium", icon=":material/front_hand:", on_dismiss=_forget)
def _dialog(viewer: Viewer, blocked: Blocked) -> None:
    reason = GateReason(blocked.reason)
    st.markdown(f"You wanted to **{blocked.what}**. {REASON_TEXTS[reason]}")
    if reason is GateReason.RECORD_UNAVAILABLE:
        st.error("Nothing left the system. Try again in a moment.", icon=":material/cloud_off:")
        st.button("Close", key="gate_close", on_click=_forget)
        return
    try:
        standing = gates.standing(
            session.installation().engine,
            viewer.principal,
            action=blocked.action,
            organization_id=blocked.organization_id,
            locale=locale(),
            now=clock.now(),
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    st.markdown(certification_chip(standing.decision, clock.today()).markdown)
    if standing.feature is not None:
        st.markdown("\n".join(f"- {bullet}" for bullet in standing.feature.tip_bullets))
    if standing.training.lessons:
        st.markdown(f"**The shortest way takes {to_minutes(standing.training.estimated_minutes)}:**")
        for step in standing.training.lessons:
            link_to_lesson(
                step.lesson_id,
                f"{step.title} ({to_minutes(step.minutes)})",
                blocked.action,
                blocked.organization_id,
                "gate",
            )
    elif blocked.is_for_training:
        st.warning(
            "No published lesson leads there yet. Ask a manager of the organization for a waiver, or for the lesson.",
            icon=":material/school:",
        )
    if standing.feature is not None:
        show_policy_panel(standing.feature)
    st.caption(f"{chip_of('refused').glyph} The refusal is on record. After the lesson you come back here to go on.")
    st.button("Not now", key="gate_not_now", on_click=_forget)

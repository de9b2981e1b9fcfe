"""The frame every page shares: access, title, organization, "As of" line, and what to say when a page is empty."""

from typing import NoReturn
from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.gate import remember_page, show_gate_dialog
from app.dashboards.formats import to_instant, to_number, to_plural
from app.dashboards.navigation import AUDIENCES, Area, PageEntry, areas_of, home_of
from app.dashboards.session import SignedIn
from app.dashboards.viewer import Viewer, open_viewer, organizations_in
from operational_db import clock
from operational_db.errors import ReleaseUnavailableError
from operational_db.releases.health import Freshness, FreshnessState
from operational_db.releases.verification import RECONCILIATIONS, verification_of
from operational_db.settings import Settings

ROOT_SHOWN = 8
STATE_LOOK = {
    FreshnessState.VERIFIED: ("gray", "verified", "verified"),
    FreshnessState.STALE: ("orange", "schedule", "older than usual"),
    FreshnessState.FAILED: ("red", "error", "last check failed"),
    FreshnessState.MISSING: ("red", "error", "no figures"),
}


def open_page(entry: PageEntry, *, title: str | None = None) -> Viewer:
    """Draw the frame and return the viewer the page's queries run for; stops a page that may not or cannot be shown."""
    context, now = session.installation(), clock.now()
    person = session.current_person(context, now)
    if person is None or entry.area not in areas_of(person.principal):
        refuse(entry, person)
    try:
        organization_id, organization_name = _choose_organization(entry.area, person, context.settings)
        viewer = open_viewer(person, context.settings, entry.area, now=now, organization_id=organization_id)
    except ReleaseUnavailableError as error:
        st.title(title or entry.title)
        say_no_figures(error)
    st.title(title or entry.title)
    _as_of_line(viewer, organization_name)
    if person.is_remembered:
        st.warning(
            "The database cannot be reached at the moment. You see the last figures, and nothing is lost; "
            "changes have to wait until it is back.",
            icon=":material/cloud_off:",
        )
    remember_page(entry.path)
    show_gate_dialog(viewer)
    return viewer


def refuse(entry: PageEntry, person: SignedIn | None) -> NoReturn:
    """Say whom the page is for, offer the way home, and stop."""
    st.title(entry.title)
    st.warning(
        f"This page is for {AUDIENCES[entry.area]}. Your roles do not include it. "
        "Ask your organization's manager for the role, or sign in as somebody else.",
        icon=":material/lock:",
    )
    if person is not None:
        home = home_of(person.principal)
        st.page_link(home.path, label=f"Go to {home.title.lower()}", icon=home.icon)
    st.stop()


def say_no_figures(error: ReleaseUnavailableError) -> NoReturn:
    """No figures can be read: say why and how they come, and stop."""
    st.error(
        f"{error.message} Nothing was lost: records are kept in the database and the figures are computed from them.",
        icon=":material/error:",
    )
    st.stop()


def answer(text: str) -> None:
    """The page's question, answered in one sentence."""
    st.markdown(f"#### {text}")


def say_empty(why: str, what_fills_it: str) -> None:
    """An empty place explains itself."""
    st.info(f"{why} {what_fills_it}", icon=":material/inbox:")


def freshness_line(freshness: Freshness, viewer: Viewer) -> str:
    """As of, ledger size, root and state in one line of Markdown; the reason when the state is not good.

    Good figures are verified when their totals were computed anew from the ledger and came out the same.
    """
    color, icon, words = STATE_LOOK[freshness.state]
    reason = freshness.reason
    if freshness.state is FreshnessState.VERIFIED:
        color, icon, words, reason = _verification(viewer)
    root = (freshness.root_hash or "")[:ROOT_SHOWN]
    facts = (
        f"As of {to_instant(freshness.as_of, viewer.zone)}",
        f"ledger {to_number(freshness.ledger_size)} entries",
        f"root {root}…",
        f":material/{icon}: {words}",
    )
    line = " · ".join(facts)
    return f":{color}[{line}{f' — {reason}' if reason else ''}]"


def _verification(viewer: Viewer) -> tuple[str, str, str, str]:
    """Colour, icon, words and reason of the recomputation from the ledger that the figures' manifest tells of."""
    manifest = viewer.warehouse.manifest
    found = verification_of(manifest)
    minutes = max(int((viewer.now - found.verified_at).total_seconds() // 60), 0)
    when = f"at checkpoint {to_number(found.ledger_size)}, {to_plural(minutes, 'minute')} ago"
    if found.is_verified:
        return "gray", "verified", f"verified {when}", ""
    if found.is_partial:
        return (
            "gray",
            "verified",
            f"verified in part {when}",
            "what was new agrees; the rest is too much for one update",
        )
    has_failed = any(not check.passed for check in manifest.checks if check.name in RECONCILIATIONS)
    if has_failed:
        return "red", "error", "not verified: totals differ from the ledger", " ".join(found.problems)
    return "gray", "help", "not verified against the ledger", ""


def _as_of_line(viewer: Viewer, organization_name: str | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        prefix = f"{organization_name} · " if organization_name else ""
        st.markdown(f":small[{prefix}{freshness_line(viewer.freshness, viewer)}]", width="content")
        if viewer.freshness.is_simulated:
            st.badge("Simulated data", icon=":material/science:", color="violet")


def _choose_organization(area: Area, person: SignedIn, settings: Settings) -> tuple[UUID | None, str | None]:
    if area in {Area.PRODUCT, Area.PLATFORM, Area.ME}:
        return None, None
    found = organizations_in(person, settings, area)
    if not found and person.principal.is_unrestricted:
        return None, "The platform"
    if not found:
        kind = {Area.SCHOOL: "school", Area.OWNER: "building owner"}.get(area, "company")
        st.title(kind.capitalize())
        say_empty(
            f"You belong to no {kind} yet.",
            "An administrator gives you a role in one; it shows here after the next update.",
        )
        st.stop()
    names = [choice.name for choice in found]
    labels = {
        choice.organization_id: choice.name
        if names.count(choice.name) == 1
        else f"{choice.name} ({str(choice.organization_id)[-4:]})"
        for choice in found
    }
    by_label = {label: key for key, label in labels.items()}
    label = next(iter(by_label))
    if len(by_label) > 1:
        with st.sidebar:
            # One choice for all pages about a company.
            key = f"{Area.COMPANY if area is Area.SECURITY else area}_organization"
            label = st.selectbox("Organization", list(by_label), key=key, bind="query-params")
    return by_label[label], label

"""Draws the verification queue: what is claimed, its document for those who may see it, and the decision."""

from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.certificate import show_document
from app.dashboards.components.frame import say_empty
from app.dashboards.components.notices import page_number, show_pages
from app.dashboards.components.receipts import write
from app.dashboards.formats import to_day, to_instant, to_plural, to_words
from app.dashboards.use_cases import verification
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.credentials.verification import LONGEST_REASON, CaseView
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.paging import Page, PageRequest

PAGE_SIZE = 10
PAGE_KEY = "verification_page"


def may_verify(viewer: Viewer) -> bool:
    return viewer.principal.can(Permission.VERIFY_CERTIFICATES, viewer.organization_id)


def find_queue(viewer: Viewer) -> Page[CaseView] | None:
    """The page of the queue the address names; None, said on the page, when it cannot be read."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return None
    try:
        return verification.queue(
            session.installation().engine,
            viewer.principal,
            organization_id=organization_id,
            on=clock.today(),
            page=PageRequest(page_number(PAGE_KEY), PAGE_SIZE),
        )
    except DomainError as error:
        st.error(f"{error.message} Nothing in the queue is lost.", icon=":material/error:")
        return None


def queue_answer(found: Page[CaseView]) -> str:
    """How many wait, and how long the oldest."""
    if not found.total:
        return "No certificate waits to be checked."
    waits = to_plural(found.total, "certificate waits", "certificates wait")
    oldest = f", the oldest since {to_day(found.items[0].requested_at.date())}" if found.items else ""
    return f"{waits} to be checked{oldest}."


def show_queue(viewer: Viewer, found: Page[CaseView]) -> None:
    """The open requests, the oldest first."""
    if not found.total:
        say_empty("The queue is empty.", "Certificates that people of your company report with a document wait here.")
    for case in found.items:
        _show_case(viewer, case)
    show_pages(found.page_count, PAGE_KEY)


def _show_case(viewer: Viewer, case: CaseView) -> None:
    view = case.certificate
    key = f"case_{case.case_id}"
    with st.container(border=True):
        st.markdown(f"##### {view.display_name}: {view.certification_name}")
        until = f"through {to_day(view.expires_on)}" if view.expires_on else "without end"
        number = f" · number {view.certificate_number}" if view.certificate_number else ""
        st.markdown(
            f"Issued by {view.issuing_organization} on {to_day(view.issued_on)}, valid {until}{number}\n\n"
            f":small[Handed in {to_instant(case.requested_at, viewer.zone)}"
            f"{f' by {case.requested_by}' if case.requested_by else ''} · {to_words(view.earned_through)}]"
        )
        if case.document_id is None:
            st.caption("No document was handed in.")
        else:
            show_document(viewer, case.document_id, key=key)
        if case.is_own:
            st.caption("This is your own certificate. Somebody else of your company decides about it.")
            return
        _show_decision(viewer, case, key)


def _show_decision(viewer: Viewer, case: CaseView, key: str) -> None:
    what = f"“{case.certificate.certification_name}” of {case.certificate.display_name}"
    st.text_input(
        "Reason, needed when you do not approve",
        key=f"{key}_reason",
        max_chars=LONGEST_REASON,
        help="Its holder reads it, and it stays on record.",
    )
    with st.container(horizontal=True):
        for label, is_approved, icon in (("Approve", True, "check"), ("Do not approve", False, "close")):
            st.button(
                f"{label}: {case.certificate.display_name}, {case.certificate.certification_name}",
                key=f"{key}_{'approve' if is_approved else 'refuse'}",
                type="primary" if is_approved else "secondary",
                icon=f":material/{icon}:",
                on_click=_decide,
                args=(viewer, case.case_id, is_approved, f"{key}_reason", what),
            )


def _decide(viewer: Viewer, case_id: UUID, is_approved: bool, reason_key: str, what: str) -> None:
    engine, now = session.installation().engine, clock.now()
    reason = str(st.session_state.get(reason_key) or "").strip()
    write(
        lambda: verification.decide(
            engine,
            viewer.principal,
            case_id=case_id,
            is_approved=is_approved,
            reason=reason,
            what=what,
            now=now,
        )
    )

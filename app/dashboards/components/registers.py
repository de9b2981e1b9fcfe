"""Draws claims of licences, the queue of them, linking in bulk, and what registers flag."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.chips import chip_of
from app.dashboards.components.certificate import show_document
from app.dashboards.components.certificates import choose_document, store, to_upload
from app.dashboards.components.frame import say_empty
from app.dashboards.components.notices import page_number, show_pages
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import Column, Empty, Opens, show_frame
from app.dashboards.formats import to_day, to_instant, to_number, to_plural
from app.dashboards.navigation import COMPANY_PERSON
from app.dashboards.use_cases import registers
from app.dashboards.use_cases.certificates import Upload
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.paging import PageRequest
from operational_db.registers.linking import LinkReport
from operational_db.registers.service import ClaimView, EntryView

PAGE_SIZE = 10
PAGE_KEY = "claims_page"
PREVIEW = "links_preview"


@dataclass(frozen=True)
class Preview:
    """A table that was checked and waits for the word to link."""

    organization_id: UUID
    upload: Upload
    report: LinkReport


def show_claims(viewer: Viewer) -> None:
    """Look a licence up, claim it with proof, and see what became of former claims."""
    st.markdown(
        "Licences of government registers count without further proof once they are yours: claim yours with a document "
        "that shows your name and its number. From then on your record follows the register."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        register = st.selectbox(
            "Register", list(registers.REGISTERS), format_func=registers.REGISTERS.__getitem__, key="claim_register"
        )
        number = st.text_input("Licence number", key="claim_number", max_chars=50).strip()
    engine = session.installation().engine
    try:
        if number:
            _show_licence(viewer, registers.entries_of(engine, register=register, licence_number=number), number)
        former = registers.my_claims(engine, viewer.principal)
    except DomainError as error:
        st.warning(error.message, icon=":material/search_off:")
        return
    if former:
        st.subheader("Your claims")
    for claim in former:
        _show_former(viewer, claim)


def _show_licence(viewer: Viewer, entries: Sequence[EntryView], number: str) -> None:
    for entry in entries:
        with st.container(border=True):
            st.markdown(entry_line(entry))
    if all(entry.is_claimed for entry in entries):
        st.caption("This licence is claimed already.")
        return
    with st.form("claim_form"):
        upload = choose_document("Document that shows your name and the number", key="claim_document")
        is_sent = st.form_submit_button("Claim it", type="primary", icon=":material/how_to_reg:")
    if not is_sent:
        return
    if upload is None:
        st.warning("Choose a document first. Nothing was written.", icon=":material/help:")
        return
    proof, now, engine = upload, clock.now(), session.installation().engine
    write(
        lambda: registers.claim(
            engine,
            viewer.principal,
            store(),
            register=entries[0].register,
            licence_number=number,
            upload=proof,
            now=now,
        )
    )
    st.rerun()


def entry_line(entry: EntryView) -> str:
    """What a register says of a licence, in Markdown with its chip."""
    until = f"through {to_day(entry.expires_on)}" if entry.expires_on else "without end"
    return (
        f"{chip_of(f'register_{entry.standing}').markdown} **{entry.certification}** · licence {entry.licence_number}, "
        f"{entry.classification}\n\n:small[Since {to_day(entry.issued_on)}, {until} · the register says "
        f"“{entry.status_text}”]"
    )


def _show_former(viewer: Viewer, claim: ClaimView) -> None:
    with st.container(border=True):
        st.markdown(entry_line(claim.entry))
        st.caption(_decision(viewer, claim))


def _decision(viewer: Viewer, claim: ClaimView) -> str:
    asked = f"Claimed {to_instant(claim.claimed_at, viewer.zone)}"
    if claim.decided_at is None:
        return f"{asked}; waits to be decided."
    by = f" by {claim.decided_by}" if claim.decided_by else ""
    word = "approved" if claim.is_approved else "refused"
    return (
        f"{asked}; {word} {to_instant(claim.decided_at, viewer.zone)}{by}{f': {claim.reason}' if claim.reason else ''}"
    )


def show_claim_queue(viewer: Viewer) -> None:
    """Open claims of members, the oldest first, each with its proof and the decision."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    try:
        found = registers.queue(
            session.installation().engine,
            viewer.principal,
            organization_id=organization_id,
            on=clock.today(),
            page=PageRequest(page_number(PAGE_KEY), PAGE_SIZE),
        )
    except DomainError as error:
        st.error(f"{error.message} Nothing in the queue is lost.", icon=":material/error:")
        return
    if not found.total:
        say_empty("No claim waits.", "Members claim their licences from “My certificates”, with proof.")
    for claim in found.items:
        _show_claim(viewer, claim)
    show_pages(found.page_count, PAGE_KEY)


def _show_claim(viewer: Viewer, claim: ClaimView) -> None:
    key = f"claim_{claim.claim_id}"
    with st.container(border=True):
        st.markdown(f"##### {claim.person}")
        st.markdown(entry_line(claim.entry))
        st.caption(_decision(viewer, claim))
        if claim.document_id is not None:
            show_document(viewer, claim.document_id, key=key)
        if claim.is_own:
            st.caption("This is your own claim. Somebody else of your company decides about it.")
            return
        st.text_input("Reason, needed when you do not approve", key=f"{key}_reason", max_chars=2000)
        with st.container(horizontal=True):
            for label, is_approved, icon in (("Approve", True, "check"), ("Do not approve", False, "close")):
                st.button(
                    f"{label}: {claim.person}, licence {claim.entry.licence_number}",
                    key=f"{key}_{'approve' if is_approved else 'refuse'}",
                    type="primary" if is_approved else "secondary",
                    icon=f":material/{icon}:",
                    on_click=_decide,
                    args=(viewer, claim, is_approved, f"{key}_reason"),
                )


def _decide(viewer: Viewer, claim: ClaimView, is_approved: bool, reason_key: str) -> None:
    engine, now = session.installation().engine, clock.now()
    reason = str(st.session_state.get(reason_key) or "").strip()
    write(
        lambda: registers.decide(
            engine,
            viewer.principal,
            claim_id=claim.claim_id,
            is_approved=is_approved,
            reason=reason,
            what=f"Licence {claim.entry.licence_number} of {claim.person}",
            now=now,
        )
    )


def show_linking(viewer: Viewer) -> None:
    """Hand a table in, see what it would link and what is wrong with it, then link."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    kept: Preview | None = st.session_state.get(PREVIEW)
    if kept is not None and kept.organization_id == organization_id:
        _show_preview(viewer, kept)
        return
    st.markdown(
        "Hand in a table with the columns **person** (e-mail address or id) and **licence_number**, and **register** "
        "where it is not California’s. You answer for it that each licence is that person’s."
    )
    chosen = to_upload(st.file_uploader("Table (CSV or Parquet)", type=["csv", "parquet"], key="links_file"))
    st.button(
        "See what would be linked",
        key="links_see",
        type="primary",
        icon=":material/difference:",
        disabled=chosen is None,
        on_click=_preview,
        args=(viewer, organization_id, chosen),
    )
    problem = st.session_state.pop("links_problem", None)
    if problem:
        st.error(f"{problem} Nothing was changed.", icon=":material/error:")


def _preview(viewer: Viewer, organization_id: UUID, upload: Upload | None) -> None:
    if upload is None:
        return
    try:
        report = registers.preview_links(
            session.installation().engine,
            viewer.principal,
            organization_id=organization_id,
            upload=upload,
            now=clock.now(),
        )
    except DomainError as error:
        st.session_state["links_problem"] = error.message
        return
    st.session_state[PREVIEW] = Preview(organization_id, upload, report)


def _show_preview(viewer: Viewer, kept: Preview) -> None:
    report = kept.report
    st.subheader("What would be linked")
    st.markdown(
        f"**{to_plural(report.linked_count, 'technician')} linked, {to_number(report.unchanged_count)} as before; "
        f"{to_plural(report.refused_count, 'row')} refused**, of {to_number(report.read_count)} rows."
    )
    with st.container(horizontal=True):
        st.button(
            f"Link {to_plural(report.linked_count, 'technician')}",
            key="links_link",
            type="primary",
            icon=":material/link:",
            disabled=not report.linked_count,
            on_click=_link,
            args=(viewer, kept),
        )
        st.button("Put it away", key="links_put_away", on_click=_put_away)
    if not report.problems:
        return
    frame = pl.DataFrame(
        {
            "line": [problem.line for problem in report.problems],
            "column": [problem.column for problem in report.problems],
            "code": [problem.code for problem in report.problems],
            "remedy": [problem.remedy for problem in report.problems],
        },
        schema={"line": pl.Int64, "column": pl.String, "code": pl.String, "remedy": pl.String},
    )
    show_frame(
        viewer,
        frame,
        [
            Column("line", "Line", "number"),
            Column("code", "What is wrong", "words"),
            Column("remedy", "How to mend it"),
            Column("column", "Column"),
        ],
        key="links_problems",
        alt="Rows that are refused, with how to mend them",
        empty=Empty("No row is refused.", "All can be linked."),
    )


def _link(viewer: Viewer, kept: Preview) -> None:
    engine, now = session.installation().engine, clock.now()
    if write(
        lambda: registers.link(
            engine, viewer.principal, organization_id=kept.organization_id, upload=kept.upload, now=now
        )
    ):
        _put_away()


def _put_away() -> None:
    st.session_state.pop(PREVIEW, None)


def show_flagged(viewer: Viewer) -> None:
    """Members' licences that a register flags, with what it says of each."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    try:
        found = registers.flagged(
            session.installation().engine,
            viewer.principal,
            organization_id=organization_id,
            on=clock.today(),
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    frame = pl.DataFrame(
        {
            "person_id": [str(entry.subject_id) for entry in found],
            "subject": [entry.subject for entry in found],
            "standing": [f"register_{entry.standing}" for entry in found],
            "certification": [entry.certification for entry in found],
            "licence_number": [entry.licence_number for entry in found],
            "status_text": [entry.status_text for entry in found],
            "expires_on": [entry.expires_on for entry in found],
            "changed_on": [entry.changed_on for entry in found],
        },
        schema_overrides={"expires_on": pl.Date, "changed_on": pl.Date, "subject": pl.String},
    )
    show_frame(
        viewer,
        frame,
        [
            Column("subject", "Person"),
            Column("standing", "Standing", "status"),
            Column("certification", "Licence for"),
            Column("licence_number", "Number"),
            Column("status_text", "The register says"),
            Column("expires_on", "Valid until", "date"),
            Column("changed_on", "Changed there", "date"),
        ],
        key="flagged",
        alt="Licences of members that a register flags",
        empty=Empty("No register flags a licence of your people.", "Suspended, revoked and missing ones appear here."),
        opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
    )

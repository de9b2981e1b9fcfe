"""The parts of one certificate's page: its facts and history, and correcting, withdrawing and handing in evidence."""

from datetime import date
from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.chips import chip_of
from app.dashboards.components.certificates import COLUMNS, EARLIEST, choose_document, store, to_frame
from app.dashboards.components.figures import to_image
from app.dashboards.components.frame import say_empty
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import Empty, Opens, show_frame
from app.dashboards.formats import to_day, to_instant, to_relative_day, to_words
from app.dashboards.navigation import MY_CERTIFICATE, MY_CERTIFICATES
from app.dashboards.use_cases import certificates
from app.dashboards.use_cases.certificates import Held, Record
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.credentials.verification import CaseView
from operational_db.errors import DomainError, NotFoundError

MEANINGS = {
    "unverified": "Nobody has checked it yet. Hand in its document so that it counts.",
    "pending_verification": "Its document waits to be checked; until then it counts for nothing.",
    "evidence_refused": "Its evidence did not hold. Correct it, or hand in a better document.",
    "renewed": "A later certificate continues it.",
    "withdrawn": "It was taken back; the record stays as history.",
    "revoked": "Its issuer took it back.",
}


def find_record(viewer: Viewer) -> Record:
    """The viewer's certificate the address names; explains itself and stops when there is none."""
    try:
        certificate_id = UUID(str(st.query_params.get("certificate", "")))
    except ValueError:
        certificate_id = UUID(int=0)
    try:
        found = certificates.record_of(
            session.installation().engine, viewer.principal, certificate_id=certificate_id, on=clock.today()
        )
        if found.held.view.person_id == viewer.principal.person_id:
            return found
    except NotFoundError:
        pass
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        st.stop()
    say_empty("You hold no certificate with this address.", "Choose one from your list.")
    st.page_link(MY_CERTIFICATES.path, label="To my certificates", icon=MY_CERTIFICATES.icon)
    st.stop()


def certificate_answer(held: Held) -> str:
    """Whether it holds, in one sentence with its chip."""
    view, chip = held.view, chip_of(held.state).markdown
    if held.state in MEANINGS:
        return f"{chip} {MEANINGS[held.state]}"
    if view.expires_on is None:
        return f"{chip} It never lapses."
    verb = "It lapsed on" if held.state == "expired" else "Valid through"
    return f"{chip} {verb} {to_relative_day(view.expires_on, clock.today())}."


def show_facts(viewer: Viewer, record: Record) -> None:
    """What the certificate says, its evidence, what holders can do about it, and its line."""
    view = record.held.view
    facts = {
        "Issued by": view.issuing_organization,
        "Issued": to_day(view.issued_on),
        "Valid through": to_day(view.expires_on) if view.expires_on else "Without end",
        "First earned": to_day(view.first_earned_on),
        "Number": view.certificate_number or "None on record",
        "Earned through": to_words(view.earned_through),
    }
    st.markdown("\n".join(f"- **{label}:** {value}" for label, value in facts.items()))
    if view.is_from_register:
        st.caption(
            "It follows a government register: when the register changes, so does this. Corrections are made there."
        )
    if view.document_id is not None:
        show_document(viewer, view.document_id, key="certificate")
    for case in record.cases:
        show_case(viewer, case)
    if record.is_own_claim:
        _show_changes(viewer, record)
    st.subheader("Its line")
    st.caption("Renewals and corrections, first to last; nothing is overwritten.")
    show_frame(
        viewer,
        to_frame(record.line),
        COLUMNS,
        key="certificate_line",
        alt="Certificates of the same kind, first to last",
        empty=Empty("There is only this one.", "Renewals appear here."),
        opens=Opens(MY_CERTIFICATE, "certificate_id", "certificate", "record"),
    )


def show_document(viewer: Viewer, document_id: UUID, *, key: str) -> None:
    """A document on request: shown where it is a picture, and to download."""
    if not st.toggle("Show its document", key=f"{key}_document_shown"):
        return
    try:
        file = certificates.document(
            session.installation().engine, viewer.principal, store(), document_id=document_id, now=clock.now()
        )
    except DomainError as error:
        st.warning(error.message, icon=":material/lock:")
        return
    preview = certificates.preview_of(file)
    if preview is not None:
        # In the page itself: under an address of its own, anybody who learns the address could fetch it.
        st.html(to_image(preview, "image/jpeg", f"Document {file.file_name}", "max-width:min(100%, 480px)"))
    st.download_button(
        f"Download {file.file_name}",
        data=file.content,
        file_name=file.file_name,
        mime=file.media_type,
        key=f"{key}_document_download",
        icon=":material/download:",
        on_click="ignore",
    )


def show_case(viewer: Viewer, case: CaseView) -> None:
    """One check of the evidence: asked when and by whom, decided how and why."""
    asked = f"Handed in {to_instant(case.requested_at, viewer.zone)}"
    if case.decided_at is None:
        st.info(f"{asked}. It waits for somebody of your company who may verify.", icon=":material/schedule:")
        return
    by = f" by {case.decided_by}" if case.decided_by else ""
    result = "Approved" if case.is_approved else "Not approved"
    reason = f": {case.reason}" if case.reason else ""
    st.caption(f"{asked}. {result} {to_instant(case.decided_at, viewer.zone)}{by}{reason}")


def _show_changes(viewer: Viewer, record: Record) -> None:
    view = record.held.view
    needs_evidence = record.held.state in {"unverified", "evidence_refused"} and not record.is_waiting
    if needs_evidence:
        with st.expander("Hand in its document", icon=":material/upload_file:", expanded=True):
            _show_evidence_form(viewer, record)
    with st.expander("Correct it", icon=":material/edit:"):
        _show_correction_form(viewer, record)
    st.button(
        "Withdraw it",
        key="certificate_withdraw",
        icon=":material/undo:",
        help="Takes it back as if it had never counted. You can undo it; the history stays.",
        on_click=_withdraw,
        args=(viewer, view.certificate_id, view.certification_name),
    )


def _show_evidence_form(viewer: Viewer, record: Record) -> None:
    view = record.held.view
    with st.form("evidence_form", border=False):
        upload = choose_document("Photograph or scan", key="evidence_document")
        is_sent = st.form_submit_button("Hand in", type="primary")
    if not is_sent:
        return
    if upload is None:
        st.warning("Choose a document first. Nothing was written.", icon=":material/help:")
        return
    engine, now = session.installation().engine, clock.now()
    write(
        lambda: certificates.ask_for_verification(
            engine,
            viewer.principal,
            store(),
            certificate_id=view.certificate_id,
            name=view.certification_name,
            upload=upload,
            now=now,
        )
    )
    st.rerun()


def _show_correction_form(viewer: Viewer, record: Record) -> None:
    view = record.held.view
    with st.form("correction_form", border=False):
        number = st.text_input(
            "Number on the certificate", view.certificate_number or "", key="correct_number", max_chars=255
        )
        with st.container(horizontal=True):
            issued_on = st.date_input(
                "Issued on", view.issued_on, min_value=EARLIEST, key="correct_issued", format="YYYY-MM-DD"
            )
            expires_on: date | None = st.date_input(
                "Last valid day", view.expires_on, min_value=EARLIEST, key="correct_expires", format="YYYY-MM-DD"
            )
        upload = choose_document("Another document, if there is one", key="correct_document")
        st.caption("A corrected certificate has to be verified anew.")
        is_sent = st.form_submit_button("Correct it", type="primary")
    if not is_sent:
        return
    engine, now = session.installation().engine, clock.now()
    target = view.certificate_id

    def correct() -> Receipt:
        nonlocal target
        receipt, target = certificates.correct(
            engine,
            viewer.principal,
            store(),
            certificate_id=view.certificate_id,
            name=view.certification_name,
            issued_on=issued_on,
            expires_on=expires_on,
            certificate_number=number or None,
            upload=upload,
            now=now,
        )
        return receipt

    write(correct)
    st.switch_page(MY_CERTIFICATE.path, query_params={"certificate": str(target)})


def _withdraw(viewer: Viewer, certificate_id: UUID, name: str) -> None:
    engine, now = session.installation().engine, clock.now()
    write(lambda: certificates.withdraw(engine, viewer.principal, certificate_id=certificate_id, name=name, now=now))

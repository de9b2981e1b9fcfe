"""Draws what somebody holds: the answer, figures, timeline, list, and the form that adds a certificate."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import polars as pl
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.dashboards import session
from app.dashboards.charts.credentials import Span, timeline_to_expiry
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import Figure
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import Column, Empty, Opens, show_frame
from app.dashboards.formats import to_number, to_relative_day
from app.dashboards.navigation import MY_CERTIFICATE
from app.dashboards.use_cases import certificates
from app.dashboards.use_cases.certificates import Held, Upload
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.documents.store import FileStore, file_store_of
from operational_db.errors import DomainError

ADDED = "mine_added"
DOCUMENT_TYPES = ["pdf", "png", "jpg", "jpeg"]
VALID = ("active", "expiring")
CURRENT = (*VALID, "expired")
EARLIEST = date(1950, 1, 1)
COLUMNS = (
    Column("name", "Certificate"),
    Column("state", "State", "status"),
    Column("expires_on", "Valid until", "date"),
    Column("days_left", "Days left", "number", help="Negative when it has lapsed"),
    Column("issued_on", "Issued", "date"),
    Column("issuing_organization", "Issued by"),
    Column("earned_through", "Earned through", "words"),
)


def store() -> FileStore:
    """Where documents lie."""
    return file_store_of(session.installation().settings)


def find_held(viewer: Viewer) -> list[Held] | None:
    """The viewer's certificates at this moment; None without the database."""
    try:
        return certificates.held_by(session.installation().engine, viewer.principal, on=clock.today())
    except DomainError:
        return None


def holding_answer(held: Sequence[Held] | None, figures: pl.DataFrame, today: date) -> str:
    """How many are valid and which lapses first; from the figures when the records cannot be read."""
    if held is not None:
        valid = [(each.view.certification_name, each.view.expires_on) for each in held if each.state in VALID]
        today = clock.today()
    else:
        rows = figures.filter(pl.col("state").is_in(VALID)).sort("expires_on", nulls_last=True)
        valid = [(row["name"], row["expires_on"]) for row in rows.iter_rows(named=True)]
    if not valid:
        return "You hold no valid certificate."
    name, until = valid[0]
    when = "never lapses" if until is None else f"lapses {to_relative_day(until, today)}"
    return f"You hold {to_number(len(valid))} valid; {name} {when}."


def holding_figures(held: Sequence[Held]) -> list[Figure]:
    """Where the viewer's certificates stand."""
    states = [each.state for each in held]
    waiting = states.count("pending_verification") + states.count("unverified")
    return [
        Figure("Valid", to_number(sum(map(states.count, VALID))), f"of {to_number(len(held))} on record"),
        Figure("Expiring in 30 days", to_number(states.count("expiring")), "renew them first"),
        Figure("Expired", to_number(states.count("expired")), "not renewed"),
        Figure("Not verified yet", to_number(waiting), "count for nothing until somebody has checked them"),
    ]


def show_timeline(held: Sequence[Held], today: date) -> None:
    """When each certificate that counts, or did until it lapsed, ends."""
    spans = [
        Span(each.view.certification_name, each.state, each.view.issued_on, each.view.expires_on)
        for each in held
        if each.state in CURRENT
    ]
    if spans:
        show_chart(timeline_to_expiry(spans, today), key="mine_timeline")


def show_held(viewer: Viewer, held: Sequence[Held]) -> None:
    """Everything on record, each opening its own page."""
    show_frame(
        viewer,
        to_frame(held),
        COLUMNS,
        key="mine_held",
        alt="Certificates you hold or held",
        empty=Empty("No certificate is on record.", "Finish a course that leads to one, or add one you hold already."),
        opens=Opens(MY_CERTIFICATE, "certificate_id", "certificate", "record"),
    )


def to_frame(held: Sequence[Held]) -> pl.DataFrame:
    """Certificates as rows of `COLUMNS`, with `certificate_id`."""
    views = [each.view for each in held]
    return pl.DataFrame(
        {
            "certificate_id": [str(view.certificate_id) for view in views],
            "name": [view.certification_name for view in views],
            "state": [each.state for each in held],
            "expires_on": [view.expires_on for view in views],
            "days_left": [view.days_to_expiry for view in views],
            "issued_on": [view.issued_on for view in views],
            "issuing_organization": [view.issuing_organization for view in views],
            "earned_through": [str(view.earned_through) for view in views],
        },
        schema_overrides={"expires_on": pl.Date, "issued_on": pl.Date, "days_left": pl.Int64, "state": pl.String},
    )


def choose_document(label: str, *, key: str) -> Upload | None:
    """A document from the viewer's device; its type and size are checked where it is kept."""
    most = session.installation().settings.document_limit_mb
    chosen = st.file_uploader(
        label, type=DOCUMENT_TYPES, key=key, help=f"PDF, PNG or JPEG, up to {most} MB.", max_upload_size=most
    )
    return to_upload(chosen)


def to_upload(chosen: UploadedFile | None) -> Upload | None:
    return None if chosen is None else Upload(chosen.name, chosen.getvalue())


def show_add_form(viewer: Viewer) -> None:
    """Add a certificate earned elsewhere, with its document where there is one."""
    engine = session.installation().engine
    try:
        kinds = certificates.kinds(engine)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    st.markdown(
        "Certificates you earn here appear by themselves. Add what you hold from elsewhere, with a photograph or scan: "
        "your company checks it, and from then on it counts."
    )
    with st.form("add_form"):
        kind = st.selectbox(
            "Certificate", list(kinds), format_func=kinds.__getitem__, index=None, key="add_kind", placeholder="Choose"
        )
        number = st.text_input("Number on the certificate", key="add_number", max_chars=255)
        with st.container(horizontal=True):
            issued_on = _day("Issued on", None, key="add_issued")
            expires_on = _day("Last valid day, if it names one", None, key="add_expires")
        upload = choose_document("Photograph or scan", key="add_document")
        is_public = st.toggle(
            "Show it to people who look me up", value=True, key="add_public", help="Its number is never shown."
        )
        is_sent = st.form_submit_button("Add certificate", type="primary", icon=":material/add:")
    if not is_sent:
        return
    if kind is None or issued_on is None:
        st.warning("Choose the certificate and the day it was issued. Nothing was written.", icon=":material/help:")
        return
    if write(
        lambda: certificates.add(
            engine,
            viewer.principal,
            store(),
            certification_id=UUID(kind),
            name=kinds[kind],
            issued_on=issued_on,
            expires_on=expires_on,
            certificate_number=number or None,
            is_public=is_public,
            upload=upload,
            now=clock.now(),
        )
    ):
        st.session_state[ADDED] = True
    st.rerun()


def _day(label: str, value: date | None, *, key: str) -> date | None:
    return st.date_input(label, value, min_value=EARLIEST, max_value=None, key=key, format="YYYY-MM-DD")

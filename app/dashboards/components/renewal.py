"""Renewal as its holder and her company meet it: what is missing, continuing education, and renewing many at once."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.certificates import EARLIEST, choose_document, store
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import say_empty
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import Column, Empty, Opens, show_frame
from app.dashboards.formats import to_day, to_number, to_parts, to_plural, to_relative_day, to_words
from app.dashboards.navigation import COMPANY_PERSON
from app.dashboards.use_cases import renewals
from app.dashboards.use_cases.certificates import Record
from app.dashboards.use_cases.renewals import AllDue, Due
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.credentials.ce_credits import LONGEST_DESCRIPTION, CeCreditView
from operational_db.credentials.progress import CertificationProgress
from operational_db.credentials.renewal_rules import CANNOT_BE_RENEWED, RenewalStep
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.types import CeActivityType

WITHIN = {"Next 30 days": 30, "Next 60 days": 60, "Next 90 days": 90}


def show_renewal(viewer: Viewer, record: Record) -> None:
    """What is missing before this certificate can be renewed, and the button that renews it or sets out to."""
    view = record.held.view
    if record.held.state == "renewed":
        say_empty("A later certificate renewed this one.", "Open that one from the line in its record.")
        return
    try:
        missing = renewals.missing_of(
            session.installation().engine, viewer.principal, certificate_id=view.certificate_id, on=clock.today()
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    if missing:
        st.markdown("**Missing before it can be renewed**")
        st.markdown("\n".join(f"{number}. {step.text}" for number, step in enumerate(missing, 1)))
        if any(step.code in CANNOT_BE_RENEWED for step in missing):
            return
    else:
        st.markdown("Nothing is missing: it can be renewed now.")
    st.button(
        "Set out to renew it" if missing else "Renew now",
        key="renewal_renew",
        type="primary",
        icon=":material/autorenew:",
        help="Notes that you want to renew it; it is renewed once nothing is missing." if missing else None,
        on_click=_renew,
        args=(viewer, [view.certificate_id]),
    )


def _renew(viewer: Viewer, certificate_ids: Sequence[UUID]) -> None:
    engine, now = session.installation().engine, clock.now()
    write(lambda: renewals.renew(engine, viewer.principal, certificate_ids=certificate_ids, now=now))


def show_education(viewer: Viewer, record: Record) -> None:
    """Credits earned, taken over, required and short; the log; and the form that adds to it."""
    view, engine = record.held.view, session.installation().engine
    try:
        found = renewals.education_of(engine, viewer.principal, certificate_id=view.certificate_id, on=clock.today())
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    standing = found.standing
    if standing.required == 0 and not found.credits:
        say_empty("This certificate asks for no continuing education.", "There is nothing to log.")
        return
    due = f"due {to_relative_day(standing.due_on, clock.today())}" if standing.due_on else "without a due day"
    counted = standing.earned + standing.carried_over
    show_figures(
        [
            Figure("Credits", _credits(counted), f"{to_parts(float(counted), float(standing.required))} required"),
            Figure("Short by", _credits(standing.short_by), due),
            Figure("Taken over", _credits(standing.carried_over), "from the former cycle"),
        ]
    )
    if record.held.state not in {"withdrawn", "revoked"}:
        with st.expander("Log an activity", icon=":material/add:"):
            _show_log_form(viewer, view.certificate_id)
    _show_log(viewer, found.credits)


def _credits(value: Decimal) -> str:
    return to_number(float(value), 0 if value == value.to_integral_value() else 1)


def _show_log_form(viewer: Viewer, certificate_id: UUID) -> None:
    with st.form("credit_form", border=False):
        description = st.text_input("What was it?", key="credit_description", max_chars=LONGEST_DESCRIPTION)
        with st.container(horizontal=True):
            kind = st.selectbox("Kind", list(CeActivityType), format_func=to_words, index=1, key="credit_kind")
            credits = st.number_input(
                "Credits", min_value=0.0, max_value=200.0, value=1.0, step=0.5, format="%.2f", key="credit_credits"
            )
            activity_on = st.date_input(
                "Day", clock.today(), min_value=EARLIEST, max_value=clock.today(), key="credit_on", format="YYYY-MM-DD"
            )
        upload = choose_document("Proof of attendance, if there is one", key="credit_document")
        is_sent = st.form_submit_button("Log it", type="primary")
    if not is_sent:
        return
    engine, now = session.installation().engine, clock.now()
    write(
        lambda: renewals.log_credit(
            engine,
            viewer.principal,
            store(),
            certificate_id=certificate_id,
            credits=Decimal(str(credits)),
            activity_type=kind,
            activity_on=activity_on,
            description=description,
            upload=upload,
            now=now,
        )
    )
    st.rerun()


def _show_log(viewer: Viewer, credits: Sequence[CeCreditView]) -> None:
    if not credits:
        say_empty("No activity is logged yet.", "Courses taken here count by themselves; log others above.")
    for credit in credits:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{credit.activity_description or to_words(credit.activity_type)}** · {_credits(credit.credits)} "
                f"credits\n\n:small[{to_words(credit.activity_type)} · {to_day(credit.activity_on)}]",
                width="stretch",
            )
            if credit.enrollment_id is None:
                st.button(
                    f"Take back {credit.activity_description or to_words(credit.activity_type)}, "
                    f"{to_day(credit.activity_on)}",
                    key=f"credit_withdraw_{credit.credit_id}",
                    icon=":material/undo:",
                    on_click=_withdraw_credit,
                    args=(viewer, credit),
                )


def _withdraw_credit(viewer: Viewer, credit: CeCreditView) -> None:
    engine, now = session.installation().engine, clock.now()
    write(lambda: renewals.withdraw_credit(engine, viewer.principal, credit=credit, now=now))


def show_progress(viewer: Viewer) -> None:
    """Every certification the viewer is on the way to, with what to do next."""
    try:
        found = renewals.progress_of(session.installation().engine, viewer.principal, on=clock.today())
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    if not found:
        say_empty(
            "You are on the way to no certification at the moment.",
            "Enrolling in a course, path or track that leads to one shows here how far you are.",
        )
    for each in found:
        _show_one(each)


def _show_one(each: CertificationProgress) -> None:
    with st.container(border=True):
        st.markdown(f"**{each.name}** · {each.text}")
        if each.steps_total:
            # The words above say the same: the bar alone would mean nothing to who does not see it.
            share = each.steps_done / each.steps_total
            st.progress(share, text=f"{to_parts(each.steps_done, each.steps_total)} steps done")
        if each.next_steps:
            st.markdown("\n".join(f"- {step.text}" for step in each.next_steps))


def show_bulk_renewal(viewer: Viewer) -> None:
    """What ends soon with what is missing for each; leave somebody out, and renew the rest in one go."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    within = choose("Ending", list(WITHIN), key="renewal_within")
    try:
        due = renewals.due_in(
            session.installation().engine,
            viewer.principal,
            organization_id=organization_id,
            within_days=WITHIN[within],
            on=clock.today(),
        )
    except DomainError as error:
        st.error(f"{error.message} The other parts go on working from the last figures.", icon=":material/error:")
        return
    if not due.items:
        say_empty("Nothing ends in this time that is not renewed already.", "Choose a longer time.")
        return
    if viewer.principal.can(Permission.ASSIGN_TRAINING, organization_id):
        _choose_and_renew(viewer, due)
    else:
        st.caption("Your role may look, but not renew. Ask a manager of the organization.")
    if due.total > len(due.items):
        st.caption(f"The {to_number(len(due.items))} that end soonest, of {to_number(due.total)}.")
    _show_due(viewer, due.items)


def _choose_and_renew(viewer: Viewer, due: AllDue) -> None:
    open_ones = [each for each in due.items if not any(step.code in CANNOT_BE_RENEWED for step in each.missing)]
    labels = {f"{e.view.display_name}: {e.view.certification_name}, {to_day(e.view.expires_on)}": e for e in open_ones}
    left_out = st.multiselect("Leave out", list(labels), key="renewal_left_out", placeholder="Nobody")
    chosen = [each for label, each in labels.items() if label not in left_out]
    ready = sum(not each.missing for each in chosen)
    if not chosen:
        st.caption("Nothing is left to renew.")
        return
    label = f"Renew {to_number(ready)} now" if ready else "Set out to renew"
    if len(chosen) > ready:
        label += f", note {to_number(len(chosen) - ready)} to be renewed" if ready else f" {to_number(len(chosen))}"
    st.button(
        label,
        key="renewal_bulk",
        type="primary",
        icon=":material/autorenew:",
        help="Those of which nothing is missing are renewed; the others are noted, and what they miss stays listed.",
        on_click=_renew_all_but,
        args=(viewer, {label: each.view.certificate_id for label, each in labels.items()}),
    )


def _renew_all_but(viewer: Viewer, certificates: Mapping[str, UUID]) -> None:
    """Without those that are left out when the button is pressed."""
    left_out = st.session_state["renewal_left_out"]
    _renew(viewer, [certificate_id for label, certificate_id in certificates.items() if label not in left_out])


def _show_due(viewer: Viewer, items: Sequence[Due]) -> None:
    ready = sum(not each.missing for each in items)
    st.markdown(f"**{to_plural(len(items), 'certificate')}**, {to_number(ready)} of them ready to be renewed")
    frame = pl.DataFrame(
        {
            "person_id": [str(each.view.person_id) for each in items],
            "display_name": [each.view.display_name for each in items],
            "name": [each.view.certification_name for each in items],
            "expires_on": [each.view.expires_on for each in items],
            "days_left": [each.view.days_to_expiry for each in items],
            "missing": [_missing(each.missing) for each in items],
        },
        schema_overrides={"expires_on": pl.Date, "days_left": pl.Int64},
    )
    show_frame(
        viewer,
        frame,
        [
            Column("display_name", "Person"),
            Column("name", "Certificate"),
            Column("expires_on", "Valid until", "date"),
            Column("days_left", "Days left", "number"),
            Column("missing", "What is missing"),
        ],
        key="renewal_due",
        alt="Certificates that end soon, with what is missing to renew each",
        empty=Empty("Nothing ends in this time.", "Choose a longer time."),
        opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
    )


def _missing(steps: Sequence[RenewalStep]) -> str:
    return " ".join(step.text for step in steps) or "Nothing: ready"

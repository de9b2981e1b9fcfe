"""Parts of the incident pages: the list, the form to report one, and the post-incident report with its two answers."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from functools import partial
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.components.frame import say_empty
from app.dashboards.components.notices import page_number, show_pages
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import PAGE_ROWS, Column, Empty, Opens, show_frame
from app.dashboards.formats import to_plural
from app.dashboards.navigation import COMPANY_PERSON, SECURITY_INCIDENT
from app.dashboards.queries import exceptions, incidents, people
from app.dashboards.use_cases import incidents as live
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.incidents.views import IncidentReport, IncidentView
from operational_db.paging import PageRequest
from operational_db.proficiency.rules import CertifiedAnswer

PAGE_KEY = "incidents_page"
OTHER_SCOPE = "Another scope"


def show_incidents(viewer: Viewer) -> None:
    """The incidents themselves, read at this moment: what they are called stays out of the figures."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    engine, principal = session.installation().engine, viewer.principal
    find = partial(live.find, engine, principal, organization_id=organization_id, scope=None)
    try:
        found = find(page=PageRequest(page_number(PAGE_KEY), PAGE_ROWS))
        if found.total and not found.items:
            found = find(page=PageRequest(1, PAGE_ROWS))
    except DomainError as error:
        st.error(f"{error.message} The figures above are the last ones.", icon=":material/error:")
        return
    if not found.total:
        say_empty("No incident was reported yet.", "Choose “Report one” when something went wrong.")
        return
    st.markdown(f"**{to_plural(found.total, 'incident')}** · choose one to open its report")
    show_frame(
        viewer,
        _frame(found.items),
        [
            Column("title", "Incident"),
            Column("scope", "Scope"),
            Column("started_at", "Started", "time"),
            Column("ended_at", "Ended", "time"),
            Column("people_count", "People involved", "number"),
        ],
        key="incidents",
        alt=f"Incidents, the latest first, page {found.number} of {found.page_count}",
        empty=Empty("No incident.", ""),
        opens=Opens(SECURITY_INCIDENT, "incident_id", "incident", "report"),
        whole=lambda: _frame(live.find_all(engine, principal, organization_id=organization_id, scope=None)),
    )
    show_pages(found.page_count, PAGE_KEY)


def _frame(items: Sequence[IncidentView]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "incident_id": [str(each.incident_id) for each in items],
            "title": [each.title for each in items],
            "scope": [each.scope for each in items],
            "started_at": [each.started_at for each in items],
            "ended_at": [each.ended_at for each in items],
            "people_count": [each.people_count for each in items],
        },
        schema_overrides={"started_at": pl.Datetime("us", "UTC"), "ended_at": pl.Datetime("us", "UTC")},
    )


def show_report_form(viewer: Viewer) -> None:
    """Say what happened, when, for which scope, and who was involved."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    if not viewer.principal.can(Permission.REPORT_INCIDENTS, organization_id):
        say_empty("Your role may look, but not report incidents.", "Ask a supervisor or manager of the organization.")
        return
    members = viewer.load(people.members)
    seen = list(members.values())
    labels = {name if seen.count(name) == 1 else f"{name} ({key[-4:]})": key for key, name in members.items()}
    scopes = [*viewer.load(incidents.scopes), OTHER_SCOPE]
    today = viewer.now.astimezone(viewer.zone)
    with st.form("incident_form"):
        title = st.text_input("What happened, in a few words", key="incident_title", max_chars=200)
        summary = st.text_area(
            "More about it",
            key="incident_summary",
            max_chars=5000,
            help="Stays with us; it does not go into the ledger.",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            scope = st.selectbox(
                "Scope",
                scopes,
                index=None,
                key="incident_scope",
                accept_new_options=True,
                placeholder="Choose or type a scope",
                help="Those involved are asked to have been certified for this.",
            )
            action = st.selectbox(
                "Action",
                viewer.load(exceptions.protected_actions),
                index=None,
                key="incident_action",
                placeholder="None",
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            started_on = st.date_input("Began on", today.date(), key="incident_on", format="YYYY-MM-DD")
            started_time = st.time_input("at", time(today.hour), key="incident_at")
        involved = st.multiselect("People involved", list(labels), key="incident_people", placeholder="Nobody")
        is_sent = st.form_submit_button("Report", type="primary", icon=":material/emergency_home:")
    if not is_sent:
        return
    if not title or not scope or scope == OTHER_SCOPE or started_on is None or started_time is None:
        st.warning("Give a title, the scope and when it began. Nothing was written.", icon=":material/help:")
        return
    engine, made = session.installation().engine, list[UUID]()

    def report() -> Receipt:
        receipt, incident_id = live.report(
            engine,
            viewer.principal,
            organization_id=organization_id,
            title=title,
            summary=summary or "",
            scope=scope,
            action=action,
            started_at=datetime.combine(started_on, started_time, viewer.zone).astimezone(UTC),
            ended_at=None,
            person_ids=[UUID(labels[label]) for label in involved],
            now=clock.now(),
        )
        made.append(incident_id)
        return receipt

    if write(report):
        st.switch_page(SECURITY_INCIDENT.path, query_params={"incident": str(made[0])})
    st.rerun()


def show_report(viewer: Viewer, report: IncidentReport) -> None:
    """Per person: certified for the scope when it began, as known then and as known now."""
    if not report.people:
        say_empty("Nobody is noted as involved.", "Report who was, and their certification appears here.")
        return
    frame = pl.DataFrame(
        {
            "person_id": [str(each.person.person_id) for each in report.people],
            "display_name": [each.person.display_name for each in report.people],
            "then": [_code(each.known_then) for each in report.people],
            "now": [_code(each.known_now) for each in report.people],
            "why_then": [each.known_then.text for each in report.people],
            "why_now": [each.known_now.text for each in report.people],
            "valid_until": [each.known_now.valid_until for each in report.people],
            "involvement": [each.person.involvement for each in report.people],
            "evidence": [len(each.known_then.evidence_ids) for each in report.people],
        },
        schema_overrides={"valid_until": pl.Date},
    )
    show_frame(
        viewer,
        frame,
        [
            Column("display_name", "Person"),
            Column("then", "As known then", "status"),
            Column("now", "As known now", "status"),
            Column("why_then", "Why, as known then"),
            Column("why_now", "Why, as known now"),
            Column("valid_until", "Valid until", "date"),
            Column("evidence", "Evidence", "number", help="Pieces of evidence the answer rests on"),
            Column("involvement", "Involvement"),
        ],
        key="incident_people",
        alt="People involved and whether they were certified",
        empty=Empty("Nobody.", ""),
        opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
    )


def _code(answer: CertifiedAnswer) -> str:
    return "certified" if answer.is_certified else "not_certified"

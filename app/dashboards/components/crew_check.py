"""A crew check from question to proof on the page, and the checks made before. The services decide and record."""

from functools import partial
from uuid import UUID

import polars as pl
import streamlit as st
from sqlalchemy import Engine
from streamlit.delta_generator import DeltaGenerator

from app.dashboards import session
from app.dashboards.components.crew import crew_words, mail_to_contractor, show_people, show_units, show_verdict
from app.dashboards.components.crew_form import show_form
from app.dashboards.components.frame import answer as say
from app.dashboards.components.frame import say_empty
from app.dashboards.components.places import address_id
from app.dashboards.components.tables import PAGE_ROWS, Column, Opens, show_table
from app.dashboards.formats import to_plural
from app.dashboards.navigation import OWNER_CREW_CHECK, OWNER_REQUIREMENTS, OWNER_VISITS
from app.dashboards.use_cases import crew, owners
from app.dashboards.use_cases.crew import Question
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.gates.crew import CrewReason
from operational_db.identity.rules import Permission, Principal
from operational_db.owners.views import CrewAnswer
from operational_db.paging import PageRequest
from operational_db.settings import Settings

ANSWER, PROBLEM = "crew_answer", "crew_problem"
HISTORY = (
    Column("building_name", "Building"),
    Column("answer", "Answer", "status"),
    Column("work_on", "For the day", "date"),
    Column("contractor_name", "Contractor"),
    Column("crew_size", "People", "number", help="Those named, or those of the contractor the answer rests on"),
    Column("about", "About"),
    Column("decided_at", "Checked", "time"),
)


def show_check(viewer: Viewer, organization_id: UUID, first_line: DeltaGenerator) -> None:
    """The answer on top, once there is one; below it the question, for this crew or another."""
    with first_line:
        found = _current(viewer)
        if found is None:
            say("Choose the unit, the day and who comes: the answer takes a moment and is on record.")
        else:
            _show_answer(viewer, organization_id, found)
    if not viewer.principal.can(Permission.CHECK_CREWS, organization_id):
        st.caption("Your role may look at former checks, but not make any. Ask a manager of the organization.")
        return
    if found is not None:
        st.subheader("Check another crew")
    try:
        show_form(viewer, organization_id, partial(_ask, viewer))
    except DomainError as error:
        st.error(error.message, icon=":material/error:")


def _current(viewer: Viewer) -> CrewAnswer | None:
    """The check just made, or the one the address names."""
    problem = st.session_state.pop(PROBLEM, "")
    if problem:
        st.error(f"Nothing was checked. {problem}", icon=":material/error:")
    kept: CrewAnswer | None = st.session_state.get(ANSWER)
    decision_id = address_id("check")
    if kept is not None and kept.decision_id == decision_id:
        return kept
    if decision_id is None:
        return None
    try:
        return crew.recorded(session.installation().engine, viewer.principal, decision_id=decision_id)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return None


def _ask(viewer: Viewer, question: Question) -> None:
    """Runs on the click: the answer is kept for this visit, and its record goes into the address."""
    try:
        found = crew.check(session.installation().engine, viewer.principal, question=question, now=clock.now())
    except DomainError as error:
        st.session_state[PROBLEM] = error.message
        st.session_state.pop(ANSWER, None)
        return
    st.session_state[ANSWER] = found
    if found.decision_id is None:
        st.query_params.pop("check", None)
    else:
        st.query_params["check"] = str(found.decision_id)


def _show_answer(viewer: Viewer, organization_id: UUID, found: CrewAnswer) -> None:
    decision = found.decision
    contractor = _contractor_name(viewer, organization_id, decision.contractor_id)
    where = found.building_name or "the building"
    if len(found.units) == 1 and found.units[0].name:
        where = f"{found.units[0].name}, {where}"
    named = sum(person.display_name is not None for person in found.people)
    with st.container(border=True):
        show_verdict(found, where=where, who=crew_words(found, contractor, named))
        with st.container(horizontal=True):
            if found.decision_id is not None:
                _show_proof(viewer, found.decision_id)
            if decision.reason is CrewReason.NO_RULE:
                st.page_link(
                    OWNER_REQUIREMENTS.path,
                    label="Set a requirement",
                    icon=OWNER_REQUIREMENTS.icon,
                    query_params={"building": str(decision.building_id)},
                )
            elif not found.is_qualified and decision.reason is not CrewReason.RECORD_UNAVAILABLE:
                st.link_button(
                    "Ask the contractor",
                    mail_to_contractor(found, where=where, contractor=contractor),
                    icon=":material/mail:",
                    help="Opens a mail that says what is missing, where and when; no names of people.",
                )
            if decision.visit_id is not None:
                st.page_link(
                    OWNER_VISITS.path,
                    label="To the visit",
                    icon=OWNER_VISITS.icon,
                    query_params={"visit": str(decision.visit_id)},
                )
        if found.decision_id is not None:
            st.caption(f"On record as check {found.decision_id}.")
    show_people(found)
    show_units(viewer, found)


def _contractor_name(viewer: Viewer, organization_id: UUID, contractor_id: UUID | None) -> str | None:
    """The name from the contracts, also from those that ended."""
    if contractor_id is None:
        return None
    engine = session.installation().engine
    try:
        found = owners.contracts_of(engine, viewer.principal, organization_id=organization_id, on=None)
    except DomainError:
        return None
    return next((each.contractor_name for each in found if each.contractor_id == contractor_id), None)


def _show_proof(viewer: Viewer, decision_id: UUID) -> None:
    context = session.installation()
    st.download_button(
        "Download the proof",
        data=partial(_proof, context.engine, context.settings, viewer.principal, decision_id),
        file_name=f"sitesync-crew-check-{str(decision_id)[:8]}.zip",
        mime="application/zip",
        key="crew_proof",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
        help="The record of this check with what it takes to verify it without us.",
    )


def _proof(engine: Engine, settings: Settings, principal: Principal, decision_id: UUID) -> bytes:
    """Runs on the click, outside of the page."""
    return crew.proof(engine, settings, principal, decision_id=decision_id, now=clock.now())


def show_history(viewer: Viewer, organization_id: UUID, first_line: DeltaGenerator) -> None:
    """Former checks, the latest first; a building opens the check as it was answered."""
    engine = session.installation().engine
    number = st.session_state.get("checks_page", 1)
    try:
        found = crew.history(
            engine,
            viewer.principal,
            organization_id=organization_id,
            page=PageRequest(number=number if isinstance(number, int) else 1, size=PAGE_ROWS),
        )
        names = {
            each.contractor_id: each.contractor_name
            for each in owners.contracts_of(engine, viewer.principal, organization_id=organization_id, on=None)
        }
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    with first_line:
        say(f"{to_plural(found.total, 'check is', 'checks are')} on record, each with its proof.")
    if not found.total:
        say_empty("No crew was checked yet.", "Each check is listed here and in the ledger, with its proof.")
        return
    st.markdown(f"**{to_plural(found.total, 'check')}** · choose a building to see the check")
    frame = pl.DataFrame(
        {
            "decision_id": [str(each.decision_id) for each in found.items],
            "building_name": [each.building_name for each in found.items],
            "answer": ["qualified" if each.is_qualified else "not_qualified" for each in found.items],
            "work_on": [each.work_on for each in found.items],
            "contractor_name": [names.get(each.contractor_id) if each.contractor_id else None for each in found.items],
            "crew_size": [each.crew_size for each in found.items],
            "about": ["One unit" if each.equipment_id else "Several units" for each in found.items],
            "decided_at": [each.decided_at for each in found.items],
        },
        schema_overrides={
            "contractor_name": pl.String,
            "work_on": pl.Date,
            "decided_at": pl.Datetime("us", "UTC"),
        },
    )
    opens = Opens(OWNER_CREW_CHECK, "decision_id", "check", "check")
    show_table(frame, HISTORY, viewer, key="checks", alt=f"Former checks, page {found.number}", opens=opens)
    if found.page_count > 1:
        st.pagination(found.page_count, key="checks_page")

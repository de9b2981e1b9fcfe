"""One visit: what it is, what is missing for it, and moving, settling or staffing it."""

from collections.abc import Mapping
from typing import Literal

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.chips import chip_of
from app.dashboards.components.places import address_id
from app.dashboards.components.tables import Column, Empty, Opens, show_frame
from app.dashboards.components.visit_crew import choose_crew, serving, to_date, write_visit
from app.dashboards.formats import to_number, to_plural, to_relative_day
from app.dashboards.navigation import COMPANY_ASSIGNMENTS, COMPANY_CERTIFICATES, COMPANY_PERSON, OWNER_CREW_CHECK
from app.dashboards.use_cases import crew, owners
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.owners.views import CrewAnswer, MissingCertificate, VisitView
from operational_db.owners.visits import LARGEST_CREW
from operational_db.types import VisitStatus

Side = Literal["owner", "contractor"]
CANDIDATES = (
    Column("display_name", "Person"),
    Column("state", "Alone", "status"),
    Column("missing_count", "Missing", "number"),
    Column("missing", "What is missing, and why"),
    Column("held", "Held for it"),
)


def state_of(visit: VisitView) -> str:
    """The code a chip knows: a planned visit that nobody qualified can do stands out."""
    if visit.status is VisitStatus.PLANNED and visit.is_unqualified:
        return "nobody_qualified"
    return str(visit.status)


def visit_in_address(viewer: Viewer) -> VisitView | None:
    """The visit the page's address names; says so when there is none for the viewer."""
    visit_id = address_id("visit")
    if visit_id is None:
        return None
    try:
        return owners.visit_of(session.installation().engine, viewer.principal, visit_id=visit_id)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return None


def show_visit(viewer: Viewer, visit: VisitView, side: Side) -> None:
    """The visit with its state, its next step and what can be changed."""
    with st.container(border=True):
        chip = chip_of(state_of(visit))
        st.subheader(f"{visit.building_name}, {to_relative_day(visit.planned_on, clock.today())}")
        who = ", ".join(each.display_name for each in visit.crew) or f"anybody of {visit.contractor_name}"
        unit = visit.equipment_name or "the building"
        st.markdown(f"{chip.markdown} {visit.contractor_name} comes for {unit}; who: {who}.")
        if visit.purpose:
            st.caption(visit.purpose)
        if visit.status is not VisitStatus.PLANNED:
            return
        may_plan = viewer.principal.can(Permission.PLAN_VISITS, viewer.organization_id)
        if visit.is_unqualified:
            st.warning(NEXT_STEP[side], icon=":material/warning:")
        with st.container(horizontal=True):
            _show_links(visit, side)
        if may_plan:
            _show_change_form(viewer, visit)
    if side == "contractor":
        show_candidates(viewer, visit)


NEXT_STEP: Mapping[Side, str] = {
    "owner": "As things stand, nobody who may come is qualified. Check who is missing what, ask the contractor, or "
    "move the visit. The contractor was told as well.",
    "contractor": "As things stand, nobody of yours who may come is qualified. See who lacks least, send somebody "
    "else, assign the training, or move the visit. The owner was told as well.",
}


def _show_links(visit: VisitView, side: Side) -> None:
    """Where a visit leads: the check of its crew for the owner, training for the contractor."""
    if side == "owner":
        st.page_link(
            OWNER_CREW_CHECK.path,
            label="Check this crew",
            icon=OWNER_CREW_CHECK.icon,
            query_params={"visit": str(visit.visit_id)},
        )
        return
    st.page_link(COMPANY_ASSIGNMENTS.path, label="Assign the training", icon=COMPANY_ASSIGNMENTS.icon)
    st.page_link(COMPANY_CERTIFICATES.path, label="Renew what lapses", icon=COMPANY_CERTIFICATES.icon)


def _show_change_form(viewer: Viewer, visit: VisitView) -> None:
    try:
        people = serving(viewer, visit.contractor_id, visit.planned_on)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        day_key, crew_key = f"visit_day_{visit.visit_id}", f"visit_crew_{visit.visit_id}"
        st.date_input(
            "Day",
            max(visit.planned_on, clock.today()),
            min_value=clock.today(),
            format="YYYY-MM-DD",
            width=160,
            key=day_key,
        )
        choose_crew(people, key=crew_key, now=[each.person_id for each in visit.crew])
    with st.container(horizontal=True):
        st.button(
            "Save day and crew",
            key="visit_move",
            type="primary",
            icon=":material/edit_calendar:",
            on_click=write_visit,
            args=(
                lambda engine: owners.move_visit(
                    engine,
                    viewer.principal,
                    visit=visit,
                    planned_on=to_date(st.session_state[day_key], visit.planned_on),
                    person_ids=st.session_state[crew_key],
                    now=clock.now(),
                ),
            ),
        )
        st.button(
            "It took place",
            key="visit_done",
            icon=":material/task_alt:",
            disabled=visit.planned_on > clock.today(),
            on_click=write_visit,
            args=(
                lambda engine: owners.settle_visit(
                    engine, viewer.principal, visit=visit, is_done=True, now=clock.now()
                ),
            ),
        )
        st.button(
            "Call it off",
            key="visit_cancel",
            icon=":material/event_busy:",
            on_click=write_visit,
            args=(
                lambda engine: owners.settle_visit(
                    engine, viewer.principal, visit=visit, is_done=False, now=clock.now()
                ),
            ),
        )


def show_candidates(viewer: Viewer, visit: VisitView) -> None:
    """Who of a contractor's own people could come, whoever lacks least first; for their own managers alone."""
    engine, today = session.installation().engine, clock.today()
    try:
        people = list(serving(viewer, visit.contractor_id, max(visit.planned_on, today)).values())[:LARGEST_CREW]
        if not people:
            return
        found = crew.candidates(engine, viewer.principal, visit=visit, people=people, now=clock.now())
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    frame = candidate_rows(found)
    st.subheader("Who lacks least")
    enough = frame.filter(pl.col("missing_count") == 0).height
    st.caption(
        f"{to_number(enough)} of {to_plural(frame.height, 'person', 'people')} would do alone. Several together may do "
        "where the owner lets the crew hold the certificates between them."
    )
    show_frame(
        viewer,
        frame,
        CANDIDATES,
        key="visit_candidates",
        alt="Your people and what each lacks for this visit",
        empty=Empty("Nobody serves this owner.", "People with an open membership appear here."),
        opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
    )


def candidate_rows(found: CrewAnswer) -> pl.DataFrame:
    """One row a person: person_id, display_name, state, missing_count, missing, held; who lacks least first."""
    people = sorted(found.people, key=lambda each: (len(each.missing), each.display_name or ""))
    return pl.DataFrame(
        {
            "person_id": [str(each.person_id) for each in people],
            "display_name": [each.display_name or "Somebody of yours" for each in people],
            "state": ["qualified" if each.is_qualified else "not_qualified" for each in people],
            "missing_count": [len(each.missing) for each in people],
            "missing": ["; ".join(map(_missing_text, each.missing)) or None for each in people],
            "held": [", ".join(held.certification_name for held in each.certificates) or None for each in people],
        },
        schema={
            "person_id": pl.String,
            "display_name": pl.String,
            "state": pl.String,
            "missing_count": pl.Int64,
            "missing": pl.String,
            "held": pl.String,
        },
    )


def _missing_text(missing: MissingCertificate) -> str:
    if missing.reason is None:
        return missing.certification_name
    return f"{missing.certification_name} ({str(missing.reason).replace('_', ' ')})"

"""Visits on the page, for an owner and for a contractor alike: which nobody qualified can do, plan, move, settle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

import polars as pl
import streamlit as st
from sqlalchemy import Engine
from streamlit.delta_generator import DeltaGenerator

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.chips import chip_of
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import answer, say_empty
from app.dashboards.components.places import address_id, choose_place, choose_unit
from app.dashboards.components.receipts import show_receipts, write
from app.dashboards.components.tables import PAGE_ROWS, Column, Opens, show_table
from app.dashboards.formats import to_number, to_parts, to_plural, to_relative_day
from app.dashboards.navigation import COMPANY_ASSIGNMENTS, COMPANY_CERTIFICATES, OWNER_CREW_CHECK, PageEntry
from app.dashboards.use_cases import crew, owners
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.owners.alerts import DAYS_AHEAD
from operational_db.owners.views import ContractView, ServingPerson, VisitView
from operational_db.paging import LARGEST_PAGE_SIZE, PageRequest
from operational_db.types import VisitStatus

Side = Literal["owner", "contractor"]
COLUMNS = (
    Column("building_name", "Building"),
    Column("state", "State", "status"),
    Column("planned_on", "Day", "date"),
    Column("equipment_name", "Unit"),
    Column("contractor_name", "Contractor"),
    Column("crew", "Who comes"),
    Column("purpose", "Purpose"),
)


@dataclass(frozen=True)
class When:
    """A stretch of visits: days counted from today, and the state they are in."""

    from_days: int | None = None
    to_days: int | None = None
    status: VisitStatus | None = None


WHEN: Mapping[str, When] = {
    "Planned": When(from_days=0, status=VisitStatus.PLANNED),
    "Not settled yet": When(to_days=-1, status=VisitStatus.PLANNED),
    "Done": When(status=VisitStatus.DONE),
    "Called off": When(status=VisitStatus.CANCELLED),
    "All": When(),
}


def state_of(visit: VisitView) -> str:
    """The code a chip knows: a planned visit that nobody qualified can do stands out."""
    if visit.status is VisitStatus.PLANNED and visit.is_unqualified:
        return "nobody_qualified"
    return str(visit.status)


def show_visits(viewer: Viewer, page: PageEntry, side: Side) -> None:
    """Answer, the visit the address names, the list, and planning another one."""
    organization_id = viewer.organization_id
    if organization_id is None:
        say_empty("Visits belong to an organization.", "Sign in as somebody of an owner or a contractor.")
        return
    first_line = st.container()
    chosen = _visit_in_address(viewer)
    if chosen is not None:
        _show_one(viewer, chosen, side)
    try:
        at_risk = _list(viewer, organization_id, first_line, page)
    except DomainError as error:
        st.error(f"{error.message} Nothing was changed.", icon=":material/error:")
        return
    if at_risk and chosen is None:
        st.caption("Choose a building to see what is missing, to move the visit, or to change who comes.")
    if viewer.principal.can(Permission.PLAN_VISITS, organization_id):
        _show_plan_form(viewer, organization_id)
    else:
        st.caption("Your role may look, but not plan. Ask a manager of the organization.")


def _list(viewer: Viewer, organization_id: UUID, first_line: DeltaGenerator, page: PageEntry) -> int:
    """The visits chosen, page by page; returns how many ahead nobody qualified can do."""
    engine, today = session.installation().engine, clock.today()
    ahead = owners.visits_of(
        engine,
        viewer.principal,
        organization_id=organization_id,
        from_on=today,
        to_on=today + timedelta(days=DAYS_AHEAD),
        status=VisitStatus.PLANNED,
        page=PageRequest(size=LARGEST_PAGE_SIZE),
    )
    at_risk = [visit for visit in ahead.items if visit.is_unqualified]
    with first_line:
        answer(visits_answer(at_risk, ahead.total, len(ahead.items), today))
        show_receipts(viewer)
    word = choose("Which visits", list(WHEN), key="visits_when")
    when = WHEN[word]
    number = st.session_state.get("visits_page", 1)
    found = owners.visits_of(
        engine,
        viewer.principal,
        organization_id=organization_id,
        from_on=None if when.from_days is None else today + timedelta(days=when.from_days),
        to_on=None if when.to_days is None else today + timedelta(days=when.to_days),
        status=when.status,
        page=PageRequest(number=number if isinstance(number, int) else 1, size=PAGE_ROWS),
    )
    if found.total and not found.items:
        st.session_state["visits_page"] = 1
        st.rerun()
    if not found.total:
        say_empty("No visit of this kind is on record.", "Plan one below; contractors plan their own as well.")
        return len(at_risk)
    st.markdown(f"**{to_plural(found.total, 'visit')}** · choose a building to open the visit")
    opens = Opens(page, "visit_id", "visit", "visit")
    show_table(_frame(found.items), COLUMNS, viewer, key="visits", alt=f"Visits, page {found.number}", opens=opens)
    if found.page_count > 1:
        st.pagination(found.page_count, key="visits_page")
    return len(at_risk)


def visits_answer(at_risk: Sequence[VisitView], total: int, seen: int, today: date) -> str:
    """How many visits of the days ahead nobody qualified can do, and when the first of them is."""
    ahead = f"the next {to_plural(DAYS_AHEAD, 'day')}"
    if not total:
        return f"No visit is planned in {ahead}."
    if not at_risk:
        return f"No alert is open: {to_plural(total, 'visit')} planned in {ahead}."
    first = min(at_risk, key=lambda visit: visit.planned_on)
    of = to_parts(len(at_risk), seen) if seen == total else f"{to_number(len(at_risk))} of the first {to_number(seen)}"
    return (
        f"Nobody qualified can come to {of} visits of {ahead}; the first is to {first.building_name} on "
        f"{to_relative_day(first.planned_on, today)}."
    )


def _frame(visits: Sequence[VisitView]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "visit_id": [str(visit.visit_id) for visit in visits],
            "building_name": [visit.building_name for visit in visits],
            "state": [state_of(visit) for visit in visits],
            "planned_on": [visit.planned_on for visit in visits],
            "equipment_name": [visit.equipment_name or "The building" for visit in visits],
            "contractor_name": [visit.contractor_name for visit in visits],
            "crew": [", ".join(each.display_name for each in visit.crew) or "Anybody of theirs" for visit in visits],
            "purpose": [visit.purpose or None for visit in visits],
        },
        schema_overrides={"purpose": pl.String, "planned_on": pl.Date},
    )


def _visit_in_address(viewer: Viewer) -> VisitView | None:
    visit_id = address_id("visit")
    if visit_id is None:
        return None
    try:
        return owners.visit_of(session.installation().engine, viewer.principal, visit_id=visit_id)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return None


def _show_one(viewer: Viewer, visit: VisitView, side: Side) -> None:
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
            show_links(visit, side)
        if may_plan:
            _show_change_form(viewer, visit)


NEXT_STEP: Mapping[Side, str] = {
    "owner": "As things stand, nobody who may come is qualified. Check who is missing what, ask the contractor, or "
    "move the visit. The contractor was told as well.",
    "contractor": "As things stand, nobody of yours who may come is qualified. See who lacks least, send somebody "
    "else, assign the training, or move the visit. The owner was told as well.",
}


def show_links(visit: VisitView, side: Side) -> None:
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


def _serving(viewer: Viewer, contractor_id: UUID, on: date) -> Mapping[UUID, ServingPerson]:
    if viewer.organization_id is None:
        return {}
    found = crew.serving_people(
        session.installation().engine,
        viewer.principal,
        organization_id=viewer.organization_id,
        contractor_id=contractor_id,
        on=on,
    )
    return {each.person_id: each for each in found}


def _choose_crew(viewer: Viewer, people: Mapping[UUID, ServingPerson], *, key: str, now: Sequence[UUID]) -> list[UUID]:
    return st.multiselect(
        "Who comes",
        list(people),
        default=[person_id for person_id in now if person_id in people],
        format_func=lambda person_id: people[person_id].display_name,
        key=key,
        placeholder="Anybody of the contractor",
    )


def _show_change_form(viewer: Viewer, visit: VisitView) -> None:
    try:
        people = _serving(viewer, visit.contractor_id, visit.planned_on)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        planned_on = st.date_input(
            "Day", max(visit.planned_on, clock.today()), min_value=clock.today(), format="YYYY-MM-DD", width=160,
            key=f"visit_day_{visit.visit_id}",
        )  # fmt: skip
        chosen = _choose_crew(
            viewer, people, key=f"visit_crew_{visit.visit_id}", now=[each.person_id for each in visit.crew]
        )
    with st.container(horizontal=True):
        st.button(
            "Save day and crew",
            key="visit_move",
            type="primary",
            icon=":material/edit_calendar:",
            on_click=_write,
            args=(
                lambda engine: owners.move_visit(
                    engine,
                    viewer.principal,
                    visit=visit,
                    planned_on=_day(planned_on, visit.planned_on),
                    person_ids=chosen,
                    now=clock.now(),
                ),
            ),
        )
        st.button(
            "It took place",
            key="visit_done",
            icon=":material/task_alt:",
            disabled=visit.planned_on > clock.today(),
            on_click=_write,
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
            on_click=_write,
            args=(
                lambda engine: owners.settle_visit(
                    engine, viewer.principal, visit=visit, is_done=False, now=clock.now()
                ),
            ),
        )


def _day(value: object, otherwise: date) -> date:
    return value if isinstance(value, date) else otherwise


def _write(action: Callable[[Engine], Receipt]) -> None:
    engine = session.installation().engine
    write(lambda: action(engine))


def _show_plan_form(viewer: Viewer, organization_id: UUID) -> None:
    st.subheader("Plan a visit")
    engine, principal, today = session.installation().engine, viewer.principal, clock.today()
    try:
        contracts = owners.contracts_of(engine, principal, organization_id=organization_id, on=today)
        if not contracts:
            say_empty("No contract is open.", "Visits are planned under a contract of an owner with a contractor.")
            return
        contract = st.selectbox(
            "Contract",
            contracts,
            format_func=lambda each: contract_label(each, organization_id),
            key="visit_contract",
        )
        place = choose_place(viewer, organization_id, key=f"visit_{contract.contract_id}", wanted=contract.building_id)
        if place is None:
            return
        equipment_id = choose_unit(place, key="visit")
        people = _serving(viewer, contract.contractor_id, today)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        planned_on = st.date_input("Day", today, min_value=today, key="visit_new_day", format="YYYY-MM-DD", width=160)
        chosen = _choose_crew(viewer, people, key=f"visit_new_crew_{contract.contract_id}", now=())
    purpose = st.text_input("Purpose", key="visit_purpose", max_chars=300)
    st.button(
        "Plan the visit",
        key="visit_plan",
        type="primary",
        icon=":material/event:",
        on_click=_write,
        args=(
            lambda engine: owners.plan_visit(
                engine,
                principal,
                contract=contract,
                place=place,
                equipment_id=equipment_id,
                planned_on=_day(planned_on, today),
                purpose=purpose,
                person_ids=chosen,
                now=clock.now(),
            ),
        ),
    )


def contract_label(contract: ContractView, organization_id: UUID) -> str:
    """The other side of a contract, and the building it is about."""
    other = contract.owner_name if contract.contractor_id == organization_id else contract.contractor_name
    return f"{other}, {contract.building_name or 'all buildings'}"

"""Visits on the page, for an owner and for a contractor alike: which nobody qualified can do, and the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.dashboards import session
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import answer, say_empty
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.tables import PAGE_ROWS, Column, Empty, Opens, show_frame
from app.dashboards.components.visit import Side, show_visit, state_of, visit_in_address
from app.dashboards.components.visit_plan import show_plan_form
from app.dashboards.formats import to_number, to_parts, to_plural, to_relative_day
from app.dashboards.navigation import PageEntry
from app.dashboards.queries.visits import entries_of
from app.dashboards.use_cases import owners
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.owners.alerts import DAYS_AHEAD
from operational_db.owners.views import VisitView
from operational_db.paging import LARGEST_PAGE_SIZE, PageRequest
from operational_db.types import VisitStatus

COLUMNS = (
    Column("building_name", "Building"),
    Column("state", "State", "status"),
    Column("planned_on", "Day", "date"),
    Column("equipment_name", "Unit"),
    Column("contractor_name", "Contractor"),
    Column("crew", "Who comes"),
    Column("purpose", "Purpose"),
    Column(
        "leaf_index",
        "Ledger entry",
        "number",
        help="Number of the entry in the ledger that says so; empty until the next update",
    ),
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


def show_visits(viewer: Viewer, page: PageEntry, side: Side) -> None:
    """Answer, the visit the address names, the list, and planning another one."""
    organization_id = viewer.organization_id
    if organization_id is None:
        say_empty("Visits belong to an organization.", "Sign in as somebody of an owner or a contractor.")
        return
    first_line = st.container()
    chosen = visit_in_address(viewer)
    if chosen is not None:
        show_visit(viewer, chosen, side)
    try:
        at_risk = _list(viewer, organization_id, first_line, page)
    except DomainError as error:
        st.error(f"{error.message} Nothing was changed.", icon=":material/error:")
        return
    if at_risk and chosen is None:
        st.caption("Choose a building to see what is missing, to move the visit, or to change who comes.")
    if viewer.principal.can(Permission.PLAN_VISITS, organization_id):
        show_plan_form(viewer, organization_id)
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
    chosen: dict[str, Any] = {  # Any: the words of `owners.visits_of`, each of its own type
        "organization_id": organization_id,
        "from_on": None if when.from_days is None else today + timedelta(days=when.from_days),
        "to_on": None if when.to_days is None else today + timedelta(days=when.to_days),
        "status": when.status,
    }
    request = PageRequest(number=number if isinstance(number, int) else 1, size=PAGE_ROWS)
    found = owners.visits_of(engine, viewer.principal, **chosen, page=request)
    if found.total and not found.items:
        st.session_state["visits_page"] = 1
        st.rerun()
    if not found.total:
        say_empty("No visit of this kind is on record.", "Plan one below; owners and contractors both may.")
        return len(at_risk)
    st.markdown(f"**{to_plural(found.total, 'visit')}** · choose a building to open the visit")
    opens = Opens(page, "visit_id", "visit", "visit")
    show_frame(
        viewer,
        _frame(viewer, found.items),
        COLUMNS,
        key="visits",
        alt=f"Visits, page {found.number}",
        empty=Empty("No visit of this kind is on record.", "Plan one below."),
        opens=opens,
        whole=lambda: _frame(viewer, owners.every_visit(engine, viewer.principal, **chosen)),
    )
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


def _frame(viewer: Viewer, visits: Sequence[VisitView]) -> pl.DataFrame:
    entries = viewer.load(entries_of, visit_ids=[str(visit.visit_id) for visit in visits])
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
            "leaf_index": [entries.get(str(visit.visit_id)) for visit in visits],
        },
        schema_overrides={"purpose": pl.String, "planned_on": pl.Date, "leaf_index": pl.Int64},
    )

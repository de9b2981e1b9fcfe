"""What training cost: by kind, course, team and month; recording it, taking it back, and what enrollments propose."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.charts import returns as charts
from app.dashboards.charts.returns import money_text
from app.dashboards.components.charts import show_chart
from app.dashboards.components.filters import choose
from app.dashboards.components.frame import say_empty
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import PAGE_ROWS, Column, Empty, show_frame, show_table
from app.dashboards.formats import to_day, to_number, to_plural, to_words
from app.dashboards.queries import returns
from app.dashboards.use_cases import returns as use_cases
from app.dashboards.use_cases.returns import Choices
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.paging import PageRequest
from operational_db.roi.rules import CURRENCIES
from operational_db.roi.views import CostFilters, CostView, ProposedCost
from operational_db.types import CostKind

SPANS = {"All time": None, "Last 12 months": 365, "Last 3 months": 90}
PARTS = {"Kind": "kind", "Course": "course", "Team": "team"}
HEADINGS = {"kind": "Cost by kind", "course": "Cost by course", "team": "Cost by team"}
COST_COLUMNS = (
    Column("label", "What"),
    Column("amount", "Amount", "number"),
    Column("currency", "Currency"),
    Column("cost_count", "Amounts", "number"),
)
LISTED = (
    Column("what", "What"),
    Column("incurred_on", "Day", "date"),
    Column("amount", "Amount"),
    Column("person", "Person"),
    Column("course", "Course"),
    Column("hours", "Hours"),
    Column("note", "Note"),
    Column("state", "State"),
)
PROPOSED = (
    Column("person", "Person"),
    Column("course", "Course"),
    Column("what", "What"),
    Column("incurred_on", "Day", "date"),
    Column("amount", "Amount"),
    Column("problem", "Why not"),
)
ANY = "Nobody in particular"
NO_COURSE = "No course in particular"
USUAL_CURRENCY = "USD"


def show_costs(viewer: Viewer, currency: str | None) -> None:
    """Costs as figures, then recording, proposals and the recorded amounts for who manages them."""
    organization_id = viewer.organization_id
    _show_figures(viewer)
    if organization_id is None:
        return
    may_manage = viewer.principal.can(Permission.MANAGE_ROI, organization_id)
    if may_manage:
        try:
            engine = session.installation().engine
            named = use_cases.choices(engine, viewer.principal, organization_id=organization_id)
        except DomainError as error:
            st.warning(f"Costs cannot be recorded now. {error.message}", icon=":material/cloud_off:")
            return
        with st.expander("Record a cost", icon=":material/add:"):
            _show_form(viewer, organization_id, named, currency)
        with st.expander("Propose costs from enrollments", icon=":material/lightbulb:"):
            _show_proposals(viewer, organization_id)
    _show_recorded(viewer, organization_id, may_manage=may_manage)


def _show_figures(viewer: Viewer) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        part = PARTS[choose("By", list(PARTS), key="returns_cost_part")]
        days = SPANS[choose("When", list(SPANS), key="returns_cost_span")]
    since = None if days is None else (viewer.today - timedelta(days=days)).replace(day=1)
    frame = viewer.load(returns.costs_by, part=part, since=since)
    if frame.is_empty():
        say_empty("No cost is on record for this time.", "Record what training cost, or take what enrollments propose.")
        return
    if part == "kind":
        words = pl.Series("label", [to_words(label) for label in frame["label"].to_list()], pl.String)
        frame = frame.with_columns(words)
    currencies = frame["currency"].unique().to_list()
    if len(currencies) == 1:
        show_chart(charts.costs(frame, HEADINGS[part], str(currencies[0])), key="returns_costs")
    else:
        st.warning("Costs are in several currencies and cannot be added up.", icon=":material/currency_exchange:")
    show_frame(
        viewer,
        frame,
        COST_COLUMNS,
        key="returns_costs",
        alt=HEADINGS[part],
        empty=Empty("No cost is on record.", "Record what training cost."),
    )


def choose_currency(key: str, currency: str | None) -> str:
    """A currency; the organization's own where it has one already."""
    options = [currency] if currency in CURRENCIES else sorted(CURRENCIES)
    index = options.index(USUAL_CURRENCY) if USUAL_CURRENCY in options else 0
    return str(st.selectbox("Currency", options, index=index, key=key))


def act(action: Callable[[], Receipt]) -> None:
    """Run a change from a button's callback; the page shows its receipt or the reason against it."""
    write(action)


def _show_form(viewer: Viewer, organization_id: UUID, named: Choices, currency: str | None) -> None:
    kinds = {to_words(each): each for each in CostKind}
    is_hours = kinds[str(st.selectbox("Kind", list(kinds), key="returns_cost_kind"))] is CostKind.PAID_HOURS
    people, courses = _labelled(named.people), _labelled(named.courses)
    person = st.selectbox("Person", [*([] if is_hours else [ANY]), *people], key="returns_cost_person")
    course = st.selectbox("Course", [NO_COURSE, *courses], key="returns_cost_course")
    today = clock.today()
    st.date_input("Day", value=today, max_value=today, key="returns_cost_day", format="YYYY-MM-DD")
    if is_hours:
        st.number_input("Hours", min_value=0.0, max_value=1_000.0, step=0.5, key="returns_cost_hours")
        st.caption("The amount is these hours at the person's wage in force on the day.")
    else:
        st.number_input("Amount", min_value=0.0, step=10.0, format="%.2f", key="returns_cost_amount")
        choose_currency("returns_cost_currency", currency)
    st.text_input("Note", key="returns_cost_note", max_chars=300)
    is_of_somebody = str(person) in people or (not is_hours and str(course) in courses)
    st.button(
        "Record it",
        key="returns_cost_record",
        type="primary",
        icon=":material/save:",
        disabled=not is_of_somebody,
        help="Name a person, a course, or both.",
        on_click=_record,
        args=(viewer, organization_id, kinds, people, courses),
    )


def _record(
    viewer: Viewer,
    organization_id: UUID,
    kinds: Mapping[str, CostKind],
    people: Mapping[str, UUID],
    courses: Mapping[str, UUID],
) -> None:
    """Reads the form as it stands at the click, so that nothing typed last is lost."""
    state, engine = st.session_state, session.installation().engine
    kind = kinds[state["returns_cost_kind"]]
    person_id, course_id = people.get(state["returns_cost_person"]), courses.get(state["returns_cost_course"])
    day, note = state["returns_cost_day"], state["returns_cost_note"] or ""
    if kind is CostKind.PAID_HOURS and person_id is not None:
        minutes = round(state["returns_cost_hours"] * 60)
        act(
            lambda: use_cases.record_hours(
                engine,
                viewer.principal,
                organization_id=organization_id,
                person_id=person_id,
                minutes=minutes,
                incurred_on=day,
                course_id=course_id,
                note=note,
                now=clock.now(),
            )
        )
        return
    amount, currency = Decimal(f"{state['returns_cost_amount']:.2f}"), state["returns_cost_currency"]
    act(
        lambda: use_cases.record_cost(
            engine,
            viewer.principal,
            organization_id=organization_id,
            cost_kind=kind,
            incurred_on=day,
            amount=amount,
            currency=currency,
            person_id=person_id,
            course_id=course_id,
            note=note,
            now=clock.now(),
        )
    )


def _labelled(names: Mapping[UUID, str]) -> dict[str, UUID]:
    """Ids by name; names that occur twice are told apart by the end of their id."""
    seen = list(names.values())
    return {name if seen.count(name) == 1 else f"{name} ({str(key)[-4:]})": key for key, name in names.items()}


def _show_proposals(viewer: Viewer, organization_id: UUID) -> None:
    st.caption(
        "Enrolling somebody costs nothing by itself. Proposed are the price of each course on the day of enrollment, "
        "and the hours it is estimated to take, at the wage in force on the day it ended. Nothing is recorded until "
        "you choose to."
    )
    if not st.toggle("Look for proposals", key="returns_propose"):
        return
    engine, principal = session.installation().engine, viewer.principal
    try:
        found = use_cases.proposals(engine, principal, organization_id=organization_id, now=clock.now())
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    if not found:
        say_empty("Enrollments propose no further cost.", "Free courses that nobody has ended yet have none.")
        return
    good = [each for each in found if each.problem is None]
    total = sum((each.amount or Decimal(0) for each in good), Decimal(0))
    st.markdown(
        f"**{to_plural(len(good), 'cost')} proposed, {money_text(float(total), good[0].currency if good else None)} in "
        f"all; {to_plural(len(found) - len(good), 'other')} cannot be recorded.**"
    )
    show_table(
        _proposed_frame(found[:PAGE_ROWS]),
        PROPOSED,
        viewer,
        key="returns_proposed",
        alt="Proposed costs",
    )
    if len(found) > PAGE_ROWS:
        st.caption(f"The first {to_number(PAGE_ROWS)} of {to_number(len(found))}.")
    keys = [each.key for each in good]
    st.button(
        f"Record {to_plural(len(good), 'cost')}",
        key="returns_take",
        type="primary",
        icon=":material/save:",
        disabled=not good,
        on_click=act,
        args=(
            lambda: use_cases.take_proposals(
                engine, principal, organization_id=organization_id, keys=keys, now=clock.now()
            ),
        ),
    )


def _proposed_frame(rows: Sequence[ProposedCost]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person": [each.person_name for each in rows],
            "course": [each.course_title for each in rows],
            "what": [to_words(each.cost_kind) for each in rows],
            "incurred_on": [each.incurred_on for each in rows],
            "amount": ["–" if each.amount is None else f"{each.amount:,.2f} {each.currency}" for each in rows],
            "problem": [each.problem for each in rows],
        },
        schema_overrides={"problem": pl.String},
    )


def _show_recorded(viewer: Viewer, organization_id: UUID, *, may_manage: bool) -> None:
    st.subheader("Recorded amounts")
    engine, principal = session.installation().engine, viewer.principal
    has_withdrawn = st.toggle("With those taken back", key="returns_cost_withdrawn")
    filters = CostFilters(has_withdrawn=has_withdrawn)

    def load(number: int) -> tuple[list[CostView], int, int]:
        page = use_cases.costs_of(
            engine,
            principal,
            organization_id=organization_id,
            filters=filters,
            page=PageRequest(number=number, size=PAGE_ROWS),
        )
        return list(page.items), page.total, page.page_count

    try:
        items, total, pages = load(1)
        if not total:
            say_empty("No cost was recorded yet.", "Each amount is listed here, with the way to take it back.")
            return
        number = st.pagination(pages, key="returns_costs_page", bind="query-params") if pages > 1 else 1
        if number > 1:
            items, total, pages = load(number)
    except DomainError as error:
        st.error(f"{error.message} The figures above are the last ones made.", icon=":material/error:")
        return
    st.markdown(f"**{to_plural(total, 'amount')}**")
    show_table(_recorded_frame(items), LISTED, viewer, key="returns_recorded", alt=f"Recorded costs, page {number}")
    standing = [each for each in items if each.withdrawn_at is None]
    if may_manage and standing:
        labels = {f"{_label(each)} ({str(each.cost_id)[-4:]})": each for each in standing}
        chosen = st.selectbox(
            "Take back", list(labels), key="returns_cost_chosen", index=None, placeholder="Choose an amount"
        )
        cost = labels.get(str(chosen))
        st.button(
            "Take it back",
            key="returns_cost_withdraw",
            icon=":material/undo:",
            disabled=cost is None,
            help="It counts no more; that it was recorded stays on record.",
            on_click=act,
            args=(
                lambda: use_cases.withdraw_cost(
                    engine, principal, cost_id=cost.cost_id if cost else UUID(int=0), now=clock.now()
                ),
            ),
        )


def _label(cost: CostView) -> str:
    who = cost.person_name or cost.course_title or ""
    return f"{to_words(cost.cost_kind)}, {to_day(cost.incurred_on)}, {cost.amount:,.2f} {cost.currency} {who}".strip()


def _recorded_frame(items: list[CostView]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "what": [to_words(each.cost_kind) for each in items],
            "incurred_on": [each.incurred_on for each in items],
            "amount": [f"{each.amount:,.2f} {each.currency}" for each in items],
            "person": [each.person_name for each in items],
            "course": [each.course_title for each in items],
            "hours": ["" if each.minutes is None else f"{each.minutes / 60:.1f} h" for each in items],
            "note": [each.note for each in items],
            "state": ["Counts" if each.withdrawn_at is None else "Taken back" for each in items],
        },
        schema_overrides={"person": pl.String, "course": pl.String},
    )

"""The two parts of the exceptions page that write: assign what is missing, and waivers. The services decide."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.filters import choose_id
from app.dashboards.components.frame import say_empty
from app.dashboards.components.notices import page_number, show_pages
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import Column, Empty, Opens, show_frame
from app.dashboards.formats import to_day, to_plural
from app.dashboards.navigation import COMPANY_PERSON
from app.dashboards.queries import company, exceptions, people
from app.dashboards.use_cases import exceptions as live
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.gates.access_views import AccessException, WaiverView
from operational_db.identity.rules import Permission
from operational_db.paging import Page, PageRequest

DEFAULT_WAIVER = timedelta(days=14)
WAIVERS_PAGE, WAIVERS_SHOWN = "waivers_page", 20
HELPLESS = ("no_longer_member",)


def show_assign(viewer: Viewer) -> None:
    """Everybody with access and without training at this moment, with the lessons they need; one click assigns."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    names = viewer.load(exceptions.actions)
    action = choose_id("Action", dict(zip(names, names, strict=True)), any_label="All actions", key="assign_lessons_of")
    engine = session.installation().engine
    try:
        found = live.find(engine, viewer.principal, organization_id=organization_id, action=action, now=clock.now())
    except DomainError as error:
        st.error(f"{error.message} The other parts go on working from the last figures.", icon=":material/error:")
        return
    if not found:
        say_empty("Nobody has access without the training at this moment.", "There is nothing to assign.")
        return
    open_people = {each.person_id for each in found if each.next_lessons and not each.is_assigned}
    if not viewer.principal.can(Permission.ASSIGN_TRAINING, organization_id):
        st.caption("Your role may look, but not assign. Ask a manager of the organization.")
    elif open_people:
        count = to_plural(len(open_people), "person", "people")
        st.button(
            f"Assign what is missing to {count}",
            key="exceptions_assign",
            type="primary",
            icon=":material/assignment_ind:",
            on_click=_assign,
            args=(viewer, action),
            help=f"Each lesson they need, due {to_day(clock.today() + timedelta(days=14))}.",
        )
    else:
        st.success("Everything that helps is assigned already.", icon=":material/check_circle:")
    _show_found(viewer, found)


def _assign(viewer: Viewer, action: str | None) -> None:
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    engine, principal = session.installation().engine, viewer.principal
    write(
        lambda: live.assign(
            engine, principal, organization_id=organization_id, action=action, person_ids=None, now=clock.now()
        )
    )


def _show_found(viewer: Viewer, found: list[AccessException]) -> None:
    teams = viewer.load(company.teams)
    frame = pl.DataFrame(
        {
            "person_id": [str(each.person_id) for each in found],
            "display_name": [each.display_name for each in found],
            "action": [each.action for each in found],
            "reason": [str(each.reason) for each in found],
            "since": [each.since for each in found],
            "waived_until": [each.waived_until for each in found],
            "lessons": [", ".join(step.title for step in each.next_lessons) or _no_lesson(each) for each in found],
            "minutes": [float(sum(step.minutes for step in each.next_lessons)) for each in found],
            "is_assigned": [each.is_assigned for each in found],
            "team": [teams.get(str(each.team_id)) for each in found],
        },
        schema_overrides={"waived_until": pl.Date, "since": pl.Date, "team": pl.String},
    )
    show_frame(
        viewer,
        frame,
        [
            Column("display_name", "Person"),
            Column("action", "Action"),
            Column("reason", "Why", "status"),
            Column("lessons", "What is missing"),
            Column("minutes", "Minutes", "decimal"),
            Column("is_assigned", "Has it to do", "flag"),
            Column("since", "Since", "date"),
            Column("waived_until", "Waived through", "date"),
            Column("team", "Team"),
        ],
        key="exceptions_now",
        alt="People with access and without training at this moment",
        empty=Empty("Nobody.", ""),
        opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
    )


def _no_lesson(each: AccessException) -> str:
    if each.reason in HELPLESS:
        return "No longer a member: remove the access"
    return "No published lesson leads there"


def show_waivers(viewer: Viewer) -> None:
    """Waivers that hold, each with its end and the way to end it now; and granting another."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    may_grant = viewer.principal.can(Permission.GRANT_WAIVERS, organization_id)
    try:
        held = _waivers(viewer, organization_id, page_number(WAIVERS_PAGE))
        if held.total and not held.items:
            held = _waivers(viewer, organization_id, 1)
    except DomainError as error:
        st.error(f"{error.message} The other parts go on working from the last figures.", icon=":material/error:")
        return
    if not held.total:
        say_empty("No waiver holds today.", "A waiver lets somebody act without the training for a time, for a reason.")
    for waiver in held.items:
        _show_waiver(viewer, waiver, may_grant=may_grant)
    show_pages(held.page_count, WAIVERS_PAGE)
    if may_grant:
        _show_grant_form(viewer)
    else:
        st.caption("Your role may look, but not waive. Ask a manager of the organization.")


def _waivers(viewer: Viewer, organization_id: UUID, number: int) -> Page[WaiverView]:
    return live.waivers(
        session.installation().engine,
        viewer.principal,
        organization_id=organization_id,
        on=clock.today(),
        page=PageRequest(number, WAIVERS_SHOWN),
    )


def _show_waiver(viewer: Viewer, waiver: WaiverView, *, may_grant: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{waiver.display_name}** · {waiver.action} · {to_day(waiver.starts_on)} to {to_day(waiver.ends_on)}\n\n"
            f"{waiver.reason} · approved by {waiver.approver_name}",
            width="stretch",
        )
        if may_grant:
            st.button(
                f"End now: {waiver.display_name}, {waiver.action}",
                key=f"waiver_end_{waiver.waiver_id}",
                on_click=_end,
                args=(viewer, waiver),
                icon=":material/block:",
            )


def _end(viewer: Viewer, waiver: WaiverView) -> None:
    engine, principal = session.installation().engine, viewer.principal
    write(lambda: live.end(engine, principal, waiver=waiver, now=clock.now()))


def _show_grant_form(viewer: Viewer) -> None:
    st.subheader("Waive the training for somebody")
    members = viewer.load(people.members)
    twice = {name for name, count in Counter(members.values()).items() if count > 1}
    labels = {f"{name} ({key[-4:]})" if name in twice else name: key for key, name in members.items()}
    with st.form("waiver_form", clear_on_submit=True):
        label = st.selectbox("Person", list(labels), index=None, key="waiver_person", placeholder="Choose a person")
        action = st.selectbox("Action", viewer.load(exceptions.protected_actions), index=None, key="waiver_action")
        reason = st.text_area(
            "Reason", key="waiver_reason", max_chars=500, help="An auditor will ask. It stays with us."
        )
        ends_on = st.date_input(
            "Last day", clock.today() + DEFAULT_WAIVER, min_value=clock.today(), key="waiver_ends", format="YYYY-MM-DD"
        )
        is_sent = st.form_submit_button("Waive", type="primary", icon=":material/do_not_disturb_on:")
    organization_id = viewer.organization_id
    if not is_sent or organization_id is None:
        return
    if label is None or action is None or ends_on is None:
        st.warning("Choose a person, an action and the last day. Nothing was written.", icon=":material/help:")
        return
    engine, principal = session.installation().engine, viewer.principal
    write(
        lambda: live.waive(
            engine,
            principal,
            organization_id=organization_id,
            person_id=UUID(labels[label]),
            person_name=members[labels[label]],
            action=action,
            reason=reason,
            ends_on=ends_on,
            now=clock.now(),
        )
    )
    st.rerun()

"""Service contracts on the page: what an owner proposes, what a contractor answers, and how either side ends one."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st
from sqlalchemy import Engine

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.components.places import choose_place
from app.dashboards.components.receipts import write
from app.dashboards.formats import to_day, to_plural
from app.dashboards.use_cases import owners
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.owners.views import ContractView
from operational_db.types import ContractStatus

ALL_BUILDINGS, ONE_BUILDING = "All buildings", "One building"
# What a contractor consents to, in the words of what follows from it.
CONSENT = (
    "Accepting lets this owner pick any of your people by name and check whether they are qualified for work in these "
    "buildings. Each check tells it the answer, the certificates that carry it (kind, issuer and last day) and what "
    "somebody it named lacks, never why. It also sees, as counts, how your people meet its requirements, and both of "
    "you may plan visits. Until you accept it learns nothing; you may end the contract on any day."
)


def show_proposals(viewer: Viewer) -> None:
    """Contracts that wait for the contractor's answer, with what accepting means; nothing where none waits."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    try:
        waiting = [
            each
            for each in _contracts(viewer, organization_id)
            if each.status is ContractStatus.PROPOSED and each.contractor_id == organization_id
        ]
    except DomainError:
        # The visits below say the same, and what can be done.
        return
    may_answer = organization_id in viewer.principal.organizations_with(Permission.PLAN_VISITS)
    for contract in waiting:
        with st.container(border=True):
            st.subheader(f"{contract.owner_name} proposes a contract")
            st.markdown(f"You would service {_extent(contract)}. Proposed on {to_day(contract.proposed_at.date())}.")
            st.caption(CONSENT)
            if not may_answer:
                st.caption("Your role may look, but not answer. Ask a manager of the company.")
                continue
            with st.container(horizontal=True):
                about = f"{contract.owner_name}, {_place(contract)}"
                _button(contract, f"Accept {about}", "accept", lambda engine, each: owners.accept_contract(
                    engine, viewer.principal, contract=each, now=clock.now()
                ), icon=":material/handshake:", is_primary=True)  # fmt: skip
                _button(contract, f"Decline {about}", "decline", lambda engine, each: owners.decline_contract(
                    engine, viewer.principal, contract=each, now=clock.now()
                ), icon=":material/do_not_disturb_on:")  # fmt: skip


def show_owner_contracts(viewer: Viewer) -> None:
    """An owner's proposals and their state, the contracts that hold, and proposing another one."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    try:
        found = _contracts(viewer, organization_id)
    except DomainError as error:
        st.warning(f"Contracts cannot be read now. {error.message}", icon=":material/cloud_off:")
        return
    may_manage = viewer.principal.can(Permission.MANAGE_BUILDINGS, organization_id)
    for contract in found:
        if contract.status is not ContractStatus.PROPOSED:
            continue
        with st.container(border=True):
            st.markdown(
                f":material/schedule: **{contract.contractor_name}**: waiting for the contractor's answer since "
                f"{to_day(contract.proposed_at.date())}. To service {_extent(contract)}."
            )
            st.caption("Until it accepts, nobody of its people can be picked or checked and no visit be planned.")
            if may_manage:
                about = f"{contract.contractor_name}, {_place(contract)}"
                _end_button(viewer, contract, f"Withdraw the proposal to {about}", organization_id)
    show_running_contracts(viewer)
    if may_manage:
        with st.expander("Propose a contract", icon=":material/handshake:"):
            _show_propose_form(viewer, organization_id)


def show_running_contracts(viewer: Viewer) -> None:
    """The contracts that were accepted and have not ended, each with the way to end it; for both sides."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    try:
        found = [each for each in _contracts(viewer, organization_id) if each.status is ContractStatus.ACCEPTED]
    except DomainError:
        return
    if not found:
        return
    may_end = viewer.principal.can(Permission.PLAN_VISITS, organization_id)
    with st.expander(to_plural(len(found), "contract"), icon=":material/contract:"):
        for contract in found:
            is_owner = contract.owner_id == organization_id
            other = contract.contractor_name if is_owner else contract.owner_name
            st.markdown(f"**{other}**: {_extent(contract)}.")
            if may_end and contract.ended_on is None:
                about = f"{other}, {_place(contract)}"
                with st.popover(
                    f"End {about}…", icon=":material/link_off:", key=f"contract_ending_{contract.contract_id}"
                ):
                    st.markdown("Today is its last day then; visits planned for later are called off.")
                    _end_button(viewer, contract, f"End the contract with {about}", organization_id)


def _show_propose_form(viewer: Viewer, organization_id: UUID) -> None:
    st.caption("The contract starts when the contractor accepts it on its page of visits.")
    st.text_input("Company, by its whole or short name", key="contract_company", max_chars=300)
    extent = st.radio("Buildings", [ALL_BUILDINGS, ONE_BUILDING], horizontal=True, key="contract_extent")
    building_id: UUID | None = None
    if extent == ONE_BUILDING:
        try:
            place = choose_place(viewer, organization_id, key="contract")
        except DomainError as error:
            st.error(error.message, icon=":material/error:")
            return
        if place is None:
            return
        building_id = place.building.building_id
    st.button(
        "Propose it",
        key="contract_propose",
        type="primary",
        icon=":material/send:",
        on_click=_write,
        args=(
            lambda engine: owners.propose_contract(
                engine,
                viewer.principal,
                owner_id=organization_id,
                company=st.session_state["contract_company"] or "",
                building_id=building_id,
                now=clock.now(),
            ),
        ),
    )


def _contracts(viewer: Viewer, organization_id: UUID) -> list[ContractView]:
    engine = session.installation().engine
    return list(owners.contracts_of(engine, viewer.principal, organization_id=organization_id, on=clock.today()))


def _extent(contract: ContractView) -> str:
    """The buildings and days of a contract in words."""
    place = contract.building_name or f"all buildings of {contract.owner_name}"
    since = "since" if contract.status is ContractStatus.ACCEPTED else "from"
    until = "" if contract.ended_on is None else f" through {to_day(contract.ended_on)}"
    return f"{place}, {since} {to_day(contract.started_on)}{until}"


def _place(contract: ContractView) -> str:
    return contract.building_name or "all buildings"


def _end_button(viewer: Viewer, contract: ContractView, label: str, organization_id: UUID) -> None:
    _button(contract, label, "end", lambda engine, each: owners.end_contract(
        engine, viewer.principal, contract=each, organization_id=organization_id, now=clock.now()
    ), icon=":material/link_off:")  # fmt: skip


def _button(
    contract: ContractView,
    label: str,
    what: str,
    action: Callable[[Engine, ContractView], Receipt],
    *,
    icon: str,
    is_primary: bool = False,
) -> None:
    st.button(
        label,
        key=f"contract_{what}_{contract.contract_id}",
        type="primary" if is_primary else "secondary",
        icon=icon,
        on_click=_write,
        args=(lambda engine: action(engine, contract),),
    )


def _write(action: Callable[[Engine], Receipt]) -> None:
    """Run a change from a button's callback; the page shows its receipt or the reason against it."""
    engine = session.installation().engine
    write(lambda: action(engine))

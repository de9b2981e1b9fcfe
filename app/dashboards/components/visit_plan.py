"""Planning a visit under a contract: where, when and who comes."""

from uuid import UUID

import streamlit as st
from sqlalchemy import Engine

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.components.frame import say_empty
from app.dashboards.components.places import choose_place, choose_unit
from app.dashboards.components.visit_crew import choose_crew, serving, to_date, write_visit
from app.dashboards.use_cases import owners
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.owners.views import ContractView
from operational_db.types import ContractStatus


def show_plan_form(viewer: Viewer, organization_id: UUID) -> None:
    """The form; the service decides whether the visit can be."""
    st.subheader("Plan a visit")
    engine, principal, today = session.installation().engine, viewer.principal, clock.today()
    try:
        found = owners.contracts_of(engine, principal, organization_id=organization_id, on=today)
        contracts = [each for each in found if each.status is ContractStatus.ACCEPTED]
        if not contracts:
            say_empty(
                "No contract is open.",
                "Visits are planned under a contract that an owner proposed and a contractor accepted.",
            )
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
        people = serving(viewer, contract.contractor_id, today)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input("Day", today, min_value=today, key="visit_new_day", format="YYYY-MM-DD", width=160)
        crew_key = f"visit_new_crew_{contract.contract_id}"
        choose_crew(people, key=crew_key, now=())
    st.text_input("Purpose", key="visit_purpose", max_chars=300)

    def plan(engine: Engine) -> Receipt:
        state = st.session_state
        return owners.plan_visit(
            engine,
            principal,
            contract=contract,
            place=place,
            equipment_id=equipment_id,
            planned_on=to_date(state["visit_new_day"], today),
            purpose=state["visit_purpose"] or "",
            person_ids=state[crew_key],
            now=clock.now(),
        )

    st.button(
        "Plan the visit",
        key="visit_plan",
        type="primary",
        icon=":material/event:",
        on_click=write_visit,
        args=(plan,),
    )


def contract_label(contract: ContractView, organization_id: UUID) -> str:
    """The other side of a contract, and the building it is about."""
    other = contract.owner_name if contract.contractor_id == organization_id else contract.contractor_name
    return f"{other}, {contract.building_name or 'all buildings'}"

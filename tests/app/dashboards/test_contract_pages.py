"""A contract from the owner's proposal to the contractor's answer, on the pages of both."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from app.dashboards.components.tables import PAGE_ROWS
from app.dashboards.use_cases import equipment
from app.dashboards.use_cases.equipment import STANDARD, Upload
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.owners import contracts
from operational_db.owners.views import ContractView
from operational_db.tables.identity import Organization, Person
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.owners import Visit as Visited
from operational_db.tables.owners import VisitPerson
from operational_db.types import OrganizationKind, VisitStatus, new_id
from tests.app.dashboards import owner_figures as owners
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import Visit, principal_of, texts
from tests.app.dashboards.operational_fixture import write_operational_records


@pytest.fixture
def records(committed_engine: Engine, visit: Visit) -> Iterator[Engine]:
    """The records of the figures with the owners among them, and the pages on them."""
    with unit_of_work(committed_engine) as session:
        write_operational_records(session)
        session.add_all(
            Organization(
                id=row["organization_id"],
                name=row["name"],
                slug=str(row["name"]).lower().replace(" ", "-"),
                kind=OrganizationKind.BUILDING_OWNER,
            )
            for row in owners.organizations()
        )
    visit.engine = committed_engine
    yield committed_engine


def _contracts(engine: Engine) -> list[ContractView]:
    """All of the owner's, the earliest proposal first."""
    with read_only_session(engine) as session:
        found = contracts.list_contracts(session, SYSTEM_PRINCIPAL, organization_id=owners.OWNER)
    return sorted(found.items, key=lambda each: each.contract_id)


def _company_name(engine: Engine) -> str:
    with read_only_session(engine) as session:
        return session.get_one(Organization, figures.COMPANY).name


def _keys(app: AppTest, what: str) -> list[str]:
    return [button.key for button in app.button if button.key and button.key.startswith(f"contract_{what}_")]


def _propose(visit: Visit, company: str) -> AppTest:
    """Typed and sent at once, as a press on the button does that leaves the field."""
    app = visit.open("owner", "owner/contractors")
    app.text_input("contract_company").set_value(company)
    return app.button("contract_propose").click().run()


@pytest.mark.requirement("US-TC027")
def test_the_contractor_reads_what_it_consents_to_and_accepts_with_one_click(visit: Visit, records: Engine) -> None:
    said = texts(_propose(visit, _company_name(records)))
    assert "waiting for the contractor's answer" in said
    assert [each.accepted_at for each in _contracts(records)] == [None]
    other = visit.open("other manager", "company/visits")
    assert "proposes a contract" not in texts(other)
    app = visit.open("manager", "company/visits")
    said = texts(app)
    assert "Northside Estates proposes a contract" in said
    assert "pick any of your people by name and check" in said
    assert "the certificates that carry it" in said
    (key,) = _keys(app, "accept")
    said = texts(app.button(key).click().run())
    assert "You service buildings of Northside Estates" in said
    assert "proposes a contract" not in said
    (contract,) = _contracts(records)
    assert contract.accepted_at is not None
    owner = visit.open("owner", "owner/contractors")
    assert "waiting for the contractor's answer" not in texts(owner)
    (key,) = _keys(owner, "end")
    assert "ends today" in texts(owner.button(key).click().run())


def test_declined_it_can_be_proposed_again_and_withdrawn(visit: Visit, records: Engine) -> None:
    name = _company_name(records)
    _propose(visit, name)
    app = visit.open("manager", "company/visits")
    assert "was declined" in texts(app.button(_keys(app, "decline")[0]).click().run())
    app = _propose(visit, name)
    (key,) = _keys(app, "end")
    assert "was withdrawn" in texts(app.button(key).click().run())
    assert [(each.declined_at is None, each.withdrawn_at is None) for each in _contracts(records)] == [
        (False, True),
        (True, False),
    ]


def test_a_company_nobody_is_called_is_said_and_nothing_is_written(visit: Visit, records: Engine) -> None:
    app = _propose(visit, "Nobody of this name")
    assert "Nothing was written. No service company or manufacturer is called so." in app.error[0].value
    assert _contracts(records) == []


def test_who_only_looks_can_neither_propose_nor_answer(visit: Visit, records: Engine) -> None:
    _propose(visit, _company_name(records))
    app = visit.open("auditor", "company/visits")
    assert "Your role may look, but not answer." in texts(app)
    assert _keys(app, "accept") == _keys(app, "decline") == []
    other = visit.open("other owner", "owner/contractors")
    assert "waiting for the contractor's answer" not in texts(other)
    assert [each.owner_id for each in _contracts(records)] == [owners.OWNER]


@pytest.mark.requirement("OWN-01")
def test_a_visit_and_a_crew_check_take_what_stands_in_their_fields_when_they_are_sent(
    visit: Visit, records: Engine, offered: dict[str, Callable[[], pl.DataFrame]]
) -> None:
    """Chosen, typed and sent at once, as a press on the button does that leaves the last field."""
    _propose(visit, _company_name(records))
    app = visit.open("manager", "company/visits")
    app.button(_keys(app, "accept")[0]).click().run()
    with unit_of_work(records) as session:
        session.add(Person(id=owners.OWNER_MANAGER, display_name="Olive Park", timezone="America/New_York"))
    upload = Upload({"buildings.csv": b"building_id,name,city\nB1,Harbour Tower,New York\n"}, STANDARD)
    equipment.bring_in(records, principal_of("owner"), organization_id=owners.OWNER, upload=upload, now=clock.now())

    app = visit.open("owner", "owner/visits")
    person_id, tomorrow = figures.PEOPLE[5], figures.TODAY + timedelta(days=1)
    (contract,) = _contracts(records)
    app.multiselect(f"visit_new_crew_{contract.contract_id}").select(figures.name_of(person_id))
    app.date_input("visit_new_day").set_value(tomorrow)
    app.text_input("visit_purpose").set_value("Inspect the doors")
    app.button("visit_plan").click().run()
    assert not app.exception
    with Session(records) as session:
        (planned,) = session.scalars(select(Visited)).all()
        crew = session.scalars(select(VisitPerson.person_id)).all()
    assert (planned.planned_on, planned.purpose, list(crew)) == (tomorrow, "Inspect the doors", [person_id])

    # Known to the figures, and so late that it is on the second page.
    with unit_of_work(records) as session:
        session.add_all(
            Visited(
                id=figures.fixed_id(37, 0) if number == PAGE_ROWS else new_id(),
                contract_id=contract.contract_id,
                building_id=planned.building_id,
                planned_on=tomorrow + timedelta(days=1 + number),
                status=VisitStatus.PLANNED,
            )
            for number in range(PAGE_ROWS + 1)
        )
    app = visit.open("owner", "owner/visits")
    assert app.dataframe[0].value["leaf_index"].isna().all()
    entries = offered["visits"]()["Ledger entry"].to_list()
    assert entries == [None] * (PAGE_ROWS + 1) + [4711]
    with unit_of_work(records) as session:
        session.execute(delete(Visited).where(Visited.id != planned.id))

    app = visit.open("owner", "owner/crew_check")
    app.date_input(f"crew_day_{figures.TODAY}").set_value(tomorrow)
    app.multiselect(f"crew_people_{figures.COMPANY}_").select(figures.name_of(person_id))
    app.button("crew_ask").click().run()
    assert not app.exception
    with Session(records) as session:
        decided = session.scalars(select(LedgerEvent.body).where(LedgerEvent.kind == "crew.decided")).one()
    body = json.loads(decided) if isinstance(decided, str) else decided
    assert (body["work_on"], body["crew_size"]) == (tomorrow.isoformat(), 1)

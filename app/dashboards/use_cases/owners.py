"""Buildings, contracts and visits as pages choose and change them, for owners and for contractors on their side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_day, to_plural
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.owners import contracts, service, visits
from operational_db.owners.views import BuildingView, ContractView, EquipmentView, VisitView
from operational_db.paging import LARGEST_PAGE_SIZE, Page, PageRequest, every_item
from operational_db.types import VisitStatus

# As many are offered to choose from at once; with more, somebody searches first.
MOST_OFFERED = LARGEST_PAGE_SIZE


def find_buildings(
    engine: Engine, principal: Principal, *, organization_id: UUID, search: str, on: date
) -> Page[BuildingView]:
    """Buildings to choose from, by name, and how many there are in all.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return service.list_buildings(
            session,
            principal,
            organization_id=organization_id,
            search=search or None,
            page=PageRequest(size=MOST_OFFERED),
            on=on,
        )


@dataclass(frozen=True)
class Place:
    """A building with its units in use."""

    building: BuildingView
    units: Sequence[EquipmentView]

    @property
    def label(self) -> str:
        return building_label(self.building)


def building_label(building: BuildingView) -> str:
    """A building by name and, where they tell more, its address and district."""
    parts = [building.name, building.address if building.address != building.name else "", building.district or ""]
    return ", ".join(part for part in parts if part)


def place_of(
    engine: Engine, principal: Principal, *, building_id: UUID, on: date, has_dismantled: bool = False
) -> Place:
    """One building with its units as they are on record at this moment; dismantled ones where they are asked for.

    Raises
    ------
    DomainError
        When the database is down, or there is no such building for the principal.
    """
    with read_only_session(engine) as session:
        building = service.building_of(session, principal, building_id=building_id, on=on)
        units = service.list_equipment(
            session, principal, building_id=building_id, has_dismantled=has_dismantled, on=on
        )
        return Place(building, units)


def contracts_of(
    engine: Engine, principal: Principal, *, organization_id: UUID, on: date | None
) -> Sequence[ContractView]:
    """The contracts an organization is a side of; with a day those not ended by it.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return contracts.list_contracts(
            session, principal, organization_id=organization_id, on=on, page=PageRequest(size=LARGEST_PAGE_SIZE)
        ).items


def propose_contract(
    engine: Engine, principal: Principal, *, owner_id: UUID, company: str, building_id: UUID | None, now: datetime
) -> Receipt:
    """Propose a contract to the company of this name, on all buildings or on one.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        contractor_id = contracts.contractor_named(session, principal, owner_id=owner_id, name=company)
        proposed = contracts.propose_contract(
            session, principal, owner_id=owner_id, contractor_id=contractor_id, building_id=building_id, now=now
        )
        name = contracts.contract_of(session, principal, contract_id=proposed.id).contractor_name
    return Receipt(f"A contract was proposed to {name}; it waits for the contractor's answer.", now, 0)


def accept_contract(engine: Engine, principal: Principal, *, contract: ContractView, now: datetime) -> Receipt:
    """The contractor's consent to a proposal.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        accepted = contracts.accept_contract(session, principal, contract_id=contract.contract_id, now=now)
        # One with a last day is ended in the ledger at once.
        entry_count = 1 if accepted.ended_on is None else 2
        first = accepted.started_on
    return Receipt(f"You service buildings of {contract.owner_name} from {to_day(first)}.", now, entry_count)


def decline_contract(engine: Engine, principal: Principal, *, contract: ContractView, now: datetime) -> Receipt:
    """Refuse a proposal.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        contracts.decline_contract(session, principal, contract_id=contract.contract_id, now=now)
    return Receipt(f"The contract that {contract.owner_name} proposed was declined.", now, 0)


def end_contract(
    engine: Engine, principal: Principal, *, contract: ContractView, organization_id: UUID, now: datetime
) -> Receipt:
    """End a contract today, or take a proposal back.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    other = contract.contractor_name if contract.owner_id == organization_id else contract.owner_name
    with unit_of_work(engine) as session:
        is_proposal = contracts.contract_of(session, principal, contract_id=contract.contract_id).accepted_at is None
        planned = _planned_count(session, principal, organization_id)
        contracts.end_contract(session, principal, contract_id=contract.contract_id, now=now)
        called_off = planned - _planned_count(session, principal, organization_id)
    if is_proposal:
        return Receipt(f"The proposal to {other} was withdrawn.", now, 0)
    visits_text = f"; {to_plural(called_off, 'visit was', 'visits were')} called off" if called_off else ""
    return Receipt(f"The contract with {other} ends today{visits_text}.", now, 1 + called_off)


def _planned_count(session: Session, principal: Principal, organization_id: UUID) -> int:
    return visits.list_visits(
        session, principal, organization_id=organization_id, status=VisitStatus.PLANNED, page=PageRequest(size=1)
    ).total


def visits_of(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    building_id: UUID | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
    status: VisitStatus | None = None,
    page: PageRequest,
) -> Page[VisitView]:
    """Visits under the organization's contracts, by day.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return visits.list_visits(
            session,
            principal,
            organization_id=organization_id,
            building_id=building_id,
            from_on=from_on,
            to_on=to_on,
            status=status,
            page=page,
        )


def every_visit(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    from_on: date | None,
    to_on: date | None,
    status: VisitStatus | None,
) -> list[VisitView]:
    """As `visits_of`, all pages, for a download."""
    with read_only_session(engine) as session:
        return every_item(
            lambda page: visits.list_visits(
                session,
                principal,
                organization_id=organization_id,
                from_on=from_on,
                to_on=to_on,
                status=status,
                page=page,
            )
        )


def visit_of(engine: Engine, principal: Principal, *, visit_id: UUID) -> VisitView:
    """One visit.

    Raises
    ------
    DomainError
        When the database is down, or there is no such visit for the principal.
    """
    with read_only_session(engine) as session:
        return visits.visit_of(session, principal, visit_id=visit_id)


def plan_visit(
    engine: Engine,
    principal: Principal,
    *,
    contract: ContractView,
    place: Place,
    equipment_id: UUID | None,
    planned_on: date,
    purpose: str,
    person_ids: Sequence[UUID],
    now: datetime,
) -> Receipt:
    """Plan a visit under a contract.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        visits.plan_visit(
            session,
            principal,
            contract_id=contract.contract_id,
            building_id=place.building.building_id,
            equipment_id=equipment_id,
            planned_on=planned_on,
            purpose=purpose,
            person_ids=person_ids,
            now=now,
        )
    return Receipt(f"{contract.contractor_name} comes to {place.building.name} on {to_day(planned_on)}.", now, 1)


def move_visit(
    engine: Engine,
    principal: Principal,
    *,
    visit: VisitView,
    planned_on: date,
    person_ids: Sequence[UUID],
    now: datetime,
) -> Receipt:
    """Give a planned visit another day or crew; an empty crew lets anybody of the contractor come.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        visits.move_visit(
            session, principal, visit_id=visit.visit_id, planned_on=planned_on, person_ids=person_ids, now=now
        )
    return Receipt(
        f"The visit of {visit.contractor_name} to {visit.building_name} is on {to_day(planned_on)} now.", now, 1
    )


def settle_visit(engine: Engine, principal: Principal, *, visit: VisitView, is_done: bool, now: datetime) -> Receipt:
    """Note that a visit took place, or call it off.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        visits.settle_visit(session, principal, visit_id=visit.visit_id, is_done=is_done, now=now)
    what = "took place" if is_done else "was called off"
    return Receipt(f"The visit of {visit.contractor_name} to {visit.building_name} {what}.", now, 1)

"""Use cases of visits: plan, move to another day or crew, settle, list.

Both sides of a contract plan its visits; nobody else knows of them.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import VisitPlanned, VisitSettled
from operational_db.owners.contracts import NO_CONTRACT, require_may_see_contracts
from operational_db.owners.repository import OwnersRepository
from operational_db.owners.rules import LONGEST_TEXT, optional_text
from operational_db.owners.views import VisitView
from operational_db.paging import Page, PageRequest
from operational_db.tables.owners import Building, ServiceContract, Visit
from operational_db.types import VisitStatus, new_id

NO_VISIT = "There is no visit with this id that you may see. Check the id in the list of visits."
LARGEST_CREW = 50


def plan_visit(
    session: Session,
    principal: Principal,
    *,
    contract_id: UUID,
    building_id: UUID,
    equipment_id: UUID | None = None,
    planned_on: date,
    purpose: str = "",
    person_ids: Sequence[UUID] = (),
    now: datetime,
) -> Visit:
    """Plan a visit under a contract, to a building or one unit of it.

    Parameters
    ----------
    person_ids
        Who is to come; nobody named means that anybody of the contractor may.

    Raises
    ------
    NotFoundError
        When contract, building, unit or one of the people is none of those the contract is about, and as long as
        the contractor has not accepted it.
    InvalidInputError
        When the day has passed or lies outside the contract, or the crew is too large.
    """
    repository = OwnersRepository(session)
    contract = repository.contract(contract_id)
    if contract is None or contract.accepted_at is None or not _may_plan(principal, contract):
        raise NotFoundError(NO_CONTRACT)
    _require_place(repository, contract, building_id, equipment_id)
    _require_day(principal, contract, planned_on, now)
    _require_crew(repository, contract, person_ids, planned_on)
    visit = Visit(
        id=new_id(),
        contract_id=contract.id,
        building_id=building_id,
        equipment_id=equipment_id,
        planned_on=planned_on,
        status=VisitStatus.PLANNED,
        purpose=_purpose(purpose),
        created_at=now,
        updated_at=now,
    )
    session.add(visit)
    session.flush()
    repository.replace_crew(visit.id, person_ids)
    append_events(session, [_planned(visit, contract, len(set(person_ids)), now)], now=now)
    return visit


def move_visit(
    session: Session,
    principal: Principal,
    *,
    visit_id: UUID,
    planned_on: date | None = None,
    person_ids: Sequence[UUID] | None = None,
    purpose: str | None = None,
    now: datetime,
) -> Visit:
    """Give a planned visit another day, crew or purpose; what is None stays. An empty crew lets anybody come.

    Raises
    ------
    NotFoundError, InvalidInputError
    ConflictError
        When the visit took place or was called off.
    """
    repository = OwnersRepository(session)
    visit, contract = _planned_visit(repository, principal, visit_id)
    day = planned_on or visit.planned_on
    if planned_on is not None:
        _require_day(principal, contract, planned_on, now)
    crew = repository.crew_ids(visit.id) if person_ids is None else list(dict.fromkeys(person_ids))
    _require_crew(repository, contract, crew, day)
    visit.planned_on = day
    visit.updated_at = now
    if purpose is not None:
        visit.purpose = _purpose(purpose)
    if person_ids is not None:
        repository.replace_crew(visit.id, crew)
    session.flush()
    append_events(session, [_planned(visit, contract, len(crew), now)], now=now)
    return visit


def settle_visit(session: Session, principal: Principal, *, visit_id: UUID, is_done: bool, now: datetime) -> Visit:
    """Note that a visit took place, or call it off.

    Raises
    ------
    NotFoundError
    InvalidInputError
        When it is said to have taken place before its day.
    ConflictError
        When it was settled already.
    """
    visit, contract = _planned_visit(OwnersRepository(session), principal, visit_id)
    if is_done and visit.planned_on > now.date():
        raise InvalidInputError("This visit is planned for a later day. Move it to the day on which it took place.")
    visit.status = VisitStatus.DONE if is_done else VisitStatus.CANCELLED
    visit.settled_at = visit.updated_at = now
    session.flush()
    event = VisitSettled(
        subject_id=None,
        organization_id=contract.owner_id,
        occurred_at=now,
        visit_id=visit.id,
        contractor_id=contract.contractor_id,
        is_done=is_done,
    )
    append_events(session, [event], now=now)
    return visit


def list_visits(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    building_id: UUID | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
    status: VisitStatus | None = None,
    page: PageRequest | None = None,
) -> Page[VisitView]:
    """The visits under contracts an organization is a side of, by day; both days included.

    Raises
    ------
    NotAuthorizedError
    """
    require_may_see_contracts(principal, organization_id)
    condition = or_(ServiceContract.owner_id == organization_id, ServiceContract.contractor_id == organization_id)
    if building_id is not None:
        condition &= Visit.building_id == building_id
    return OwnersRepository(session).visits(
        condition, page=page or PageRequest(), from_on=from_on, to_on=to_on, status=status
    )


def visit_of(session: Session, principal: Principal, *, visit_id: UUID) -> VisitView:
    """One visit, for both sides of its contract.

    Raises
    ------
    NotFoundError
    """
    found = OwnersRepository(session).visits(Visit.id == visit_id, page=PageRequest()).items
    view = found[0] if found else None
    if view is None or not _may_see(principal, view.owner_id, view.contractor_id):
        raise NotFoundError(NO_VISIT)
    return view


def _may_see(principal: Principal, owner_id: UUID, contractor_id: UUID) -> bool:
    return (
        principal.can(Permission.VIEW_BUILDINGS, owner_id)
        or principal.can(Permission.PLAN_VISITS, owner_id)
        or principal.can(Permission.PLAN_VISITS, contractor_id)
    )


def _may_plan(principal: Principal, contract: ServiceContract) -> bool:
    return principal.can(Permission.PLAN_VISITS, contract.owner_id) or principal.can(
        Permission.PLAN_VISITS, contract.contractor_id
    )


def _planned_visit(repository: OwnersRepository, principal: Principal, visit_id: UUID) -> tuple[Visit, ServiceContract]:
    visit = repository.visit(visit_id, lock=True)
    contract = None if visit is None else repository.contract(visit.contract_id)
    if visit is None or contract is None or not _may_plan(principal, contract):
        raise NotFoundError(NO_VISIT)
    if visit.status is not VisitStatus.PLANNED:
        raise ConflictError("This visit took place or was called off; plan another one.")
    return visit, contract


def _require_place(
    repository: OwnersRepository, contract: ServiceContract, building_id: UUID, equipment_id: UUID | None
) -> Building:
    building = repository.building(building_id)
    is_covered = contract.building_id is None or contract.building_id == building_id
    if building is None or building.organization_id != contract.owner_id or not is_covered:
        raise NotFoundError("The contract covers no building with this id. Check the id in the list of buildings.")
    if not building.is_active:
        raise InvalidInputError("This building is out of use, so nobody can be sent there.")
    if equipment_id is not None:
        unit = repository.equipment(equipment_id)
        if unit is None or unit.building_id != building_id:
            raise NotFoundError("The building has no unit with this id. Check the id in the list of its units.")
    return building


def _require_day(principal: Principal, contract: ServiceContract, planned_on: date, now: datetime) -> None:
    if planned_on < now.date() and not principal.is_system:
        raise InvalidInputError("A visit is planned for today or later. Choose another day.")
    if planned_on < contract.started_on or (contract.ended_on is not None and planned_on > contract.ended_on):
        raise InvalidInputError("The contract does not hold on that day. Choose a day within it.")


def _require_crew(
    repository: OwnersRepository, contract: ServiceContract, person_ids: Sequence[UUID], planned_on: date
) -> None:
    if len(set(person_ids)) > LARGEST_CREW:
        raise InvalidInputError(f"A crew has up to {LARGEST_CREW} people.")
    if not person_ids:
        return
    members = {each.person_id for each in repository.serving([contract.contractor_id], on=planned_on)}
    if not members.issuperset(person_ids):
        raise NotFoundError("The contractor has nobody with one of these ids on that day. Check the ids.")


def _purpose(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise InvalidInputError(f"A purpose has up to {LONGEST_TEXT} characters.")
    return optional_text(text, "purpose") or ""


def _planned(visit: Visit, contract: ServiceContract, crew_size: int, now: datetime) -> VisitPlanned:
    return VisitPlanned(
        subject_id=None,
        organization_id=contract.owner_id,
        occurred_at=now,
        visit_id=visit.id,
        contract_id=contract.id,
        contractor_id=contract.contractor_id,
        building_id=visit.building_id,
        equipment_id=visit.equipment_id,
        planned_on=visit.planned_on,
        crew_size=crew_size,
    )

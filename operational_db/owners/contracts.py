"""Use cases of service contracts: start one, end one, list them.

An owner's managers start contracts; both sides may end one. Contracts decide which people an owner may ask about.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal, not_authorized
from operational_db.ledger.append import append_events
from operational_db.ledger.events import ServiceContractEnded, ServiceContractStarted, VisitSettled
from operational_db.owners.repository import OwnersRepository, can_own_buildings
from operational_db.owners.views import ContractView
from operational_db.paging import Page, PageRequest
from operational_db.tables.owners import ServiceContract
from operational_db.types import OrganizationKind, VisitStatus, new_id

NO_CONTRACT = "There is no contract with this id that you may see. Check the id in the list of contracts."
# Who has technicians to send.
CONTRACTOR_KINDS = frozenset({OrganizationKind.SERVICE_COMPANY, OrganizationKind.MANUFACTURER})


def start_contract(
    session: Session,
    principal: Principal,
    *,
    owner_id: UUID,
    contractor_id: UUID,
    building_id: UUID | None = None,
    started_on: date | None = None,
    ended_on: date | None = None,
    now: datetime,
) -> ServiceContract:
    """Note that a contractor services an owner's buildings, or one of them (`building_id`).

    Parameters
    ----------
    started_on
        First day; None is today.
    ended_on
        Last day, included; None while it is open.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    NotFoundError
        When there is no such contractor, or the building is not the owner's.
    ConflictError
        When the two have a contract on the same that holds on one of these days.
    """
    principal.require(Permission.MANAGE_BUILDINGS, owner_id)
    first = started_on or now.date()
    if ended_on is not None and ended_on < first:
        raise InvalidInputError("The contract ends before it starts. Check both days.")
    if owner_id == contractor_id:
        raise InvalidInputError("A contract has two sides; name another organization as the contractor.")
    repository = OwnersRepository(session)
    owner, contractor = repository.organization(owner_id), repository.organization(contractor_id)
    if owner is None or not can_own_buildings(owner):
        raise InvalidInputError("Only an organization of the kind building_owner has buildings to be serviced.")
    if contractor is None or contractor.kind not in CONTRACTOR_KINDS:
        raise NotFoundError("There is no service company or manufacturer with this id. Check the id.")
    if building_id is not None:
        building = repository.building(building_id)
        if building is None or building.organization_id != owner_id:
            raise NotFoundError("The owner has no building with this id. Check the id in the list of buildings.")
    repository.lock_pair(owner_id, contractor_id)
    other = repository.overlapping_contract(owner_id, contractor_id, building_id, started_on=first, ended_on=ended_on)
    if other is not None:
        raise ConflictError(
            f"There is a contract with this contractor on the same since {other.started_on:%d %b %Y}. End that first.",
            details={"contract_id": str(other.id)},
        )
    contract = ServiceContract(
        id=new_id(),
        owner_id=owner_id,
        contractor_id=contractor_id,
        building_id=building_id,
        started_on=first,
        ended_on=ended_on,
        created_at=now,
        updated_at=now,
    )
    session.add(contract)
    session.flush()
    started = ServiceContractStarted(
        subject_id=None,
        organization_id=owner_id,
        occurred_at=now,
        contract_id=contract.id,
        contractor_id=contractor_id,
        building_id=building_id,
        started_on=first,
    )
    append_events(session, [started], now=now)
    if ended_on is not None:
        append_events(session, [_ended(contract, ended_on, now)], now=now)
    return contract


def end_contract(
    session: Session, principal: Principal, *, contract_id: UUID, ended_on: date | None = None, now: datetime
) -> ServiceContract:
    """End a contract; `ended_on` is its last day (None: today). Visits planned for later are called off.

    Raises
    ------
    NotFoundError, InvalidInputError
    ConflictError
        When it has ended by then already.
    """
    repository = OwnersRepository(session)
    contract = repository.contract(contract_id, lock=True)
    if contract is None or not _may_end(principal, contract):
        raise NotFoundError(NO_CONTRACT)
    last = ended_on or now.date()
    if last < contract.started_on:
        raise InvalidInputError("A contract ends on its first day or later. Check the day.")
    if last < now.date() and not principal.is_system:
        raise InvalidInputError("A contract ends today or later: what was done under it stays as it was.")
    if contract.ended_on is not None and contract.ended_on <= last:
        raise ConflictError(f"This contract ends on {contract.ended_on:%d %b %Y} already.")
    contract.ended_on = last
    contract.updated_at = now
    called_off = repository.planned_visits_of(contract.id, after=last)
    for visit in called_off:
        visit.status = VisitStatus.CANCELLED
        visit.settled_at = visit.updated_at = now
    session.flush()
    settled = [
        VisitSettled(
            subject_id=None,
            organization_id=contract.owner_id,
            occurred_at=now,
            visit_id=visit.id,
            contractor_id=contract.contractor_id,
            is_done=False,
        )
        for visit in called_off
    ]
    append_events(session, [_ended(contract, last, now), *settled], now=now)
    return contract


def list_contracts(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    on: date | None = None,
    page: PageRequest | None = None,
) -> Page[ContractView]:
    """The contracts an organization is a side of, the latest first; with `on` those not ended by that day.

    Raises
    ------
    NotAuthorizedError
    """
    require_may_see_contracts(principal, organization_id)
    condition = or_(ServiceContract.owner_id == organization_id, ServiceContract.contractor_id == organization_id)
    return OwnersRepository(session).contracts(condition, on=on, page=page or PageRequest())


def contract_of(session: Session, principal: Principal, *, contract_id: UUID) -> ContractView:
    """One contract, for both of its sides.

    Raises
    ------
    NotFoundError
    """
    found = OwnersRepository(session).contracts(ServiceContract.id == contract_id, on=None, page=PageRequest()).items
    view = found[0] if found else None
    if view is None or not (
        principal.can(Permission.VIEW_BUILDINGS, view.owner_id)
        or principal.can(Permission.PLAN_VISITS, view.contractor_id)
    ):
        raise NotFoundError(NO_CONTRACT)
    return view


def require_may_see_contracts(principal: Principal, organization_id: UUID) -> None:
    """Contracts and visits are seen by who may see the owner's buildings, and by who plans visits on either side.

    Raises
    ------
    NotAuthorizedError
    """
    if not (
        principal.can(Permission.VIEW_BUILDINGS, organization_id)
        or principal.can(Permission.PLAN_VISITS, organization_id)
    ):
        raise not_authorized(Permission.VIEW_BUILDINGS, organization_id)


def _may_end(principal: Principal, contract: ServiceContract) -> bool:
    return principal.can(Permission.MANAGE_BUILDINGS, contract.owner_id) or principal.can(
        Permission.PLAN_VISITS, contract.contractor_id
    )


def _ended(contract: ServiceContract, ended_on: date, now: datetime) -> ServiceContractEnded:
    return ServiceContractEnded(
        subject_id=None,
        organization_id=contract.owner_id,
        occurred_at=now,
        contract_id=contract.id,
        contractor_id=contract.contractor_id,
        ended_on=ended_on,
    )

"""Use cases of service contracts: propose one, accept or decline it, end it, list them.

An owner's managers propose and the contractor's managers accept; both sides may end one. An accepted contract decides
which people an owner may ask about, so a proposal opens nobody and nothing.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal, not_authorized
from operational_db.ledger.append import append_events
from operational_db.ledger.events import ServiceContractEnded, ServiceContractStarted, VisitSettled
from operational_db.owners.repository import OwnersRepository, can_own_buildings
from operational_db.owners.views import ContractView
from operational_db.paging import Page, PageRequest
from operational_db.tables.identity import Organization
from operational_db.tables.owners import ServiceContract
from operational_db.types import OrganizationKind, VisitStatus, new_id

NO_CONTRACTOR = "There is no service company or manufacturer with this id. Check the id."
NO_CONTRACT = "There is no contract with this id that you may see. Check the id in the list of contracts."
# Who has technicians to send.
CONTRACTOR_KINDS = frozenset({OrganizationKind.SERVICE_COMPANY, OrganizationKind.MANUFACTURER})


def propose_contract(
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
    """Propose to a contractor that it services an owner's buildings, or one of them (`building_id`).

    Nothing follows from a proposal until the contractor accepts it.

    Parameters
    ----------
    started_on
        First day, None is today; it is the day of the contractor's consent at the earliest.
    ended_on
        Last day, included; None while it is open.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    NotFoundError
        When there is no such contractor, or the building is not the owner's.
    ConflictError
        When the two have a contract or a proposal on the same for one of these days.
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
        raise NotFoundError(NO_CONTRACTOR)
    if building_id is not None:
        building = repository.building(building_id)
        if building is None or building.organization_id != owner_id:
            raise NotFoundError("The owner has no building with this id. Check the id in the list of buildings.")
    repository.lock_pair(owner_id, contractor_id)
    other = repository.overlapping_contract(owner_id, contractor_id, building_id, started_on=first, ended_on=ended_on)
    if other is not None:
        text = (
            f"There is a contract with this contractor on the same since {other.started_on:%d %b %Y}. End that first."
            if other.accepted_at is not None
            else "A proposal to this contractor on the same waits for its answer. Withdraw that first."
        )
        raise ConflictError(text, details={"contract_id": str(other.id)})
    contract = ServiceContract(
        id=new_id(),
        owner_id=owner_id,
        contractor_id=contractor_id,
        building_id=building_id,
        started_on=first,
        ended_on=ended_on,
        proposed_at=now,
        created_at=now,
        updated_at=now,
    )
    session.add(contract)
    session.flush()
    return contract


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
    """As `propose_contract`, for contracts that both sides agreed to elsewhere: only the operator may note those.

    Raises
    ------
    NotAuthorizedError, InvalidInputError, NotFoundError, ConflictError
    """
    if not principal.is_system:
        raise NotAuthorizedError("A contract starts when the contractor accepts it. Propose it instead.")
    contract = propose_contract(
        session,
        principal,
        owner_id=owner_id,
        contractor_id=contractor_id,
        building_id=building_id,
        started_on=started_on,
        ended_on=ended_on,
        now=now,
    )
    return _start(session, contract, now)


def accept_contract(session: Session, principal: Principal, *, contract_id: UUID, now: datetime) -> ServiceContract:
    """The contractor's consent: from today at the earliest its people may be asked about and visits be planned.

    Given by those who plan visits for the contractor; no administrator of the platform gives it for them.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When the proposal was answered already, or all its days have passed.
    """
    contract = _to_answer(session, principal, contract_id)
    contract.started_on = max(contract.started_on, now.date())
    if contract.ended_on is not None and contract.ended_on < contract.started_on:
        raise ConflictError("The days of this proposal have passed. Ask the owner to propose it anew.")
    return _start(session, contract, now)


def decline_contract(session: Session, principal: Principal, *, contract_id: UUID, now: datetime) -> ServiceContract:
    """The contractor does not want the contract; the owner may propose another one.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When the proposal was answered already.
    """
    contract = _to_answer(session, principal, contract_id)
    contract.declined_at = contract.updated_at = now
    session.flush()
    return contract


def end_contract(
    session: Session, principal: Principal, *, contract_id: UUID, ended_on: date | None = None, now: datetime
) -> ServiceContract:
    """End a contract; `ended_on` is its last day (None: today). Visits planned for later are called off.

    A proposal is over at once, whatever day is named: the owner withdraws it, the contractor declines it.

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
    _require_not_refused(contract)
    if contract.accepted_at is None:
        if principal.can(Permission.MANAGE_BUILDINGS, contract.owner_id):
            contract.withdrawn_at = now
        else:
            contract.declined_at = now
        contract.updated_at = now
        session.flush()
        return contract
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
    """The contracts an organization is a side of, the latest first; with `on` those not over by that day.

    Proposals are among them; declined and withdrawn ones only without `on`.

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


def contractor_named(session: Session, principal: Principal, *, owner_id: UUID, name: str) -> UUID:
    """The company an owner means by its whole name or short name; a part of a name finds nobody.

    Raises
    ------
    NotAuthorizedError
    NotFoundError
        When no service company or manufacturer is called so.
    ConflictError
        When several are.
    """
    principal.require(Permission.MANAGE_BUILDINGS, owner_id)
    wanted = name.strip().lower()
    statement = select(Organization.id).where(
        Organization.kind.in_(CONTRACTOR_KINDS),
        or_(func.lower(Organization.name) == wanted, Organization.slug == wanted),
    )
    found = session.scalars(statement.limit(2)).all()
    if not found:
        raise NotFoundError("No service company or manufacturer is called so. Write its whole name, or its short name.")
    if len(found) > 1:
        raise ConflictError("Several companies are called so. Ask the contractor for its short name and write that.")
    return found[0]


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


def _to_answer(session: Session, principal: Principal, contract_id: UUID) -> ServiceContract:
    """The proposal, locked; whoever may not know of it is told that there is none."""
    contract = OwnersRepository(session).contract(contract_id, lock=True)
    is_theirs = contract is not None and (
        principal.is_system or contract.contractor_id in principal.organizations_with(Permission.PLAN_VISITS)
    )
    if contract is None or not (is_theirs or principal.can(Permission.VIEW_BUILDINGS, contract.owner_id)):
        raise NotFoundError(NO_CONTRACT)
    if not is_theirs:
        raise NotAuthorizedError("Only the contractor answers a proposal. Ask one of its managers.")
    _require_not_refused(contract)
    if contract.accepted_at is not None:
        raise ConflictError(f"This contract was accepted on {contract.accepted_at:%d %b %Y} already.")
    return contract


def _require_not_refused(contract: ServiceContract) -> None:
    if contract.declined_at is not None:
        raise ConflictError(f"This proposal was declined on {contract.declined_at:%d %b %Y}. It can be made anew.")
    if contract.withdrawn_at is not None:
        raise ConflictError(f"This proposal was withdrawn on {contract.withdrawn_at:%d %b %Y}. It can be made anew.")


def _start(session: Session, contract: ServiceContract, now: datetime) -> ServiceContract:
    contract.accepted_at = contract.updated_at = now
    session.flush()
    started = ServiceContractStarted(
        subject_id=None,
        organization_id=contract.owner_id,
        occurred_at=now,
        contract_id=contract.id,
        contractor_id=contract.contractor_id,
        building_id=contract.building_id,
        started_on=contract.started_on,
    )
    append_events(session, [started], now=now)
    if contract.ended_on is not None:
        append_events(session, [_ended(contract, contract.ended_on, now)], now=now)
    return contract


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

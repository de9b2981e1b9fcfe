"""An owner with two buildings, a contractor under contract for one of them, another owner and another contractor."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.gates.shipped import install_platform_rules
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.owners import contracts, crew_rules, service, visits
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Organization, Person
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.owners import Building, Equipment, ServiceContract, Visit
from operational_db.types import CrewRuleTarget, EquipmentType, GateMode, OrganizationKind, Role, new_id
from tests import builders
from tests.operational_db.principals import principal_of


@dataclass
class OwnerWorld:
    """`ann` holds the crane certificate, `bob` holds one that has expired, `eve` serves nobody here."""

    now: datetime
    owner_id: UUID
    contractor_id: UUID
    other_owner_id: UUID
    other_contractor_id: UUID
    tower_id: UUID
    depot_id: UUID
    foreign_building_id: UUID
    lift_id: UUID
    stairs_id: UUID
    foreign_unit_id: UUID
    contract_id: UUID
    crane_id: UUID
    rigging_id: UUID
    ann_certificate_id: UUID
    principals: dict[str, Principal] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.date()

    def id_of(self, who: str) -> UUID:
        return self.principals[who].person_id

    def __getitem__(self, who: str) -> Principal:
        return self.principals[who]


def create_world(session: Session, now: datetime) -> OwnerWorld:
    owner = builders.create_organization(session, OrganizationKind.BUILDING_OWNER, name="Harbor Estates")
    other_owner = builders.create_organization(session, OrganizationKind.BUILDING_OWNER)
    contractor, other_contractor = builders.create_organization(session), builders.create_organization(session)
    people = {
        "owner": _member(session, owner, Role.BUILDING_OWNER),
        "auditor": _member(session, owner, Role.AUDITOR),
        "other_owner": _member(session, other_owner, Role.BUILDING_OWNER),
        "manager": _member(session, contractor, Role.COMPANY_MANAGER),
        "supervisor": _member(session, contractor, Role.SUPERVISOR),
        "ann": _member(session, contractor, Role.TECHNICIAN),
        "bob": _member(session, contractor, Role.TECHNICIAN),
        "other_manager": _member(session, other_contractor, Role.COMPANY_MANAGER),
        "eve": _member(session, other_contractor, Role.TECHNICIAN),
    }
    crane, rigging = builders.create_certification(session), builders.create_certification(session)
    held = _certify(session, people["ann"], crane, now.date() + timedelta(days=200))
    _certify(session, people["bob"], crane, now.date() - timedelta(days=1))
    _certify(session, people["eve"], crane, now.date() + timedelta(days=200))
    tower = _building(session, owner, "Tower", now)
    depot = _building(session, owner, "Depot", now)
    foreign = _building(session, other_owner, "Elsewhere", now)
    lift = _unit(session, tower, "Lift 1", EquipmentType.PASSENGER_ELEVATOR, now)
    stairs = _unit(session, tower, "Stairs 1", EquipmentType.ESCALATOR, now)
    _unit(session, depot, "Hoist", EquipmentType.FREIGHT_ELEVATOR, now)
    foreign_unit = _unit(session, foreign, "Lift 9", EquipmentType.PASSENGER_ELEVATOR, now)
    contract = _contract(session, owner, contractor, tower, now)
    _contract(session, other_owner, other_contractor, None, now)
    world = OwnerWorld(
        now=now,
        owner_id=owner.id,
        contractor_id=contractor.id,
        other_owner_id=other_owner.id,
        other_contractor_id=other_contractor.id,
        tower_id=tower.id,
        depot_id=depot.id,
        foreign_building_id=foreign.id,
        lift_id=lift.id,
        stairs_id=stairs.id,
        foreign_unit_id=foreign_unit.id,
        contract_id=contract.id,
        crane_id=crane.id,
        rigging_id=rigging.id,
        ann_certificate_id=held.id,
    )
    roles = {
        "owner": (owner, Role.BUILDING_OWNER),
        "auditor": (owner, Role.AUDITOR),
        "other_owner": (other_owner, Role.BUILDING_OWNER),
        "manager": (contractor, Role.COMPANY_MANAGER),
        "supervisor": (contractor, Role.SUPERVISOR),
        "ann": (contractor, Role.TECHNICIAN),
        "bob": (contractor, Role.TECHNICIAN),
        "other_manager": (other_contractor, Role.COMPANY_MANAGER),
        "eve": (other_contractor, Role.TECHNICIAN),
    }
    world.principals = {who: principal_of(people[who], *place) for who, place in roles.items()}
    install_platform_rules(session, now=now)
    require(session, world)
    return world


def require(
    session: Session,
    world: OwnerWorld,
    requirement: dict[str, object] | None = None,
    target: CrewRuleTarget = CrewRuleTarget.EQUIPMENT_TYPE,
    key: str | UUID = "passenger_elevator",
    mode: GateMode = GateMode.ENFORCE,
    now: datetime | None = None,
    **fields: date,
) -> UUID:
    """The owner's rule: without another requirement, the crane certificate for whoever works on passenger elevators."""
    return crew_rules.set_crew_rule(
        session,
        SYSTEM_PRINCIPAL,
        organization_id=world.owner_id,
        target=target,
        target_key=key,
        requirement=requirement or {"certification": str(world.crane_id)},
        mode=mode,
        now=now or world.now,
        **({"effective_from": world.today - timedelta(days=30)} | fields),
    ).id


def plan(
    session: Session,
    world: OwnerWorld,
    days: int = 5,
    *who: str,
    equipment_id: UUID | None = None,
    building_id: UUID | None = None,
) -> Visit:
    """A visit of the contractor so many days from now."""
    return visits.plan_visit(
        session,
        SYSTEM_PRINCIPAL,
        contract_id=world.contract_id,
        building_id=building_id or world.tower_id,
        equipment_id=equipment_id,
        planned_on=world.today + timedelta(days=days),
        person_ids=[world.id_of(each) for each in who],
        now=world.now,
    )


def events_of(session: Session, kind: str) -> list[LedgerEvent]:
    return list(session.scalars(select(LedgerEvent).where(LedgerEvent.kind == kind).order_by(LedgerEvent.id)))


def _member(session: Session, organization: Organization, role: Role) -> Person:
    person = builders.create_person(session, email=f"{new_id().hex}@example.test")
    builders.create_membership(session, person, organization, role)
    return person


def _certify(session: Session, person: Person, kind: Certification, expires_on: date) -> Certificate:
    fields = {"issued_on": expires_on - timedelta(days=365), "expires_on": expires_on}
    return builders.create_certificate(session, person, kind, created_at=builders.LONG_AGO_AT, **fields)


def _building(session: Session, owner: Organization, name: str, now: datetime) -> Building:
    return service.add_building(session, SYSTEM_PRINCIPAL, organization_id=owner.id, name=name, now=now)


def _unit(session: Session, building: Building, name: str, kind: EquipmentType, now: datetime) -> Equipment:
    return service.add_equipment(
        session, SYSTEM_PRINCIPAL, building_id=building.id, name=name, equipment_type=kind, now=now
    )


def _contract(
    session: Session, owner: Organization, contractor: Organization, building: Building | None, now: datetime
) -> ServiceContract:
    return contracts.start_contract(
        session,
        SYSTEM_PRINCIPAL,
        owner_id=owner.id,
        contractor_id=contractor.id,
        building_id=None if building is None else building.id,
        started_on=now.date() - timedelta(days=100),
        now=now,
    )

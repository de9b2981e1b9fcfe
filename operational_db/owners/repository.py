"""Queries on buildings, units, contracts and visits. Nothing here decides who may see what."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from operational_db.owners.views import (
    BuildingView,
    ContractView,
    CrewMember,
    EquipmentView,
    ServingPerson,
    VisitView,
)
from operational_db.paging import Page, PageRequest
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.tables.owners import (
    Building,
    Equipment,
    Manufacturer,
    ServiceContract,
    Visit,
    VisitAlert,
    VisitPerson,
)
from operational_db.types import EquipmentStatus, OrganizationKind, VisitStatus

R = TypeVar("R", Building, Equipment, ServiceContract, Visit)


class OwnersRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    # Buildings and units

    def building(self, building_id: UUID, *, lock: bool = False) -> Building | None:
        return self._one(select(Building).where(Building.id == building_id), lock=lock)

    def equipment(self, equipment_id: UUID, *, lock: bool = False) -> Equipment | None:
        return self._one(select(Equipment).where(Equipment.id == equipment_id), lock=lock)

    def buildings_of_units(self, equipment_ids: Collection[UUID]) -> dict[UUID, UUID]:
        """The building of each unit there is."""
        statement = select(Equipment.id, Equipment.building_id).where(Equipment.id.in_(equipment_ids))
        return {unit_id: building_id for unit_id, building_id in self.session.execute(statement)}

    def organization(self, organization_id: UUID) -> Organization | None:
        return self.session.get(Organization, organization_id)

    def manufacturer(self, manufacturer_id: UUID) -> Manufacturer | None:
        return self.session.get(Manufacturer, manufacturer_id)

    def is_register_id_taken(self, building: Building) -> bool:
        """Whether another building of the owner has the register's number."""
        statement = select(Building.id).where(
            Building.organization_id == building.organization_id,
            Building.register_id == building.register_id,
            Building.id != building.id,
        )
        return building.register_id is not None and self.session.scalar(statement) is not None

    def is_unit_register_id_taken(self, unit: Equipment) -> bool:
        """Whether another unit of the building has the register's number."""
        statement = select(Equipment.id).where(
            Equipment.building_id == unit.building_id,
            Equipment.register_id == unit.register_id,
            Equipment.id != unit.id,
        )
        return unit.register_id is not None and self.session.scalar(statement) is not None

    def buildings(
        self,
        condition: ColumnElement[bool],
        *,
        on: date,
        page: PageRequest,
        search: str | None = None,
        is_active: bool | None = True,
    ) -> Page[BuildingView]:
        """Buildings by name, with the number of units in use and the next planned visit."""
        conditions = [condition]
        if is_active is not None:
            conditions.append(Building.is_active.is_(is_active))
        if search:
            conditions.append(
                or_(
                    Building.name.icontains(search, autoescape=True),
                    Building.address.icontains(search, autoescape=True),
                    Building.register_id == search,
                )
            )
        total = self.session.scalar(select(func.count()).select_from(Building).where(*conditions)) or 0
        unit_count = (
            select(func.count())
            .select_from(Equipment)
            .where(Equipment.building_id == Building.id, is_in_use())
            .scalar_subquery()
        )
        next_visit_on = (
            select(func.min(Visit.planned_on))
            .where(Visit.building_id == Building.id, Visit.status == VisitStatus.PLANNED, Visit.planned_on >= on)
            .scalar_subquery()
        )
        rows = self.session.execute(
            select(Building, Organization.name, unit_count, next_visit_on)
            .join(Organization, Organization.id == Building.organization_id)
            .where(*conditions)
            .order_by(Building.name, Building.id)
            .limit(page.size)
            .offset(page.offset)
        )
        views = [_building_view(row[0], row[1], row[2], row[3]) for row in rows]
        return Page(views, total, page.number, page.size)

    def units_of(
        self, building_id: UUID, *, is_in_use_only: bool, equipment_ids: Collection[UUID] | None = None
    ) -> list[EquipmentView]:
        """Units of a building by name."""
        statement = (
            select(Equipment, Manufacturer.name)
            .outerjoin(Manufacturer, Manufacturer.id == Equipment.manufacturer_id)
            .where(Equipment.building_id == building_id)
        )
        if is_in_use_only:
            statement = statement.where(is_in_use())
        if equipment_ids is not None:
            statement = statement.where(Equipment.id.in_(equipment_ids))
        rows = self.session.execute(statement.order_by(Equipment.name, Equipment.id))
        return [_equipment_view(unit, name) for unit, name in rows]

    # Contracts

    def contract(self, contract_id: UUID, *, lock: bool = False) -> ServiceContract | None:
        return self._one(select(ServiceContract).where(ServiceContract.id == contract_id), lock=lock)

    def lock_pair(self, owner_id: UUID, contractor_id: UUID) -> None:
        """Until the transaction ends, nobody else changes contracts between the two."""
        key = f"contract/{owner_id}/{contractor_id}"
        self.session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})

    def overlapping_contract(
        self, owner_id: UUID, contractor_id: UUID, building_id: UUID | None, *, started_on: date, ended_on: date | None
    ) -> ServiceContract | None:
        """A contract of the two on the same building (or on all), accepted or open, for one of the days."""
        statement = select(ServiceContract).where(
            ServiceContract.owner_id == owner_id,
            ServiceContract.contractor_id == contractor_id,
            ServiceContract.building_id.is_not_distinct_from(building_id),
            or_(ServiceContract.ended_on.is_(None), ServiceContract.ended_on >= started_on),
            is_not_refused(),
        )
        if ended_on is not None:
            statement = statement.where(ServiceContract.started_on <= ended_on)
        return self.session.scalar(statement.limit(1))

    def contracts(self, condition: ColumnElement[bool], *, on: date | None, page: PageRequest) -> Page[ContractView]:
        """Contracts, the latest first; `on` leaves only those accepted or open that have not ended by the day."""
        conditions = [condition]
        if on is not None:
            conditions += [is_not_refused(), or_(ServiceContract.ended_on.is_(None), ServiceContract.ended_on >= on)]
        total = self.session.scalar(select(func.count()).select_from(ServiceContract).where(*conditions)) or 0
        owner, contractor = aliased(Organization), aliased(Organization)
        rows = self.session.execute(
            select(ServiceContract, owner.name, contractor.name, Building.name)
            .join(owner, owner.id == ServiceContract.owner_id)
            .join(contractor, contractor.id == ServiceContract.contractor_id)
            .outerjoin(Building, Building.id == ServiceContract.building_id)
            .where(*conditions)
            .order_by(ServiceContract.started_on.desc(), ServiceContract.id)
            .limit(page.size)
            .offset(page.offset)
        )
        views = [
            ContractView(
                contract_id=contract.id,
                owner_id=contract.owner_id,
                owner_name=owner_name,
                contractor_id=contract.contractor_id,
                contractor_name=contractor_name,
                building_id=contract.building_id,
                building_name=building_name,
                started_on=contract.started_on,
                ended_on=contract.ended_on,
                proposed_at=contract.proposed_at,
                accepted_at=contract.accepted_at,
                declined_at=contract.declined_at,
                withdrawn_at=contract.withdrawn_at,
            )
            for contract, owner_name, contractor_name, building_name in rows
        ]
        return Page(views, total, page.number, page.size)

    def serving(self, contractor_ids: Collection[UUID], *, on: date) -> list[ServingPerson]:
        """People of the contractors on the day, by name; whoever was erased is nobody."""
        statement = (
            select(Person.id, Person.display_name, Organization.id, Organization.name)
            .join(Membership, Membership.person_id == Person.id)
            .join(Organization, Organization.id == Membership.organization_id)
            .where(Membership.organization_id.in_(contractor_ids), is_member_on(on), Person.erased_at.is_(None))
            .distinct()
            .order_by(Person.display_name, Person.id, Organization.name)
        )
        return [ServingPerson(*row) for row in self.session.execute(statement)]

    # Visits

    def visit(self, visit_id: UUID, *, lock: bool = False) -> Visit | None:
        return self._one(select(Visit).where(Visit.id == visit_id), lock=lock)

    def visits(
        self,
        condition: ColumnElement[bool],
        *,
        page: PageRequest,
        from_on: date | None = None,
        to_on: date | None = None,
        status: VisitStatus | None = None,
    ) -> Page[VisitView]:
        """Visits by day, with the crew that was named."""
        conditions = [condition]
        if from_on is not None:
            conditions.append(Visit.planned_on >= from_on)
        if to_on is not None:
            conditions.append(Visit.planned_on <= to_on)
        if status is not None:
            conditions.append(Visit.status == status)
        joined = (
            select(Visit)
            .join(ServiceContract, ServiceContract.id == Visit.contract_id)
            .join(Building, Building.id == Visit.building_id)
            .where(*conditions)
        )
        counted = joined.with_only_columns(Visit.id).subquery()
        total = self.session.scalar(select(func.count()).select_from(counted)) or 0
        has_alert = exists().where(VisitAlert.visit_id == Visit.id, VisitAlert.closed_at.is_(None))
        rows = self.session.execute(
            joined.join(Organization, Organization.id == ServiceContract.contractor_id)
            .outerjoin(Equipment, Equipment.id == Visit.equipment_id)
            .with_only_columns(Visit, ServiceContract, Organization.name, Building.name, Equipment.name, has_alert)
            .order_by(Visit.planned_on, Visit.id)
            .limit(page.size)
            .offset(page.offset)
        ).all()
        crews = self.crews_of([row[0].id for row in rows])
        views = [_visit_view(row[0], row[1], row[2], row[3], row[4], row[5], crews) for row in rows]
        return Page(views, total, page.number, page.size)

    def crews_of(self, visit_ids: Collection[UUID]) -> dict[UUID, tuple[CrewMember, ...]]:
        """Who is to come, by name; nobody where none was named."""
        statement = (
            select(VisitPerson.visit_id, Person.id, Person.display_name)
            .join(Person, Person.id == VisitPerson.person_id)
            .where(VisitPerson.visit_id.in_(visit_ids))
            .order_by(Person.display_name, Person.id)
        )
        crews: dict[UUID, list[CrewMember]] = {}
        for visit_id, person_id, name in self.session.execute(statement):
            crews.setdefault(visit_id, []).append(CrewMember(person_id, name))
        return {visit_id: tuple(crew) for visit_id, crew in crews.items()}

    def crew_ids(self, visit_id: UUID) -> list[UUID]:
        statement = select(VisitPerson.person_id).where(VisitPerson.visit_id == visit_id)
        return list(self.session.scalars(statement.order_by(VisitPerson.person_id)))

    def replace_crew(self, visit_id: UUID, person_ids: Iterable[UUID]) -> None:
        for row in self.session.scalars(select(VisitPerson).where(VisitPerson.visit_id == visit_id)):
            self.session.delete(row)
        self.session.flush()
        self.session.add_all([VisitPerson(visit_id=visit_id, person_id=each) for each in dict.fromkeys(person_ids)])
        self.session.flush()

    def planned_visits_of(self, contract_id: UUID, *, after: date) -> Sequence[Visit]:
        """Visits of a contract planned for a later day, locked."""
        statement = select(Visit).where(
            Visit.contract_id == contract_id, Visit.planned_on > after, Visit.status == VisitStatus.PLANNED
        )
        return self.session.scalars(statement.order_by(Visit.id).with_for_update()).all()

    def display_names(self, person_ids: Collection[UUID]) -> dict[UUID, str]:
        statement = select(Person.id, Person.display_name).where(Person.id.in_(person_ids), Person.erased_at.is_(None))
        return {person_id: name for person_id, name in self.session.execute(statement)}

    def contractors_of(self, owner_id: UUID, *, on: date) -> dict[UUID, str]:
        """Names of those who service any of the owner's buildings by a contract that holds on the day."""
        statement = (
            select(Organization.id, Organization.name)
            .join(ServiceContract, ServiceContract.contractor_id == Organization.id)
            .where(ServiceContract.owner_id == owner_id, holds_on(on))
            .distinct()
        )
        return {contractor_id: name for contractor_id, name in self.session.execute(statement)}

    def _one(self, statement: Select[R], *, lock: bool) -> R | None:
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(statement)


def is_in_use() -> ColumnElement[bool]:
    """Units somebody may have to work on: those that were dismantled are left out."""
    return Equipment.status != EquipmentStatus.DISMANTLED


def covers(building_id: UUID | InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    return or_(ServiceContract.building_id.is_(None), ServiceContract.building_id == building_id)


def holds_on(day: date) -> ColumnElement[bool]:
    """The contract was accepted and holds on the day; its last day is included."""
    return and_(
        ServiceContract.accepted_at.is_not(None),
        ServiceContract.started_on <= day,
        or_(ServiceContract.ended_on.is_(None), ServiceContract.ended_on >= day),
    )


def is_not_refused() -> ColumnElement[bool]:
    """The contract was accepted, or is a proposal that waits for its answer."""
    return and_(ServiceContract.declined_at.is_(None), ServiceContract.withdrawn_at.is_(None))


def is_member_on(day: date) -> ColumnElement[bool]:
    return and_(Membership.started_on <= day, or_(Membership.ended_on.is_(None), Membership.ended_on > day))


def is_serviced_by(contractor_ids: Collection[UUID], *, on: date) -> ColumnElement[bool]:
    """Buildings of accepted contracts that have not ended by the day."""
    return exists().where(
        ServiceContract.accepted_at.is_not(None),
        ServiceContract.owner_id == Building.organization_id,
        or_(ServiceContract.building_id.is_(None), ServiceContract.building_id == Building.id),
        ServiceContract.contractor_id.in_(contractor_ids),
        or_(ServiceContract.ended_on.is_(None), ServiceContract.ended_on >= on),
    )


def can_own_buildings(organization: Organization) -> bool:
    return organization.kind is OrganizationKind.BUILDING_OWNER


def _building_view(
    building: Building, owner_name: str, unit_count: int | None, next_visit_on: date | None
) -> BuildingView:
    return BuildingView(
        building_id=building.id,
        organization_id=building.organization_id,
        owner_name=owner_name,
        name=building.name,
        address=building.address,
        city=building.city,
        district=building.district,
        postal_code=building.postal_code,
        register_id=building.register_id,
        latitude=building.latitude,
        longitude=building.longitude,
        timezone=building.timezone,
        is_active=building.is_active,
        unit_count=unit_count or 0,
        next_visit_on=next_visit_on,
    )


def _equipment_view(unit: Equipment, manufacturer_name: str | None) -> EquipmentView:
    return EquipmentView(
        equipment_id=unit.id,
        building_id=unit.building_id,
        name=unit.name,
        equipment_type=unit.equipment_type,
        manufacturer_id=unit.manufacturer_id,
        manufacturer_name=manufacturer_name,
        manufacturer_text=unit.manufacturer_text,
        model=unit.model,
        register_id=unit.register_id,
        status=unit.status,
        installed_on=unit.installed_on,
        inspected_on=unit.inspected_on,
    )


def _visit_view(
    visit: Visit,
    contract: ServiceContract,
    contractor_name: str,
    building_name: str,
    equipment_name: str | None,
    has_alert: bool,
    crews: dict[UUID, tuple[CrewMember, ...]],
) -> VisitView:
    return VisitView(
        visit_id=visit.id,
        contract_id=contract.id,
        owner_id=contract.owner_id,
        contractor_id=contract.contractor_id,
        contractor_name=contractor_name,
        building_id=visit.building_id,
        building_name=building_name,
        equipment_id=visit.equipment_id,
        equipment_name=equipment_name,
        planned_on=visit.planned_on,
        status=visit.status,
        purpose=visit.purpose,
        is_unqualified=has_alert,
        crew=crews.get(visit.id, ()),
    )

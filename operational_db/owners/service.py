"""Use cases of buildings and their units: add, change, take out of use, list.

An owner's people see all of its buildings; a contractor's only those of its contracts. Source: training-platform seed,
US-TC027 to US-TC029.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, true
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal, not_authorized
from operational_db.ledger.append import append_events
from operational_db.ledger.events import BuildingChanged, EquipmentChanged
from operational_db.owners.repository import OwnersRepository, can_own_buildings, is_serviced_by
from operational_db.owners.rules import optional_text, require_name, require_place
from operational_db.owners.views import BuildingView, EquipmentView
from operational_db.paging import Page, PageRequest
from operational_db.tables.owners import Building, Equipment
from operational_db.types import EquipmentStatus, EquipmentType, new_id

NO_BUILDING = "There is no building with this id that you may see. Check the id in the list of buildings."
NO_UNIT = "There is no unit with this id that you may see. Check the id in the list of the building's units."


def add_building(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    name: str,
    address: str = "",
    city: str | None = None,
    district: str | None = None,
    postal_code: str | None = None,
    register_id: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    timezone: str = "UTC",
    now: datetime,
) -> Building:
    """Add a building of an owner.

    Parameters
    ----------
    latitude, longitude
        Degrees, both or neither.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    ConflictError
        When another building of the owner has the register's number.
    """
    principal.require(Permission.MANAGE_BUILDINGS, organization_id)
    repository = OwnersRepository(session)
    organization = repository.organization(organization_id)
    if organization is None:
        raise NotFoundError("There is no organization with this id. Check the id.")
    if not can_own_buildings(organization):
        raise InvalidInputError("Only an organization of the kind building_owner has buildings.")
    building = Building(id=new_id(), organization_id=organization_id, created_at=now, updated_at=now, is_active=True)
    _describe(building, name, address, city, district, postal_code, register_id, latitude, longitude, timezone)
    return _save_building(session, building, now)


def change_building(
    session: Session,
    principal: Principal,
    *,
    building_id: UUID,
    name: str,
    address: str = "",
    city: str | None = None,
    district: str | None = None,
    postal_code: str | None = None,
    register_id: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    timezone: str = "UTC",
    is_active: bool = True,
    now: datetime,
) -> Building:
    """Say anew all that is known of a building; `is_active` false takes it out of use.

    Raises
    ------
    NotFoundError, NotAuthorizedError, InvalidInputError, ConflictError
    """
    building = _managed_building(session, principal, building_id)
    _describe(building, name, address, city, district, postal_code, register_id, latitude, longitude, timezone)
    building.is_active = is_active
    building.updated_at = now
    return _save_building(session, building, now)


def deactivate_building(session: Session, principal: Principal, *, building_id: UUID, now: datetime) -> Building:
    """Take a building out of use; what was decided and visited there stays on record.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When it is out of use already.
    """
    building = _managed_building(session, principal, building_id)
    if not building.is_active:
        raise ConflictError("This building is out of use already.")
    building.is_active = False
    building.updated_at = now
    return _save_building(session, building, now)


def add_equipment(
    session: Session,
    principal: Principal,
    *,
    building_id: UUID,
    name: str,
    equipment_type: EquipmentType,
    manufacturer_id: UUID | None = None,
    manufacturer_text: str | None = None,
    model: str | None = None,
    register_id: str | None = None,
    status: EquipmentStatus = EquipmentStatus.ACTIVE,
    installed_on: date | None = None,
    inspected_on: date | None = None,
    now: datetime,
) -> Equipment:
    """Add a unit to a building.

    Parameters
    ----------
    manufacturer_text
        As a source spells the maker; `manufacturer_id` is the one of our table.

    Raises
    ------
    NotFoundError, NotAuthorizedError, InvalidInputError
    ConflictError
        When another unit of the building has the register's number.
    """
    building = _managed_building(session, principal, building_id)
    unit = Equipment(id=new_id(), building_id=building.id, created_at=now, updated_at=now)
    unit.name = require_name(name, "name of the unit")
    unit.equipment_type = equipment_type
    unit.manufacturer_id = manufacturer_id
    unit.manufacturer_text = optional_text(manufacturer_text, "manufacturer")
    unit.model = optional_text(model, "model")
    unit.register_id = optional_text(register_id, "register's number")
    unit.status = status
    unit.installed_on, unit.inspected_on = installed_on, inspected_on
    return _save_unit(session, building, unit, now)


def change_equipment(
    session: Session,
    principal: Principal,
    *,
    equipment_id: UUID,
    name: str,
    equipment_type: EquipmentType,
    manufacturer_id: UUID | None = None,
    manufacturer_text: str | None = None,
    model: str | None = None,
    register_id: str | None = None,
    status: EquipmentStatus = EquipmentStatus.ACTIVE,
    installed_on: date | None = None,
    inspected_on: date | None = None,
    now: datetime,
) -> Equipment:
    """Say anew all that is known of a unit.

    Raises
    ------
    NotFoundError, NotAuthorizedError, InvalidInputError, ConflictError
    """
    unit, building = _managed_unit(session, principal, equipment_id)
    unit.name = require_name(name, "name of the unit")
    unit.equipment_type = equipment_type
    unit.manufacturer_id = manufacturer_id
    unit.manufacturer_text = optional_text(manufacturer_text, "manufacturer")
    unit.model = optional_text(model, "model")
    unit.register_id = optional_text(register_id, "register's number")
    unit.status = status
    unit.installed_on, unit.inspected_on, unit.updated_at = installed_on, inspected_on, now
    return _save_unit(session, building, unit, now)


def deactivate_equipment(session: Session, principal: Principal, *, equipment_id: UUID, now: datetime) -> Equipment:
    """Note that a unit was dismantled: nobody is asked to work on it any more.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When it was dismantled already.
    """
    unit, building = _managed_unit(session, principal, equipment_id)
    if unit.status is EquipmentStatus.DISMANTLED:
        raise ConflictError("This unit was dismantled already.")
    unit.status = EquipmentStatus.DISMANTLED
    unit.updated_at = now
    return _save_unit(session, building, unit, now)


def list_buildings(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    search: str | None = None,
    is_active: bool | None = True,
    page: PageRequest | None = None,
    on: date,
) -> Page[BuildingView]:
    """An owner's buildings, for its people; for a contractor's, the buildings of its contracts.

    Parameters
    ----------
    organization_id
        The owner, or the contractor.
    is_active
        Those in use, those out of use, or (None) both.

    Raises
    ------
    NotAuthorizedError
    """
    condition = _buildings_of(session, principal, organization_id, on=on)
    return OwnersRepository(session).buildings(
        condition, on=on, page=page or PageRequest(), search=search, is_active=is_active
    )


def building_of(session: Session, principal: Principal, *, building_id: UUID, on: date) -> BuildingView:
    """One building, for its owner's people and for those of contractors who service it.

    Raises
    ------
    NotFoundError
    """
    condition = Building.id == building_id
    if not principal.is_unrestricted:
        condition &= or_(
            Building.organization_id.in_(principal.organizations_with(Permission.VIEW_BUILDINGS)),
            is_serviced_by(principal.organizations_with(Permission.PLAN_VISITS), on=on),
        )
    found = OwnersRepository(session).buildings(condition, on=on, page=PageRequest(), is_active=None).items
    if not found:
        raise NotFoundError(NO_BUILDING)
    return found[0]


def list_equipment(
    session: Session, principal: Principal, *, building_id: UUID, has_dismantled: bool = False, on: date
) -> list[EquipmentView]:
    """The units of a building, for whoever may see it.

    Raises
    ------
    NotFoundError
    """
    building_of(session, principal, building_id=building_id, on=on)
    return OwnersRepository(session).units_of(building_id, is_in_use_only=not has_dismantled)


def _buildings_of(session: Session, principal: Principal, organization_id: UUID, *, on: date) -> ColumnElement[bool]:
    organization = OwnersRepository(session).organization(organization_id)
    if organization is not None and can_own_buildings(organization):
        principal.require(Permission.VIEW_BUILDINGS, organization_id)
        return Building.organization_id == organization_id
    if not principal.can(Permission.PLAN_VISITS, organization_id):
        raise not_authorized(Permission.VIEW_BUILDINGS, organization_id)
    return true() & is_serviced_by([organization_id], on=on)


def _managed_building(session: Session, principal: Principal, building_id: UUID) -> Building:
    """The building, locked; one of another owner is not told apart from none."""
    building = OwnersRepository(session).building(building_id, lock=True)
    if building is None or not (
        principal.can(Permission.VIEW_BUILDINGS, building.organization_id)
        or principal.can(Permission.MANAGE_BUILDINGS, building.organization_id)
    ):
        raise NotFoundError(NO_BUILDING)
    principal.require(Permission.MANAGE_BUILDINGS, building.organization_id)
    return building


def _managed_unit(session: Session, principal: Principal, equipment_id: UUID) -> tuple[Equipment, Building]:
    unit = OwnersRepository(session).equipment(equipment_id, lock=True)
    if unit is None:
        raise NotFoundError(NO_UNIT)
    try:
        return unit, _managed_building(session, principal, unit.building_id)
    except NotFoundError as error:
        raise NotFoundError(NO_UNIT) from error


def _describe(
    building: Building,
    name: str,
    address: str,
    city: str | None,
    district: str | None,
    postal_code: str | None,
    register_id: str | None,
    latitude: float | None,
    longitude: float | None,
    timezone: str,
) -> None:
    require_place(latitude, longitude, timezone)
    building.name = require_name(name, "name of the building")
    building.address = optional_text(address, "address") or ""
    building.city = optional_text(city, "city")
    building.district = optional_text(district, "district")
    building.postal_code = optional_text(postal_code, "postal code")
    building.register_id = optional_text(register_id, "register's number")
    building.latitude, building.longitude, building.timezone = latitude, longitude, timezone


def _save_building(session: Session, building: Building, now: datetime) -> Building:
    with session.no_autoflush:
        if OwnersRepository(session).is_register_id_taken(building):
            raise ConflictError(f"Another of your buildings has the number {building.register_id}. Check the number.")
    session.add(building)
    session.flush()
    event = BuildingChanged(
        subject_id=None,
        organization_id=building.organization_id,
        occurred_at=now,
        building_id=building.id,
        is_active=building.is_active,
    )
    append_events(session, [event], now=now)
    return building


def _save_unit(session: Session, building: Building, unit: Equipment, now: datetime) -> Equipment:
    repository = OwnersRepository(session)
    with session.no_autoflush:
        if unit.manufacturer_id is not None and repository.manufacturer(unit.manufacturer_id) is None:
            raise InvalidInputError("There is no manufacturer with this id. Choose one from the list.")
        if repository.is_unit_register_id_taken(unit):
            raise ConflictError(f"Another unit of the building has the number {unit.register_id}. Check the number.")
    session.add(unit)
    session.flush()
    event = EquipmentChanged(
        subject_id=None,
        organization_id=building.organization_id,
        occurred_at=now,
        equipment_id=unit.id,
        building_id=building.id,
        equipment_type=unit.equipment_type,
        status=unit.status,
        manufacturer_id=unit.manufacturer_id,
    )
    append_events(session, [event], now=now)
    return unit

"""Buildings and units as an owner adds, changes and retires them from the pages; each of it can be taken back."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.dashboards.actions import Receipt, Reversal
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ConflictError
from operational_db.identity.rules import Principal
from operational_db.owners import service
from operational_db.owners.manufacturer_service import resolve_manufacturers
from operational_db.owners.views import BuildingView, EquipmentView
from operational_db.paging import Page, PageRequest
from operational_db.types import EquipmentStatus, EquipmentType

CHANGED_SINCE = "Somebody changed it since. Look at it and change it by hand."


@dataclass(frozen=True)
class BuildingFacts:
    """All that is known of a building."""

    name: str
    address: str = ""
    city: str | None = None
    district: str | None = None
    postal_code: str | None = None
    register_id: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    timezone: str = "UTC"
    is_active: bool = True

    @classmethod
    def of(cls, view: BuildingView) -> Self:
        return cls(**{name: getattr(view, name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class UnitFacts:
    """All that is known of a unit; the maker as its plate says."""

    name: str
    equipment_type: EquipmentType
    manufacturer_text: str | None = None
    model: str | None = None
    register_id: str | None = None
    status: EquipmentStatus = EquipmentStatus.ACTIVE
    installed_on: date | None = None
    inspected_on: date | None = None

    @classmethod
    def of(cls, view: EquipmentView) -> Self:
        facts = cls(**{name: getattr(view, name) for name in cls.__dataclass_fields__})
        return replace(facts, manufacturer_text=view.manufacturer_text or view.manufacturer_name)


def add_building(
    engine: Engine, principal: Principal, *, organization_id: UUID, facts: BuildingFacts, now: datetime
) -> tuple[Receipt, UUID]:
    """Add a building; returns its id too. Taken back, it is out of use.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    fields = asdict(facts)
    del fields["is_active"]
    with unit_of_work(engine) as session:
        building_id = service.add_building(session, principal, organization_id=organization_id, **fields, now=now).id

    def reverse(session: Session, principal: Principal, now: datetime) -> int:
        service.deactivate_building(session, principal, building_id=building_id, now=now)
        return 1

    return Receipt(f"“{facts.name}” was added.", now, 1, reverse=reverse), building_id


def change_building(
    engine: Engine, principal: Principal, *, building_id: UUID, facts: BuildingFacts, now: datetime
) -> Receipt:
    """Say anew what is known of a building, or take it out of use (`is_active`).

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        before = BuildingFacts.of(service.building_of(session, principal, building_id=building_id, on=now.date()))
        service.change_building(session, principal, building_id=building_id, **asdict(facts), now=now)
        written = BuildingFacts.of(service.building_of(session, principal, building_id=building_id, on=now.date()))

    def reverse(session: Session, principal: Principal, now: datetime) -> int:
        found = service.building_of(session, principal, building_id=building_id, on=now.date())
        _require_same(BuildingFacts.of(found), written)
        service.change_building(session, principal, building_id=building_id, **asdict(before), now=now)
        return 1

    what = "was changed"
    if before.is_active != facts.is_active:
        what = "is in use again" if facts.is_active else "is out of use"
    return Receipt(f"“{facts.name}” {what}.", now, 1, reverse=reverse)


def retired_buildings(
    engine: Engine, principal: Principal, *, organization_id: UUID, page: PageRequest, on: date
) -> Page[BuildingView]:
    """An owner's buildings out of use, by name.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return service.list_buildings(
            session, principal, organization_id=organization_id, is_active=False, page=page, on=on
        )


def add_unit(engine: Engine, principal: Principal, *, building_id: UUID, facts: UnitFacts, now: datetime) -> Receipt:
    """Add a unit to a building. Taken back, it is dismantled.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        fields = _unit_fields(session, facts)
        unit_id = service.add_equipment(session, principal, building_id=building_id, **fields, now=now).id

    def reverse(session: Session, principal: Principal, now: datetime) -> int:
        service.deactivate_equipment(session, principal, equipment_id=unit_id, now=now)
        return 1

    return Receipt(f"“{facts.name}” was added.", now, 1, reverse=reverse)


def change_unit(
    engine: Engine, principal: Principal, *, building_id: UUID, equipment_id: UUID, facts: UnitFacts, now: datetime
) -> Receipt:
    """Say anew what is known of a unit, or that it was dismantled (`status`).

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """

    def current(session: Session, principal: Principal, on: date) -> EquipmentView:
        units = service.list_equipment(session, principal, building_id=building_id, has_dismantled=True, on=on)
        found = next((each for each in units if each.equipment_id == equipment_id), None)
        if found is None:
            raise ConflictError("The unit is no longer in this building. Open it from the list of units.")
        return found

    with unit_of_work(engine) as session:
        before = current(session, principal, now.date())
        fields = _unit_fields(session, facts)
        service.change_equipment(session, principal, equipment_id=equipment_id, **fields, now=now)
        written = current(session, principal, now.date())
    return Receipt(
        f"“{facts.name}” {_unit_change(before, facts)}.", now, 1, reverse=_unit_reversal(current, before, written)
    )


def _unit_reversal(
    current: Callable[[Session, Principal, date], EquipmentView], before: EquipmentView, written: EquipmentView
) -> Reversal:
    def reverse(session: Session, principal: Principal, now: datetime) -> int:
        _require_same(current(session, principal, now.date()), written)
        fields = {name: getattr(before, name) for name in (*UnitFacts.__dataclass_fields__, "manufacturer_id")}
        service.change_equipment(session, principal, equipment_id=before.equipment_id, **fields, now=now)
        return 1

    return reverse


def _unit_change(before: EquipmentView, facts: UnitFacts) -> str:
    is_gone, was_gone = (each.status is EquipmentStatus.DISMANTLED for each in (facts, before))
    if is_gone == was_gone:
        return "was changed"
    return "is noted as dismantled" if is_gone else "is no longer dismantled"


def _unit_fields(session: Session, facts: UnitFacts) -> dict[str, Any]:  # Any: a service's named values
    """The facts with the maker that the table of spellings leads to, as imports read it."""
    spelling = (facts.manufacturer_text or "").strip()
    maker = resolve_manufacturers(session, [spelling])[spelling] if spelling else None
    return {**asdict(facts), "manufacturer_id": maker}


def _require_same(found: object, written: object) -> None:
    if found != written:
        raise ConflictError(CHANGED_SINCE)

"""Buildings, the equipment in them, who services it when, and what its owner requires of a crew.

Source: training-platform seed, US-TC027 to US-TC029. Decisions about a crew are ledger events, not rows here.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import CrewRuleTarget, EquipmentStatus, EquipmentType, GateMode, VisitStatus


class Building(HasId, HasTimes, Base):
    """`register_id` is the building's number in the public register it came from."""

    __tablename__ = "buildings"
    __table_args__ = (
        Index("ix_buildings_organization_id", "organization_id"),
        Index("uq_buildings_register_id", "organization_id", "register_id", unique=True),
        CheckConstraint("(latitude is null) = (longitude is null)", name="coordinates_complete"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str]
    address: Mapped[str] = mapped_column(default="", server_default="")
    city: Mapped[str | None]
    district: Mapped[str | None]
    postal_code: Mapped[str | None]
    register_id: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    timezone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class Manufacturer(HasId, HasTimes, Base):
    __tablename__ = "manufacturers"

    name: Mapped[str] = mapped_column(unique=True)
    # False for names that registers carry in the maker's place although they say who owns or uses the unit.
    is_maker: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class ManufacturerAlias(HasTimes, Base):
    """How a source spells a manufacturer, in capitals and without punctuation; shown to who wonders."""

    __tablename__ = "manufacturer_aliases"

    alias: Mapped[str] = mapped_column(primary_key=True)
    manufacturer_id: Mapped[UUID] = mapped_column(ForeignKey("manufacturers.id"), index=True)
    # How it came about: "table" (curated), "spelling" (differs by form only), "new" (first seen).
    origin: Mapped[str]


class Equipment(HasId, HasTimes, Base):
    """One unit in a building."""

    __tablename__ = "equipment"
    __table_args__ = (
        Index("ix_equipment_building_id", "building_id"),
        Index("ix_equipment_manufacturer_id", "manufacturer_id"),
        Index("uq_equipment_register_id", "building_id", "register_id", unique=True),
    )

    building_id: Mapped[UUID] = mapped_column(ForeignKey("buildings.id"))
    name: Mapped[str]
    equipment_type: Mapped[EquipmentType]
    manufacturer_id: Mapped[UUID | None] = mapped_column(ForeignKey("manufacturers.id"))
    # As the source spells it.
    manufacturer_text: Mapped[str | None]
    model: Mapped[str | None]
    register_id: Mapped[str | None]
    status: Mapped[EquipmentStatus] = mapped_column(default=EquipmentStatus.ACTIVE, server_default="active")
    installed_on: Mapped[date | None]
    inspected_on: Mapped[date | None]


class ServiceContract(HasId, HasTimes, Base):
    """A contractor services the owner's buildings, or one of them, from one day through another.

    Proposed by the owner; it counts for nothing until the contractor has accepted it. Declined by the contractor or
    withdrawn by the owner it never counts.
    """

    __tablename__ = "service_contracts"
    __table_args__ = (
        CheckConstraint("ended_on is null or ended_on >= started_on", name="ends_after_start"),
        CheckConstraint("owner_id <> contractor_id", name="two_organizations"),
        CheckConstraint("num_nonnulls(accepted_at, declined_at, withdrawn_at) <= 1", name="one_answer"),
        Index(
            "uq_service_contracts_open",
            "owner_id",
            "contractor_id",
            "building_id",
            unique=True,
            postgresql_where=text("ended_on is null and declined_at is null and withdrawn_at is null"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_service_contracts_contractor_id", "contractor_id"),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    contractor_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    building_id: Mapped[UUID | None] = mapped_column(ForeignKey("buildings.id"))
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    proposed_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class Visit(HasId, HasTimes, Base):
    """A planned or done visit of a contractor to a building, or to one unit of it."""

    __tablename__ = "visits"
    __table_args__ = (
        Index("ix_visits_building_id", "building_id", "planned_on"),
        Index("ix_visits_contract_id", "contract_id"),
        Index("ix_visits_planned", "planned_on", postgresql_where=text("status = 'planned'")),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("service_contracts.id"))
    building_id: Mapped[UUID] = mapped_column(ForeignKey("buildings.id"))
    equipment_id: Mapped[UUID | None] = mapped_column(ForeignKey("equipment.id"))
    planned_on: Mapped[date]
    status: Mapped[VisitStatus] = mapped_column(default=VisitStatus.PLANNED, server_default="planned")
    purpose: Mapped[str] = mapped_column(default="", server_default="")
    settled_at: Mapped[datetime | None]


class VisitPerson(Base):
    """Who is to come; nobody named means that anybody of the contractor may."""

    __tablename__ = "visit_people"

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visits.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)


class VisitAlert(HasId, Base):
    """A stretch of time in which a planned visit had no qualified crew; reminders are owed by it.

    A visit that gets into that state again has another one, so that it is told again.
    """

    __tablename__ = "visit_alerts"
    __table_args__ = (
        Index("uq_visit_alerts_open", "visit_id", unique=True, postgresql_where=text("closed_at is null")),
        Index("ix_visit_alerts_visit_id", "visit_id"),
    )

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visits.id"))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class CrewRule(HasId, HasTimes, Base):
    """One version of what an owner requires of whoever works on a target; the highest version in effect counts.

    `requirement` is a tree: {"certification": id} | {"all": [...]} | {"any": [...]} |
    {"at_least": n, "of_crew": {...}} . Rows are never changed but to end.
    """

    __tablename__ = "crew_rules"
    __table_args__ = (
        UniqueConstraint("organization_id", "target", "target_key", "version"),
        CheckConstraint("version > 0", name="version_positive"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    target: Mapped[CrewRuleTarget]
    # Id of the building, manufacturer or unit, the equipment type, the model; empty for all of the owner's.
    target_key: Mapped[str] = mapped_column(default="", server_default="")
    version: Mapped[int]
    mode: Mapped[GateMode]
    requirement: Mapped[dict[str, Any]] = mapped_column(JSONB)
    effective_from: Mapped[date]
    ended_on: Mapped[date | None]
    set_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))

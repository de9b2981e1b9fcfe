"""Bodies of buildings, units, contracts, visits and crew rules. Source: training-platform seed, US-TC027, US-TC028."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.schemas.compliance import RequestBody
from operational_db.types import ContractStatus, CrewRuleTarget, EquipmentStatus, EquipmentType, GateMode, VisitStatus

Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class BuildingFields(RequestBody):
    name: Text
    address: str = Field(default="", max_length=300)
    city: Text | None = None
    district: Text | None = None
    postal_code: Text | None = None
    register_id: Text | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    timezone: Text = "UTC"


class BuildingRequest(BuildingFields):
    organization_id: UUID


class BuildingChangeRequest(BuildingFields):
    """All that is known of the building, anew; `is_active` false takes it out of use."""

    is_active: bool = True


class BuildingBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    building_id: UUID
    organization_id: UUID
    owner_name: str
    name: str
    address: str
    city: str | None
    district: str | None
    postal_code: str | None
    register_id: str | None
    latitude: float | None
    longitude: float | None
    timezone: str
    is_active: bool
    unit_count: int
    next_visit_on: date | None


class EquipmentRequest(RequestBody):
    name: Text
    equipment_type: EquipmentType
    manufacturer_id: UUID | None = None
    manufacturer_text: Text | None = None
    model: Text | None = None
    register_id: Text | None = None
    status: EquipmentStatus = EquipmentStatus.ACTIVE
    installed_on: date | None = None
    inspected_on: date | None = None


class EquipmentBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    equipment_id: UUID
    building_id: UUID
    name: str
    equipment_type: EquipmentType
    manufacturer_id: UUID | None
    manufacturer_name: str | None
    manufacturer_text: str | None
    model: str | None
    register_id: str | None
    status: EquipmentStatus
    installed_on: date | None
    inspected_on: date | None


class ContractRequest(RequestBody):
    """Without a building the contract is on all of the owner's. Last day included.

    It starts on the day it is accepted at the earliest.
    """

    owner_id: UUID
    contractor_id: UUID
    building_id: UUID | None = None
    started_on: date | None = None
    ended_on: date | None = None


class EndContractRequest(RequestBody):
    ended_on: date | None = Field(default=None, description="Last day, included; absent: today.")


class ContractBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    contract_id: UUID
    owner_id: UUID
    owner_name: str
    contractor_id: UUID
    contractor_name: str
    building_id: UUID | None
    building_name: str | None
    started_on: date
    ended_on: date | None
    status: ContractStatus = Field(description="A contract counts for nothing until it is accepted.")
    proposed_at: datetime
    accepted_at: datetime | None
    declined_at: datetime | None
    withdrawn_at: datetime | None


class VisitRequest(RequestBody):
    """Nobody named: anybody of the contractor may come."""

    contract_id: UUID
    building_id: UUID
    equipment_id: UUID | None = None
    planned_on: date
    purpose: str = Field(default="", max_length=300)
    person_ids: list[UUID] = Field(default=[], max_length=50)


class MoveVisitRequest(RequestBody):
    """What is absent stays; an empty crew lets anybody come."""

    planned_on: date | None = None
    person_ids: list[UUID] | None = Field(default=None, max_length=50)
    purpose: str | None = Field(default=None, max_length=300)


class SettleVisitRequest(RequestBody):
    is_done: bool = Field(description="False calls the visit off.")


class CrewMemberBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    person_id: UUID
    display_name: str


class VisitBody(BaseModel):
    """`is_unqualified`: nobody qualified can come as things stand, and both sides are told."""

    model_config = ConfigDict(from_attributes=True)

    visit_id: UUID
    contract_id: UUID
    owner_id: UUID
    contractor_id: UUID
    contractor_name: str
    building_id: UUID
    building_name: str
    equipment_id: UUID | None
    equipment_name: str | None
    planned_on: date
    status: VisitStatus
    purpose: str
    is_unqualified: bool
    crew: list[CrewMemberBody]


class CrewRuleRequest(RequestBody):
    """The next version of what an owner requires on a target.

    `requirement` is {"certification": id} | {"all": [...]} | {"any": [...]} | {"at_least": n, "of_crew": {...}}.
    """

    organization_id: UUID
    target: CrewRuleTarget
    target_key: str = Field(default="", max_length=300)
    requirement: dict[str, Any]  # Any: a tree, which the rules read
    mode: GateMode = GateMode.ENFORCE
    effective_from: date | None = None


class EndCrewRuleRequest(RequestBody):
    organization_id: UUID
    target: CrewRuleTarget
    target_key: str = Field(default="", max_length=300)
    ended_on: date | None = None


class PreviewCrewRuleRequest(RequestBody):
    organization_id: UUID
    target: CrewRuleTarget
    target_key: str = Field(default="", max_length=300)
    requirement: dict[str, Any]  # Any: a tree, which the rules read
    effective_from: date | None = None
    days: int = Field(default=90, ge=1, le=366)


class CrewRuleBody(BaseModel):
    rule_id: UUID
    organization_id: UUID
    target: CrewRuleTarget
    target_key: str
    target_name: str
    version: int
    mode: GateMode
    requirement: dict[str, object]
    text: str
    effective_from: date
    ended_on: date | None
    set_at: datetime
    is_in_effect: bool


class VisitImpactBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    visit_id: UUID
    building_id: UUID
    building_name: str
    contractor_id: UUID
    planned_on: date
    is_qualified_before: bool
    is_qualified_after: bool


class DecisionImpactBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    decision_id: UUID
    building_id: UUID
    building_name: str
    decided_at: datetime
    work_on: date
    is_qualified_before: bool
    is_qualified_after: bool


class CrewRulePreviewBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    days: int
    visits_considered: int
    decisions_replayed: int
    visits: list[VisitImpactBody]
    decisions: list[DecisionImpactBody]
    previewed_at: datetime

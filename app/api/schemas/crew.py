"""Bodies of crew checks: the question, and the answer with no more of people than it rests on."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.api.schemas.compliance import RequestBody
from operational_db.gates.crew import CrewReason, MissingReason
from operational_db.types import GateOutcome


class CrewCheckRequest(RequestBody):
    """Units, a building, or a visit; people, or a contractor; and the day of work (a visit brings its own)."""

    building_id: UUID | None = None
    equipment_ids: list[UUID] = Field(default=[], max_length=300)
    person_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=50)
    contractor_id: UUID | None = None
    work_on: date | None = None
    visit_id: UUID | None = None
    as_known_at: datetime | None = Field(default=None, description="For the past: what was known then decides.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.building_id is None and not self.equipment_ids and self.visit_id is None:
            raise ValueError("Name a building, units or a visit.")
        if self.work_on is None and self.visit_id is None:
            raise ValueError("Name the day of work.")
        if self.as_known_at is not None and self.as_known_at.tzinfo is None:
            raise ValueError("as_known_at needs a time zone.")
        return self


class CrewChecksRequest(RequestBody):
    """People against units of any buildings."""

    equipment_ids: list[UUID] = Field(min_length=1, max_length=300)
    person_ids: list[UUID] = Field(min_length=1, max_length=50)
    work_on: date


class CarryingCertificateBody(BaseModel):
    """A certificate the answer rests on; `expires_on` is its last day."""

    model_config = ConfigDict(from_attributes=True)

    certificate_id: UUID
    person_id: UUID
    certification_id: UUID
    certification_code: str
    certification_name: str
    issuing_organization: str
    expires_on: date | None


class MissingCertificateBody(BaseModel):
    """Why (`reason`, `expired_on`) is told to a contractor's managers about their own people only."""

    model_config = ConfigDict(from_attributes=True)

    certification_id: UUID
    certification_name: str
    reason: MissingReason | None
    expired_on: date | None


class CrewPersonBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    person_id: UUID
    display_name: str | None
    is_qualified: bool
    certificates: list[CarryingCertificateBody]
    missing: list[MissingCertificateBody]


class CrewUnitBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    equipment_id: UUID | None
    name: str
    is_qualified: bool
    outcome: GateOutcome
    reason: CrewReason
    missing: list[str]
    valid_until: date | None


class CrewAnswerBody(BaseModel):
    """`decision_id` names the durable record; without one nothing may go ahead."""

    decision_id: UUID | None
    building_id: UUID | None
    building_name: str
    contractor_id: UUID | None
    visit_id: UUID | None
    work_on: date
    decided_at: datetime
    is_qualified: bool
    outcome: GateOutcome
    reason: CrewReason
    text: str
    valid_until: date | None
    units: list[CrewUnitBody]
    people: list[CrewPersonBody]
    certificates: list[CarryingCertificateBody]
    missing: list[str]


class CrewDecisionBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    decision_id: UUID
    decided_at: datetime
    asked_by_id: UUID | None
    contractor_id: UUID | None
    building_id: UUID
    building_name: str
    equipment_id: UUID | None
    visit_id: UUID | None
    work_on: date
    is_qualified: bool
    outcome: GateOutcome
    crew_size: int


class ServingPersonBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    person_id: UUID
    display_name: str
    contractor_id: UUID
    contractor_name: str

"""Bodies of the organization training endpoints. Source: training-platform seed 3.2.5.1."""

from datetime import date, datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from operational_db.compliance.rules import ComplianceCategory
from operational_db.imports.values import FIRST_DATE, LAST_DATE
from operational_db.types import Role, TrainingStatus


class RequestBody(BaseModel):
    """Unknown fields are refused: a misspelt name must not silently mean nothing.

    Days and instants lie in the years that imports take too, so that whatever is counted from them is still a day.
    """

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _lies_in_years_that_can_be_meant(cls, value: object) -> object:
        if isinstance(value, date) and not FIRST_DATE.year <= value.year <= LAST_DATE.year:
            raise ValueError(
                f"Give a day from {FIRST_DATE.year} to {LAST_DATE.year}; leave it out where it may be absent."
            )
        return value


class AssignmentRequest(RequestBody):
    """A course for exactly one of a person, a role or a team; or, by requirement, for everybody who lacks it."""

    course_id: UUID | None = None
    requirement_id: UUID | None = Field(default=None, description="Assign what meets it to those who lack it.")
    assigned_to_person_id: UUID | None = None
    assigned_to_role: Role | None = None
    assigned_to_team_id: UUID | None = None
    person_ids: list[UUID] | None = Field(default=None, description="With requirement_id: only these people.")
    due_on: date | None = None
    is_mandatory: bool = True
    minimum_score: Decimal | None = Field(default=None, ge=0, le=100)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.course_id is None) == (self.requirement_id is None):
            raise ValueError("Name either course_id or requirement_id.")
        targets = (self.assigned_to_person_id, self.assigned_to_role, self.assigned_to_team_id)
        named = sum(target is not None for target in targets)
        if self.course_id is not None and (named != 1 or self.person_ids is not None):
            raise ValueError(
                "With course_id, name one of assigned_to_person_id, assigned_to_role, assigned_to_team_id."
            )
        if self.requirement_id is not None and (named or self.minimum_score is not None or not self.is_mandatory):
            raise ValueError("With requirement_id, only person_ids and due_on may be given.")
        return self


class AssignmentMade(BaseModel):
    """Recipients are counted: a role or team may have none today and reach people who join later."""

    assignment_ids: list[UUID]
    course_id: UUID
    recipient_count: int
    already_assigned_count: int
    due_on: date | None


class TrainingAssignmentBody(BaseModel):
    """The seed's TrainingAssignment, one per recipient; status is as of today."""

    model_config = ConfigDict(from_attributes=True)

    recipient_id: UUID
    assignment_id: UUID
    organization_id: UUID
    person_id: UUID
    display_name: str
    course_id: UUID
    course_title: str
    requirement_id: UUID | None
    assigned_to_person_id: UUID | None
    assigned_to_role: Role | None
    assigned_to_team_id: UUID | None
    assigned_at: datetime
    due_on: date | None
    is_mandatory: bool
    requires_passing_score: bool
    minimum_score: float | None
    status: TrainingStatus
    completed_on: date | None
    is_cancelled: bool
    reminder_sent_7_days: bool
    reminder_sent_3_days: bool
    overdue_notification_sent: bool


class RequirementRequest(RequestBody):
    """A course or a certification every member in scope needs; scope is role and team, absent meaning any."""

    course_id: UUID | None = None
    certification_id: UUID | None = None
    category: ComplianceCategory | None = None
    role: Role | None = None
    team_id: UUID | None = None
    due_within_days: int = Field(default=30, ge=0, le=3650)
    effective_from: date | None = None


class RequirementBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    requirement_id: UUID
    organization_id: UUID
    subject: str
    course_id: UUID | None
    certification_id: UUID | None
    category: str
    role: Role | None
    team_id: UUID | None
    team_name: str | None
    due_within_days: int
    effective_from: date
    ended_on: date | None


class EndRequirementRequest(RequestBody):
    ended_on: date | None = Field(default=None, description="First day it no longer holds; today unless given.")


class ExemptionBody(BaseModel):
    """Who is excused from what, why, by whom and through which day; `ended_at` says that it was ended before."""

    model_config = ConfigDict(from_attributes=True)

    exemption_id: UUID
    person_id: UUID
    display_name: str
    requirement_id: UUID | None
    recipient_id: UUID | None
    subject: str
    reason: str
    approver_id: UUID
    approver_name: str
    starts_on: date
    ends_on: date
    ended_at: datetime | None


class TeamComplianceBody(BaseModel):
    team_id: UUID | None
    team_name: str
    required_count: int
    completed_count: int
    exempted_count: int
    compliance_rate: float | None


class OverdueEmployeeBody(BaseModel):
    person_id: UUID
    display_name: str
    overdue_count: int
    earliest_due_on: date | None


class UpcomingDueDateBody(BaseModel):
    person_id: UUID
    display_name: str
    subject: str
    due_on: date


class ComplianceStatusBody(BaseModel):
    """The seed's ComplianceStatus; rates in percent, null where nothing is required.

    All figures are of one state of the ledger: entries up to `ledger_size`, statuses as of `as_of`.
    """

    organization_id: UUID
    as_of: datetime
    ledger_size: int
    root_hash: str
    total_required_trainings: int
    completed_trainings: int
    in_progress_trainings: int
    overdue_trainings: int
    exempted_trainings: int
    compliance_rate: float | None
    compliance_by_category: dict[str, float | None]
    compliance_by_team: list[TeamComplianceBody]
    employees_with_overdue: list[OverdueEmployeeBody]
    upcoming_due_dates: list[UpcomingDueDateBody]
    expiring_certifications_30_days: int
    expired_certifications: int

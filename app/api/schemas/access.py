"""Bodies of access lists, waivers and exceptions."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.schemas.compliance import RequestBody
from app.api.schemas.gates import GateName, LessonStepBody
from operational_db.gates.access_views import ExceptionReason

Words = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]
Cell = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]


class AccessRowRequest(RequestBody):
    """One person: by id here or by account at the identity provider; cells are text, as in a file."""

    person_id: Cell | None = None
    account: Cell | None = None
    granted_on: Cell | None = None


class AccessListRequest(RequestBody):
    rows: list[AccessRowRequest] = Field(max_length=100_000)


class GrantRequest(RequestBody):
    organization_id: UUID
    person_id: UUID
    action: GateName
    source: GateName = "api"
    granted_on: date | None = None


class GrantBody(BaseModel):
    grant_id: UUID
    person_id: UUID
    action: str
    source: str
    granted_on: date
    removed_on: date | None


class ListedGrantBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    grant_id: UUID
    person_id: UUID
    display_name: str
    action: str
    source: str
    granted_on: date


class FindingBody(BaseModel):
    """What is wrong with a row and how to mend it; never the value itself."""

    model_config = ConfigDict(from_attributes=True)

    line: int | None
    column: str | None
    code: str
    value_class: str
    remedy: str


class AccessReportBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    import_id: UUID | None
    is_dry_run: bool
    action: str
    source: str
    read_count: int
    added_count: int
    removed_count: int
    unchanged_count: int
    refused_count: int
    added_person_ids: list[UUID]
    removed_person_ids: list[UUID]
    findings: list[FindingBody]


class WaiverRequest(RequestBody):
    """The caller approves it, for somebody else."""

    organization_id: UUID
    person_id: UUID
    action: GateName
    reason: Words
    ends_on: date
    starts_on: date | None = None


class WaiverBody(BaseModel):
    waiver_id: UUID
    person_id: UUID
    action: str
    reason: str
    approver_id: UUID
    starts_on: date
    ends_on: date
    ended_at: datetime | None


class ListedWaiverBody(WaiverBody):
    model_config = ConfigDict(from_attributes=True)

    display_name: str
    approver_name: str


class AccessExceptionBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    person_id: UUID
    display_name: str
    team_id: UUID | None
    action: str
    reason: ExceptionReason
    since: date
    missing: list[str]
    waived_until: date | None
    next_lessons: list[LessonStepBody]
    is_assigned: bool


class AssignMissingRequest(RequestBody):
    """What to assign: exceptions of an action or of some people; all of them when neither is named."""

    organization_id: UUID
    action: GateName | None = None
    person_ids: list[UUID] | None = Field(default=None, max_length=10_000)
    due_on: date | None = None


class AssignedLessonBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    person_id: UUID
    lesson_id: UUID
    due_on: date


class AssignedMissingBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    assigned: list[AssignedLessonBody]
    already_assigned_ids: list[UUID]
    without_lesson_ids: list[UUID]

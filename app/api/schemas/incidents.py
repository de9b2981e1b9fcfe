"""Bodies of incidents and post-incident reports."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.api.schemas.compliance import RequestBody
from app.api.schemas.gates import CertifiedBody, GateName

Words = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]


class InvolvementRequest(RequestBody):
    person_id: UUID
    involvement: Words = ""


class IncidentRequest(RequestBody):
    """What happened, in which scope, from when; and who was involved, as far as known."""

    organization_id: UUID
    title: Words
    summary: Words = ""
    scope: GateName
    action: GateName | None = None
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    people: list[InvolvementRequest] = Field(default=[], max_length=1_000)


class IncidentBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    incident_id: UUID
    organization_id: UUID
    title: str
    summary: str
    scope: str
    action: str | None
    started_at: datetime
    ended_at: datetime | None
    reported_at: datetime
    people_count: int


class InvolvedBody(BaseModel):
    incident_id: UUID
    person_id: UUID
    involvement: str


class PersonAtIncidentBody(BaseModel):
    """Certified for the scope when the incident began: as one would have said then, and as is known now."""

    person_id: UUID
    display_name: str
    involvement: str
    known_then: CertifiedBody
    known_now: CertifiedBody


class IncidentReportBody(BaseModel):
    incident: IncidentBody
    as_known_at: datetime
    people: list[PersonAtIncidentBody]
    certified_then_count: int
    certified_now_count: int

"""Bodies of enrollment, progress and one's own training."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.compliance import RequestBody
from operational_db.learning.views import EnrollmentView
from operational_db.types import EnrollmentStatus


class EnrollRequest(RequestBody):
    """Without `person_id` the caller enrolls herself; `sponsored_by_organization_id` pays and may see the progress."""

    person_id: UUID | None = None
    sponsored_by_organization_id: UUID | None = None


class ModuleCompletionRequest(RequestBody):
    time_spent_minutes: int | None = Field(default=None, ge=0, le=1440)


class AttemptRequest(RequestBody):
    """The result of a graded assessment; `score` is percent."""

    assessment_id: UUID
    score: Decimal = Field(ge=0, le=100, decimal_places=2)
    time_spent_minutes: int | None = Field(default=None, ge=0, le=1440)


class AttemptBody(BaseModel):
    attempt_id: UUID
    enrollment_id: UUID
    assessment_id: UUID
    attempt_number: int
    score: float | None
    passed: bool | None
    submitted_at: datetime


class EnrollmentBody(BaseModel):
    """One cycle of one person in one course."""

    enrollment_id: UUID
    person_id: UUID
    course_id: UUID
    course_title: str
    cycle_number: int
    status: EnrollmentStatus
    organization_id: UUID | None
    progress_percent: float
    current_module_id: UUID | None
    time_spent_minutes: int
    final_score: float | None
    enrolled_at: datetime
    last_activity_at: datetime | None
    ended_at: datetime | None


def to_enrollment_body(view: EnrollmentView) -> EnrollmentBody:
    values = {name: getattr(view, name) for name in view.__dataclass_fields__}
    progress = float(values.pop("progress_pct"))
    values["final_score"] = None if view.final_score is None else float(view.final_score)
    return EnrollmentBody(**values, progress_percent=progress)

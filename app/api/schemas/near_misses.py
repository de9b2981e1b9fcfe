"""Bodies of tips, near-misses and the micro-lessons that repeated ones earn."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, Field

from app.api.schemas.compliance import RequestBody
from app.api.schemas.content import PolicyBody, RunbookBody
from app.api.schemas.lessons import LessonListBody, ViewBody
from operational_db.types import NearMissKind


class InOrganization(RequestBody):
    organization_id: UUID | None = None


class EntryRequest(InOrganization):
    """`action` is the feature that is entered, so that only what nearly went wrong there comes up; none at sign-in."""

    action: str | None = Field(default=None, min_length=1, max_length=100, examples=["data-export"])


class NearMissRequest(RequestBody):
    """`external_id` is the reporting product's own id of it: said twice, it counts once."""

    organization_id: UUID
    person_id: UUID
    near_miss_kind: NearMissKind
    action: str = Field(min_length=1, max_length=100)
    external_id: str = Field(min_length=1, max_length=200)
    occurred_at: AwareDatetime


class NearMissBody(ViewBody):
    near_miss_id: UUID
    is_new: bool
    reinforcement_id: UUID | None


class TipBody(ViewBody):
    feature_id: UUID
    action: str
    title: str
    bullets: list[str]
    lesson: LessonListBody | None
    policy: PolicyBody
    runbook: RunbookBody


class ReinforcementBody(ViewBody):
    reinforcement_id: UUID
    organization_id: UUID
    action: str
    due_at: datetime
    lesson: LessonListBody


class ReinforcementFinishedBody(ViewBody):
    reinforcement_id: UUID
    is_passed: bool

"""Bodies of authoring, review and publication, of policies, runbooks and protected features."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import Field

from app.api.schemas.compliance import RequestBody
from app.api.schemas.lessons import LessonListBody, ViewBody
from operational_db.content.rules import VersionChange
from operational_db.types import (
    LessonStatus,
    LessonType,
    ReleaseCheck,
    ReviewArea,
    ReviewOutcome,
    ReviewReason,
)

# JSON of the shape that operational_db.content.body describes and checks, naming every wrong place.
Content = dict[str, Any]


class PolicyRequest(RequestBody):
    organization_id: UUID | None = None
    code: str = Field(max_length=40)
    title: str = Field(max_length=200)
    is_critical: bool = False


class PolicyVersionRequest(RequestBody):
    """`changes_scope` or `changes_controls`: people re-certify from `effective_on`."""

    version: str = Field(max_length=20)
    summary: str = Field(max_length=2000)
    changes_scope: bool = False
    changes_controls: bool = False
    effective_on: date


class PolicyBody(ViewBody):
    id: UUID
    organization_id: UUID | None
    code: str
    title: str
    is_critical: bool
    version: str | None
    summary: str | None
    effective_on: date | None


class PolicyChangeBody(ViewBody):
    """What the new version set off."""

    policy_version_id: UUID
    flagged_lesson_ids: list[UUID]
    review_ids: list[UUID]
    recertify_from: date | None
    ended_evidence_count: int


class RunbookStepRequest(RequestBody):
    title: str = Field(max_length=200)
    text: str = Field(max_length=2000)
    walkthrough_lesson_id: UUID | None = None


class RunbookRequest(RequestBody):
    organization_id: UUID | None = None
    code: str = Field(max_length=40)
    title: str = Field(max_length=200)
    url: str | None = Field(default=None, max_length=500)
    steps: list[RunbookStepRequest] = Field(max_length=50)


class RunbookStepBody(ViewBody):
    title: str
    text: str
    walkthrough_lesson_id: UUID | None
    walkthrough_title: str | None


class RunbookBody(ViewBody):
    id: UUID
    organization_id: UUID | None
    code: str
    title: str
    url: str | None
    steps: list[RunbookStepBody]


class FeatureRequest(RequestBody):
    organization_id: UUID | None = None
    title: str = Field(max_length=200)
    explanation: str = Field(max_length=4000)
    example: str = Field(default="", max_length=2000)
    tip_bullets: list[str] = Field(max_length=3)
    policy_code: str
    runbook_code: str
    lesson_code: str | None = None


class FeatureBody(ViewBody):
    id: UUID
    action: str
    title: str
    explanation: str
    example: str
    reading_seconds: int
    tip_bullets: list[str]
    policy: PolicyBody
    runbook: RunbookBody
    lesson: LessonListBody | None


class LessonCreateRequest(RequestBody):
    organization_id: UUID | None = None
    code: str = Field(max_length=40)
    title: str = Field(max_length=200)
    lesson_type: LessonType
    owner_id: UUID | None = None
    course_id: UUID | None = None


class LessonMade(ViewBody):
    id: UUID
    code: str


class VersionRequest(RequestBody):
    """Fields left out keep their values, or wait for the checklist to ask for them."""

    body: Content
    duration_minutes: Decimal = Field(gt=0, le=600, decimal_places=2)
    objective: str | None = Field(default=None, max_length=2000)
    pass_threshold: int | None = Field(default=None, ge=0, le=100)
    policy_codes: list[str] | None = Field(default=None, max_length=20)
    runbook_codes: list[str] | None = Field(default=None, max_length=20)
    scope_tags: list[str] | None = Field(default=None, max_length=20)
    locales: list[str] | None = Field(default=None, max_length=20)
    expected_outcomes: list[str] | None = Field(default=None, max_length=20)
    telemetry_hooks: list[str] | None = Field(default=None, max_length=20)
    refresh_months: int | None = Field(default=None, gt=0, le=120)
    rollout_plan: str | None = Field(default=None, max_length=2000)
    fallback: str | None = Field(default=None, max_length=2000)


class DraftRequest(VersionRequest):
    change: VersionChange = VersionChange.MINOR


class DecisionRequest(RequestBody):
    outcome: ReviewOutcome
    comment: str = Field(default="", max_length=2000)


class ReleaseCheckRequest(RequestBody):
    """`evidence_id`: the ledger entry of a dry-run decision, or the exported bundle; `targets`: addresses opened."""

    release_check: ReleaseCheck
    evidence_id: UUID | None = None
    targets: list[str] = Field(default_factory=list, max_length=50)


class ReviewBody(ViewBody):
    id: UUID
    lesson_id: UUID
    lesson_title: str
    lesson_version_id: UUID
    version: str
    area: ReviewArea
    reason: ReviewReason
    locale: str | None
    requested_at: datetime
    outcome: ReviewOutcome | None
    reviewer_id: UUID | None
    comment: str
    decided_at: datetime | None


class ReleaseCheckBody(ViewBody):
    release_check: ReleaseCheck
    evidence_id: UUID | None
    targets: list[str]
    recorded_at: datetime


class ReadinessBody(ViewBody):
    code: str
    text: str
    is_met: bool
    missing: list[str]


class VersionBody(ViewBody):
    """A version with right answers, reviews and checklist, for those who work on it."""

    id: UUID
    lesson_id: UUID
    organization_id: UUID | None
    code: str
    title: str
    lesson_type: LessonType
    owner_id: UUID | None
    version: str
    status: LessonStatus
    objective: str
    minutes: float
    pass_threshold: int
    body: Content
    scope_tags: list[str]
    locales: list[str]
    expected_outcomes: list[str]
    telemetry_hooks: list[str]
    refresh_months: int
    refresh_due_on: date | None
    recertify_from: date | None
    rollout_plan: str
    fallback: str
    created_by: UUID | None
    published_at: datetime | None
    policies: dict[str, str]
    runbook_codes: list[str]
    reviews: list[ReviewBody]
    release_checks: list[ReleaseCheckBody]
    readiness: list[ReadinessBody]

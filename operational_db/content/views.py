"""Content as it is read: features with policy and runbook, lessons in lists, versions with what their review needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from operational_db.content.rules import ReadinessLine
from operational_db.types import LessonStatus, LessonType, ReleaseCheck, ReviewArea, ReviewOutcome, ReviewReason


@dataclass(frozen=True)
class PolicyView:
    """`version`, `summary` and `effective_on` are those of the version in effect; None before the first."""

    id: UUID
    organization_id: UUID | None
    code: str
    title: str
    is_critical: bool
    version: str | None
    summary: str | None
    effective_on: date | None


@dataclass(frozen=True)
class RunbookStepView:
    """`walkthrough_lesson_id` is set where the step can be shown in the product."""

    title: str
    text: str
    walkthrough_lesson_id: UUID | None
    walkthrough_title: str | None


@dataclass(frozen=True)
class RunbookView:
    id: UUID
    organization_id: UUID | None
    code: str
    title: str
    url: str | None
    steps: Sequence[RunbookStepView]


@dataclass(frozen=True)
class LessonListItem:
    """A published lesson, `title` in the viewer's language."""

    id: UUID
    organization_id: UUID | None
    code: str
    title: str
    lesson_type: LessonType
    version_id: UUID
    version: str
    minutes: Decimal
    scope_tags: Sequence[str]
    locales: Sequence[str]
    course_id: UUID | None


@dataclass(frozen=True)
class FeatureView:
    """The panel beside a risky feature: explanation with example (30-60 seconds), policy, runbook, tip, lesson."""

    id: UUID
    action: str
    title: str
    explanation: str
    example: str
    reading_seconds: int
    tip_bullets: Sequence[str]
    policy: PolicyView
    runbook: RunbookView
    lesson: LessonListItem | None


@dataclass(frozen=True)
class ReviewView:
    id: UUID
    lesson_id: UUID
    lesson_title: str
    lesson_version_id: UUID
    version: str
    area: ReviewArea
    reason: ReviewReason
    locale: str | None
    policy_version_id: UUID | None
    requested_at: datetime
    outcome: ReviewOutcome | None
    reviewer_id: UUID | None
    comment: str
    decided_at: datetime | None


@dataclass(frozen=True)
class ReleaseCheckView:
    release_check: ReleaseCheck
    evidence_id: UUID | None
    targets: Sequence[str]
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class VersionView:
    """A version as its authors and reviewers see it, right answers included."""

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
    minutes: Decimal
    pass_threshold: int
    body: Mapping[str, Any]
    scope_tags: Sequence[str]
    locales: Sequence[str]
    expected_outcomes: Sequence[str]
    telemetry_hooks: Sequence[str]
    refresh_months: int
    refresh_due_on: date | None
    recertify_from: date | None
    rollout_plan: str
    fallback: str
    created_by: UUID | None
    published_at: datetime | None
    # Code of each policy taught and the version of it that is taught.
    policies: Mapping[str, str]
    runbook_codes: Sequence[str]
    reviews: Sequence[ReviewView]
    release_checks: Sequence[ReleaseCheckView]
    readiness: Sequence[ReadinessLine]

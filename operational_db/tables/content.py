"""Policies, runbooks, protected features, and lessons with their versions, reviews and attempts.

Source: embedded-training seed (content types, governance, policy-to-runbook linking). A null organization means that
the row belongs to the platform and every organization may use it.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import (
    LessonStatus,
    LessonTrigger,
    LessonType,
    NearMissKind,
    ReleaseCheck,
    ReviewArea,
    ReviewOutcome,
    ReviewReason,
)

TextList = ARRAY(Text)


class Policy(HasId, HasTimes, Base):
    """A rule of conduct with a code people know it by (POL-DA-003); critical ones refresh their lessons sooner."""

    __tablename__ = "policies"
    __table_args__ = (UniqueConstraint("organization_id", "code", postgresql_nulls_not_distinct=True),)

    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    code: Mapped[str]
    title: Mapped[str]
    is_critical: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class PolicyVersion(HasId, HasTimes, Base):
    __tablename__ = "policy_versions"
    __table_args__ = (UniqueConstraint("policy_id", "version"),)

    policy_id: Mapped[UUID] = mapped_column(ForeignKey("policies.id"))
    version: Mapped[str]
    summary: Mapped[str]
    changes_scope: Mapped[bool]
    changes_controls: Mapped[bool]
    effective_on: Mapped[date]
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    published_at: Mapped[datetime]


class Runbook(HasId, HasTimes, Base):
    """What to do, step by step; a step may launch a walkthrough: [{"title", "text", "walkthrough_lesson_id"?}]."""

    __tablename__ = "runbooks"
    __table_args__ = (UniqueConstraint("organization_id", "code", postgresql_nulls_not_distinct=True),)

    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    code: Mapped[str]
    title: Mapped[str]
    url: Mapped[str | None]
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=text("'[]'"))


class Lesson(HasId, HasTimes, Base):
    """A unit of training that lives in the flow of work; what it says is in its versions.

    A lesson of the type course points at the catalogue's course, which is taken there.
    """

    __tablename__ = "lessons"
    __table_args__ = (
        UniqueConstraint("organization_id", "code", postgresql_nulls_not_distinct=True),
        CheckConstraint("(lesson_type = 'course') = (course_id is not null)", name="course_named"),
    )

    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    code: Mapped[str]
    title: Mapped[str]
    lesson_type: Mapped[LessonType]
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    course_id: Mapped[UUID | None] = mapped_column(ForeignKey("courses.id"))


class ProtectedFeature(HasId, HasTimes, Base):
    """A risky or complex feature: its action's name, the policy and runbook it is tied to, tip and micro-lesson."""

    __tablename__ = "protected_features"
    __table_args__ = (
        UniqueConstraint("organization_id", "action", postgresql_nulls_not_distinct=True),
        CheckConstraint("cardinality(tip_bullets) between 2 and 3", name="two_or_three_bullets"),
    )

    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    action: Mapped[str]
    title: Mapped[str]
    # Read in 30 to 60 seconds.
    explanation: Mapped[str]
    example: Mapped[str] = mapped_column(default="", server_default="")
    tip_bullets: Mapped[list[str]] = mapped_column(TextList)
    policy_id: Mapped[UUID] = mapped_column(ForeignKey("policies.id"))
    runbook_id: Mapped[UUID] = mapped_column(ForeignKey("runbooks.id"))
    lesson_id: Mapped[UUID | None] = mapped_column(ForeignKey("lessons.id"))


class LessonVersion(HasId, HasTimes, Base):
    """One version of a lesson: what is shown and asked, what it counts for, and all that its review needs.

    `body` is validated by `content.rules`: slides, media with captions, steps tied to interface states and feature
    flags, questions with their right answers and the policy each maps to, simulation scenario, texts per language.
    """

    __tablename__ = "lesson_versions"
    __table_args__ = (
        UniqueConstraint("lesson_id", "version"),
        CheckConstraint("pass_threshold between 0 and 100", name="threshold_is_percent"),
        CheckConstraint("duration_minutes > 0", name="duration_positive"),
        CheckConstraint("refresh_months > 0", name="refresh_positive"),
        Index(
            "uq_lesson_versions_published",
            "lesson_id",
            unique=True,
            postgresql_where=text("status = 'published'"),
        ),
        Index("ix_lesson_versions_scope_tags", "scope_tags", postgresql_using="gin"),
    )

    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id"))
    # Semantic version, such as 1.2.0.
    version: Mapped[str]
    status: Mapped[LessonStatus] = mapped_column(default=LessonStatus.DRAFT, server_default="draft")
    objective: Mapped[str] = mapped_column(default="", server_default="")
    duration_minutes: Mapped[Decimal]
    pass_threshold: Mapped[int] = mapped_column(default=80, server_default=text("80"))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    scope_tags: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    locales: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{en}'"))
    expected_outcomes: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    telemetry_hooks: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    refresh_months: Mapped[int] = mapped_column(default=12, server_default=text("12"))
    rollout_plan: Mapped[str] = mapped_column(default="", server_default="")
    fallback: Mapped[str] = mapped_column(default="", server_default="")
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    refresh_due_on: Mapped[date | None]
    recertify_from: Mapped[date | None]


class LessonPolicy(Base):
    """A version teaches a policy, as of a policy version."""

    __tablename__ = "lesson_policies"

    lesson_version_id: Mapped[UUID] = mapped_column(ForeignKey("lesson_versions.id"), primary_key=True)
    policy_id: Mapped[UUID] = mapped_column(ForeignKey("policies.id"), primary_key=True)
    policy_version: Mapped[str]


class LessonRunbook(Base):
    __tablename__ = "lesson_runbooks"

    lesson_version_id: Mapped[UUID] = mapped_column(ForeignKey("lesson_versions.id"), primary_key=True)
    runbook_id: Mapped[UUID] = mapped_column(ForeignKey("runbooks.id"), primary_key=True)


class LessonReview(HasId, HasTimes, Base):
    """A task to look at a version from one side; open until somebody decides it."""

    __tablename__ = "lesson_reviews"
    __table_args__ = (
        CheckConstraint("(outcome is null) = (decided_at is null)", name="decision_complete"),
        Index("ix_lesson_reviews_lesson_version_id", "lesson_version_id"),
    )

    lesson_version_id: Mapped[UUID] = mapped_column(ForeignKey("lesson_versions.id"))
    area: Mapped[ReviewArea]
    reason: Mapped[ReviewReason]
    locale: Mapped[str | None]
    policy_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("policy_versions.id"))
    requested_at: Mapped[datetime]
    outcome: Mapped[ReviewOutcome | None]
    reviewer_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    comment: Mapped[str] = mapped_column(default="", server_default="")
    decided_at: Mapped[datetime | None]


class LessonReleaseCheck(HasId, HasTimes, Base):
    """A trial made before a version ships, attached to it; `evidence_id` is the ledger entry or the bundle it gave."""

    __tablename__ = "lesson_release_checks"
    __table_args__ = (Index("ix_lesson_release_checks_lesson_version_id", "lesson_version_id"),)

    lesson_version_id: Mapped[UUID] = mapped_column(ForeignKey("lesson_versions.id"))
    release_check: Mapped[ReleaseCheck]
    evidence_id: Mapped[UUID | None]
    # Addresses that were opened, for the trial of links.
    targets: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    recorded_at: Mapped[datetime]


class LessonAttempt(HasId, HasTimes, Base):
    """One try at a lesson's checks or simulation; open until it is handed in."""

    __tablename__ = "lesson_attempts"
    __table_args__ = (
        CheckConstraint("(submitted_at is null) = (score is null)", name="graded_when_submitted"),
        CheckConstraint("score between 0 and 100", name="score_is_percent"),
        Index("ix_lesson_attempts_person_id", "person_id", "lesson_version_id"),
        Index(
            "uq_lesson_attempts_open",
            "person_id",
            "lesson_version_id",
            unique=True,
            postgresql_where=text("submitted_at is null"),
        ),
    )

    lesson_version_id: Mapped[UUID] = mapped_column(ForeignKey("lesson_versions.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    trigger: Mapped[LessonTrigger]
    attempt_number: Mapped[int]
    # Question ids in the order shown; the order of the options is derived from the attempt's id.
    question_ids: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    score: Mapped[Decimal | None]
    is_passed: Mapped[bool | None]
    seconds_taken: Mapped[int | None]


class TipDismissal(Base):
    """A person does not want to see the tip of a feature any more, until it changes."""

    __tablename__ = "tip_dismissals"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    feature_id: Mapped[UUID] = mapped_column(ForeignKey("protected_features.id"), primary_key=True)
    dismissed_at: Mapped[datetime]


class NearMiss(HasId, HasTimes, Base):
    """Something nearly went wrong in another product; `external_id` makes a repeated report harmless."""

    __tablename__ = "near_misses"
    __table_args__ = (
        UniqueConstraint("organization_id", "external_id"),
        Index("ix_near_misses_person_id", "person_id", "action", "occurred_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    near_miss_kind: Mapped[NearMissKind]
    action: Mapped[str]
    external_id: Mapped[str]
    occurred_at: Mapped[datetime]


class Reinforcement(HasId, HasTimes, Base):
    """A micro-lesson that repeated near-misses earned a person; `scheduler_state` belongs to the spacing scheduler."""

    __tablename__ = "reinforcements"
    __table_args__ = (
        Index(
            "uq_reinforcements_open",
            "person_id",
            "organization_id",
            "lesson_id",
            unique=True,
            postgresql_where=text("finished_at is null"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    action: Mapped[str]
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id"))
    due_at: Mapped[datetime]
    scheduler_state: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    offered_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    is_passed: Mapped[bool | None]

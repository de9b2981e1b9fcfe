"""Tracks, what people proved in a scope or track, gate rules, waivers, access lists and incidents.

Source: embedded-training seed. Decisions of gates are ledger events, not rows here. A null organization means that the
row belongs to the platform and holds for every organization that has none of its own.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import GateMode, Persona, ProficiencyLevel, TrackTier, ValidityBasis


class TrainingTrack(HasId, HasTimes, Base):
    """What one persona must know (Core), or should (Advanced)."""

    __tablename__ = "training_tracks"
    __table_args__ = (UniqueConstraint("organization_id", "persona", "tier", postgresql_nulls_not_distinct=True),)

    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    persona: Mapped[Persona]
    tier: Mapped[TrackTier]
    title: Mapped[str]


class TrackLesson(Base):
    __tablename__ = "track_lessons"
    __table_args__ = (UniqueConstraint("track_id", "order_index"),)

    track_id: Mapped[UUID] = mapped_column(ForeignKey("training_tracks.id"), primary_key=True)
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id"), primary_key=True)
    order_index: Mapped[int]
    is_required: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class ScopeRule(HasId, HasTimes, Base):
    """How long a certification in a scope lasts, and from when it may be renewed; a new version is a new row."""

    __tablename__ = "scope_rules"
    __table_args__ = (
        UniqueConstraint("organization_id", "scope", "version", postgresql_nulls_not_distinct=True),
        CheckConstraint("validity_months > 0", name="validity_positive"),
        CheckConstraint(
            "(validity_basis = 'calendar_day') = (calendar_month is not null and calendar_day is not null)",
            name="calendar_day_given",
        ),
    )

    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    scope: Mapped[str]
    version: Mapped[int]
    certified_at_level: Mapped[ProficiencyLevel] = mapped_column(
        default=ProficiencyLevel.COMPLETED, server_default="completed"
    )
    validity_basis: Mapped[ValidityBasis] = mapped_column(default=ValidityBasis.COMPLETION, server_default="completion")
    validity_months: Mapped[int] = mapped_column(default=12, server_default=text("12"))
    calendar_month: Mapped[int | None]
    calendar_day: Mapped[int | None]
    minimum_active_days: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    renewal_window_days: Mapped[int] = mapped_column(default=90, server_default=text("90"))
    grace_days: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    effective_from: Mapped[date]


class ProficiencyEvidence(HasId, HasTimes, Base):
    """A person reached a level in a scope or a track (exactly one). Status at an instant is derived (D4).

    Two dates of a revocation: when we learned of it, and the first day the evidence no longer counts.
    """

    __tablename__ = "proficiency_evidence"
    __table_args__ = (
        CheckConstraint("num_nonnulls(scope, track_id) = 1", name="scope_or_track"),
        CheckConstraint("(revoked_at is null) = (revoked_from is null)", name="revocation_complete"),
        Index("ix_proficiency_evidence_scope", "person_id", "scope", postgresql_where=text("scope is not null")),
        Index("ix_proficiency_evidence_track", "person_id", "track_id", postgresql_where=text("track_id is not null")),
        Index("ix_proficiency_evidence_expires_on", "expires_on", postgresql_where=text("expires_on is not null")),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    scope: Mapped[str | None]
    track_id: Mapped[UUID | None] = mapped_column(ForeignKey("training_tracks.id"))
    persona: Mapped[Persona | None]
    level: Mapped[ProficiencyLevel]
    lesson_id: Mapped[UUID | None] = mapped_column(ForeignKey("lessons.id"))
    lesson_version: Mapped[str | None]
    attempt_id: Mapped[UUID | None] = mapped_column(ForeignKey("lesson_attempts.id"))
    attempt_number: Mapped[int | None]
    score: Mapped[Decimal | None]
    achieved_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    expires_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]
    revoked_from: Mapped[date | None]
    revocation_reason: Mapped[str | None]


class GateRule(HasId, HasTimes, Base):
    """One version of what an action needs; the highest version in effect counts. Rows are never changed but to end.

    `requirements`: [{"scope" | "track": text, "level": text, "within": {"months" | "days": whole number}}].
    """

    __tablename__ = "gate_rules"
    __table_args__ = (
        UniqueConstraint("organization_id", "action", "version", postgresql_nulls_not_distinct=True),
        CheckConstraint("version > 0", name="version_positive"),
    )

    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    action: Mapped[str]
    version: Mapped[int]
    mode: Mapped[GateMode]
    requirements: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    policy_id: Mapped[UUID | None] = mapped_column(ForeignKey("policies.id"))
    runbook_id: Mapped[UUID | None] = mapped_column(ForeignKey("runbooks.id"))
    lesson_id: Mapped[UUID | None] = mapped_column(ForeignKey("lessons.id"))
    effective_from: Mapped[date]
    ended_on: Mapped[date | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))


class GateWaiver(HasId, HasTimes, Base):
    """A person may do an action without the training, for a time; the reason stays in this table."""

    __tablename__ = "gate_waivers"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("length(trim(reason)) > 0", name="reason_given"),
        CheckConstraint("approver_id <> person_id", name="approved_by_another"),
        Index("ix_gate_waivers_person_id", "person_id", "action"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    action: Mapped[str]
    reason: Mapped[str]
    approver_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    starts_on: Mapped[date]
    # Last day of the waiver, included.
    ends_on: Mapped[date]
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AccessGrant(HasId, HasTimes, Base):
    """Another product (`source`) lets a person do an action; who has access but lacks the training is an exception."""

    __tablename__ = "access_grants"
    __table_args__ = (
        CheckConstraint("removed_on is null or removed_on >= granted_on", name="removed_after_grant"),
        Index(
            "uq_access_grants_open",
            "organization_id",
            "person_id",
            "action",
            "source",
            unique=True,
            postgresql_where=text("removed_on is null"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    action: Mapped[str]
    source: Mapped[str]
    granted_on: Mapped[date]
    removed_on: Mapped[date | None]


class LessonAssignment(HasId, HasTimes, Base):
    """A person was asked to take a lesson because a gate needs it; done when she passes it afterwards (derived, D4).

    Lessons of the type course are assigned as training (`training_assignments`) instead.
    """

    __tablename__ = "lesson_assignments"
    __table_args__ = (
        Index("ix_lesson_assignments_person_id", "person_id", "lesson_id"),
        Index("ix_lesson_assignments_organization_id", "organization_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id"))
    action: Mapped[str]
    due_on: Mapped[date]
    assigned_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    assigned_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class Incident(HasId, HasTimes, Base):
    """Something went wrong; asked of everyone involved is whether they were certified for the scope at its start."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("ended_at is null or ended_at >= started_at", name="ends_after_start"),
        Index("ix_incidents_organization_id", "organization_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="", server_default="")
    scope: Mapped[str]
    action: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    reported_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    reported_at: Mapped[datetime]


class IncidentPerson(Base):
    __tablename__ = "incident_people"

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    involvement: Mapped[str] = mapped_column(default="", server_default="")


class EvidenceBundle(HasId, HasTimes, Base):
    """A signed bundle that somebody exported; the file itself is given out and not kept."""

    __tablename__ = "evidence_bundles"

    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    bundle_scope: Mapped[dict[str, Any]] = mapped_column(JSONB)
    tree_size: Mapped[int]
    record_count: Mapped[int]
    manifest_sha256: Mapped[bytes]
    exported_at: Mapped[datetime]

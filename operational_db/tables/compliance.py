"""What an organization requires of its people, what it assigned to whom, and who is exempt.

Source: training-platform seed 3.2.5.1.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import Role


class TrainingRequirement(HasId, HasTimes, Base):
    """A course or certification every member in scope needs; scope: the organization, a role, a team or both."""

    __tablename__ = "training_requirements"
    __table_args__ = (
        CheckConstraint("num_nonnulls(course_id, certification_id) = 1", name="one_subject"),
        CheckConstraint("due_within_days >= 0", name="due_not_negative"),
        CheckConstraint("ended_on is null or ended_on >= effective_from", name="ends_after_start"),
        ForeignKeyConstraint(["organization_id", "team_id"], ["teams.organization_id", "teams.id"]),
        Index("ix_training_requirements_organization_id", "organization_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    course_id: Mapped[UUID | None] = mapped_column(ForeignKey("courses.id"))
    certification_id: Mapped[UUID | None] = mapped_column(ForeignKey("certification_registry.id"))
    category: Mapped[str]
    role: Mapped[Role | None]
    team_id: Mapped[UUID | None]
    due_within_days: Mapped[int] = mapped_column(default=30, server_default=text("30"))
    effective_from: Mapped[date]
    ended_on: Mapped[date | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))


class TrainingAssignment(HasId, HasTimes, Base):
    """One act of assigning a course, to exactly one of a person, a role or a team."""

    __tablename__ = "training_assignments"
    __table_args__ = (
        CheckConstraint("num_nonnulls(person_id, role, team_id) = 1", name="one_target"),
        CheckConstraint(
            "minimum_score is null or minimum_score between 0 and 100",
            name="minimum_score_is_percent",
        ),
        ForeignKeyConstraint(["organization_id", "team_id"], ["teams.organization_id", "teams.id"]),
        Index("ix_training_assignments_organization_id", "organization_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    # Set when the assignment is the means to meet a requirement; it is then not counted a second time.
    requirement_id: Mapped[UUID | None] = mapped_column(ForeignKey("training_requirements.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    role: Mapped[Role | None]
    team_id: Mapped[UUID | None]
    due_on: Mapped[date | None]
    is_mandatory: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    minimum_score: Mapped[Decimal | None]
    assigned_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    assigned_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class AssignmentRecipient(HasId, HasTimes, Base):
    """One person an assignment reached; people who join the role or team later are added when they join."""

    __tablename__ = "assignment_recipients"
    __table_args__ = (
        UniqueConstraint("assignment_id", "person_id"),
        Index("ix_assignment_recipients_person_id", "person_id"),
    )

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("training_assignments.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    assigned_at: Mapped[datetime]
    due_on: Mapped[date | None]
    completed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class Exemption(HasId, HasTimes, Base):
    """A person is excused from one requirement or one assignment for a time; the reason stays in this table."""

    __tablename__ = "training_exemptions"
    __table_args__ = (
        CheckConstraint("num_nonnulls(requirement_id, recipient_id) = 1", name="one_subject"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("length(trim(reason)) > 0", name="reason_given"),
        Index("ix_training_exemptions_person_id", "person_id"),
        Index("ix_training_exemptions_organization_id", "organization_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    requirement_id: Mapped[UUID | None] = mapped_column(ForeignKey("training_requirements.id"))
    recipient_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignment_recipients.id"))
    reason: Mapped[str]
    approver_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    starts_on: Mapped[date]
    # Last day of the exemption, included.
    ends_on: Mapped[date]
    ended_at: Mapped[datetime | None]

"""What compliance shows to its callers: requirements, assignments with derived status, who lacks what, exemptions.

An organization's standing is not among them: it comes from the release of the warehouse, so that the API and the
dashboards show the same numbers at the same ledger size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from operational_db.tables.compliance import AssignmentRecipient
from operational_db.types import Role, TrainingStatus


@dataclass(frozen=True, slots=True)
class RequirementView:
    """A requirement in words: its subject is the title of the course or the name of the certification."""

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


@dataclass(frozen=True, slots=True)
class AssignmentFilters:
    """Which assignments are wanted; None means any. Cancelled ones are left out unless asked for."""

    person_id: UUID | None = None
    course_id: UUID | None = None
    team_id: UUID | None = None
    requirement_id: UUID | None = None
    status: TrainingStatus | None = None
    is_mandatory: bool | None = None
    include_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """One assigned course of one person, with the status on the day asked about (the seed's TrainingAssignment)."""

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
    minimum_score: Decimal | None
    status: TrainingStatus
    completed_on: date | None
    is_cancelled: bool
    # Which reminders of the present due date were sent: days before it, -1 once it was overdue.
    reminders_sent: frozenset[int]


@dataclass(frozen=True, slots=True)
class MissingPerson:
    """Somebody who lacks a required training, and whether she is already on the way to it."""

    person_id: UUID
    display_name: str
    team_id: UUID | None
    status: TrainingStatus
    due_on: date | None
    has_open_assignment: bool


@dataclass(frozen=True, slots=True)
class AssignedMissing:
    """What one act of assigning to those who lack it did, and whom it left out for which reason."""

    requirement_id: UUID
    course_id: UUID
    course_title: str
    due_on: date
    recipients: Sequence[AssignmentRecipient]
    already_assigned_ids: Sequence[UUID]
    not_missing_ids: Sequence[UUID]


class ExemptionOrder(StrEnum):
    """By what a list of exemptions is sorted."""

    ENDS_FIRST = "ends_first"
    LATEST_FIRST = "latest_first"
    PERSON = "person"
    APPROVER = "approver"


@dataclass(frozen=True, slots=True)
class ExemptionView:
    """Who is excused from what, why, by whom and until when; `subject` is the training's title or name."""

    exemption_id: UUID
    organization_id: UUID
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

"""What access lists, waivers and exceptions show to their callers: read-only shapes."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from operational_db.imports.findings import Finding
from operational_db.proficiency.views import LessonStep


@dataclass(frozen=True, slots=True)
class GrantView:
    """One open grant: this product lets this person do the action."""

    grant_id: UUID
    person_id: UUID
    display_name: str
    action: str
    source: str
    granted_on: date


@dataclass(frozen=True, slots=True)
class AccessReport:
    """What an access list changed, or would change (`is_dry_run`); refused rows are counted in full, listed in part."""

    import_id: UUID | None
    is_dry_run: bool
    action: str
    source: str
    read_count: int
    unchanged_count: int
    refused_count: int
    added_person_ids: tuple[UUID, ...]
    removed_person_ids: tuple[UUID, ...]
    findings: tuple[Finding, ...]

    @property
    def added_count(self) -> int:
        return len(self.added_person_ids)

    @property
    def removed_count(self) -> int:
        return len(self.removed_person_ids)


@dataclass(frozen=True, slots=True)
class WaiverView:
    """A waiver with names; `ended_at` is when it was taken back before its last day."""

    waiver_id: UUID
    person_id: UUID
    display_name: str
    action: str
    reason: str
    approver_id: UUID
    approver_name: str
    starts_on: date
    ends_on: date
    ended_at: datetime | None


class ExceptionReason(StrEnum):
    """Why somebody with access lacks the training its gate asks for (EMB-15)."""

    NEVER_TRAINED = "never_trained"
    LAPSED = "lapsed"
    SUPERSEDED_VERSION = "superseded_version"
    WAIVED = "waived"
    # Left the organization and kept the access: no training helps, the access has to go.
    NO_LONGER_MEMBER = "no_longer_member"


@dataclass(frozen=True, slots=True)
class AccessException:
    """One person's access to one action without the training; `since` is the first day on which that was so.

    `missing` are the keys of the requirements not met; `is_assigned` says that every next lesson is assigned already.
    """

    person_id: UUID
    display_name: str
    team_id: UUID | None
    action: str
    reason: ExceptionReason
    since: date
    missing: tuple[str, ...]
    waived_until: date | None
    next_lessons: tuple[LessonStep, ...]
    is_assigned: bool


@dataclass(frozen=True, slots=True)
class AssignedLesson:
    person_id: UUID
    lesson_id: UUID
    due_on: date


@dataclass(frozen=True, slots=True)
class AssignedMissingLessons:
    """What one call assigned; those with the lesson to do already, and those whom no lesson helps, are told apart."""

    assigned: tuple[AssignedLesson, ...]
    already_assigned_ids: tuple[UUID, ...]
    without_lesson_ids: tuple[UUID, ...]

"""What access lists, waivers and exceptions show to their callers: read-only shapes."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from operational_db.imports.findings import Finding


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

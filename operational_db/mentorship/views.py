"""What mentorship shows to its callers."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from operational_db.types import MentorshipStatus, MentorshipType


@dataclass(frozen=True, slots=True)
class MentorshipView:
    """One mentorship with the names of the two."""

    mentorship_id: UUID
    mentor_id: UUID
    mentor_name: str
    mentee_id: UUID
    mentee_name: str
    mentorship_type: MentorshipType
    status: MentorshipStatus
    requested_at: datetime
    started_at: datetime | None
    expected_end_on: date | None
    ended_at: datetime | None

"""What learning shows to its callers: an enrollment with its progress, derived when it is read."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from operational_db.types import EnrollmentStatus


@dataclass(frozen=True)
class EnrollmentView:
    """One cycle of one person in one course; `progress_pct` is 100 once it is completed."""

    enrollment_id: UUID
    person_id: UUID
    course_id: UUID
    course_title: str
    cycle_number: int
    status: EnrollmentStatus
    organization_id: UUID | None
    progress_pct: Decimal
    current_module_id: UUID | None
    time_spent_minutes: int
    final_score: Decimal | None
    enrolled_at: datetime
    last_activity_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Progress:
    """Steps of one enrollment: required modules and assessments, and how many are done and passed."""

    required_modules: int
    done_modules: int
    required_assessments: int
    passed_assessments: int

    @property
    def required_steps(self) -> int:
        return self.required_modules + self.required_assessments

    @property
    def done_steps(self) -> int:
        return self.done_modules + self.passed_assessments

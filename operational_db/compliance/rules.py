"""Where a person stands on what is required of them: categories, due dates and status.

Pure and without a clock; the marts state the same rules in SQL and a test holds both together.
Source: training-platform seed 3.2.5.1.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from operational_db.types import CertificationCategory, CourseCategory, Role, TrainingStatus

# A requirement without a role holds for the people who learn or work, not for auditors and administrators.
ROLES_UNDER_GENERAL_REQUIREMENTS = frozenset(
    {Role.TECHNICIAN, Role.STUDENT, Role.MENTOR, Role.SUPERVISOR, Role.COMPANY_MANAGER, Role.INSTRUCTOR}
)


class ComplianceCategory(StrEnum):
    """The categories compliance is reported by: the registry's four, and `general` for whatever fits none."""

    EQUIPMENT = "equipment"
    SAFETY = "safety"
    COMPLIANCE = "compliance"
    MANAGEMENT = "management"
    GENERAL = "general"


_BY_COURSE_CATEGORY: Mapping[CourseCategory, ComplianceCategory] = {
    CourseCategory.MANUFACTURER_EQUIPMENT: ComplianceCategory.EQUIPMENT,
    CourseCategory.SAFETY_CERTIFICATION: ComplianceCategory.SAFETY,
    CourseCategory.CODE_COMPLIANCE: ComplianceCategory.COMPLIANCE,
    CourseCategory.MANAGEMENT: ComplianceCategory.MANAGEMENT,
    CourseCategory.SOFT_SKILLS: ComplianceCategory.GENERAL,
    CourseCategory.TECHNOLOGY: ComplianceCategory.GENERAL,
    CourseCategory.APPRENTICESHIP: ComplianceCategory.GENERAL,
    CourseCategory.CONTINUING_EDUCATION: ComplianceCategory.GENERAL,
}


def category_of_course(category: CourseCategory) -> ComplianceCategory:
    """The compliance category a course of this catalogue category is reported under."""
    return _BY_COURSE_CATEGORY[category]


def category_of_certification(category: CertificationCategory) -> ComplianceCategory:
    """The compliance category a certification is reported under: its own registry category."""
    return ComplianceCategory(category.value)


def is_role_in_scope(required_role: Role | None, role: Role) -> bool:
    """Whether a membership with `role` falls under a requirement for `required_role` (None: who learns or works)."""
    return role in ROLES_UNDER_GENERAL_REQUIREMENTS if required_role is None else role is required_role


def requirement_due_on(
    *, member_since: date, effective_from: date, due_within_days: int, lapsed_on: date | None = None
) -> date:
    """The last day by which the requirement has to be met.

    Counted from the later of joining and the requirement's start; whoever met it before and let it lapse owes it from
    `lapsed_on`, the first day it no longer counted.
    """
    if lapsed_on is not None:
        return lapsed_on
    return max(member_since, effective_from) + timedelta(days=due_within_days)


def required_training_status(
    *, on: date, due_on: date | None, is_exempted: bool, is_completed: bool, is_in_progress: bool
) -> TrainingStatus:
    """The status on a day; precedence exempted, completed, overdue, in progress, pending.

    Overdue starts the day after `due_on`; without a due date nothing is ever overdue.
    """
    if is_exempted:
        return TrainingStatus.EXEMPTED
    if is_completed:
        return TrainingStatus.COMPLETED
    if due_on is not None and due_on < on:
        return TrainingStatus.OVERDUE
    return TrainingStatus.IN_PROGRESS if is_in_progress else TrainingStatus.PENDING


def joiner_due_on(*, assigned_on: date, due_on: date | None, joined_on: date) -> date | None:
    """Due date of somebody who joins an assignment's role or team later: as many days as the first recipients had."""
    return None if due_on is None else joined_on + max(due_on - assigned_on, timedelta(0))

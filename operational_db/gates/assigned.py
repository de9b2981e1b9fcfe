"""Lessons that somebody assigned to a person because a gate needs them, as the person herself sees them.

Assigning is in `exceptions`. An assignment is done when the lesson was passed at or after it (derived, D4).
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from operational_db.identity.rules import Principal
from operational_db.tables.content import Lesson, LessonAttempt, LessonVersion
from operational_db.tables.gates import LessonAssignment, ProficiencyEvidence
from operational_db.types import LessonStatus, LessonType


@dataclass(frozen=True, slots=True)
class AssignedToMe:
    """An open assignment of a lesson that is published."""

    assignment_id: UUID
    organization_id: UUID
    lesson_id: UUID
    title: str
    lesson_type: LessonType
    minutes: Decimal
    action: str
    assigned_at: datetime
    due_on: date


def my_assigned_lessons(session: Session, principal: Principal) -> list[AssignedToMe]:
    """The principal's own open assignments, the next due first; the system has none."""
    if principal.is_system:
        return []
    attempted = aliased(LessonVersion)
    passed = (
        select(LessonAttempt.id)
        .join(attempted, attempted.id == LessonAttempt.lesson_version_id)
        .where(
            attempted.lesson_id == LessonAssignment.lesson_id,
            LessonAttempt.person_id == LessonAssignment.person_id,
            LessonAttempt.is_passed.is_(True),
            LessonAttempt.submitted_at >= LessonAssignment.assigned_at,
        )
        .exists()
    )
    proved = (
        select(ProficiencyEvidence.id)
        .where(
            ProficiencyEvidence.lesson_id == LessonAssignment.lesson_id,
            ProficiencyEvidence.person_id == LessonAssignment.person_id,
            ProficiencyEvidence.achieved_at >= LessonAssignment.assigned_at,
        )
        .exists()
    )
    statement = (
        select(LessonAssignment, Lesson, LessonVersion)
        .join(Lesson, Lesson.id == LessonAssignment.lesson_id)
        .join(LessonVersion, LessonVersion.lesson_id == Lesson.id)
        .where(
            LessonVersion.status == LessonStatus.PUBLISHED,
            LessonAssignment.person_id == principal.person_id,
            LessonAssignment.cancelled_at.is_(None),
            ~passed,
            ~proved,
        )
        .order_by(LessonAssignment.due_on, Lesson.title, LessonAssignment.id)
    )
    return [
        AssignedToMe(
            assignment_id=assignment.id,
            organization_id=assignment.organization_id,
            lesson_id=lesson.id,
            title=lesson.title,
            lesson_type=lesson.lesson_type,
            minutes=version.duration_minutes,
            action=assignment.action,
            assigned_at=assignment.assigned_at,
            due_on=assignment.due_on,
        )
        for assignment, lesson, version in session.execute(statement)
    ]

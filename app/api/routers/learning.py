"""Enrollments and progress, and one's own training (seed 3.2.1, 3.2.5.1)."""

from uuid import UUID

from fastapi import APIRouter, status

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.routers.organizations import to_assignment_body
from app.api.schemas.compliance import TrainingAssignmentBody
from app.api.schemas.learning import (
    AttemptBody,
    AttemptRequest,
    EnrollmentBody,
    EnrollRequest,
    ModuleCompletionRequest,
    to_enrollment_body,
)
from operational_db import clock
from operational_db.compliance import service as compliance
from operational_db.learning import service as learning

router = APIRouter(tags=["learning"])


@router.post("/training/courses/{course_id}/enroll", status_code=status.HTTP_201_CREATED, summary="Enroll in course")
def enroll(
    course_id: UUID, session: WriteSession, principal: CurrentPrincipal, body: EnrollRequest | None = None
) -> EnrollmentBody:
    """Deadline, seats and prerequisites hold; who finished the course before starts a new cycle."""
    wish = body or EnrollRequest()
    enrollment = learning.enroll(
        session,
        principal,
        person_id=wish.person_id or principal.person_id,
        course_id=course_id,
        organization_id=wish.sponsored_by_organization_id,
        now=clock.now(),
    )
    return to_enrollment_body(learning.enrollment_view(session, principal, enrollment_id=enrollment.id))


@router.get("/me/training/enrollments", summary="My enrollments")
def my_enrollments(session: ReadSession, principal: CurrentPrincipal) -> list[EnrollmentBody]:
    views = learning.list_enrollments(session, principal, person_id=principal.person_id)
    return [to_enrollment_body(view) for view in views]


@router.get("/me/training/assignments", summary="My assigned training")
def my_assignments(session: ReadSession, principal: CurrentPrincipal) -> list[TrainingAssignmentBody]:
    """What is due first comes first; what is done or exempted comes last."""
    return [to_assignment_body(view) for view in compliance.my_assignments(session, principal, on=clock.today())]


@router.get("/training/enrollments/{enrollment_id}", summary="One enrollment")
def get_enrollment(enrollment_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> EnrollmentBody:
    return to_enrollment_body(learning.enrollment_view(session, principal, enrollment_id=enrollment_id))


@router.put("/training/enrollments/{enrollment_id}/modules/{module_id}", summary="Complete a module")
def complete_module(
    enrollment_id: UUID,
    module_id: UUID,
    session: WriteSession,
    principal: CurrentPrincipal,
    body: ModuleCompletionRequest | None = None,
) -> EnrollmentBody:
    """Said twice, it counts once. The last required step completes the enrollment."""
    learning.complete_module(
        session,
        principal,
        enrollment_id=enrollment_id,
        module_id=module_id,
        time_spent_minutes=body.time_spent_minutes if body else None,
        now=clock.now(),
    )
    return to_enrollment_body(learning.enrollment_view(session, principal, enrollment_id=enrollment_id))


@router.post(
    "/training/enrollments/{enrollment_id}/attempts", status_code=status.HTTP_201_CREATED, summary="Record an attempt"
)
def record_attempt(
    enrollment_id: UUID, body: AttemptRequest, session: WriteSession, principal: CurrentPrincipal
) -> AttemptBody:
    """By whoever may grade this person; nobody grades herself."""
    attempt = learning.record_attempt(
        session,
        principal,
        enrollment_id=enrollment_id,
        assessment_id=body.assessment_id,
        score=body.score,
        time_spent_minutes=body.time_spent_minutes,
        now=clock.now(),
    )
    return AttemptBody(
        attempt_id=attempt.id,
        enrollment_id=attempt.enrollment_id,
        assessment_id=attempt.assessment_id,
        attempt_number=attempt.attempt_number,
        score=None if attempt.score is None else float(attempt.score),
        passed=attempt.passed,
        submitted_at=attempt.submitted_at,
    )


@router.delete("/training/enrollments/{enrollment_id}", summary="Drop an enrollment")
def drop_enrollment(enrollment_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> EnrollmentBody:
    """The enrollment ends as dropped and stays in the history; the seat is free again."""
    learning.drop_enrollment(session, principal, enrollment_id=enrollment_id, now=clock.now())
    return to_enrollment_body(learning.enrollment_view(session, principal, enrollment_id=enrollment_id))

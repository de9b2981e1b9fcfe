"""Courses recommended to a person, and putting one away (seed 3.2.1.1, LMS-05)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from app.api.dependencies import Context, CurrentPrincipal, ReadSession, WriteSession
from app.api.schemas.recommendations import RecommendationsBody, to_recommendations_body
from app.learned.courses import MOST_COURSES, recommend_courses
from operational_db import clock
from operational_db.recommending import service

router = APIRouter(prefix="/training/recommendations", tags=["catalogue"])


@router.get("", summary="Recommended courses")
def get_recommendations(
    context: Context,
    session: ReadSession,
    principal: CurrentPrincipal,
    person_id: Annotated[UUID | None, Query(description="Somebody whose training the caller looks after.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_COURSES)] = 8,
) -> RecommendationsBody:
    """What is required comes first, then what lapses, the next step of a path, one's goal, and what others took.

    Each course states its reasons. Without `person_id`, the caller's own.
    """
    found = recommend_courses(
        session,
        context.settings,
        principal,
        person_id=person_id or principal.person_id,
        now=clock.now(),
        top=limit,
    )
    return to_recommendations_body(found)


@router.put("/{course_id}/dismissal", status_code=status.HTTP_204_NO_CONTENT, summary="Put a recommendation away")
def dismiss(course_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> None:
    """The course is not recommended to the caller any more; what is required of her stays required."""
    service.dismiss_course(session, principal, course_id=course_id, now=clock.now())


@router.delete("/{course_id}/dismissal", status_code=status.HTTP_204_NO_CONTENT, summary="Take that back")
def restore(course_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> None:
    service.restore_course(session, principal, course_id=course_id, now=clock.now())

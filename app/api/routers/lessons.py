"""Lessons in the flow of work: list, open, answer, hand in (embedded-training seed)."""

from uuid import UUID

from fastapi import APIRouter, status

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.language import Locale
from app.api.schemas.lessons import (
    AnswersRequest,
    AttemptResultBody,
    CheckRequest,
    LessonAttemptBody,
    LessonBody,
    LessonListBody,
    LessonRequest,
    QuestionResultBody,
)
from operational_db import clock
from operational_db.assessment import service as assessment
from operational_db.content import service as content
from operational_db.types import LessonType

router = APIRouter(tags=["lessons"])


@router.get("/lessons", summary="Published lessons")
def list_lessons(
    session: ReadSession,
    principal: CurrentPrincipal,
    locale: Locale,
    lesson_type: LessonType | None = None,
    scope: str | None = None,
) -> list[LessonListBody]:
    """Of the platform and of the caller's organizations."""
    found = content.list_lessons(session, principal, lesson_type=lesson_type, scope=scope, locale=locale)
    return [LessonListBody.model_validate(item) for item in found]


@router.post("/lessons/{lesson_id}/open", summary="Open a lesson")
def open_lesson(
    lesson_id: UUID,
    session: WriteSession,
    principal: CurrentPrincipal,
    locale: Locale,
    body: LessonRequest | None = None,
) -> LessonBody:
    """Slides, clips, steps and questions in the caller's language; the impression is logged."""
    wish = body or LessonRequest()
    view = assessment.open_lesson(
        session,
        principal,
        lesson_id=lesson_id,
        organization_id=wish.organization_id,
        trigger=wish.trigger,
        locale=locale,
        now=clock.now(),
    )
    return LessonBody.model_validate(view)


@router.post("/lessons/{lesson_id}/checks/{question_id}", summary="Answer a knowledge check")
def answer_check(
    lesson_id: UUID,
    question_id: str,
    body: CheckRequest,
    session: ReadSession,
    principal: CurrentPrincipal,
    locale: Locale,
) -> QuestionResultBody:
    """Ungraded checks are answered at once; nothing is recorded."""
    result = assessment.answer_check(
        session,
        principal,
        lesson_id=lesson_id,
        question_id=question_id,
        chosen=body.chosen,
        organization_id=body.organization_id,
        locale=locale,
    )
    return QuestionResultBody.model_validate(result)


@router.post("/lessons/{lesson_id}/attempts", status_code=status.HTTP_201_CREATED, summary="Start an attempt")
def start_attempt(
    lesson_id: UUID,
    session: WriteSession,
    principal: CurrentPrincipal,
    locale: Locale,
    body: LessonRequest | None = None,
) -> LessonAttemptBody:
    """There is one open attempt at a time; starting again goes on with it."""
    wish = body or LessonRequest()
    attempt = assessment.start_attempt(
        session,
        principal,
        lesson_id=lesson_id,
        organization_id=wish.organization_id,
        trigger=wish.trigger,
        now=clock.now(),
    )
    view = assessment.attempt_view(session, principal, attempt_id=attempt.id, locale=locale)
    return LessonAttemptBody.model_validate(view)


@router.get("/lessons/attempts/{attempt_id}", summary="My open attempt")
def get_attempt(
    attempt_id: UUID, session: ReadSession, principal: CurrentPrincipal, locale: Locale
) -> LessonAttemptBody:
    view = assessment.attempt_view(session, principal, attempt_id=attempt_id, locale=locale)
    return LessonAttemptBody.model_validate(view)


@router.post("/lessons/attempts/{attempt_id}/submit", summary="Hand in an attempt")
def submit_attempt(
    attempt_id: UUID, body: AnswersRequest, session: WriteSession, principal: CurrentPrincipal, locale: Locale
) -> AttemptResultBody:
    """Graded at once. The same answers again give the same result and record nothing."""
    result = assessment.submit_attempt(
        session, principal, attempt_id=attempt_id, answers=body.answers, locale=locale, now=clock.now()
    )
    return AttemptResultBody.model_validate(result)


@router.get("/lessons/attempts/{attempt_id}/result", summary="Result of my attempt")
def get_result(
    attempt_id: UUID, session: ReadSession, principal: CurrentPrincipal, locale: Locale
) -> AttemptResultBody:
    result = assessment.attempt_result(session, principal, attempt_id=attempt_id, locale=locale, now=clock.now())
    return AttemptResultBody.model_validate(result)

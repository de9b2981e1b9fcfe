"""Lessons as learners meet them: open, answer a check, hand in an attempt, and what is waiting to be taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from operational_db.assessment import service
from operational_db.assessment.views import AttemptResult, AttemptView, LessonView, QuestionResult
from operational_db.content.features import list_runbooks
from operational_db.content.service import list_lessons
from operational_db.content.views import LessonListItem, RunbookView
from operational_db.database import read_only_session, unit_of_work
from operational_db.gates.assigned import AssignedToMe, my_assigned_lessons
from operational_db.identity.rules import Principal
from operational_db.reinforcement.service import DueReinforcement, due_reinforcement, finish_reinforcement
from operational_db.types import LessonTrigger


@dataclass(frozen=True)
class Waiting:
    """What a person has to take in the flow of work."""

    reinforcement: DueReinforcement | None
    assigned: Sequence[AssignedToMe]


def waiting_for(engine: Engine, principal: Principal, *, locale: str | None, now: datetime) -> Waiting:
    """Assigned lessons, and the reinforcement that is due at this entry within the friction budget.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with unit_of_work(engine) as session:
        return Waiting(
            due_reinforcement(session, principal, locale=locale, now=now), my_assigned_lessons(session, principal)
        )


def refresher_for(
    engine: Engine,
    principal: Principal,
    *,
    action: str,
    organization_id: UUID | None,
    locale: str | None,
    now: datetime,
) -> DueReinforcement | None:
    """The reinforcement that near-misses in an action earned, at the entry to it and within the friction budget.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with unit_of_work(engine) as session:
        return due_reinforcement(
            session, principal, action=action, organization_id=organization_id, locale=locale, now=now
        )


def put_off(engine: Engine, principal: Principal, *, reinforcement_id: UUID, now: datetime) -> None:
    """Close a reinforcement without taking it.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with unit_of_work(engine) as session:
        finish_reinforcement(session, principal, reinforcement_id=reinforcement_id, now=now)


def open_lesson(
    engine: Engine,
    principal: Principal,
    *,
    lesson_id: UUID,
    organization_id: UUID | None,
    trigger: LessonTrigger,
    locale: str | None,
    now: datetime,
) -> LessonView:
    """The lesson in the viewer's language; that it was opened is logged.

    Raises
    ------
    DomainError
        When there is no such lesson for the viewer, or the database is down.
    """
    with unit_of_work(engine) as session:
        return service.open_lesson(
            session,
            principal,
            lesson_id=lesson_id,
            organization_id=organization_id,
            trigger=trigger,
            locale=locale,
            now=now,
        )


def answer_check(
    engine: Engine,
    principal: Principal,
    *,
    lesson_id: UUID,
    question_id: str,
    chosen: Sequence[str],
    organization_id: UUID | None,
    locale: str | None,
) -> QuestionResult:
    """Whether an ungraded check was answered right, and why.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return service.answer_check(
            session,
            principal,
            lesson_id=lesson_id,
            question_id=question_id,
            chosen=chosen,
            organization_id=organization_id,
            locale=locale,
        )


def start(
    engine: Engine,
    principal: Principal,
    *,
    lesson_id: UUID,
    organization_id: UUID | None,
    trigger: LessonTrigger,
    locale: str | None,
    now: datetime,
) -> AttemptView:
    """Start an attempt, or go on with the open one.

    Raises
    ------
    DomainError
        When the next try has to wait, or the database is down.
    """
    with unit_of_work(engine) as session:
        attempt = service.start_attempt(
            session, principal, lesson_id=lesson_id, organization_id=organization_id, trigger=trigger, now=now
        )
        return service.attempt_view(session, principal, attempt_id=attempt.id, locale=locale)


def hand_in(
    engine: Engine,
    principal: Principal,
    *,
    attempt_id: UUID,
    answers: Mapping[str, Sequence[str]],
    locale: str | None,
    now: datetime,
) -> AttemptResult:
    """Hand an attempt in; what it proves is on record when this returns.

    Raises
    ------
    DomainError
        When the answers came too fast or do not fit, or the database is down; nothing was recorded then.
    """
    with unit_of_work(engine) as session:
        return service.submit_attempt(
            session, principal, attempt_id=attempt_id, answers=answers, locale=locale, now=now
        )


@dataclass(frozen=True)
class Shelf:
    """Published lessons and runbooks by their codes, for links from one to another."""

    lessons: Mapping[str, LessonListItem]
    runbooks: Mapping[str, RunbookView]


def shelf(engine: Engine, principal: Principal, *, locale: str | None) -> Shelf:
    """What links inside lessons lead to.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return Shelf(
            {lesson.code: lesson for lesson in list_lessons(session, principal, locale=locale)},
            {runbook.code: runbook for runbook in list_runbooks(session, principal)},
        )

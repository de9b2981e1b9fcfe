"""Use cases of protected features and runbooks: what stands beside a risky action, and the steps to follow."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.content import reading, rules
from operational_db.content.drafting import (
    coded,
    free_code,
    required,
)
from operational_db.content.permissions import (
    require_visible,
    require_work_on,
    visible_organizations,
)
from operational_db.content.repository import ContentRepository
from operational_db.content.views import FeatureView, RunbookView
from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.tables.content import (
    Lesson,
    Policy,
    ProtectedFeature,
    Runbook,
)
from operational_db.types import (
    LessonType,
)


class RunbookStep(TypedDict, total=False):
    """`walkthrough_lesson_id` launches a walkthrough from the step."""

    title: str
    text: str
    walkthrough_lesson_id: UUID | None


def create_runbook(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    code: str,
    title: str,
    steps: Sequence[RunbookStep],
    url: str | None = None,
    now: datetime,
) -> Runbook:
    """Register a runbook with its steps, some of which launch a walkthrough.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not change the organization's policies, or a walkthrough does not exist.
    InvalidInputError
        When code, title or a step is empty, or the address is no https address.
    ConflictError
        When the code is taken, or a step launches a lesson that is no walkthrough.
    """
    repository = ContentRepository(session)
    require_work_on(repository, principal, Permission.CHANGE_POLICIES, organization_id)
    if not steps:
        raise InvalidInputError("A runbook needs at least one step.")
    if url is not None and not url.startswith("https://"):
        raise InvalidInputError("The runbook's address starts with https://.")
    runbook = Runbook(
        organization_id=organization_id,
        code=free_code(repository, Runbook, code, organization_id),
        title=required(title, "A runbook needs a title."),
        url=url,
        steps=[_stored_step(repository, principal, step) for step in steps],
        created_at=now,
        updated_at=now,
    )
    session.add(runbook)
    session.flush()
    return runbook


def set_feature(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    action: str,
    title: str,
    explanation: str,
    tip_bullets: Sequence[str],
    policy_code: str,
    runbook_code: str,
    example: str = "",
    lesson_code: str | None = None,
    now: datetime,
) -> ProtectedFeature:
    """Tie a risky feature to its policy, runbook, tip and micro-lesson; said again, it replaces what was said.

    A changed description makes the tip appear again for those who had dismissed it.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not change the organization's policies, or a code stands for nothing.
    InvalidInputError
        When the explanation is not read in 30 to 60 seconds or the tip has not 2 or 3 bullets.
    """
    repository = ContentRepository(session)
    require_work_on(repository, principal, Permission.CHANGE_POLICIES, organization_id)
    rules.require_explanation(explanation, example)
    bullets = [bullet.strip() for bullet in tip_bullets if bullet.strip()]
    if not 2 <= len(bullets) <= 3:
        raise InvalidInputError("A tip has two or three bullets.")
    values: dict[str, object] = {
        "title": required(title, "A feature needs a title."),
        "explanation": explanation.strip(),
        "example": example.strip(),
        "tip_bullets": bullets,
        "policy_id": coded(repository, Policy, policy_code, organization_id).id,
        "runbook_id": coded(repository, Runbook, runbook_code, organization_id).id,
        "lesson_id": coded(repository, Lesson, lesson_code, organization_id).id if lesson_code else None,
    }
    feature = repository.own_feature(required(action, "A feature needs its action's name."), organization_id)
    if feature is None:
        feature = ProtectedFeature(organization_id=organization_id, action=action.strip(), created_at=now, **values)
        feature.updated_at = now
        session.add(feature)
    elif any(getattr(feature, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(feature, name, value)
        feature.updated_at = now
    session.flush()
    return feature


def feature_of(
    session: Session, action: str, organization_id: UUID | None, *, on: date | None = None, locale: str | None = None
) -> FeatureView:
    """The panel of a feature: the organization's own description, else the platform's.

    Its policy is shown in the version in effect on the day, in the newest one when no day is given.

    Raises
    ------
    NotFoundError
        When nobody described the action.
    """
    repository = ContentRepository(session)
    feature = repository.feature(action, organization_id)
    if feature is None:
        raise NotFoundError(f"There is no protected feature '{action}'. Look at the list of features.")
    return reading.feature_view(repository, feature, on=on, locale=locale)


def list_features(
    session: Session, principal: Principal, *, organization_id: UUID | None, on: date, locale: str | None = None
) -> list[FeatureView]:
    """Every protected feature as the organization sees it. Raises NotFoundError for somebody else's organization."""
    require_visible(principal, organization_id)
    repository = ContentRepository(session)
    return [reading.feature_view(repository, row, on=on, locale=locale) for row in repository.features(organization_id)]


def list_runbooks(session: Session, principal: Principal) -> list[RunbookView]:
    repository = ContentRepository(session)
    return reading.runbook_views(repository, repository.runbooks(visible_organizations(principal)))


def _stored_step(repository: ContentRepository, principal: Principal, step: RunbookStep) -> dict[str, str]:
    stored = {
        "title": required(step.get("title", ""), "Every step needs a title."),
        "text": required(step.get("text", ""), "Every step says what to do."),
    }
    lesson_id = step.get("walkthrough_lesson_id")
    if lesson_id is not None:
        lesson = repository.lesson(lesson_id)
        require_visible(principal, lesson.organization_id)
        if lesson.lesson_type is not LessonType.WALKTHROUGH:
            raise ConflictError(f"'{lesson.title}' is no walkthrough. A step launches walkthroughs only.")
        stored["walkthrough_lesson_id"] = str(lesson_id)
    return stored

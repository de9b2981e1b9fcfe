"""Installs what the product ships: policies, runbooks, features, lessons and the tracks of the five personas.

Only what is missing is added, so that it may run at every start. Shipped lessons are reviewed and tried out where the
product is made; an installation checks every other line of the ready-to-ship checklist before it puts them in place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from operational_db.content import (
    seed_compliance,
    seed_data_export,
    seed_engineers,
    seed_operations,
    seed_partners,
    seed_security,
)
from operational_db.content.features import RunbookStep, create_runbook, set_feature
from operational_db.content.policies import create_policy, publish_policy_version
from operational_db.content.publishing import put_in_place
from operational_db.content.readiness import readiness_of
from operational_db.content.repository import ContentRepository
from operational_db.content.rules import DONE_BEFORE_SHIPPING
from operational_db.content.seed_parts import (
    ALL_HOOKS,
    STEP_HOOKS,
    Shipment,
    ShippedFeature,
    ShippedLesson,
    ShippedPolicy,
    ShippedRunbook,
    ShippedTrack,
)
from operational_db.content.service import create_lesson, draft_version
from operational_db.errors import ConflictError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.tables.content import Lesson, Policy, Runbook
from operational_db.tables.gates import ScopeRule, TrackLesson, TrainingTrack
from operational_db.types import LessonType

SHIPMENTS: tuple[Shipment, ...] = (
    seed_data_export.SHIPMENT,
    seed_engineers.SHIPMENT,
    seed_operations.SHIPMENT,
    seed_security.SHIPMENT,
    seed_compliance.SHIPMENT,
    seed_partners.SHIPMENT,
)

SINCE = date(2020, 1, 1)
_LOCK = "platform-content"


@dataclass(frozen=True)
class InstalledContent:
    """How much was added; nothing on a second run."""

    policy_count: int
    lesson_count: int
    track_count: int


def install_platform_content(session: Session, *, now: datetime) -> InstalledContent:
    """Add what the product ships and the installation lacks; several at once take turns.

    Raises
    ------
    ConflictError
        When a shipped lesson fails a line of the checklist, naming it.
    """
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": _LOCK})
    repository = ContentRepository(session)
    policies = [_policy(session, repository, each, now=now) for shipment in SHIPMENTS for each in shipment.policies]
    for shipment in SHIPMENTS:
        for scope, months in shipment.scope_months.items():
            _scope_rule(session, scope, months, now=now)
    new = [
        each
        for shipment in SHIPMENTS
        for each in shipment.lessons
        if repository.by_code(Lesson, each.code, None) is None
    ]
    for lesson in new:
        _register(session, lesson, now=now)
    for shipment in SHIPMENTS:
        for runbook in shipment.runbooks:
            _runbook(session, repository, runbook, now=now)
    tracks = [_track(session, repository, each, now=now) for shipment in SHIPMENTS for each in shipment.tracks]
    for lesson in new:
        _publish(session, repository, lesson, now=now)
    for shipment in SHIPMENTS:
        for feature in shipment.features:
            _feature(session, repository, feature, now=now)
    return InstalledContent(sum(policies), len(new), sum(tracks))


def _policy(session: Session, repository: ContentRepository, shipped: ShippedPolicy, *, now: datetime) -> bool:
    if repository.by_code(Policy, shipped.code, None) is not None:
        return False
    policy = create_policy(
        session,
        SYSTEM_PRINCIPAL,
        organization_id=None,
        code=shipped.code,
        title=shipped.title,
        is_critical=shipped.is_critical,
        now=now,
    )
    publish_policy_version(
        session,
        SYSTEM_PRINCIPAL,
        policy_id=policy.id,
        version="1.0.0",
        summary=shipped.summary,
        effective_on=now.date(),
        now=now,
    )
    return True


def _scope_rule(session: Session, scope: str, months: int, *, now: datetime) -> None:
    known = select(ScopeRule.id).where(ScopeRule.scope == scope, ScopeRule.organization_id.is_(None))
    if session.scalar(known.limit(1)) is None:
        session.add(
            ScopeRule(
                scope=scope, version=1, validity_months=months, effective_from=SINCE, created_at=now, updated_at=now
            )
        )
        session.flush()


def _register(session: Session, shipped: ShippedLesson, *, now: datetime) -> None:
    create_lesson(
        session,
        SYSTEM_PRINCIPAL,
        organization_id=None,
        code=shipped.code,
        title=shipped.title,
        lesson_type=shipped.lesson_type,
        now=now,
    )


def _runbook(session: Session, repository: ContentRepository, shipped: ShippedRunbook, *, now: datetime) -> None:
    if repository.by_code(Runbook, shipped.code, None) is not None:
        return
    steps: list[RunbookStep] = []
    for title, words, walkthrough_code in shipped.steps:
        walkthrough = repository.by_code(Lesson, walkthrough_code, None) if walkthrough_code else None
        steps.append({"title": title, "text": words, "walkthrough_lesson_id": walkthrough.id if walkthrough else None})
    create_runbook(
        session, SYSTEM_PRINCIPAL, organization_id=None, code=shipped.code, title=shipped.title, steps=steps, now=now
    )


def _track(session: Session, repository: ContentRepository, shipped: ShippedTrack, *, now: datetime) -> bool:
    known = select(TrainingTrack.id).where(
        TrainingTrack.organization_id.is_(None),
        TrainingTrack.persona == shipped.persona,
        TrainingTrack.tier == shipped.tier,
    )
    if session.scalar(known) is not None:
        return False
    track = TrainingTrack(
        persona=shipped.persona, tier=shipped.tier, title=shipped.title, created_at=now, updated_at=now
    )
    session.add(track)
    session.flush()
    for order_index, code in enumerate((*shipped.required, *shipped.optional)):
        lesson = repository.by_code(Lesson, code, None)
        if lesson is None:
            raise ConflictError(f"The track {shipped.title} names {code}, which is not shipped.")
        session.add(
            TrackLesson(
                track_id=track.id, lesson_id=lesson.id, order_index=order_index, is_required=code in shipped.required
            )
        )
    session.flush()
    return True


def _publish(session: Session, repository: ContentRepository, shipped: ShippedLesson, *, now: datetime) -> None:
    lesson = repository.by_code(Lesson, shipped.code, None)
    if lesson is None:
        raise ConflictError(f"{shipped.code} was not registered.")
    version = draft_version(
        session,
        SYSTEM_PRINCIPAL,
        lesson_id=lesson.id,
        body=shipped.body,
        duration_minutes=shipped.minutes,
        objective=shipped.objective,
        policy_codes=shipped.policy_codes,
        runbook_codes=shipped.runbook_codes,
        scope_tags=shipped.scope_tags,
        locales=shipped.locales,
        expected_outcomes=shipped.expected_outcomes,
        telemetry_hooks=STEP_HOOKS if shipped.lesson_type is LessonType.WALKTHROUGH else ALL_HOOKS,
        rollout_plan=shipped.rollout_plan,
        fallback=shipped.fallback,
        now=now,
    )
    open_lines = [
        line
        for line in readiness_of(repository, lesson, version)
        if not line.is_met and line.code not in DONE_BEFORE_SHIPPING
    ]
    if open_lines:
        wanting = "; ".join(f"{line.code}: {', '.join(line.missing)}" for line in open_lines)
        raise ConflictError(f"The shipped lesson {shipped.code} is not ready: {wanting}.")
    put_in_place(session, lesson, version, published_by=None, now=now)


def _feature(session: Session, repository: ContentRepository, shipped: ShippedFeature, *, now: datetime) -> None:
    if repository.own_feature(shipped.action, None) is not None:
        return
    set_feature(
        session,
        SYSTEM_PRINCIPAL,
        organization_id=None,
        action=shipped.action,
        title=shipped.title,
        explanation=shipped.explanation,
        example=shipped.example,
        tip_bullets=shipped.tip_bullets,
        policy_code=shipped.policy_code,
        runbook_code=shipped.runbook_code,
        lesson_code=shipped.lesson_code,
        now=now,
    )


def shipped_lessons() -> Sequence[ShippedLesson]:
    return [lesson for shipment in SHIPMENTS for lesson in shipment.lessons]

"""What the product ships, as the demo's people find it: lessons, tracks, terms, features and gate rules with their ids.

The content itself is the product's own (`content.seed`, `gates.shipped`), put in place as of the demo's first day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from operational_db.assessment.rules import items_of
from operational_db.content.body import parse_body
from operational_db.content.seed import install_platform_content
from operational_db.gates.repository import to_terms
from operational_db.gates.rules import GateTerms
from operational_db.gates.shipped import install_platform_rules
from operational_db.proficiency.rules import ScopeRuleTerms, TrackStep, default_terms, track_name
from operational_db.tables.content import Lesson, LessonPolicy, LessonRunbook, LessonVersion, Policy, ProtectedFeature
from operational_db.tables.gates import GateRule, ScopeRule, TrackLesson, TrainingTrack
from operational_db.types import LessonStatus, LessonType, Persona, ProficiencyLevel, TrackTier


@dataclass(frozen=True)
class DemoLesson:
    """A shipped lesson in its published version; `item_count` is how many questions or decisions an attempt has."""

    id: UUID
    code: str
    lesson_type: LessonType
    version_id: UUID
    version: str
    scope_tags: tuple[str, ...]
    policy_ids: tuple[UUID, ...]
    runbook_ids: tuple[UUID, ...]
    pass_threshold: int
    item_count: int
    # Languages besides the one it was written in.
    further_locales: tuple[str, ...]
    minutes: Decimal
    refresh_months: int
    # The version's own columns, for the version that follows it.
    columns: Mapping[str, object]

    @property
    def is_simulation(self) -> bool:
        return self.lesson_type is LessonType.SIMULATION


@dataclass(frozen=True)
class DemoTrack:
    id: UUID
    persona: Persona
    tier: TrackTier
    steps: tuple[TrackStep, ...]

    @property
    def name(self) -> str:
        return track_name(self.persona, self.tier)


@dataclass(frozen=True)
class DemoFeature:
    id: UUID
    action: str
    lesson_id: UUID | None


@dataclass(frozen=True)
class DemoContent:
    """Everything shipped; lessons in the order of their codes, so that the same chance meets the same lesson."""

    lessons: tuple[DemoLesson, ...]
    tracks: tuple[DemoTrack, ...]
    policies: Mapping[str, UUID]
    features: Mapping[str, DemoFeature]
    rules: Mapping[str, GateTerms]
    scope_terms: Mapping[str, ScopeRuleTerms]

    def lesson(self, lesson_id: UUID) -> DemoLesson:
        return next(each for each in self.lessons if each.id == lesson_id)

    def track(self, name: str) -> DemoTrack | None:
        return next((each for each in self.tracks if each.name == name), None)

    def terms(self, scope: str) -> ScopeRuleTerms:
        return self.scope_terms.get(scope) or default_terms(scope)


def install_content(session: Session, *, at: datetime) -> DemoContent:
    """Put the shipped content and rules in place as of `at` and read them.

    Content that an installation got before it was filled with the demo counts as there from `at` on.
    """
    install_platform_content(session, now=at)
    install_platform_rules(session, now=at)
    session.flush()
    since = {"published_at": at, "created_at": at, "updated_at": at}
    session.execute(update(LessonVersion).where(LessonVersion.published_at > at).values(since))
    return read_content(session)


def read_content(session: Session) -> DemoContent:
    """The platform's published content and the rules in force."""
    rules = session.scalars(select(GateRule).where(GateRule.organization_id.is_(None)).order_by(GateRule.version))
    scopes = session.scalars(select(ScopeRule).where(ScopeRule.organization_id.is_(None)).order_by(ScopeRule.version))
    features = session.scalars(select(ProtectedFeature).where(ProtectedFeature.organization_id.is_(None)))
    policies = session.scalars(select(Policy).where(Policy.organization_id.is_(None)))
    return DemoContent(
        lessons=_lessons(session),
        tracks=_tracks(session),
        policies={each.code: each.id for each in policies},
        features={each.action: DemoFeature(each.id, each.action, each.lesson_id) for each in features},
        rules={each.action: to_terms(each) for each in rules},
        scope_terms={
            each.scope: ScopeRuleTerms(
                scope=each.scope,
                certified_at_level=ProficiencyLevel(each.certified_at_level),
                validity_basis=each.validity_basis,
                validity_months=each.validity_months,
                calendar_month=each.calendar_month,
                calendar_day=each.calendar_day,
                minimum_active_days=each.minimum_active_days,
                renewal_window_days=each.renewal_window_days,
                grace_days=each.grace_days,
            )
            for each in scopes
        },
    )


def _lessons(session: Session) -> tuple[DemoLesson, ...]:
    published = session.execute(
        select(Lesson, LessonVersion)
        .join(LessonVersion, LessonVersion.lesson_id == Lesson.id)
        .where(Lesson.organization_id.is_(None), LessonVersion.status == LessonStatus.PUBLISHED)
        .where(Lesson.lesson_type != LessonType.COURSE)
        .order_by(Lesson.code)
    )
    found = []
    for lesson, version in published:
        policies = session.scalars(select(LessonPolicy.policy_id).where(LessonPolicy.lesson_version_id == version.id))
        runbooks = session.scalars(
            select(LessonRunbook.runbook_id).where(LessonRunbook.lesson_version_id == version.id)
        )
        body = parse_body(lesson.lesson_type, version.body)
        found.append(
            DemoLesson(
                id=lesson.id,
                code=lesson.code,
                lesson_type=lesson.lesson_type,
                version_id=version.id,
                version=version.version,
                scope_tags=tuple(version.scope_tags),
                policy_ids=tuple(sorted(policies)),
                runbook_ids=tuple(sorted(runbooks)),
                pass_threshold=version.pass_threshold,
                item_count=len(items_of(lesson.lesson_type, body)),
                further_locales=tuple(each for each in version.locales if each != body.default_locale),
                minutes=version.duration_minutes,
                refresh_months=version.refresh_months,
                columns={column.name: getattr(version, column.name) for column in LessonVersion.__table__.columns},
            )
        )
    return tuple(found)


def _tracks(session: Session) -> tuple[DemoTrack, ...]:
    steps: dict[UUID, list[TrackStep]] = {}
    for track_id, lesson_id, is_required, lesson_type in session.execute(
        select(TrackLesson.track_id, TrackLesson.lesson_id, TrackLesson.is_required, Lesson.lesson_type)
        .join(Lesson, Lesson.id == TrackLesson.lesson_id)
        .order_by(TrackLesson.track_id, TrackLesson.order_index)
    ):
        steps.setdefault(track_id, []).append(TrackStep(lesson_id, is_required, lesson_type is LessonType.SIMULATION))
    tracks = session.scalars(
        select(TrainingTrack)
        .where(TrainingTrack.organization_id.is_(None))
        .order_by(TrainingTrack.persona, TrainingTrack.tier)
    )
    return tuple(DemoTrack(each.id, each.persona, each.tier, tuple(steps.get(each.id, ()))) for each in tracks)

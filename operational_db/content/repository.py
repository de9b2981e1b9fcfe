"""Queries on policies, runbooks, features and lessons. Nothing here decides who may see what."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, case, cast, delete, or_, select, text, true
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.orm import InstrumentedAttribute, Session

from operational_db.content import rules
from operational_db.errors import NotFoundError
from operational_db.ledger.events import GateDecided
from operational_db.tables.catalog import Course
from operational_db.tables.content import (
    Lesson,
    LessonPolicy,
    LessonReleaseCheck,
    LessonReview,
    LessonRunbook,
    LessonVersion,
    Policy,
    PolicyVersion,
    ProtectedFeature,
    Runbook,
)
from operational_db.tables.gates import (
    EvidenceBundle,
    GateRule,
    ProficiencyEvidence,
    ScopeRule,
    TrackLesson,
    TrainingTrack,
)
from operational_db.tables.identity import Membership, Organization
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import GateMode, LessonStatus, LessonType, OrganizationKind, ProficiencyLevel

Coded = TypeVar("Coded", Policy, Runbook, Lesson)


def belongs(
    column: InstrumentedAttribute[UUID | None], organization_ids: Collection[UUID] | None
) -> ColumnElement[bool]:
    """The platform's rows and those of the organizations; every row when None is given."""
    if organization_ids is None:
        return true()
    return or_(column.is_(None), column.in_(organization_ids))


class ContentRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def platform_ids(self) -> frozenset[UUID]:
        """Organizations that run the platform."""
        statement = select(Organization.id).where(Organization.kind == OrganizationKind.PLATFORM)
        return frozenset(self.session.scalars(statement))

    def is_member(self, person_id: UUID, organization_id: UUID | None, *, on: date) -> bool:
        """Whether the person belongs to the organization on the day; None: to one that runs the platform."""
        ids = self.platform_ids() if organization_id is None else {organization_id}
        statement = select(Membership.id).where(
            Membership.person_id == person_id,
            Membership.organization_id.in_(ids),
            Membership.started_on <= on,
            or_(Membership.ended_on.is_(None), Membership.ended_on > on),
        )
        return self.session.scalar(statement.limit(1)) is not None

    def policy(self, policy_id: UUID, *, lock: bool = False) -> Policy:
        """Raises NotFoundError when there is none with the id."""
        statement = select(Policy).where(Policy.id == policy_id)
        if lock:
            statement = statement.with_for_update()
        policy = self.session.scalar(statement)
        if policy is None:
            raise NotFoundError("There is no policy with this id. Look it up by its code.")
        return policy

    def policies(self, organization_ids: Collection[UUID] | None) -> Sequence[Policy]:
        statement = select(Policy).where(belongs(Policy.organization_id, organization_ids))
        return self.session.scalars(statement.order_by(Policy.code, Policy.id)).all()

    def runbooks(self, organization_ids: Collection[UUID] | None) -> Sequence[Runbook]:
        statement = select(Runbook).where(belongs(Runbook.organization_id, organization_ids))
        return self.session.scalars(statement.order_by(Runbook.code, Runbook.id)).all()

    def by_code(self, table: type[Coded], code: str, organization_id: UUID | None) -> Coded | None:
        """The organization's own record of the code, else the platform's."""
        own = [organization_id] if organization_id is not None else []
        statement = select(table).where(table.code == code, belongs(table.organization_id, own))
        return self.session.scalar(statement.order_by(table.organization_id.is_(None)).limit(1))

    def is_code_taken(self, table: type[Coded], code: str, organization_id: UUID | None) -> bool:
        statement = select(table).where(table.code == code, table.organization_id.is_not_distinct_from(organization_id))
        return self.session.scalar(statement) is not None

    def policy_versions(self, policy_ids: Collection[UUID]) -> dict[UUID, list[PolicyVersion]]:
        """Versions of each policy, oldest first."""
        statement = select(PolicyVersion).where(PolicyVersion.policy_id.in_(policy_ids))
        found: dict[UUID, list[PolicyVersion]] = {policy_id: [] for policy_id in policy_ids}
        for version in self.session.scalars(statement):
            found[version.policy_id].append(version)
        for versions in found.values():
            versions.sort(key=lambda version: rules.version_key(version.version))
        return found

    def runbook(self, runbook_id: UUID) -> Runbook:
        """Raises NotFoundError when there is none with the id."""
        runbook = self.session.get(Runbook, runbook_id)
        if runbook is None:
            raise NotFoundError("There is no runbook with this id. Look it up by its code.")
        return runbook

    def course(self, course_id: UUID) -> Course:
        """Raises NotFoundError when the catalogue has none with the id."""
        course = self.session.get(Course, course_id)
        if course is None:
            raise NotFoundError("There is no course with this id. Browse the catalogue to find it.")
        return course

    def lesson(self, lesson_id: UUID, *, lock: bool = False) -> Lesson:
        """Raises NotFoundError when there is none with the id."""
        statement = select(Lesson).where(Lesson.id == lesson_id)
        if lock:
            statement = statement.with_for_update()
        lesson = self.session.scalar(statement)
        if lesson is None:
            raise no_lesson()
        return lesson

    def lessons_by_id(self, lesson_ids: Collection[UUID]) -> dict[UUID, Lesson]:
        statement = select(Lesson).where(Lesson.id.in_(lesson_ids))
        return {lesson.id: lesson for lesson in self.session.scalars(statement)}

    def version(self, version_id: UUID, *, lock: bool = False) -> tuple[LessonVersion, Lesson]:
        """A version with its lesson; locked against a concurrent change of its status when asked.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        statement = select(LessonVersion, Lesson).join(Lesson, Lesson.id == LessonVersion.lesson_id)
        statement = statement.where(LessonVersion.id == version_id)
        if lock:
            statement = statement.with_for_update(of=LessonVersion).execution_options(populate_existing=True)
        found = self.session.execute(statement).one_or_none()
        if found is None:
            raise no_version()
        return found[0], found[1]

    def published_version(self, lesson_id: UUID) -> LessonVersion | None:
        statement = select(LessonVersion).where(
            LessonVersion.lesson_id == lesson_id, LessonVersion.status == LessonStatus.PUBLISHED
        )
        return self.session.scalar(statement)

    def versions_of(self, lesson_id: UUID) -> list[LessonVersion]:
        """Every version of the lesson, newest first."""
        found = self.session.scalars(select(LessonVersion).where(LessonVersion.lesson_id == lesson_id))
        return sorted(found, key=lambda version: rules.version_key(version.version), reverse=True)

    def lock_refreshes(self) -> None:
        """Until the transaction ends, nobody else asks for refreshes: each is asked for once."""
        self.session.execute(text("select pg_advisory_xact_lock(hashtextextended('lesson-refreshes', 0))"))

    def published_lessons(
        self,
        organization_ids: Collection[UUID] | None,
        *,
        lesson_type: LessonType | None = None,
        scope: str | None = None,
    ) -> list[tuple[Lesson, LessonVersion]]:
        statement = (
            select(Lesson, LessonVersion)
            .join(LessonVersion, LessonVersion.lesson_id == Lesson.id)
            .where(LessonVersion.status == LessonStatus.PUBLISHED, belongs(Lesson.organization_id, organization_ids))
            .order_by(Lesson.title, Lesson.id)
        )
        if lesson_type is not None:
            statement = statement.where(Lesson.lesson_type == lesson_type)
        if scope is not None:
            statement = statement.where(LessonVersion.scope_tags.contains([scope]))
        return [(lesson, version) for lesson, version in self.session.execute(statement)]

    def versions_in(
        self, organization_ids: Collection[UUID] | None, statuses: Collection[LessonStatus]
    ) -> list[tuple[Lesson, LessonVersion]]:
        """Versions in one of the statuses, of the organizations' own lessons and the platform's."""
        statement = (
            select(Lesson, LessonVersion)
            .join(LessonVersion, LessonVersion.lesson_id == Lesson.id)
            .where(LessonVersion.status.in_(statuses), belongs(Lesson.organization_id, organization_ids))
            .order_by(Lesson.title, Lesson.id, LessonVersion.created_at)
        )
        return [(lesson, version) for lesson, version in self.session.execute(statement)]

    def untie(self, version_id: UUID) -> None:
        """Forget the policies and runbooks of a draft, before it names them anew."""
        self.session.execute(delete(LessonPolicy).where(LessonPolicy.lesson_version_id == version_id))
        self.session.execute(delete(LessonRunbook).where(LessonRunbook.lesson_version_id == version_id))

    def policies_of(self, version_id: UUID) -> list[tuple[Policy, str]]:
        """The policies a version teaches, by code, each with the version of it that is taught."""
        statement = (
            select(Policy, LessonPolicy.policy_version)
            .join(LessonPolicy, LessonPolicy.policy_id == Policy.id)
            .where(LessonPolicy.lesson_version_id == version_id)
            .order_by(Policy.code)
        )
        return [(policy, taught) for policy, taught in self.session.execute(statement)]

    def runbooks_of(self, version_id: UUID) -> list[Runbook]:
        statement = (
            select(Runbook)
            .join(LessonRunbook, LessonRunbook.runbook_id == Runbook.id)
            .where(LessonRunbook.lesson_version_id == version_id)
            .order_by(Runbook.code)
        )
        return list(self.session.scalars(statement))

    def published_teaching(self, policy_id: UUID) -> list[tuple[LessonVersion, Lesson, str]]:
        """Published versions that teach the policy, with the version of it that they teach."""
        statement = (
            select(LessonVersion, Lesson, LessonPolicy.policy_version)
            .join(LessonPolicy, LessonPolicy.lesson_version_id == LessonVersion.id)
            .join(Lesson, Lesson.id == LessonVersion.lesson_id)
            .where(LessonPolicy.policy_id == policy_id, LessonVersion.status == LessonStatus.PUBLISHED)
            .order_by(Lesson.code, Lesson.id)
        )
        return [(version, lesson, taught) for version, lesson, taught in self.session.execute(statement)]

    def versions_teaching(self, policy_id: UUID) -> list[tuple[UUID, str, str]]:
        """Lesson, version and taught policy version of every version, published or not, that ever taught the policy."""
        statement = (
            select(LessonVersion.lesson_id, LessonVersion.version, LessonPolicy.policy_version)
            .join(LessonPolicy, LessonPolicy.lesson_version_id == LessonVersion.id)
            .where(LessonPolicy.policy_id == policy_id)
        )
        return [(lesson_id, version, taught) for lesson_id, version, taught in self.session.execute(statement)]

    def reviews_of(self, version_id: UUID) -> list[LessonReview]:
        statement = select(LessonReview).where(LessonReview.lesson_version_id == version_id)
        return list(self.session.scalars(statement.order_by(LessonReview.requested_at, LessonReview.id)))

    def review(self, review_id: UUID) -> LessonReview:
        """The review, locked until the transaction ends.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        statement = select(LessonReview).where(LessonReview.id == review_id).with_for_update()
        review = self.session.scalar(statement.execution_options(populate_existing=True))
        if review is None:
            raise NotFoundError("There is no review task with this id. Look at the list of open reviews.")
        return review

    def open_reviews(
        self, organization_ids: Collection[UUID] | None
    ) -> list[tuple[LessonReview, LessonVersion, Lesson]]:
        statement = (
            select(LessonReview, LessonVersion, Lesson)
            .join(LessonVersion, LessonVersion.id == LessonReview.lesson_version_id)
            .join(Lesson, Lesson.id == LessonVersion.lesson_id)
            .where(
                LessonReview.outcome.is_(None),
                LessonVersion.status.in_([LessonStatus.IN_REVIEW, LessonStatus.PUBLISHED]),
                belongs(Lesson.organization_id, organization_ids),
            )
            .order_by(LessonReview.requested_at, LessonReview.id)
        )
        return [(review, version, lesson) for review, version, lesson in self.session.execute(statement)]

    def release_checks_of(self, version_id: UUID) -> list[LessonReleaseCheck]:
        statement = select(LessonReleaseCheck).where(LessonReleaseCheck.lesson_version_id == version_id)
        return list(self.session.scalars(statement.order_by(LessonReleaseCheck.recorded_at)))

    def feature(self, action: str, organization_id: UUID | None) -> ProtectedFeature | None:
        """The organization's own description of the feature, else the platform's."""
        own = [organization_id] if organization_id is not None else []
        statement = select(ProtectedFeature).where(
            ProtectedFeature.action == action, belongs(ProtectedFeature.organization_id, own)
        )
        return self.session.scalar(statement.order_by(ProtectedFeature.organization_id.is_(None)).limit(1))

    def own_feature(self, action: str, organization_id: UUID | None) -> ProtectedFeature | None:
        statement = select(ProtectedFeature).where(
            ProtectedFeature.action == action,
            ProtectedFeature.organization_id.is_not_distinct_from(organization_id),
        )
        return self.session.scalar(statement.with_for_update())

    def features(self, organization_id: UUID | None) -> list[ProtectedFeature]:
        """One for each action: the organization's own before the platform's."""
        own = [organization_id] if organization_id is not None else []
        statement = (
            select(ProtectedFeature)
            .where(belongs(ProtectedFeature.organization_id, own))
            .ext(distinct_on(ProtectedFeature.action))
            .order_by(ProtectedFeature.action, ProtectedFeature.organization_id.is_(None))
        )
        return list(self.session.scalars(statement))

    def scopes_with_validity(self, scopes: Collection[str], organization_id: UUID | None) -> set[str]:
        own = [organization_id] if organization_id is not None else []
        statement = select(ScopeRule.scope).where(ScopeRule.scope.in_(scopes), belongs(ScopeRule.organization_id, own))
        return set(self.session.scalars(statement.distinct()))

    def track_keys_of(self, lesson_id: UUID) -> set[str]:
        """Tracks that the lesson is on, written as gate requirements do: operations/core."""
        statement = (
            select(TrainingTrack.persona, TrainingTrack.tier)
            .join(TrackLesson, TrackLesson.track_id == TrainingTrack.id)
            .where(TrackLesson.lesson_id == lesson_id)
        )
        return {f"{persona}/{tier}" for persona, tier in self.session.execute(statement)}

    def track_for(self, lesson_id: UUID, persona: str | None) -> UUID | None:
        """The track of the persona that the lesson is on, the Core track first."""
        statement = (
            select(TrainingTrack.id)
            .join(TrackLesson, TrackLesson.track_id == TrainingTrack.id)
            .where(TrackLesson.lesson_id == lesson_id, TrainingTrack.persona == persona)
            .order_by(case((TrainingTrack.tier == "core", 0), else_=1), TrainingTrack.id)
        )
        return self.session.scalar(statement.limit(1))

    def open_gate_rules(self, organization_id: UUID | None) -> list[GateRule]:
        """Rules of every organization for a lesson of the platform, else the organization's and the platform's."""
        ids = None if organization_id is None else [organization_id]
        statement = select(GateRule).where(GateRule.ended_on.is_(None), belongs(GateRule.organization_id, ids))
        return list(self.session.scalars(statement))

    def entry(self, event_id: UUID) -> LedgerEvent | None:
        return self.session.get(LedgerEvent, event_id)

    def latest_dry_run(self, actions: Collection[str], organization_id: UUID | None) -> UUID | None:
        """Entry of the latest decision in dry-run mode on one of the actions, of the organization or of any."""
        body = cast(LedgerEvent.body, JSONB)
        statement = select(LedgerEvent.id).where(
            LedgerEvent.kind == GateDecided.kind,
            body["mode"].astext == GateMode.DRY_RUN,
            body["action"].astext.in_(actions),
        )
        if organization_id is not None:
            statement = statement.where(LedgerEvent.organization_id == organization_id)
        return self.session.scalar(statement.order_by(LedgerEvent.occurred_at.desc(), LedgerEvent.id.desc()).limit(1))

    def bundle(self, bundle_id: UUID) -> EvidenceBundle | None:
        return self.session.get(EvidenceBundle, bundle_id)

    def counting_evidence(
        self, lesson_id: UUID, versions: Collection[str], *, beyond: date
    ) -> list[ProficiencyEvidence]:
        """Evidence that rests on these versions of the lesson and would still count on the day."""
        statement = (
            select(ProficiencyEvidence)
            .where(
                ProficiencyEvidence.lesson_id == lesson_id,
                ProficiencyEvidence.lesson_version.in_(versions),
                ProficiencyEvidence.level != ProficiencyLevel.ENROLLED,
                or_(ProficiencyEvidence.revoked_from.is_(None), ProficiencyEvidence.revoked_from > beyond),
                or_(ProficiencyEvidence.expires_on.is_(None), ProficiencyEvidence.expires_on >= beyond),
            )
            .order_by(ProficiencyEvidence.id)
        )
        return list(self.session.scalars(statement))


def no_lesson() -> NotFoundError:
    return NotFoundError("There is no lesson with this id that you may use. Look at the list of lessons.")


def no_version() -> NotFoundError:
    return NotFoundError("There is no such version of the lesson. Look at the lesson's versions.")

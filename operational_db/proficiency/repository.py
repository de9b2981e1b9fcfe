"""Queries on evidence, scope rules, tracks and the lessons that lead there."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import exists, literal_column, or_, select, text
from sqlalchemy.orm import Session

from operational_db.database import psycopg_connection
from operational_db.errors import NotFoundError
from operational_db.ledger.events import ProficiencyRevoked
from operational_db.proficiency.lookup import AvailableLesson, published_lessons, terms_of_scopes
from operational_db.proficiency.rules import (
    QUIZ_THRESHOLD,
    Evidence,
    LessonPass,
    Revocation,
    ScopeRuleTerms,
    TrackStep,
    level_of_result,
    with_revocation_known,
)
from operational_db.tables.content import Lesson, LessonAttempt, LessonVersion
from operational_db.tables.gates import ProficiencyEvidence, ScopeRule, TrackLesson, TrainingTrack
from operational_db.tables.identity import Membership, Person
from operational_db.tables.learning import Enrollment
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import (
    EnrollmentStatus,
    LessonType,
    Persona,
    ProficiencyLevel,
    TrackTier,
)


def to_evidence(row: ProficiencyEvidence) -> Evidence:
    return Evidence(
        id=row.id,
        person_id=row.person_id,
        scope=row.scope,
        track_id=row.track_id,
        level=row.level,
        achieved_at=row.achieved_at,
        recorded_at=row.recorded_at,
        expires_on=row.expires_on,
        revoked_from=row.revoked_from,
        revoked_at=row.revoked_at,
    )


class ProficiencyRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def lock_person(self, person_id: UUID) -> None:
        """Until the transaction ends, nobody else records or revokes what this person proved.

        Raises
        ------
        NotFoundError
            When nobody has the id.
        """
        statement = select(Person.id).where(Person.id == person_id).with_for_update(key_share=True)
        if self.session.scalar(statement) is None:
            raise NotFoundError("There is no person with this id.")

    def is_person(self, person_id: UUID) -> bool:
        return self.session.scalar(select(Person.id).where(Person.id == person_id)) is not None

    def organizations_of(self, person_id: UUID, *, on: date) -> frozenset[UUID]:
        statement = select(Membership.organization_id).where(
            Membership.person_id == person_id,
            Membership.started_on <= on,
            or_(Membership.ended_on.is_(None), Membership.ended_on > on),
        )
        return frozenset(self.session.scalars(statement))

    # --- evidence ---

    def evidence_row(self, evidence_id: UUID) -> ProficiencyEvidence | None:
        """Read afresh: somebody else may have revoked it meanwhile."""
        statement = select(ProficiencyEvidence).where(ProficiencyEvidence.id == evidence_id)
        return self.session.scalar(statement.execution_options(populate_existing=True))

    def scope_evidence(
        self, person_id: UUID, scopes: Collection[str], *, organization_id: UUID | None = None
    ) -> list[ProficiencyEvidence]:
        """What the person proved in scopes; for an organization without what lessons of other organizations proved."""
        statement = select(ProficiencyEvidence).where(
            ProficiencyEvidence.person_id == person_id, ProficiencyEvidence.scope.in_(scopes)
        )
        if organization_id is not None:
            statement = statement.outerjoin(Lesson, Lesson.id == ProficiencyEvidence.lesson_id).where(
                or_(Lesson.organization_id.is_(None), Lesson.organization_id == organization_id)
            )
        return list(self.session.scalars(statement.order_by(ProficiencyEvidence.achieved_at, ProficiencyEvidence.id)))

    def known_scope_evidence(
        self, person_id: UUID, scope: str, *, organization_id: UUID | None, as_known_at: datetime
    ) -> list[Evidence]:
        """As `scope_evidence`, each piece with the revocation that was known at an instant.

        A row holds the last revocation; one that reached less far back and came before it is in the ledger.
        """
        rows = self.scope_evidence(person_id, [scope], organization_id=organization_id)
        found = [to_evidence(row) for row in rows]
        if not any(each.revoked_at is not None and each.revoked_at > as_known_at for each in found):
            return found
        former = self.revocations([person_id])
        return [with_revocation_known(each, former.get(each.id, ()), as_known_at) for each in found]

    def revocations(self, person_ids: Collection[UUID]) -> dict[UUID, list[Revocation]]:
        """All revocations of each piece of the people's evidence, the oldest first, as the ledger has them."""
        statement = (
            select(LedgerEvent.body, LedgerEvent.recorded_at)
            .where(
                # Written in, not bound: only so does the planner see that the partial index has these rows.
                LedgerEvent.kind == literal_column(f"'{ProficiencyRevoked.kind}'"),
                LedgerEvent.subject_id.in_(person_ids),
            )
            .order_by(LedgerEvent.recorded_at, LedgerEvent.id)
        )
        found: dict[UUID, list[Revocation]] = {}
        for text_, recorded_at in self.session.execute(statement):
            body = orjson.loads(text_)
            revocation = Revocation(date.fromisoformat(body["revoked_from"]), recorded_at)
            found.setdefault(UUID(body["evidence_id"]), []).append(revocation)
        return found

    def track_evidence(self, person_id: UUID, track_ids: Collection[UUID]) -> list[ProficiencyEvidence]:
        return self.track_evidence_of([person_id], track_ids).get(person_id, [])

    def track_evidence_of(
        self, person_ids: Collection[UUID], track_ids: Collection[UUID]
    ) -> dict[UUID, list[ProficiencyEvidence]]:
        """What people proved on tracks, the earliest first; who proved nothing is left out."""
        statement = (
            select(ProficiencyEvidence)
            .where(ProficiencyEvidence.person_id.in_(person_ids), ProficiencyEvidence.track_id.in_(track_ids))
            .order_by(ProficiencyEvidence.achieved_at, ProficiencyEvidence.id)
        )
        found: dict[UUID, list[ProficiencyEvidence]] = {}
        for row in self.session.scalars(statement):
            found.setdefault(row.person_id, []).append(row)
        return found

    def same_attempt(self, attempt_id: UUID) -> list[ProficiencyEvidence]:
        statement = select(ProficiencyEvidence).where(ProficiencyEvidence.attempt_id == attempt_id)
        return list(self.session.scalars(statement.order_by(ProficiencyEvidence.id)))

    def same_achievement(self, row: ProficiencyEvidence) -> list[ProficiencyEvidence]:
        """The evidence that one result gave: in every scope of its lesson, or in the one track."""
        statement = select(ProficiencyEvidence).where(
            ProficiencyEvidence.person_id == row.person_id,
            ProficiencyEvidence.achieved_at == row.achieved_at,
            ProficiencyEvidence.lesson_id.is_not_distinct_from(row.lesson_id),
        )
        if row.track_id is not None:
            statement = statement.where(ProficiencyEvidence.track_id == row.track_id)
        elif row.lesson_id is not None:
            statement = statement.where(ProficiencyEvidence.scope.is_not(None))
        else:
            statement = statement.where(ProficiencyEvidence.scope == row.scope)
        return list(self.session.scalars(statement.order_by(ProficiencyEvidence.id)))

    # --- scope rules ---

    def terms_of(
        self, scopes: Iterable[str], organization_id: UUID | None, *, on: date, as_known_at: datetime | None = None
    ) -> dict[str, ScopeRuleTerms]:
        """The terms of each scope on a day: the organization's own, else the platform's, else the seed's."""
        return terms_of_scopes(self._connection(), set(scopes), organization_id, on=on, as_known_at=as_known_at)

    def lock_scope(self, organization_id: UUID | None, scope: str) -> None:
        key = f"scope-rule/{organization_id or 'platform'}/{scope}"
        self.session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})

    def latest_version(self, organization_id: UUID | None, scope: str) -> int:
        statement = select(ScopeRule.version).where(
            ScopeRule.organization_id.is_not_distinct_from(organization_id), ScopeRule.scope == scope
        )
        return self.session.scalar(statement.order_by(ScopeRule.version.desc()).limit(1)) or 0

    # --- tracks and lessons ---

    def tracks_with(self, lesson_id: UUID, organization_id: UUID | None) -> Sequence[TrainingTrack]:
        statement = (
            select(TrainingTrack)
            .join(TrackLesson, TrackLesson.track_id == TrainingTrack.id)
            .where(
                TrackLesson.lesson_id == lesson_id,
                or_(TrainingTrack.organization_id.is_(None), TrainingTrack.organization_id == organization_id),
            )
        )
        return self.session.scalars(statement.order_by(TrainingTrack.id)).all()

    def track(self, persona: Persona, tier: TrackTier, organization_id: UUID | None) -> TrainingTrack | None:
        """The organization's own track of this name, else the platform's."""
        statement = (
            select(TrainingTrack)
            .where(
                TrainingTrack.persona == persona,
                TrainingTrack.tier == tier,
                or_(TrainingTrack.organization_id.is_(None), TrainingTrack.organization_id == organization_id),
            )
            .order_by(TrainingTrack.organization_id.asc().nulls_last())
            .limit(1)
        )
        return self.session.scalar(statement)

    def steps(self, track_id: UUID) -> list[TrackStep]:
        statement = (
            select(TrackLesson.lesson_id, TrackLesson.is_required, Lesson.lesson_type)
            .join(Lesson, Lesson.id == TrackLesson.lesson_id)
            .where(TrackLesson.track_id == track_id)
            .order_by(TrackLesson.order_index)
        )
        return [
            TrackStep(lesson_id, is_required, lesson_type is LessonType.SIMULATION)
            for lesson_id, is_required, lesson_type in self.session.execute(statement)
        ]

    def passes(self, person_id: UUID, lesson_ids: Collection[UUID]) -> list[LessonPass]:
        """When the person passed which lessons: see `passes_of`."""
        return self.passes_of([person_id], lesson_ids).get(person_id, [])

    def passes_of(self, person_ids: Collection[UUID], lesson_ids: Collection[UUID]) -> dict[UUID, list[LessonPass]]:
        """When people passed which lessons, without what was revoked since; who passed none is left out.

        By the evidence a pass gave; by passed attempts and finished courses where a lesson is of no scope.
        """
        found: dict[UUID, list[LessonPass]] = {}
        for read in (self._passes_by_evidence, self._passes_by_attempt, self._passes_by_course):
            for person_id, each in read(person_ids, lesson_ids):
                found.setdefault(person_id, []).append(each)
        return found

    def _passes_by_evidence(
        self, person_ids: Collection[UUID], lesson_ids: Collection[UUID]
    ) -> Iterator[tuple[UUID, LessonPass]]:
        statement = select(
            ProficiencyEvidence.person_id,
            ProficiencyEvidence.lesson_id,
            ProficiencyEvidence.level,
            ProficiencyEvidence.achieved_at,
        ).where(
            ProficiencyEvidence.person_id.in_(person_ids),
            ProficiencyEvidence.scope.is_not(None),
            ProficiencyEvidence.lesson_id.in_(lesson_ids),
            ProficiencyEvidence.level.in_([ProficiencyLevel.COMPLETED, ProficiencyLevel.PROFICIENT]),
            ProficiencyEvidence.revoked_at.is_(None),
        )
        for person_id, lesson_id, level, achieved_at in self.session.execute(statement):
            if lesson_id is not None:
                yield person_id, LessonPass(lesson_id, level, achieved_at)

    def _passes_by_attempt(
        self, person_ids: Collection[UUID], lesson_ids: Collection[UUID]
    ) -> Iterator[tuple[UUID, LessonPass]]:
        statement = (
            select(LessonAttempt.person_id, Lesson.id, Lesson.lesson_type, LessonAttempt.submitted_at)
            .join(LessonVersion, LessonVersion.id == LessonAttempt.lesson_version_id)
            .join(Lesson, Lesson.id == LessonVersion.lesson_id)
            .where(
                LessonAttempt.person_id.in_(person_ids),
                LessonAttempt.is_passed.is_(True),
                Lesson.id.in_(lesson_ids),
                ~exists().where(
                    ProficiencyEvidence.attempt_id == LessonAttempt.id, ProficiencyEvidence.scope.is_not(None)
                ),
            )
        )
        for person_id, lesson_id, lesson_type, submitted_at in self.session.execute(statement):
            if submitted_at is not None:
                yield person_id, LessonPass(lesson_id, level_of_result(lesson_type, True), submitted_at)

    def _passes_by_course(
        self, person_ids: Collection[UUID], lesson_ids: Collection[UUID]
    ) -> Iterator[tuple[UUID, LessonPass]]:
        statement = (
            select(Enrollment.person_id, Lesson.id, Enrollment.ended_at)
            .join(Enrollment, Enrollment.course_id == Lesson.course_id)
            .where(
                Lesson.id.in_(lesson_ids),
                Enrollment.person_id.in_(person_ids),
                Enrollment.status == EnrollmentStatus.COMPLETED,
                or_(Enrollment.final_score.is_(None), Enrollment.final_score >= QUIZ_THRESHOLD),
                ~exists().where(
                    ProficiencyEvidence.person_id == Enrollment.person_id,
                    ProficiencyEvidence.lesson_id == Lesson.id,
                    ProficiencyEvidence.scope.is_not(None),
                ),
            )
        )
        for person_id, lesson_id, ended_at in self.session.execute(statement):
            if ended_at is not None:
                yield person_id, LessonPass(lesson_id, ProficiencyLevel.COMPLETED, ended_at)

    def course_lessons(self, course_id: UUID, organization_id: UUID | None) -> list[AvailableLesson]:
        """Published lessons that are this course, of the platform or the organization."""
        return published_lessons(self._connection(), organization_id, course_id=course_id)

    def _connection(self) -> psycopg.Connection:
        self.session.flush()
        return psycopg_connection(self.session.connection())

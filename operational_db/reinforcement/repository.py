"""Queries on tips that were dismissed, near-misses and reinforcements."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.tables.content import LessonAttempt, LessonVersion, NearMiss, Reinforcement, TipDismissal
from operational_db.tables.identity import Membership, Person
from operational_db.types import LessonStatus, NearMissKind


class ReinforcementRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def lock_person(self, person_id: UUID) -> None:
        """Hold the person until the transaction ends, so that two near-misses or entries at once take turns."""
        self.session.execute(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))

    def is_member(self, person_id: UUID, organization_id: UUID, *, on: datetime) -> bool:
        day = on.date()
        statement = select(Membership.id).where(
            Membership.person_id == person_id,
            Membership.organization_id == organization_id,
            Membership.started_on <= day,
            or_(Membership.ended_on.is_(None), Membership.ended_on > day),
        )
        return self.session.scalar(statement.limit(1)) is not None

    def dismissed_at(self, person_id: UUID, feature_id: UUID) -> datetime | None:
        statement = select(TipDismissal.dismissed_at).where(
            TipDismissal.person_id == person_id, TipDismissal.feature_id == feature_id
        )
        return self.session.scalar(statement)

    def dismiss(self, person_id: UUID, feature_id: UUID, *, now: datetime) -> None:
        statement = insert(TipDismissal).values(person_id=person_id, feature_id=feature_id, dismissed_at=now)
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[TipDismissal.person_id, TipDismissal.feature_id], set_={"dismissed_at": now}
            )
        )

    def add_near_miss(
        self,
        *,
        near_miss_id: UUID,
        organization_id: UUID,
        person_id: UUID,
        near_miss_kind: NearMissKind,
        action: str,
        external_id: str,
        occurred_at: datetime,
        now: datetime,
    ) -> NearMiss:
        """The near-miss with this external id: the one given, or the one that was reported before."""
        statement = insert(NearMiss).values(
            id=near_miss_id,
            organization_id=organization_id,
            person_id=person_id,
            near_miss_kind=near_miss_kind,
            action=action,
            external_id=external_id,
            occurred_at=occurred_at,
            created_at=now,
            updated_at=now,
        )
        self.session.execute(
            statement.on_conflict_do_nothing(index_elements=[NearMiss.organization_id, NearMiss.external_id])
        )
        chosen = select(NearMiss).where(
            NearMiss.organization_id == organization_id, NearMiss.external_id == external_id
        )
        return self.session.scalars(chosen).one()

    def near_miss_times(
        self, person_id: UUID, organization_id: UUID, action: str, *, since: datetime
    ) -> list[datetime]:
        statement = select(NearMiss.occurred_at).where(
            NearMiss.person_id == person_id,
            NearMiss.organization_id == organization_id,
            NearMiss.action == action,
            NearMiss.occurred_at > since,
        )
        return list(self.session.scalars(statement))

    def open_for(self, person_id: UUID, lesson_id: UUID) -> list[Reinforcement]:
        """Reinforcements of the lesson that the person has not finished, in whichever organization."""
        statement = select(Reinforcement).where(
            Reinforcement.person_id == person_id,
            Reinforcement.lesson_id == lesson_id,
            Reinforcement.finished_at.is_(None),
        )
        return list(self.session.scalars(statement.with_for_update().execution_options(populate_existing=True)))

    def latest_state(self, person_id: UUID, lesson_id: UUID) -> dict[str, object] | None:
        """What the scheduler last knew of the person and the lesson."""
        statement = (
            select(Reinforcement.scheduler_state)
            .where(Reinforcement.person_id == person_id, Reinforcement.lesson_id == lesson_id)
            .order_by(Reinforcement.created_at.desc(), Reinforcement.id.desc())
        )
        return self.session.scalar(statement.limit(1))

    def due(
        self, person_id: UUID, *, organization_id: UUID | None, action: str | None, now: datetime
    ) -> list[Reinforcement]:
        """Open reinforcements that are due, already offered ones first, then in the order they fell due."""
        statement = select(Reinforcement).where(
            Reinforcement.person_id == person_id,
            Reinforcement.finished_at.is_(None),
            Reinforcement.due_at <= now,
        )
        if organization_id is not None:
            statement = statement.where(Reinforcement.organization_id == organization_id)
        if action is not None:
            statement = statement.where(Reinforcement.action == action)
        order = (Reinforcement.offered_at.asc().nulls_last(), Reinforcement.due_at, Reinforcement.id)
        return list(self.session.scalars(statement.order_by(*order)))

    def offers(self, person_id: UUID, *, since: datetime) -> list[tuple[datetime, Decimal]]:
        """When micro-lessons were put before the person since then, each with its minutes as published now."""
        minutes = (
            select(func.max(LessonVersion.duration_minutes))
            .where(LessonVersion.lesson_id == Reinforcement.lesson_id, LessonVersion.status == LessonStatus.PUBLISHED)
            .scalar_subquery()
        )
        statement = select(Reinforcement.offered_at, func.coalesce(minutes, 5)).where(
            Reinforcement.person_id == person_id, Reinforcement.offered_at > since
        )
        return [(offered_at, Decimal(taken)) for offered_at, taken in self.session.execute(statement) if offered_at]

    def reinforcement(self, reinforcement_id: UUID) -> Reinforcement:
        """The reinforcement, locked. Raises NotFoundError when there is none with the id."""
        statement = select(Reinforcement).where(Reinforcement.id == reinforcement_id).with_for_update()
        found = self.session.scalar(statement.execution_options(populate_existing=True))
        if found is None:
            raise no_reinforcement()
        return found

    def has_passed(self, person_id: UUID, lesson_id: UUID, *, since: datetime) -> bool:
        statement = (
            select(LessonAttempt.id)
            .join(LessonVersion, LessonVersion.id == LessonAttempt.lesson_version_id)
            .where(
                LessonAttempt.person_id == person_id,
                LessonVersion.lesson_id == lesson_id,
                LessonAttempt.is_passed.is_(True),
                LessonAttempt.submitted_at >= since,
            )
        )
        return self.session.scalar(statement.limit(1)) is not None


def no_reinforcement() -> NotFoundError:
    return NotFoundError("There is no micro-lesson waiting for you with this id.")

"""Queries on attempts at lessons. Nothing here decides who may see what."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.tables.content import Lesson, LessonAttempt, LessonVersion
from operational_db.tables.gates import ProficiencyEvidence
from operational_db.tables.identity import Membership
from operational_db.types import LessonTrigger, Persona


class AssessmentRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def open_attempt(
        self,
        *,
        attempt_id: UUID,
        version_id: UUID,
        person_id: UUID,
        organization_id: UUID | None,
        trigger: LessonTrigger,
        attempt_number: int,
        question_ids: Sequence[str],
        now: datetime,
    ) -> LessonAttempt:
        """The person's open attempt at the version, made when there is none; of two at once one is made.

        Locked until the transaction ends.
        """
        statement = insert(LessonAttempt).values(
            id=attempt_id,
            lesson_version_id=version_id,
            person_id=person_id,
            organization_id=organization_id,
            trigger=trigger,
            attempt_number=attempt_number,
            question_ids=list(question_ids),
            started_at=now,
            created_at=now,
            updated_at=now,
        )
        self.session.execute(
            statement.on_conflict_do_nothing(
                index_elements=[LessonAttempt.person_id, LessonAttempt.lesson_version_id],
                index_where=LessonAttempt.submitted_at.is_(None),
            )
        )
        chosen = select(LessonAttempt).where(
            LessonAttempt.person_id == person_id,
            LessonAttempt.lesson_version_id == version_id,
            LessonAttempt.submitted_at.is_(None),
        )
        return self.session.scalars(chosen.with_for_update().execution_options(populate_existing=True)).one()

    def attempt(self, attempt_id: UUID, *, lock: bool = False) -> tuple[LessonAttempt, LessonVersion, Lesson]:
        """The attempt with what it is an attempt at; locked against a second hand-in when asked.

        Raises
        ------
        NotFoundError
            When there is none with the id.
        """
        statement = (
            select(LessonAttempt, LessonVersion, Lesson)
            .join(LessonVersion, LessonVersion.id == LessonAttempt.lesson_version_id)
            .join(Lesson, Lesson.id == LessonVersion.lesson_id)
            .where(LessonAttempt.id == attempt_id)
        )
        if lock:
            statement = statement.with_for_update(of=LessonAttempt).execution_options(populate_existing=True)
        found = self.session.execute(statement).one_or_none()
        if found is None:
            raise no_attempt()
        return found[0], found[1], found[2]

    def attempt_count(self, person_id: UUID, lesson_id: UUID) -> int:
        """Attempts of the person at the lesson that were handed in, in whatever version."""
        statement = (
            select(func.count())
            .select_from(LessonAttempt)
            .join(LessonVersion, LessonVersion.id == LessonAttempt.lesson_version_id)
            .where(
                LessonAttempt.person_id == person_id,
                LessonVersion.lesson_id == lesson_id,
                LessonAttempt.submitted_at.is_not(None),
            )
        )
        return self.session.scalar(statement) or 0

    def failures_in_a_row(self, person_id: UUID, lesson_id: UUID) -> list[datetime]:
        """Instants of the failures since the person last passed the lesson, oldest first."""
        statement = (
            select(LessonAttempt.submitted_at, LessonAttempt.is_passed)
            .join(LessonVersion, LessonVersion.id == LessonAttempt.lesson_version_id)
            .where(
                LessonAttempt.person_id == person_id,
                LessonVersion.lesson_id == lesson_id,
                LessonAttempt.submitted_at.is_not(None),
            )
            .order_by(LessonAttempt.submitted_at.desc(), LessonAttempt.id.desc())
            .limit(50)
        )
        failures: list[datetime] = []
        for submitted_at, is_passed in self.session.execute(statement):
            if is_passed or submitted_at is None:
                break
            failures.append(submitted_at)
        return failures[::-1]

    def persona(self, person_id: UUID, organization_id: UUID | None, *, on: date) -> Persona | None:
        """The persona of an open membership, in the organization when one is named."""
        statement = select(Membership.persona).where(
            Membership.person_id == person_id,
            Membership.persona.is_not(None),
            Membership.started_on <= on,
            or_(Membership.ended_on.is_(None), Membership.ended_on > on),
        )
        if organization_id is not None:
            statement = statement.where(Membership.organization_id == organization_id)
        return self.session.scalar(statement.order_by(Membership.started_on.desc(), Membership.id).limit(1))

    def evidence_of(self, attempt_id: UUID) -> list[ProficiencyEvidence]:
        statement = select(ProficiencyEvidence).where(ProficiencyEvidence.attempt_id == attempt_id)
        return list(self.session.scalars(statement.order_by(ProficiencyEvidence.id)))


def no_attempt() -> NotFoundError:
    return NotFoundError("There is no attempt with this id. Open the lesson and start one.")

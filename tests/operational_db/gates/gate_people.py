"""A company whose data export is behind a gate, and what its tests of exceptions, previews and incidents arrange."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.gates import access, service
from operational_db.gates.rules import GateDecision, Requirement
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.proficiency.service import record_evidence
from operational_db.tables.content import Lesson, LessonVersion
from operational_db.tables.gates import GateRule
from operational_db.tables.identity import Organization, Team
from operational_db.types import GateMode, LessonStatus, LessonType, ProficiencyLevel, new_id
from tests.operational_db.principals import create_member

ACTION = SCOPE = "data-export"
WITHIN_YEAR = Requirement(ProficiencyLevel.COMPLETED, scope=SCOPE, within_months=12)


@dataclass
class Company:
    session: Session
    manager: Principal
    organization: Organization
    now: datetime

    def member(self, *, team: Team | None = None, has_access: bool = True) -> UUID:
        person_id = create_member(self.session, self.organization, team=team).person_id
        if has_access:
            access.grant_access(
                self.session,
                self.manager,
                organization_id=self.organization.id,
                person_id=person_id,
                action=ACTION,
                now=self.now,
            )
        return person_id

    def rule(self, *requirements: Requirement, mode: GateMode = GateMode.ENFORCE, action: str = ACTION) -> GateRule:
        return service.set_gate_rule(
            self.session,
            SYSTEM_PRINCIPAL,
            organization_id=self.organization.id,
            action=action,
            requirements=requirements or (WITHIN_YEAR,),
            mode=mode,
            effective_from=(self.now - timedelta(days=800)).date(),
            now=self.now - timedelta(days=800),
        )

    def prove(
        self,
        person_id: UUID,
        *,
        days_ago: int,
        level: ProficiencyLevel = ProficiencyLevel.COMPLETED,
        lesson: Lesson | None = None,
    ) -> list[UUID]:
        at = self.now - timedelta(days=days_ago)
        rows = record_evidence(
            self.session,
            person_id=person_id,
            organization_id=self.organization.id,
            scopes=[SCOPE],
            lesson_id=None if lesson is None else lesson.id,
            lesson_version=None if lesson is None else "1.0.0",
            level=level,
            achieved_at=at,
            now=at,
        )
        return [row.id for row in rows]

    def lesson(self, *, scope: str = SCOPE, minutes: int = 4) -> Lesson:
        """A published quiz for the scope."""
        lesson = Lesson(id=new_id(), code=f"lesson-{new_id().hex[-8:]}", title="A quiz", lesson_type=LessonType.QUIZ)
        self.session.add(lesson)
        self.session.flush()
        version = LessonVersion(
            lesson_id=lesson.id,
            version="1.0.0",
            status=LessonStatus.PUBLISHED,
            duration_minutes=Decimal(minutes),
            body={},
            scope_tags=[scope],
            published_at=self.now - timedelta(days=900),
        )
        self.session.add(version)
        self.session.flush()
        return lesson

    def decide(self, person_id: UUID, *, days_ago: int = 0) -> GateDecision:
        return service.decide_gate(
            self.session,
            self.manager,
            action=ACTION,
            person_id=person_id,
            organization_id=self.organization.id,
            now=self.now - timedelta(days=days_ago),
        )

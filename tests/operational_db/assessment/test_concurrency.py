"""Two starts or two hand-ins at once, on real PostgreSQL: one attempt, one grade, one piece of evidence."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from operational_db.assessment import service
from operational_db.content.seed import install_platform_content
from operational_db.database import unit_of_work
from operational_db.identity.rules import Principal
from operational_db.tables.content import LessonAttempt
from operational_db.tables.gates import ProficiencyEvidence
from operational_db.tables.ledger import LedgerEvent
from tests import builders
from tests.operational_db.content.lessons import lesson_of, right_answers
from tests.operational_db.learning.test_concurrency import all_at_once
from tests.operational_db.principals import create_member


@pytest.mark.requirement("RSK-02")
def test_starting_and_handing_in_many_times_at_once_counts_once(committed_engine: Engine, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        install_platform_content(session, now=now)
        company = builders.create_organization(session)
        company_id: UUID = company.id
        learner: Principal = create_member(session, company)
        lesson_id = lesson_of(session, "DATA-EXPORT").id

    def start(_: int) -> None:
        with unit_of_work(committed_engine) as session:
            service.start_attempt(session, learner, lesson_id=lesson_id, organization_id=company_id, now=now)

    assert all_at_once(6, start) == ["done"] * 6
    with unit_of_work(committed_engine) as session:
        attempt = session.scalars(select(LessonAttempt)).one()
        attempt_id, answers = attempt.id, right_answers(session, attempt.lesson_version_id)

    def hand_in(_: int) -> None:
        with unit_of_work(committed_engine) as session:
            later = now + timedelta(minutes=1)
            service.submit_attempt(session, learner, attempt_id=attempt_id, answers=answers, now=later)

    assert all_at_once(6, hand_in) == ["done"] * 6
    with unit_of_work(committed_engine) as session:
        graded = select(func.count()).select_from(LedgerEvent).where(LedgerEvent.kind == "lesson.attempt_graded")
        assert session.scalar(graded) == 1
        completed = (
            select(func.count())
            .select_from(ProficiencyEvidence)
            .where(ProficiencyEvidence.scope == "data-export", ProficiencyEvidence.level == "completed")
        )
        assert session.scalar(completed) == 1

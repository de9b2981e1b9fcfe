"""A small history in a real database: a company, a school, their people, what they learned, and its ledger events."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from operational_db.database import unit_of_work
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    AttemptGraded,
    CertificateIssued,
    CertificateRenewed,
    EnrollmentCompleted,
    EnrollmentDropped,
    EnrollmentOpened,
    Event,
    ImportUndone,
    MembershipStarted,
    RequirementSet,
    TrainingAssigned,
)
from operational_db.tables.learning import DailyEngagement
from operational_db.types import EarnedThrough, OrganizationKind, ProviderType, Role, new_id
from tests import builders

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class History:
    """Ids of the records a test adds to."""

    company_id: UUID
    school_id: UUID
    course_id: UUID
    assessment_id: UUID
    certification_id: UUID
    person_ids: tuple[UUID, ...]


def write_history(engine: Engine, *, people: int = 6) -> History:
    """Write the history and commit it; pending events are not sequenced yet."""
    with unit_of_work(engine) as session:
        company = builders.create_organization(session)
        school = builders.create_organization(session, OrganizationKind.TRADE_SCHOOL)
        certification = builders.create_certification(session)
        course = builders.create_course(
            session,
            provider_type=ProviderType.TRADE_SCHOOL,
            provider_id=school.id,
            leads_to_certification=True,
            certification_id=certification.id,
        )
        assessment = builders.create_assessment(session, course)
        persons = [builders.create_person(session) for _ in range(people)]
        session.add(
            DailyEngagement(
                person_id=persons[0].id,
                course_id=course.id,
                on_date=date(2026, 3, 3),
                organization_id=company.id,
                interaction_count=12,
                session_count=2,
                mobile_session_count=1,
                minutes=35,
            )
        )
        history = History(
            company.id,
            school.id,
            course.id,
            assessment.id,
            certification.id,
            tuple(person.id for person in persons),
        )
        events: list[Event] = [
            RequirementSet(
                subject_id=None,
                organization_id=company.id,
                occurred_at=START,
                requirement_id=new_id(),
                course_id=None,
                certification_id=certification.id,
                category="safety",
                role=None,
                team_id=None,
                due_within_days=30,
                effective_from=START.date(),
            )
        ]
        for person in persons:
            events.append(
                MembershipStarted(
                    subject_id=person.id,
                    organization_id=company.id,
                    occurred_at=START,
                    membership_id=new_id(),
                    role=Role.TECHNICIAN,
                    team_id=None,
                    persona=None,
                    started_on=START.date(),
                )
            )
        for number, person in enumerate(persons):
            events += course_events(history, person.id, number)
        append_events(session, events, now=START + timedelta(days=60))
    return history


def course_events(history: History, person_id: UUID, number: int, import_id: UUID | None = None) -> list[Event]:
    """One person's way through the course: even numbers complete it and hold a certificate, odd ones drop out."""
    enrollment_id = new_id()
    day = START + timedelta(days=number + 1)
    who: dict[str, Any] = {"subject_id": person_id, "organization_id": history.company_id, "import_id": import_id}
    events: list[Event] = [
        EnrollmentOpened(
            **who, occurred_at=day, enrollment_id=enrollment_id, course_id=history.course_id, cycle_number=1
        ),
        AttemptGraded(
            **who,
            occurred_at=day + timedelta(days=2),
            attempt_id=new_id(),
            enrollment_id=enrollment_id,
            course_id=history.course_id,
            assessment_id=history.assessment_id,
            attempt_number=1,
            score=Decimal(85 if number % 2 == 0 else 40),
            passed=number % 2 == 0,
        ),
        TrainingAssigned(
            **who,
            occurred_at=day,
            assignment_id=new_id(),
            recipient_id=new_id(),
            course_id=history.course_id,
            requirement_id=None,
            category="general",
            due_on=None,
            is_mandatory=True,
            minimum_score=None,
        ),
    ]
    if number % 2:
        return [
            *events,
            EnrollmentDropped(
                **who,
                occurred_at=day + timedelta(days=5),
                enrollment_id=enrollment_id,
                course_id=history.course_id,
            ),
        ]
    certificate_id = new_id()
    return [
        *events,
        EnrollmentCompleted(
            **who,
            occurred_at=day + timedelta(days=3),
            enrollment_id=enrollment_id,
            course_id=history.course_id,
            final_score=Decimal(85),
            ce_credits=Decimal("1.5"),
        ),
        CertificateIssued(
            **who,
            occurred_at=day + timedelta(days=3),
            certificate_id=certificate_id,
            certification_id=history.certification_id,
            issued_on=(day + timedelta(days=3)).date(),
            expires_on=(day + timedelta(days=368)).date(),
            earned_through=EarnedThrough.SITESYNC_COURSE,
            is_verified=True,
            enrollment_id=enrollment_id,
        ),
        *(
            [
                CertificateRenewed(
                    **who,
                    occurred_at=day + timedelta(days=40),
                    certificate_id=new_id(),
                    renews_id=certificate_id,
                    certification_id=history.certification_id,
                    issued_on=(day + timedelta(days=40)).date(),
                    expires_on=(day + timedelta(days=405)).date(),
                    earned_through=EarnedThrough.EXTERNAL,
                    is_verified=True,
                )
            ]
            if number == 0
            else []
        ),
    ]


def add_news(engine: Engine, history: History, number: int = 10) -> int:
    """One new person goes through the course; returns the number of new entries."""
    with unit_of_work(engine) as session:
        person = builders.create_person(session)
        events = course_events(history, person.id, number)
        append_events(session, events, now=START + timedelta(days=100))
        return len(events)


def add_and_undo_import(engine: Engine, history: History, number: int = 12) -> None:
    """One person's way came in by an import, and the import was undone."""
    with unit_of_work(engine) as session:
        person = builders.create_person(session)
        import_id = new_id()
        undone = ImportUndone(
            subject_id=None,
            organization_id=history.company_id,
            occurred_at=START + timedelta(days=101),
            undone_import_id=import_id,
        )
        events = [*course_events(history, person.id, number, import_id), undone]
        append_events(session, events, now=START + timedelta(days=101))

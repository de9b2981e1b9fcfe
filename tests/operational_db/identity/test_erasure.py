"""Erasure: no table holds a text of the person afterwards, whoever wrote it, and her rights have ended on record."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import erase_person
from operational_db.tables.catalog import CourseReview
from operational_db.tables.content import (
    Lesson,
    LessonAttempt,
    LessonReview,
    LessonVersion,
    NearMiss,
    Policy,
    ProtectedFeature,
    Reinforcement,
    Runbook,
    TipDismissal,
)
from operational_db.tables.gates import AccessGrant, GateWaiver, Incident, IncidentPerson, ProficiencyEvidence
from operational_db.tables.identity import ApiToken, Organization, Person
from operational_db.tables.notifications import Notification, NotificationDelivery, NotificationPreference
from operational_db.tables.registry import METADATA
from operational_db.types import (
    LessonTrigger,
    LessonType,
    NearMissKind,
    NotificationChannel,
    ProficiencyLevel,
    ReviewArea,
    ReviewOutcome,
    ReviewReason,
)
from tests import builders
from tests.operational_db.principals import body_of, events_about

# In every text of hers, so that whatever stays is found wherever it is.
MARK = "zzpersonalzz"


@pytest.fixture
def person(session: Session) -> Person:
    return builders.create_person(
        session, display_name=f"Ann {MARK}", email=f"{MARK}@example.org", oidc_subject=f"subject-{MARK}"
    )


@pytest.fixture
def organization(session: Session, person: Person) -> Organization:
    organization = builders.create_organization(session)
    builders.create_membership(session, person, organization)
    return organization


def write_everywhere(session: Session, person: Person, organization: Organization, now: datetime) -> None:
    """A row of the person in every table that can hold a text of hers."""
    course = builders.create_course(session)
    requirement = builders.create_requirement(session, organization)
    builders.create_exemption(session, person, requirement, reason=f"Leave of {MARK}")
    builders.create_certificate(
        session, person, certificate_number=f"N-{MARK}", revoked_at=now, revoked_from=now.date(),
        revocation_reason=f"Fraud by {MARK}",
    )  # fmt: skip
    lesson = Lesson(code="L-1", title="Lesson", lesson_type=LessonType.MICRO_LESSON)
    policy, runbook = Policy(code="P-1", title="Policy"), Runbook(code="R-1", title="Runbook")
    incident = Incident(
        organization_id=organization.id, title="Incident", scope="data-export", started_at=now, reported_at=now
    )
    notification = Notification(person_id=person.id, on_date=now.date())
    session.add_all([lesson, policy, runbook, incident, notification])
    session.flush()
    version = LessonVersion(lesson_id=lesson.id, version="1.0.0", duration_minutes=Decimal(4), body={})
    feature = ProtectedFeature(
        action="data-export", title="Export", explanation="…", tip_bullets=["a", "b"], policy_id=policy.id,
        runbook_id=runbook.id,
    )  # fmt: skip
    session.add_all([version, feature])
    session.flush()
    approver = builders.create_person(session)
    hers = {"person_id": person.id, "organization_id": organization.id}
    session.add_all(
        [
            ApiToken(
                person_id=person.id, label=f"laptop of {MARK}", token_sha256=b"x" * 32, expires_at=now + timedelta(1)
            ),
            CourseReview(course_id=course.id, person_id=person.id, rating=4, comment=f"I, {MARK}, liked it"),
            LessonAttempt(
                **hers, lesson_version_id=version.id, trigger=LessonTrigger.GATE, attempt_number=1, started_at=now,
                answers={"q1": MARK},
            ),
            LessonReview(
                lesson_version_id=version.id, area=ReviewArea.UX, reason=ReviewReason.PUBLICATION, requested_at=now,
                outcome=ReviewOutcome.APPROVED, reviewer_id=person.id, comment=f"Fine, {MARK}", decided_at=now,
            ),
            NearMiss(
                **hers, near_miss_kind=NearMissKind.ROLLBACK, action="data-export", external_id=f"case {MARK}",
                occurred_at=now,
            ),
            Reinforcement(
                **hers, action="data-export", lesson_id=lesson.id, due_at=now, scheduler_state={"card": MARK}
            ),
            TipDismissal(person_id=person.id, feature_id=feature.id, dismissed_at=now),
            ProficiencyEvidence(
                **hers, scope="data-export", level=ProficiencyLevel.COMPLETED, achieved_at=now, recorded_at=now,
                revoked_at=now, revoked_from=now.date(), revocation_reason=f"{MARK} copied",
            ),
            GateWaiver(
                **hers, action="data-export", reason=f"{MARK} is on call", approver_id=approver.id,
                starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 1), recorded_at=now,
            ),
            AccessGrant(**hers, action="data-export", source="product", granted_on=date(2026, 1, 1)),
            IncidentPerson(incident_id=incident.id, person_id=person.id, involvement=f"{MARK} pressed the button"),
            NotificationPreference(
                person_id=person.id, channel=NotificationChannel.SMS, is_enabled=True, address=f"+1555{MARK}"
            ),
            NotificationDelivery(
                notification_id=notification.id, person_id=person.id, channel=NotificationChannel.EMAIL,
                due_at=now, next_attempt_at=now, last_error=f"550 {MARK}@example.org unknown",
            ),
        ]
    )  # fmt: skip
    session.flush()


def tables_with_mark(session: Session) -> set[str]:
    return {
        table.name
        for table in METADATA.sorted_tables
        if session.scalar(
            text(f'select exists (select from "{table.name}" as t where t::text like :mark)'), {"mark": f"%{MARK}%"}
        )
    }


def test_no_table_holds_a_text_of_an_erased_person(
    session: Session, person: Person, organization: Organization, now: datetime
) -> None:
    write_everywhere(session, person, organization, now)
    before = tables_with_mark(session)
    assert before == {
        "people", "api_tokens", "course_reviews", "training_exemptions", "certificates", "lesson_attempts",
        "lesson_reviews", "near_misses", "reinforcements", "proficiency_evidence", "gate_waivers", "incident_people",
        "notification_preferences", "notification_deliveries",
    }  # fmt: skip
    erase_person(session, SYSTEM_PRINCIPAL, person_id=person.id, now=now)
    assert tables_with_mark(session) == set()
    assert session.scalars(select(TipDismissal)).all() == []


def test_results_stay_and_point_at_nobody(
    session: Session, person: Person, organization: Organization, now: datetime
) -> None:
    write_everywhere(session, person, organization, now)
    erase_person(session, SYSTEM_PRINCIPAL, person_id=person.id, now=now)
    session.expire_all()
    assert session.scalars(select(LessonAttempt.person_id)).one() == person.id
    assert session.scalars(select(ProficiencyEvidence.level)).one() is ProficiencyLevel.COMPLETED
    near_miss = session.scalars(select(NearMiss)).one()
    assert near_miss.external_id == str(near_miss.id)


def test_rights_end_the_same_day_with_an_entry_each(
    session: Session, person: Person, organization: Organization, now: datetime
) -> None:
    write_everywhere(session, person, organization, now)
    erase_person(session, SYSTEM_PRINCIPAL, person_id=person.id, now=now)
    events = events_about(session, person.id)
    assert [event.kind for event in events] == ["membership.ended", "access.removed", "waiver.ended", "person.erased"]
    assert body_of(events[1])["removed_on"] == now.date().isoformat()
    assert body_of(events[3]) == {}
    assert session.scalars(select(GateWaiver.ended_at)).one() == now
    erase_person(session, SYSTEM_PRINCIPAL, person_id=person.id, now=now + timedelta(days=1))
    assert len(events_about(session, person.id)) == 4

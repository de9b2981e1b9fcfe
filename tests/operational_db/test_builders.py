"""The builders' defaults satisfy every constraint of the tables."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.ledger.append import append_events, copy_events
from operational_db.ledger.events import EnrollmentOpened
from operational_db.tables.ledger import LedgerEvent, LedgerPending
from tests import builders


def test_every_builder_inserts_with_its_defaults(session: Session) -> None:
    organization = builders.create_organization(session)
    team = builders.create_team(session, organization)
    person = builders.create_person(session)
    builders.create_membership(session, person, organization)
    builders.create_membership(session, team=team)
    course = builders.create_course(
        session, module_count=2, assessment_count=1, certification=builders.create_certification(session)
    )
    enrollment = builders.create_enrollment(session, person, course)
    builders.create_module_completion(session, enrollment, builders.create_module(session, course, order_index=9))
    builders.create_attempt(session, enrollment, builders.create_assessment(session, course))
    builders.create_certificate(session, person)
    requirement = builders.create_requirement(session, organization)
    builders.create_assignment(session, organization, course, (person,))
    builders.create_exemption(session, person, requirement)
    builders.create_mentorship(session)
    assert builders.create_import_batch(session).id is not None


def test_appended_and_copied_events_wait_for_the_sequencer(session: Session, now: datetime) -> None:
    person = builders.create_person(session)
    event = EnrollmentOpened(
        subject_id=person.id,
        organization_id=None,
        occurred_at=now,
        enrollment_id=person.id,
        course_id=person.id,
        cycle_number=1,
    )
    ids = append_events(session, [event, event], now=now)
    assert copy_events(session, [event] * 3, now=now) == 3
    stored = session.scalars(select(LedgerEvent).order_by(LedgerEvent.id)).all()
    assert [row.id for row in stored][:2] == ids
    assert len({row.body for row in stored}) == 1
    assert set(session.scalars(select(LedgerPending.event_id))) == {row.id for row in stored}

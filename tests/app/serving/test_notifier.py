"""The worker's rounds: owing now and then, delivering each time, and waiting out a database that is away."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine, select

from app.serving import notifier
from app.serving.children import notifier_child
from app.serving.notifier import DELIVER_EVERY, OWE_EVERY, Notifier
from app.serving.signals import StopRequested
from operational_db.database import unit_of_work
from operational_db.mentorship.requests import request_mentorship
from operational_db.tables.content import LessonReview
from operational_db.types import ReviewReason
from tests import builders
from tests.mentoring_people import create_mentee, create_mentor
from tests.operational_db.content.lessons import create_company, publish
from tests.operational_db.notifications.reminding import NOW, RecordingChannel, channels_to, create_held
from tests.operational_db.principals import principal_of

UNREACHABLE = "postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1"


def add_person(engine: Engine, name: str) -> None:
    with unit_of_work(engine) as session:
        person = builders.create_person(session, email=f"{name}@example.com")
        create_held(session, person, NOW.date() + timedelta(days=7))


def test_owing_comes_round_and_so_does_the_clock_that_was_set_back(committed_engine: Engine) -> None:
    mail = RecordingChannel()
    worker = Notifier(committed_engine, channels_to(mail))
    add_person(committed_engine, "ann")
    worker.round(NOW)
    assert len(mail.sent) == 1
    add_person(committed_engine, "bob")
    worker.round(NOW + DELIVER_EVERY)
    assert len(mail.sent) == 1
    worker.round(NOW + OWE_EVERY)
    assert len(mail.sent) == 2
    add_person(committed_engine, "eve")
    worker.round(NOW - timedelta(hours=1))
    assert len(mail.sent) == 3


def test_a_lesson_whose_refresh_is_due_gets_its_reviews_without_anybody_asking(committed_engine: Engine) -> None:
    with unit_of_work(committed_engine) as session:
        company = create_company(session)
        version_id = publish(session, company, now=NOW).id
    worker = Notifier(committed_engine, channels_to(RecordingChannel()))
    for day in (360, 370, 380):
        worker.round(NOW + timedelta(days=day))
    with unit_of_work(committed_engine) as session:
        refreshes = session.scalars(
            select(LessonReview.area).where(
                LessonReview.lesson_version_id == version_id, LessonReview.reason == ReviewReason.REFRESH
            )
        ).all()
    assert sorted(refreshes) == ["security_compliance", "ux"]


def test_a_request_for_mentoring_that_nobody_answered_expires_and_both_are_told(committed_engine: Engine) -> None:
    with unit_of_work(committed_engine) as session:
        mentor, mentee = create_mentor(session, NOW), create_mentee(session, NOW)
        mentor.email, mentee.email = "mentor@example.com", "mentee@example.com"
        request_mentorship(session, principal_of(mentee), mentor_id=mentor.id, now=NOW)
    mail = RecordingChannel()
    worker = Notifier(committed_engine, channels_to(mail))
    worker.round(NOW)
    assert [message.address for message in mail.sent] == ["mentor@example.com"]
    worker.round(NOW + timedelta(days=15))
    assert sorted(message.address for message in mail.sent[1:]) == ["mentee@example.com", "mentor@example.com"]
    assert all("expired" in message.body for message in mail.sent[1:])
    worker.round(NOW + timedelta(days=16))
    assert len(mail.sent) == 3


def test_a_database_that_is_away_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    rounds = []

    def wait(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 3:
            raise StopRequested

    worker = Notifier(create_engine(UNREACHABLE), channels_to(RecordingChannel()))
    with pytest.raises(StopRequested):
        notifier.run(worker, wait)
    assert rounds == [DELIVER_EVERY.total_seconds()] * 3
    assert [record.message for record in caplog.records] == ["reminders.round_failed"] * 3


def test_the_supervisor_knows_the_worker() -> None:
    child = notifier_child({"A": "b"})
    assert (child.name, child.command[-1], child.environment) == ("notifier", "app.serving.notifier", {"A": "b"})

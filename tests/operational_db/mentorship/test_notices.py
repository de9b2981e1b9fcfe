"""What the outbox tells about requests: who was asked, who asked, and both when nobody answered; each once."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from operational_db.database import unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import erase_person
from operational_db.mentorship import requests
from operational_db.notifications.service import owe_reminders
from operational_db.tables.identity import Person
from operational_db.tables.notifications import NotificationItem
from operational_db.types import ReminderSchedule
from tests.mentoring_people import create_mentee, create_mentor
from tests.operational_db.notifications.reminding import NOW
from tests.operational_db.principals import principal_of


@pytest.fixture
def mentor(committed_engine: Engine) -> Principal:
    with unit_of_work(committed_engine) as session:
        return principal_of(create_mentor(session, NOW))


@pytest.fixture
def mentee(committed_engine: Engine) -> Principal:
    with unit_of_work(committed_engine) as session:
        return principal_of(create_mentee(session, NOW))


def told(engine: Engine, *, is_open: bool = True) -> set[tuple[str, str]]:
    """Whom something is told, and what."""
    with unit_of_work(engine) as session:
        statement = select(Person.display_name, NotificationItem.title).join(
            Person, Person.id == NotificationItem.person_id
        )
        if is_open:
            statement = statement.where(NotificationItem.resolved_at.is_(None))
        return {(name, title) for name, title in session.execute(statement)}


def test_who_is_asked_is_told_until_she_answers_and_who_asked_is_told_the_answer(
    committed_engine: Engine, mentor: Principal, mentee: Principal
) -> None:
    with unit_of_work(committed_engine) as session:
        made = requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=NOW).id
    assert owe_reminders(committed_engine, now=NOW).owed[ReminderSchedule.MENTORSHIP_ANSWER] == 1
    assert told(committed_engine) == {(mentor.display_name, mentee.display_name)}
    assert owe_reminders(committed_engine, now=NOW + timedelta(days=1)).owed_count == 0
    assert owe_reminders(committed_engine, now=NOW + timedelta(days=11)).owed_count == 1
    with unit_of_work(committed_engine) as session:
        requests.accept(session, mentor, mentorship_id=made, now=NOW + timedelta(days=12))
    owe_reminders(committed_engine, now=NOW + timedelta(days=12))
    accepted = f"{mentor.display_name} accepted your request for mentoring"
    assert told(committed_engine) == {(mentee.display_name, accepted)}
    assert owe_reminders(committed_engine, now=NOW + timedelta(days=13)).owed_count == 0


def test_an_offer_goes_the_other_way(committed_engine: Engine, mentor: Principal, mentee: Principal) -> None:
    with unit_of_work(committed_engine) as session:
        made = requests.offer_mentorship(session, mentor, mentee_id=mentee.person_id, now=NOW).id
    owe_reminders(committed_engine, now=NOW)
    assert told(committed_engine) == {(mentee.display_name, mentor.display_name)}
    with unit_of_work(committed_engine) as session:
        requests.decline(session, mentee, mentorship_id=made, now=NOW)
    owe_reminders(committed_engine, now=NOW)
    assert told(committed_engine) == {
        (mentor.display_name, f"{mentee.display_name} declined your request for mentoring")
    }


def test_both_are_told_that_nobody_answered(committed_engine: Engine, mentor: Principal, mentee: Principal) -> None:
    with unit_of_work(committed_engine) as session:
        requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=NOW)
    due = NOW + timedelta(days=14)
    requests.expire_requests(committed_engine, now=due)
    assert owe_reminders(committed_engine, now=due).owed[ReminderSchedule.MENTORSHIP_NEWS] == 2
    text = "The request for mentoring between you and {} expired"
    assert told(committed_engine) == {
        (mentor.display_name, text.format(mentee.display_name)),
        (mentee.display_name, text.format(mentor.display_name)),
    }


def test_erasing_one_of_the_two_takes_her_name_out_of_the_others_news(
    committed_engine: Engine, mentor: Principal, mentee: Principal
) -> None:
    with unit_of_work(committed_engine) as session:
        requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=NOW)
    owe_reminders(committed_engine, now=NOW)
    with unit_of_work(committed_engine) as session:
        erase_person(session, SYSTEM_PRINCIPAL, person_id=mentee.person_id, now=NOW)
    assert told(committed_engine) == set()
    assert told(committed_engine, is_open=False) == {(mentor.display_name, "Erased")}

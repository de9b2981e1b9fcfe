"""Several workers at once, a mail server that goes down and comes back, and many people in few statements."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Lock
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine, event, text

from app.serving.ports import free_port
from operational_db.database import unit_of_work
from operational_db.notifications import service
from operational_db.notifications.channels import Channels, FileChannel, Message, SmtpChannel, parse_smtp_url
from operational_db.tables.identity import Person
from operational_db.types import NotificationChannel
from tests import builders
from tests.operational_db.notifications.reminding import NOW, RecordingChannel, channels_to, count, create_held
from tests.operational_db.notifications.test_channels import Handler

DAY = timedelta(days=1)
PEOPLE, WORKERS = 60, 4


def fill(engine: Engine, people: int = PEOPLE) -> list[UUID]:
    """People with two certificates each that speak today."""
    ids = []
    with unit_of_work(engine) as session:
        kinds = [builders.create_certification(session) for _ in range(2)]
        for number in range(people):
            person = builders.create_person(session, email=f"p{number}@example.com")
            for kind, days in zip(kinds, (7, 14), strict=True):
                create_held(session, person, NOW.date() + days * DAY, kind)
            ids.append(person.id)
    return ids


class LockedChannel(RecordingChannel):
    """Recording that several workers may share."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def send(self, message: Message) -> None:
        with self._lock:
            super().send(message)


def test_workers_at_once_owe_and_deliver_everything_once(engine: Engine) -> None:
    people, mail, barrier = fill(engine), LockedChannel(), Barrier(WORKERS)

    def work(_: int) -> None:
        barrier.wait(timeout=30)
        for _round in range(6):
            service.owe_reminders(engine, now=NOW)
            service.deliver_due(engine, channels_to(mail), now=NOW, batch_size=7)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert sorted(message.person_id for message in mail.sent) == sorted(people)
    assert {message.subject for message in mail.sent} == {"2 reminders about your training and certificates"}
    assert count(engine, "notification_items", "sent_at is not null") == 2 * PEOPLE
    assert count(engine, "notification_deliveries", "delivered_at is not null") == 2 * PEOPLE
    with engine.connect() as connection:
        written = connection.execute(
            text("select count(*) from ledger_events where kind = 'reminder.delivered' and subject_id = any(:people)"),
            {"people": people},
        )
        assert written.scalar_one() == 2 * PEOPLE


def test_news_that_come_while_messages_leave_are_told_too(engine: Engine) -> None:
    """Owing adds to a day's message exactly until it is sealed; nothing slips in behind the seal and is lost."""
    people, mail = fill(engine, 12), LockedChannel()
    barrier = Barrier(2)

    def deliver(_: int) -> None:
        barrier.wait(timeout=30)
        for _round in range(15):
            service.deliver_due(engine, channels_to(mail), now=NOW, batch_size=3)

    def add(_: int) -> None:
        barrier.wait(timeout=30)
        for round_ in range(3):
            with unit_of_work(engine) as session:
                kind = builders.create_certification(session)
                for person_id in people:
                    create_held(session, session.get_one(Person, person_id), NOW.date() + (8 + round_) * DAY, kind)
            service.owe_reminders(engine, now=NOW)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda work: work(0), (deliver, add)))
    for day in range(1, 4):
        service.owe_reminders(engine, now=NOW + day * DAY)
        service.deliver_due(engine, channels_to(mail), now=NOW + day * DAY)
    assert count(engine, "notification_items", "sent_at is null and resolved_at is null") == 0
    for person_id in people:
        told = "\n".join(message.body for message in mail.to(person_id))
        assert told.count("Your certificate") >= 5


@pytest.mark.requirement("US-TC006")
def test_mail_waits_for_a_server_that_is_down_and_arrives_once_when_it_is_back(engine: Engine, tmp_path: Path) -> None:
    fill(engine, 5)
    port, handler = free_port(), Handler()
    smtp = SmtpChannel(parse_smtp_url(f"smtp://127.0.0.1:{port}"), sender="training@sitesync.example", timeout=60)
    channels = Channels({NotificationChannel.EMAIL: smtp, **_files(tmp_path)}, FileChannel(_folder(tmp_path)))
    for hours in (0, 26, 50):
        service.owe_reminders(engine, now=NOW + timedelta(hours=hours))
        report = service.deliver_due(engine, channels, now=NOW + timedelta(hours=hours))
        assert report.failed_count == 5
    controller = Controller(handler, hostname="127.0.0.1", port=port, ready_timeout=60)
    controller.start()
    try:
        for hours in (74, 75, 98):
            service.deliver_due(engine, channels, now=NOW + timedelta(hours=hours))
    finally:
        controller.stop()
    assert sorted(handler.recipients) == [f"p{number}@example.com" for number in range(5)]
    assert all("expires in 4 days" in mail.get_content() for mail in handler.mails)
    assert len({mail["Message-ID"] for mail in handler.mails}) == 5


def test_a_hundred_thousand_certificates_are_owed_in_few_statements(
    committed_engine: Engine, owner_engine: Engine
) -> None:
    """Set-based: the number of statements does not grow with the number of people.

    Nor does the plan of one hang on statistics, which know nothing of rows that are not committed yet.
    """

    def count_before(*arguments: Any) -> None:  # Any: what SQLAlchemy tells its listeners
        statements.append(arguments[2])
        if "update notification_items" in arguments[2]:
            with owner_engine.begin() as connection:
                connection.execute(text("analyze notification_items"))

    with unit_of_work(committed_engine) as session:
        kind = builders.create_certification(session).id
        session.execute(
            text(
                "insert into people (id, display_name, email, timezone) select gen_random_uuid(), 'P ' || n,"
                " 'p' || n || '@example.com', (array['UTC', 'America/New_York', 'Asia/Kolkata'])[1 + n % 3]"
                " from generate_series(1, 50000) as n"
            )
        )
        session.execute(
            text(
                "insert into certificates (id, person_id, certification_id, issued_on, expires_on, first_earned_on,"
                " verification_status, earned_through)"
                " select gen_random_uuid(), id, :kind, day - 730, day, day - 730, 'verified', 'sitesync_course'"
                " from (select id, cast(:today as date) + cast(row_number() over () % 400 as int) - 20 + extra as day"
                " from people cross join (values (0), (-700)) as e (extra)) as dated"
            ),
            {"kind": kind, "today": NOW.date()},
        )
    with owner_engine.begin() as connection:
        # Until the server has counted so many new rows by itself, it plans as if there were a few.
        connection.execute(text("analyze"))
    statements: list[str] = []
    event.listen(committed_engine, "before_cursor_execute", count_before)
    report = service.owe_reminders(committed_engine, now=NOW)
    assert report.owed_count + report.settled_count > 10_000
    again = service.owe_reminders(committed_engine, now=NOW + timedelta(minutes=5))
    assert again.owed_count == 0
    # Each of the two takes about a hundred.
    assert len(statements) < 1000


def _folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


def _files(tmp_path: Path) -> dict[NotificationChannel, FileChannel]:
    return dict.fromkeys((NotificationChannel.PUSH, NotificationChannel.SMS), FileChannel(_folder(tmp_path)))

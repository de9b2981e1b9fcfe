"""A worker lives through outages, changed dates, renewals, clock changes and a leap day; nothing is lost or told twice.

People and their zones, what they hold, and the worker's hours are drawn by hypothesis; time is simulated. The
expectation is worked out beside the product from what the world looked like whenever the worker ran. Several people
live through the same rounds: a round takes as long for one as for all.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text, update

from operational_db.database import unit_of_work
from operational_db.notifications import rules, service
from operational_db.notifications.channels import FailedError, OutcomeUnknownError, UnavailableError
from operational_db.tables.compliance import AssignmentRecipient
from operational_db.tables.credentials import Certificate
from operational_db.tables.gates import ProficiencyEvidence
from operational_db.types import NotificationChannel, ReminderSchedule, new_id
from tests import builders
from tests.operational_db.notifications.reminding import (
    RecordingChannel,
    channels_to,
    create_held,
    create_scope_evidence,
)

# Visits have a test of their own beside the owners'.
SCHEDULES = CERTIFICATE, SCOPE, ASSIGNMENT = tuple(ReminderSchedule)[:3]
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati")
# Each stretch holds something that trips calendars: the leap day, and the clock changes of spring and autumn.
STARTS = (date(2028, 2, 10), date(2027, 3, 1), date(2026, 10, 15), date(2027, 9, 20))
LENGTH_DAYS = 45
HOUR = timedelta(hours=1)


Ends = list[tuple[ReminderSchedule, int]]
Changes = dict[int, tuple[int, int | None]]


@dataclass
class Subject:
    """One thing with a date; `expected` are the steps that must have been told of each date it had."""

    schedule: ReminderSchedule
    id: UUID
    due_on: date
    is_open: bool = True
    told: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))
    expected: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Reminded:
    """A person, what she has to be reminded of, and her latest day on which the worker ran."""

    id: UUID
    zone: ZoneInfo
    subjects: list[Subject]
    changes: Changes
    last: date


people = st.fixed_dictionaries(
    {
        "zone": st.sampled_from(ZONES),
        "ends": st.lists(st.tuples(st.sampled_from(SCHEDULES), st.integers(-2, 100)), min_size=1, max_size=4),
        # What happens to a subject before a round: its date moves, or it is renewed or completed.
        "changes": st.dictionaries(
            st.integers(0, 17), st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(-20, 40))), max_size=4
        ),
    }
)
plans = st.fixed_dictionaries(
    {
        "start": st.sampled_from(STARTS),
        "people": st.lists(people, min_size=2, max_size=4),
        # Hours between two rounds: long ones are outages of the worker, negative ones a clock that was set back.
        "pauses": st.lists(st.sampled_from([2, 5, 9, 24, 24, 31, 80, 200, -3, -30]), min_size=8, max_size=18),
        # Rounds in which mail fails, and how.
        "troubles": st.dictionaries(st.integers(0, 17), st.sampled_from(["fail", "down", "lost"]), max_size=6),
    }
)


def create_reminded(
    engine: Engine, zone: str, ends: Ends, changes: Changes, *, start: date, last: datetime
) -> Reminded:
    """A person with one subject for each schedule and number of days drawn."""
    subjects = []
    with unit_of_work(engine) as session:
        person = builders.create_person(session, email=f"{new_id()}@example.com", timezone=zone)
        organization = builders.create_organization(session)
        builders.create_membership(session, person, organization)
        for number, (schedule, days) in enumerate(ends):
            due_on = start + timedelta(days=days)
            if schedule is CERTIFICATE:
                subject_id = create_held(session, person, due_on).id
            elif schedule is SCOPE:
                subject_id = create_scope_evidence(session, person, expires_on=due_on, scope=f"scope-{number}").id
            else:
                assignment = builders.create_assignment(session, organization, people=(person,), due_on=due_on)
                subject_id = session.execute(
                    text("select id from assignment_recipients where assignment_id = :id"), {"id": assignment.id}
                ).scalar_one()
            subjects.append(Subject(schedule, subject_id, due_on))
        return Reminded(person.id, ZoneInfo(zone), subjects, changes, last.astimezone(ZoneInfo(zone)).date())


def change(engine: Engine, subject: Subject, days: int | None, now: datetime) -> None:
    """Move its date, or end it (None): revoke, or complete."""
    due_on = subject.due_on + timedelta(days=days or 0)
    if days is None:
        subject.is_open = False
    subject.due_on = due_on
    with unit_of_work(engine) as session:
        if subject.schedule is CERTIFICATE:
            ended = {"revoked_at": now, "revoked_from": now.date()} if days is None else {"expires_on": due_on}
            session.execute(update(Certificate).where(Certificate.id == subject.id).values(**ended))
        elif subject.schedule is SCOPE:
            ended = {"revoked_at": now, "revoked_from": now.date()} if days is None else {"expires_on": due_on}
            session.execute(update(ProficiencyEvidence).where(ProficiencyEvidence.id == subject.id).values(**ended))
        else:
            ended = {"completed_at": now} if days is None else {"due_on": due_on}
            session.execute(update(AssignmentRecipient).where(AssignmentRecipient.id == subject.id).values(**ended))


def trouble_of(kind: str | None, mail: RecordingChannel) -> None:
    def fail(_message: object) -> None:
        raise FailedError("SMTP 451 at recipient")

    def be_down(_message: object) -> None:
        raise UnavailableError("mail server not reached")

    def lose(_message: object) -> None:
        raise OutcomeUnknownError("connection lost after the message")

    calm = RecordingChannel()
    mail.trouble = {"fail": fail, "down": be_down}.get(kind or "", calm.trouble)
    mail.late_trouble = lose if kind == "lost" else calm.trouble


@pytest.mark.requirement("US-TC006", "CMP-04", "EMB-13")
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans)
@example(
    # The worker stands still for more than a week between two refusals.
    plan={
        "start": date(2028, 2, 10),
        "people": [{"zone": "Asia/Kathmandu", "ends": [(CERTIFICATE, 0)], "changes": {}}],
        "pauses": [2, 31, -30, 9, 9, 2, 200, 31, 200, 2],
        "troubles": {0: "fail", 1: "fail", 8: "fail"},
    }
)
def test_every_owed_step_is_told_once_or_settled_by_a_more_urgent_one(engine: Engine, plan: dict[str, Any]) -> None:
    start = datetime.combine(plan["start"], datetime.min.time(), UTC) + 9 * HOUR
    last = start - 24 * HOUR
    try:
        with engine.begin() as connection:
            connection.execute(text("update reminder_runs set owed_at = :at"), {"at": last})
        everybody = [create_reminded(engine, start=plan["start"], last=last, **drawn) for drawn in plan["people"]]
        live(engine, everybody, start, plan["pauses"], plan["troubles"])
    finally:
        forget(engine)


def live(engine: Engine, everybody: list[Reminded], now: datetime, pauses: list[int], troubles: dict[int, str]) -> None:
    """Round after round, and in the end what was told beside what was owed."""
    mail = RecordingChannel()
    channels = channels_to(mail)
    lost: set[UUID] = set()
    latest = now
    for number, pause in enumerate([*pauses, 3, 99]):
        is_drawn = number < len(pauses)
        # However far the clock was set back, in the end it is right again.
        now = (latest if number == len(pauses) else now) + pause * HOUR
        latest = max(latest, now)
        for person in everybody if is_drawn else ():
            which, days = person.changes.get(number, (len(person.subjects), None))
            if which < len(person.subjects) and person.subjects[which].is_open:
                change(engine, person.subjects[which], days, now)
        kind = troubles.get(number) if is_drawn else None
        trouble_of(kind, mail)
        before = len(mail.sent)
        service.owe_reminders(engine, now=now)
        service.deliver_due(engine, channels, now=now)
        if kind == "lost":
            lost |= {message.delivery_id for message in mail.sent[before:]}
        for person in everybody:
            today = now.astimezone(person.zone).date()
            expect(person.subjects, today, person.last)
            person.last = max(person.last, today)
    finish(engine, mail, now)
    for person in everybody:
        check(engine, person.id, person.subjects, mail, lost)


def expect(subjects: list[Subject], today: date, last: date) -> None:
    """What the rule says is owed on the day, beside the product: the most urgent step reached, once per date."""
    for subject in subjects:
        if not subject.is_open:
            continue
        told = subject.expected[subject.due_on]
        since = min(last, today - timedelta(days=rules.LATE_DAYS[subject.schedule]))
        reached = [s for s in rules.STEPS[subject.schedule] if since <= subject.due_on - timedelta(days=s) <= today]
        if reached and all(min(reached) < step for step in told):
            told.append(min(reached))


def finish(engine: Engine, mail: RecordingChannel, now: datetime) -> None:
    """Calm rounds of two days, so that whatever waits for its morning or its next try has come."""
    trouble_of(None, mail)
    waiting = text(
        "select exists (select from notification_deliveries where delivered_at is null and cancelled_at is null)"
    )
    for hours in range(3, 49, 3):
        service.deliver_due(engine, channels_to(mail), now=now + hours * HOUR)
        with engine.connect() as connection:
            if not connection.execute(waiting).scalar_one():
                break


def check(engine: Engine, person_id: UUID, subjects: list[Subject], mail: RecordingChannel, lost: set[UUID]) -> None:
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "select subject_id, due_on, step, sent_at is not null as is_sent,"
                " resolved_at is not null as is_resolved from notification_items where person_id = :person"
            ),
            {"person": person_id},
        ).all()
        unfinished: int = connection.execute(
            text(
                "select count(*) from notification_deliveries where person_id = :person"
                " and delivered_at is null and cancelled_at is null"
            ),
            {"person": person_id},
        ).scalar_one()
        shown = connection.execute(
            text("select on_date, count(*) from notifications where person_id = :person group by 1"),
            {"person": person_id},
        ).all()
        events: int = connection.execute(
            text("select count(*) from ledger_events where kind = 'reminder.delivered' and subject_id = :person"),
            {"person": person_id},
        ).scalar_one()
        delivered: int = connection.execute(
            text(
                "select count(*) from notification_deliveries where person_id = :person and delivered_at is not null"
                " and merged_into_id is null"
            ),
            {"person": person_id},
        ).scalar_one()
    assert unfinished == 0
    # One message per person and day, and one ledger entry per message that arrived.
    assert all(number == 1 for _, number in shown)
    assert events == delivered
    # Never the same step of the same date twice.
    told = Counter((row.subject_id, row.due_on, row.step) for row in rows if row.is_sent)
    assert all(number == 1 for number in told.values())
    for subject in subjects:
        for due_on, steps in subject.expected.items():
            mine = [row for row in rows if (row.subject_id, row.due_on) == (subject.id, due_on)]
            # Nothing but what was owed, and all of it: told, or ended or outdone before its morning came.
            assert {row.step for row in mine} == set(steps)
            for row in mine:
                assert row.is_sent or row.is_resolved
            if subject.is_open and due_on == subject.due_on and steps:
                assert any(row.step == min(steps) and row.is_sent for row in mine)
    # Mail arrives once under each name, but for those whose answer was lost.
    names = Counter(message.delivery_id for message in mail.to(person_id, NotificationChannel.EMAIL))
    assert all(number == 1 or name in lost for name, number in names.items())


def forget(engine: Engine) -> None:
    """The next example begins without this one's subjects and messages."""
    tables = (
        "notification_items notification_deliveries notifications assignment_recipients training_assignments"
        " certificates proficiency_evidence"
    )
    with engine.begin() as connection:
        for name in tables.split():
            connection.execute(text(f"delete from {name}"))
        connection.execute(text("update people set erased_at = now(), email = null"))

"""The seed's EXPIRY_NOTIFICATION_SCHEDULE, step by step: channels, kind of message, renewal info, employer copy."""

from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from operational_db.database import unit_of_work
from operational_db.errors import NotAuthorizedError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import erase_person
from operational_db.notifications import service
from operational_db.notifications.channels import Channels, FileChannel, Message
from operational_db.tables.identity import Organization, Person
from operational_db.tables.notifications import NotificationDelivery, NotificationItem, NotificationPreference
from operational_db.types import NotificationChannel, ReminderSchedule, Role
from tests import builders
from tests.operational_db.notifications.reminding import NOW, RecordingChannel, channels_to, create_held
from tests.operational_db.principals import principal_of

TODAY = NOW.date()
# Training-platform seed 3.2.2.2, as it is written there.
SEED: dict[int, dict[str, object]] = {
    90: {"channels": ["email"], "message_type": "early_warning", "include_renewal_info": True},
    60: {"channels": ["email", "in_app"], "message_type": "reminder", "include_renewal_info": True},
    30: {"channels": ["email", "in_app", "push"], "message_type": "urgent", "include_renewal_info": True},
    14: {
        "channels": ["email", "in_app", "push"],
        "message_type": "critical",
        "include_renewal_info": True,
        "cc_employer": True,
    },
    7: {
        "channels": ["email", "in_app", "push", "sms"],
        "message_type": "final_warning",
        "include_renewal_info": True,
        "cc_employer": True,
    },
    0: {"channels": ["email", "in_app"], "message_type": "expired", "cc_employer": True},
}
TERMS = "Retake the exam with the board."


@pytest.fixture
def staff(engine: Engine) -> dict[str, UUID]:
    """Ann, who can be reached over every channel, her manager, and a manager of another company."""
    with unit_of_work(engine) as session:
        own, other = builders.create_organization(session), builders.create_organization(session)
        people = {
            name: builders.create_person(session, display_name=name.capitalize(), email=f"{name}@example.com")
            for name in ("ann", "manager", "stranger")
        }
        builders.create_membership(session, people["ann"], own)
        builders.create_membership(session, people["manager"], own, Role.COMPANY_MANAGER)
        builders.create_membership(session, people["stranger"], other, Role.COMPANY_MANAGER)
        for channel, address in ((NotificationChannel.PUSH, "device-1"), (NotificationChannel.SMS, "+15550100")):
            session.add(
                NotificationPreference(person_id=people["ann"].id, channel=channel, is_enabled=True, address=address)
            )
        return {**{name: person.id for name, person in people.items()}, "own": own.id}


def hold(engine: Engine, person_id: UUID, days: int, name: str = "Rope rescue") -> None:
    with unit_of_work(engine) as session:
        kind = builders.create_certification(session, name=name, renewal_requirements=TERMS)
        create_held(session, session.get_one(Person, person_id), TODAY + timedelta(days=days), kind)


def run(engine: Engine, mail: RecordingChannel) -> None:
    service.owe_reminders(engine, now=NOW)
    service.deliver_due(engine, channels_to(mail), now=NOW)


def channels_used(engine: Engine, person_id: UUID) -> set[str]:
    with unit_of_work(engine) as session:
        delivered = select(NotificationDelivery.channel).where(
            NotificationDelivery.person_id == person_id, NotificationDelivery.delivered_at.is_not(None)
        )
        return {str(channel) for channel in session.scalars(delivered)}


def mail_to(mail: RecordingChannel, person_id: UUID) -> Message:
    (message,) = mail.to(person_id, NotificationChannel.EMAIL)
    return message


@pytest.mark.requirement("CRT-06", "US-TC006", "US-TC018")
@pytest.mark.parametrize("step", SEED)
def test_each_step_is_told_as_the_seed_says(
    engine: Engine, mail: RecordingChannel, staff: dict[str, UUID], step: int
) -> None:
    wanted = SEED[step]
    hold(engine, staff["ann"], step)
    run(engine, mail)
    assert channels_used(engine, staff["ann"]) == set(cast(list[str], wanted["channels"]))
    kind = str(wanted["message_type"]).replace("_", " ").capitalize()
    message = mail_to(mail, staff["ann"])
    assert message.subject.startswith(f"{kind}: Your certificate “Rope rescue” expires")
    assert (TERMS in message.body) is bool(wanted.get("include_renewal_info"))
    copies = mail.to(staff["manager"], NotificationChannel.EMAIL)
    assert [copy.subject.partition(" expires")[0] for copy in copies] == (
        [f"{kind}: Ann: Rope rescue"] if wanted.get("cc_employer") else []
    )
    assert mail.to(staff["stranger"]) == []


def test_the_schedule_has_no_other_steps(engine: Engine, mail: RecordingChannel, staff: dict[str, UUID]) -> None:
    for day in (91, -40):
        hold(engine, staff["ann"], day, f"Kind {day}")
    run(engine, mail)
    assert mail.sent == []


def test_what_shares_a_message_still_goes_only_where_it_may(
    engine: Engine, mail: RecordingChannel, staff: dict[str, UUID]
) -> None:
    """One message a day: the text message and the product show the last warning, and not the early one."""
    hold(engine, staff["ann"], 90, "Welding")
    hold(engine, staff["ann"], 7)
    run(engine, mail)
    assert {"Welding" in mail_to(mail, staff["ann"]).body, "Rope rescue" in mail_to(mail, staff["ann"]).body} == {True}
    (text_message,) = mail.to(staff["ann"], NotificationChannel.SMS)
    assert "Welding" not in text_message.body
    with unit_of_work(engine) as session:
        page = service.my_notifications(session, principal_of(session.get_one(Person, staff["ann"])))
        assert [item.title for item in page.items[0].items] == ["Rope rescue"]


def test_nothing_is_told_twice(engine: Engine, mail: RecordingChannel, staff: dict[str, UUID]) -> None:
    hold(engine, staff["ann"], 7)
    run(engine, mail)
    sent = len(mail.sent)
    run(engine, mail)
    assert len(mail.sent) == sent


def test_a_manager_gets_no_copy_of_her_own_and_none_after_she_left(
    engine: Engine, mail: RecordingChannel, staff: dict[str, UUID]
) -> None:
    hold(engine, staff["manager"], 7, "Her own")
    with unit_of_work(engine) as session:
        left = builders.create_person(session, email="left@example.com")
        own = session.get_one(Organization, staff["own"])
        builders.create_membership(session, left, own, Role.COMPANY_MANAGER, ended_on=TODAY)
        left_id = left.id
    run(engine, mail)
    assert mail_to(mail, staff["manager"]).subject.startswith("Final warning: Your certificate “Her own”")
    assert mail.to(left_id) == []


def test_copies_forget_an_erased_person(engine: Engine, mail: RecordingChannel, staff: dict[str, UUID]) -> None:
    hold(engine, staff["ann"], 7)
    service.owe_reminders(engine, now=NOW)
    with unit_of_work(engine) as session:
        erase_person(session, SYSTEM_PRINCIPAL, person_id=staff["ann"], now=NOW)
    service.deliver_due(engine, channels_to(mail), now=NOW)
    assert mail.to(staff["manager"]) == []
    with unit_of_work(engine) as session:
        copies = select(NotificationItem.title).where(NotificationItem.schedule == ReminderSchedule.EMPLOYER_COPY)
        assert session.scalars(copies).all() == ["Erased"]


def test_so_do_the_files_of_copies_that_went_out(engine: Engine, staff: dict[str, UUID], tmp_path: Path) -> None:
    hold(engine, staff["ann"], 7)
    hold(engine, staff["stranger"], 7)
    service.owe_reminders(engine, now=NOW)
    files = FileChannel(tmp_path)
    outside = dict.fromkeys((NotificationChannel.EMAIL, NotificationChannel.PUSH, NotificationChannel.SMS), files)
    service.deliver_due(engine, Channels(outside, files), now=NOW)

    def written() -> list[str]:
        return [path.read_text() for path in tmp_path.rglob("*.json")]

    assert sum("Ann: Rope rescue" in text for text in written()) == 1
    with unit_of_work(engine) as session:
        erase_person(session, SYSTEM_PRINCIPAL, person_id=staff["ann"], now=NOW)
        manager = principal_of(session.get_one(Person, staff["manager"]))
        with pytest.raises(NotAuthorizedError):
            service.forget_written(session, manager, person_id=staff["ann"], files=files)
        # Hers over three channels, and the copy to her manager.
        assert service.forget_written(session, SYSTEM_PRINCIPAL, person_id=staff["ann"], files=files) == 4
        assert service.forget_written(session, SYSTEM_PRINCIPAL, person_id=staff["ann"], files=files) == 0
    (left,) = written()
    assert str(staff["stranger"]) in left

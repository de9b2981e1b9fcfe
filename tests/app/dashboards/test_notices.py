"""The pages of reminders: one's own news with the way to act, and the outbox for those who look after it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import Engine

from operational_db import paging
from operational_db.database import unit_of_work
from operational_db.notifications import service
from operational_db.notifications.channels import RefusedError, create_channels
from operational_db.tables.identity import Person
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import Visit, metrics, principal_of, texts
from tests.app.dashboards.operational_fixture import write_operational_records
from tests.operational_db.notifications.reminding import (
    RecordingChannel,
    channels_to,
    create_held,
    create_scope_evidence,
)

ANN = principal_of("technician").person_id
# Nine in the morning in New York, where the people of the figures live.
MORNING = figures.AS_OF.replace(hour=14, minute=0)
DAY = timedelta(days=1)


@pytest.fixture
def records(committed_engine: Engine, visit: Visit) -> Iterator[Engine]:
    """A database with the people of the figures, one of whom has two dates that lie close."""
    with unit_of_work(committed_engine) as session:
        write_operational_records(session)
        ann = session.get_one(Person, ANN)
        ann.email = "ann@example.com"
        create_held(session, ann, MORNING.date() + 14 * DAY)
        create_scope_evidence(session, ann, expires_on=MORNING.date() + 7 * DAY)
    visit.engine = committed_engine
    yield committed_engine


def remind(engine: Engine, visit: Visit) -> None:
    service.owe_reminders(engine, now=MORNING)
    service.deliver_due(engine, create_channels(visit.settings), now=MORNING)


class TestMine:
    @pytest.mark.requirement("US-TC006")
    def test_reminders_are_shown_with_the_way_to_act(self, records: Engine, visit: Visit) -> None:
        remind(records, visit)
        app = visit.open("technician", "me/notifications")
        said = texts(app)
        assert "1 reminder unread." in said
        assert "expires in 7 days (28 Nov 2026)" in said
        assert "expires in 14 days (5 Dec 2026)" in said
        labels = {link.proto.label for link in app.get("page_link")}
        assert {"See your certificates", "Refresh it in a few minutes"} <= labels

    def test_reading_puts_a_reminder_aside(self, records: Engine, visit: Visit) -> None:
        remind(records, visit)
        app = visit.open("technician", "me/notifications")
        next(button for button in app.button if button.label.startswith("Mark as read")).click().run()
        assert not app.exception
        assert "You have read everything." in texts(app)
        app = visit.open("technician", "me/notifications", notifications_which="Unread")
        assert "There is no reminder here." in texts(app)

    def test_nobody_sees_somebody_elses(self, records: Engine, visit: Visit) -> None:
        remind(records, visit)
        assert "There is no reminder here." in texts(visit.open("student", "me/notifications"))
        # Her manager has the copy for employers, which is his own.
        assert any(
            button.label.startswith("Mark as read") for button in visit.open("manager", "me/notifications").button
        )

    def test_channels_are_chosen_on_the_page(self, records: Engine, visit: Visit) -> None:
        app = visit.open("technician", "me/notifications")
        next(toggle for toggle in app.toggle if toggle.label == "Text message").set_value(True)
        next(button for button in app.button if button.key and "notices_save_sms" in button.key).click().run()
        assert "Give the telephone number" in texts(app)
        next(field for field in app.text_input if field.label.startswith("Telephone")).input("+1 555 010 0199")
        next(button for button in app.button if button.key and "notices_save_sms" in button.key).click().run()
        assert "Text message: on." in texts(app)
        with unit_of_work(records) as session:
            enabled = {v.channel: v.is_enabled for v in service.my_preferences(session, principal_of("technician"))}
        assert enabled == {"in_app": True, "email": True, "push": False, "sms": True}

    def test_without_the_database_the_page_says_so(self, visit: Visit) -> None:
        assert "Reminders cannot be shown at the moment" in texts(visit.open("technician", "me/notifications"))


class TestOutbox:
    def test_a_message_that_became_a_file_can_be_read(self, records: Engine, visit: Visit) -> None:
        remind(records, visit)
        app = visit.open("administrator", "platform/outbox")
        assert "Every message whose time has come got through." in texts(app)
        assert metrics(app)["Delivered"] == "3"
        rows = app.dataframe[0].value
        mail = rows[rows["channel"] == "Email"]["delivery_id"].iloc[0]
        app = visit.open("administrator", "platform/outbox", outbox_chosen=mail)
        assert "2 reminders about your training and certificates" in texts(app)
        assert "ann@example.com" not in texts(app)

    def test_the_download_holds_the_deliveries_of_all_pages(
        self, records: Engine, visit: Visit, offered: dict[str, Callable[[], pl.DataFrame]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        remind(records, visit)
        app = visit.open("administrator", "platform/outbox", outbox_state="Delivered")
        shown = list(app.dataframe[0].value["delivery_id"])
        monkeypatch.setattr(paging, "LARGEST_PAGE_SIZE", 2)
        assert len(shown) == 3
        assert offered["outbox_rows"]().to_series(0).to_list() == shown

    def test_what_was_given_up_is_said_and_tried_again(self, records: Engine, visit: Visit) -> None:
        def refuse(_message: object) -> None:
            raise RefusedError("SMTP 550 at recipient")

        service.owe_reminders(records, now=MORNING)
        service.deliver_due(records, channels_to(RecordingChannel(trouble=refuse)), now=MORNING)
        app = visit.open("administrator", "platform/outbox", outbox_state="Given up")
        assert "1 message did not get through" in texts(app)
        assert list(app.dataframe[0].value["last_error"]) == ["SMTP 550 at recipient"]
        next(button for button in app.button if button.label == "Try all given up again").click().run()
        assert not app.exception
        mail = RecordingChannel()
        service.deliver_due(records, channels_to(mail), now=MORNING + timedelta(hours=1))
        assert len(mail.sent) == 1

    def test_the_product_team_sees_counts_and_nobodys_messages(self, records: Engine, visit: Visit) -> None:
        remind(records, visit)
        app = visit.open("product", "platform/outbox")
        assert metrics(app)["Delivered"] == "3"
        assert "Single messages are for administrators." in texts(app)
        assert not app.dataframe

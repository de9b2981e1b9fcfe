"""Reminders over HTTP: one's own and nobody else's, read once, over the channels one chose."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.notifications import service
from operational_db.tables.identity import Person
from tests.app.api.conftest import World
from tests.builders import create_certificate, create_certification
from tests.operational_db.notifications.reminding import RecordingChannel, channels_to


@pytest.fixture
def reminded(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Ann's certificate expires in a week, and she was told this morning."""
    morning = clock.now().replace(hour=9, minute=0)
    with unit_of_work(world.api.engine) as session:
        expires_on = morning.date() + timedelta(days=7)
        create_certificate(
            session,
            session.get_one(Person, world.api.people["ann"]),
            create_certification(session, name="Rope access"),
            issued_on=expires_on - timedelta(days=365),
            expires_on=expires_on,
        )
    service.owe_reminders(world.api.engine, now=morning)
    service.deliver_due(world.api.engine, channels_to(RecordingChannel()), now=morning)
    monkeypatch.setattr(clock, "today", lambda: _day(morning))
    return world


def _day(at: datetime) -> object:
    return at.date()


def test_my_reminders_say_what_and_where_to_act(reminded: World) -> None:
    answer = reminded.api.call("GET", "/v1/me/notifications?unread_only=true", "ann").json()
    assert answer["total_count"] == 1
    item = answer["items"][0]["items"][0]
    assert item["text"].startswith("Your certificate “Rope access” expires in 7 days (")
    assert (item["action_path"], item["action_label"]) == ("/me-certificates", "See your certificates")
    assert item["is_resolved"] is False


def test_a_reminder_is_marked_read_by_its_person_only(reminded: World) -> None:
    mine = reminded.api.call("GET", "/v1/me/notifications", "ann").json()["items"][0]["notification_id"]
    for who in ("bob", "manager", "stranger", "admin"):
        assert reminded.api.call("POST", f"/v1/me/notifications/{mine}/read", who).status_code == 404
        shown = reminded.api.call("GET", "/v1/me/notifications", who).json()["items"]
        assert mine not in [item["notification_id"] for item in shown]
    assert reminded.api.call("POST", f"/v1/me/notifications/{mine}/read").status_code == 401
    for _ in range(2):
        assert reminded.api.call("POST", f"/v1/me/notifications/{mine}/read", "ann").status_code == 204
    assert reminded.api.call("GET", "/v1/me/notifications?unread_only=true", "ann").json()["total_count"] == 0
    assert reminded.api.call("POST", f"/v1/me/notifications/{uuid4()}/read", "ann").status_code == 404


def test_channels_are_read_and_chosen(world: World) -> None:
    def choose(channel: str, **body: object) -> int:
        return int(world.api.call("PUT", f"/v1/me/notification-channels/{channel}", "ann", json=body).status_code)

    assert choose("sms", is_enabled=True) == 422
    assert choose("sms", is_enabled=True, address="+1 555 010 0199") == 200
    assert choose("in_app", is_enabled=False) == 422
    assert choose("pigeon", is_enabled=True) == 422
    assert choose("push", is_enabled=True, token="x") == 422
    answer = world.api.call("GET", "/v1/me/notification-channels", "ann")
    assert {each["channel"]: each["is_enabled"] for each in answer.json()} == {
        "in_app": True,
        "email": False,
        "push": False,
        "sms": True,
    }
    assert "555" not in answer.text
    assert world.api.call("GET", "/v1/me/notification-channels").status_code == 401

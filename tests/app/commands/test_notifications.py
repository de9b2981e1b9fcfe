"""`sitesync notifications`: owe, deliver, list and try again, on a real database, with messages as files."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from app.cli import create_cli
from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.notifications import service
from operational_db.notifications.channels import RefusedError
from tests import builders
from tests.operational_db.notifications.reminding import NOW, RecordingChannel, channels_to, create_held

Run = Callable[..., Result]


@pytest.fixture
def run(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return lambda *arguments: CliRunner().invoke(create_cli(), ["notifications", *arguments])


@pytest.fixture
def expiring(committed_engine: Engine) -> Engine:
    with unit_of_work(committed_engine) as session:
        person = builders.create_person(session, email="ann@example.com")
        create_held(session, person, NOW.date() + timedelta(days=7))
    return committed_engine


def test_owe_deliver_and_list(run: Run, expiring: Engine, tmp_path: Path) -> None:
    assert "Owed 1, settled without sending 0, closed 0." in run("owe").output
    assert "Owed 0" in run("owe").output
    assert "in_app  waiting  1" in run("list", "--state", "waiting").output
    delivered = run("deliver")
    assert delivered.exit_code == 0
    assert "Delivered 2 (in-app 1, email 1), to be tried again 0, cancelled 0, given up 0." in delivered.output
    assert len(list((tmp_path / "outbox" / "email").iterdir())) == 1
    listed = run("list").output
    assert "email  delivered  1" in listed
    assert "ann@example.com" not in listed


def test_what_was_given_up_is_listed_with_its_reason_and_tried_again(run: Run, expiring: Engine) -> None:
    def refuse(_message: object) -> None:
        raise RefusedError("SMTP 550 at recipient")

    service.owe_reminders(expiring, now=NOW)
    service.deliver_due(expiring, channels_to(RecordingChannel(trouble=refuse)), now=NOW)
    assert "SMTP 550 at recipient" in run("list", "--state", "given_up").output
    assert "To be tried again: 1." in run("retry").output
    assert "Delivered 1 (email 1)" in run("deliver").output


def test_a_wrong_mail_server_is_refused_before_anything_is_sent(
    run: Run, expiring: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITESYNC_SMTP_URL", "http://user:secret@mail.example")
    result = run("deliver")
    assert result.exit_code == 1
    assert "SITESYNC_SMTP_URL" in result.stderr
    assert "secret" not in result.stderr

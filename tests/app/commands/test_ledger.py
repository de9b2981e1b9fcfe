"""`sitesync ledger`: thin commands on a real database; exit 1 when the record was tampered with."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner, Result

from app.cli import create_cli
from operational_db.database import unit_of_work
from operational_db.ledger.append import append_events
from operational_db.ledger.events import ImportUndone
from operational_db.types import new_id

Run = Callable[..., Result]


@pytest.fixture
def run(committed_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    return lambda *arguments: CliRunner().invoke(create_cli(), ["ledger", *arguments])


def append(engine: Engine, count: int, now: datetime) -> None:
    with unit_of_work(engine) as session:
        event = ImportUndone(subject_id=None, organization_id=None, occurred_at=now, undone_import_id=new_id())
        append_events(session, [event] * count, now=now)


def test_an_empty_ledger_is_intact_and_has_no_checkpoint(run: Run) -> None:
    assert "no checkpoint" in run("status").output
    assert "Nothing was waiting" in run("sequence").output
    assert run("verify").exit_code == 0


def test_sequence_places_what_waits_and_says_so(run: Run, committed_engine: Engine, now: datetime) -> None:
    append(committed_engine, 3, now)
    assert "Waiting: 3" in run("status").output
    assert "Placed 3: 3 entries" in run("sequence").output
    status = run("status").output
    assert "Entries: 3" in status
    assert "Waiting: 0" in status


def test_verify_shows_progress_and_the_root(run: Run, committed_engine: Engine, now: datetime) -> None:
    append(committed_engine, 3, now)
    root = run("sequence").output.split()[-1]
    result = run("verify")
    assert result.exit_code == 0
    assert "3/3" in result.stderr
    assert f"Root: {root}" in result.stdout
    assert "Intact" in result.stdout


def test_verify_names_the_bad_entry_and_exits_with_1(
    run: Run, committed_engine: Engine, owner_engine: Engine, now: datetime
) -> None:
    append(committed_engine, 3, now)
    run("sequence")
    with unit_of_work(owner_engine) as session:
        session.execute(text("alter table ledger_events disable trigger user"))
        changed = "(select event_id from ledger_leaves where leaf_index = 1)"
        event_id = session.scalar(text(f"update ledger_events set version = 9 where id = {changed} returning id"))
    result = run("verify")
    assert result.exit_code == 1
    assert "TAMPERED" in result.stderr
    assert "Leaf 1" in result.stderr
    assert str(event_id) in result.stderr
    assert "Intact" not in result.stdout


def test_a_database_without_tables_is_refused_with_the_remedy(
    empty_database_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", empty_database_url())
    result = CliRunner().invoke(create_cli(), ["ledger", "status"])
    assert result.exit_code == 1
    assert "sitesync migrate" in result.stderr

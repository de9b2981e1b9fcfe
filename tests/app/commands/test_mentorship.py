"""`sitesync mentorship …` from the shell."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner

from app.cli import create_cli
from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.mentorship import requests
from operational_db.tables.mentorship import Mentorship
from operational_db.types import MentorshipStatus
from tests.builders import create_organization
from tests.mentoring_people import create_mentee, create_mentor
from tests.operational_db.principals import principal_of


@pytest.fixture(autouse=True)
def _installation(
    committed_url: str, committed_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path / "home"))
    now = clock.now()
    with unit_of_work(committed_engine) as session:
        organization = create_organization(session, slug="lifts")
        create_mentor(session, now, organization)
        create_mentee(session, now, organization)


def run(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(create_cli("mentorship"), ["mentorship", *arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


def statuses(engine: Engine) -> list[MentorshipStatus]:
    with unit_of_work(engine) as session:
        return list(session.scalars(select(Mentorship.status)))


def test_unanswered_requests_expire_once(committed_engine: Engine) -> None:
    asked_at = clock.now() - timedelta(days=14)
    with unit_of_work(committed_engine) as session:
        mentor = create_mentor(session, asked_at)
        me = principal_of(create_mentee(session, asked_at))
        requests.request_mentorship(session, me, mentor_id=mentor.id, now=asked_at)
    assert run("expire") == "Expired 1.\n"
    assert run("expire") == "Expired 0.\n"
    assert statuses(committed_engine) == [MentorshipStatus.EXPIRED]


def test_the_reach_is_shown_set_and_tried() -> None:
    assert run("reach", "lifts") == "lifts: everyone\n"
    assert run("reach", "lifts", "--set", "nobody", "--dry-run") == "lifts: everyone -> nobody (dry run)\n"
    assert run("reach", "lifts", "--set", "own_people") == "lifts: everyone -> own_people\n"
    assert run("reach", "lifts") == "lifts: own_people\n"
    run("reach", "nowhere", exit_code=1)


def test_a_cohort_is_compared_and_proposed(committed_engine: Engine) -> None:
    text = run("cohort", "lifts")
    assert text.startswith("1 mentees, 1 mentors with 2 places.\n")
    assert all(method in text for method in ("greedy", "optimal", "stable"))
    assert "Would ask for 1 (dry run)." in run("propose", "lifts", "--method", "stable", "--dry-run")
    run("propose", "lifts", "--method", "best", "--dry-run", exit_code=2)
    run("propose", "lifts", "--method", "best", exit_code=1)
    assert statuses(committed_engine) == []
    assert "Asked for 1, left out 0." in run("propose", "lifts", "--method", "stable", "--months", "6")
    assert statuses(committed_engine) == [MentorshipStatus.PENDING]

"""The operator's commands for organizations, people and tokens, run as a shell would run them."""

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from app.cli import create_cli
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import DomainError
from operational_db.identity.service import principal_for_token
from operational_db.types import Role


@pytest.fixture
def run(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path))
    return lambda *words: CliRunner().invoke(create_cli(), list(words))


def test_from_nothing_to_a_working_token(run, committed_engine: Engine) -> None:  # type: ignore[no-untyped-def]
    assert run("add-organization", "North Lift", "--kind", "service_company").stdout.strip() == "north-lift"
    assert "north-lift" in run("organizations").stdout
    made = run("add-person", "Manager", "--organization", "north-lift", "--role", "company_manager")
    person_id = made.stdout.strip()
    assert run("add-role", person_id, "--organization", "north-lift", "--role", "technician").exit_code == 0
    secret = run("token", person_id, "--label", "test").stdout.strip()
    with read_only_session(committed_engine) as session:
        principal = principal_for_token(session, secret, now=clock.now())
    assert {grant.role for grant in principal.grants} == {Role.COMPANY_MANAGER, Role.TECHNICIAN}
    token_id = run("tokens", person_id).stdout.split()[0]
    assert run("revoke-token", token_id).exit_code == 0
    with read_only_session(committed_engine) as session, pytest.raises(DomainError):
        principal_for_token(session, secret, now=clock.now())


def test_only_simulated_people_are_offered_for_sign_in(run) -> None:  # type: ignore[no-untyped-def]
    run("add-organization", "North Lift", "--kind", "service_company")
    run("add-person", "Real Person", "--organization", "north-lift", "--role", "technician")
    run("add-person", "Made Up", "--organization", "north-lift", "--role", "technician", "--simulated")
    listed = run("people").stdout
    assert "Made Up" in listed
    assert "Real Person" not in listed


def test_refusals_say_what_to_do_and_exit_with_one(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("add-person", "Nobody", "--organization", "nowhere", "--role", "technician")
    assert (answer.exit_code, "sitesync organizations" in answer.stderr) == (1, True)
    assert run("token", str(uuid4())).exit_code == 1
    assert run("add-person", "Nobody", "--organization", "x", "--role", "wizard").exit_code == 2


def test_erasing_removes_the_name(run) -> None:  # type: ignore[no-untyped-def]
    run("add-organization", "North Lift", "--kind", "service_company")
    person_id = run(
        "add-person", "Made Up", "--organization", "north-lift", "--role", "technician", "--simulated"
    ).stdout.strip()
    assert run("erase-person", person_id, "--yes").exit_code == 0
    assert "Made Up" not in run("people").stdout


def test_a_team_takes_somebody_in_who_leaves_again(run) -> None:  # type: ignore[no-untyped-def]
    run("add-organization", "North Lift", "--kind", "service_company")
    at = ("--organization", "north-lift")
    team_id = run("add-team", "Night shift", *at).stdout.strip()
    assert run("add-team", "Night shift", *at).exit_code == 1
    person_id = run("add-person", "Ann Lee", *at, "--role", "technician", "--team", "Night shift").stdout.strip()
    run("add-person", "Bob Ray", *at, "--role", "technician")
    assert run("teams", *at).stdout.split() == [team_id, "1", "Night", "shift"]
    listed = run("members", *at, "--team", "Night shift").stdout.splitlines()
    assert [line.split()[1:] for line in listed[:-1]] == [[person_id, "technician", "Night", "shift", "Ann", "Lee"]]
    assert run("members", *at, "--team", "Day shift").exit_code == 1
    membership_id = listed[0].split()[0]
    assert run("end-membership", membership_id).exit_code == 1
    assert "Ann Lee" in run("members", *at).stdout
    assert run("end-membership", membership_id, "--yes").exit_code == 0
    assert run("members", *at, "--search", "Ann").stdout.strip() == "Page 1 of 1, 0 in all."
    assert "ended on" in run("end-membership", membership_id, "--yes").stderr

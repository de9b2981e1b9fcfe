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

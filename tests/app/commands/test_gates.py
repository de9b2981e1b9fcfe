"""`sitesync gate …` from the shell: decide, rules, and replay of one decision or of days."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from app.cli import create_cli
from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.gates.rules import Requirement
from operational_db.gates.service import set_gate_rule
from operational_db.gates.shipped import install_platform_rules
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.types import GateMode, ProficiencyLevel
from tests.builders import create_membership, create_organization, create_person

NEEDED = Requirement(ProficiencyLevel.PROFICIENT, scope="data-export", within_months=12)


@pytest.fixture
def person_id(committed_engine: Engine) -> UUID:
    """A member of an organization that enforces its data export; the platform's rules are installed."""
    with unit_of_work(committed_engine) as session:
        organization = create_organization(session, slug="hoists")
        person = create_person(session)
        create_membership(session, person, organization)
        install_platform_rules(session, now=clock.now())
        set_gate_rule(
            session, SYSTEM_PRINCIPAL, organization_id=organization.id, action="data-export", requirements=[NEEDED],
            mode=GateMode.ENFORCE, now=clock.now(),
        )  # fmt: skip
        return person.id


@pytest.fixture(autouse=True)
def _installation(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(create_cli("gate"), ["gate", *arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


@pytest.mark.requirement("EMB-14")
def test_what_was_decided_is_replayed_and_a_forgery_found(person_id: UUID, owner_engine: Engine) -> None:
    about = ("--organization", "hoists", "--person", str(person_id))
    denied = run("decide", "data-export", *about, exit_code=1)
    assert "DENIED" in denied
    assert "scope:data-export: never_trained" in denied
    tried = run("decide", "production-change", *about)
    assert "ALLOWED (dry run: the rule itself says no)" in tried
    decision_id = denied.split("Decision: ")[1].splitlines()[0]
    today, tomorrow = clock.today(), clock.today() + timedelta(days=1)

    assert "Replayed 1; 1 came out identical." in run("replay", decision_id)
    days = ("--since", (today - timedelta(days=1)).isoformat(), "--until", tomorrow.isoformat())
    assert "Replayed 2; 2 came out identical." in run("replay", *days, "--organization", "hoists")
    assert "Replayed 0" in run("replay", "--day", tomorrow.isoformat())

    with owner_engine.begin() as connection:
        connection.execute(text("alter table ledger_events disable trigger user"))
        connection.execute(
            text("update ledger_events set body = replace(body, :was, :forged) where id = :id"),
            {"was": '\\"is_allowed\\":false', "forged": '\\"is_allowed\\":true', "id": decision_id},
        )
    found = json.loads(run("replay", *days, "--json", exit_code=1))
    assert (found["replayed_count"], found["identical_count"]) == (2, 1)
    assert found["differing"][0]["decision_id"] == decision_id
    assert decision_id in run("replay", decision_id, exit_code=1)


def test_rules_in_effect_are_listed_the_own_one_first(person_id: UUID) -> None:
    own = run("rules", "--organization", "hoists")
    assert own.count("data-export") == 2  # the own rule, and its scope
    assert "scope:data-export proficient within 12 months" in own
    assert run("rules", "--organization", "hoists", "--all").count("platform") == 4


def test_wrong_names_and_days_are_refused(person_id: UUID) -> None:
    run("decide", "data-export", "--person", str(person_id), "--organization", "nobody", exit_code=1)
    run("replay", "--day", "2026-11-02", "--since", "2026-11-01", exit_code=2)
    run("replay", "--since", "2026-11-02", "--until", "2026-11-01", exit_code=2)

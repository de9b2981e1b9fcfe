"""`sitesync owners …` and the replay of crew checks from the shell."""

import json
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from app.cli import create_cli
from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.evidence.verify_bundle import verify_bundle
from operational_db.owners.alerts import refresh_visit_alerts
from operational_db.tables.identity import Organization
from tests.operational_db.owners.owner_world import OwnerWorld, create_world, plan


@pytest.fixture(autouse=True)
def _installation(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def world(committed_engine: Engine) -> OwnerWorld:
    with unit_of_work(committed_engine) as session:
        world = create_world(session, clock.now())
        session.get_one(Organization, world.owner_id).slug = "harbor"
        return world


def run(*arguments: str, exit_code: int = 0, group: str = "owners") -> str:
    result = CliRunner().invoke(create_cli(group), [group, *arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


@pytest.mark.requirement("US-TC027", "OWN-01")
def test_a_crew_is_checked_proven_and_made_again(world: OwnerWorld, tmp_path: Path) -> None:
    lift, ann, bob = str(world.lift_id), str(world.id_of("ann")), str(world.id_of("bob"))
    proof = tmp_path / "proof.zip"
    text = run("crew-check", "--unit", lift, "--person", ann, "--proof", str(proof))
    assert text.startswith("QUALIFIED")
    with ZipFile(proof) as packed:
        packed.extractall(tmp_path / "proof")
    assert verify_bundle(tmp_path / "proof").bad_files == []
    refused = run("crew-check", "--unit", lift, "--person", bob, exit_code=1)
    assert refused.startswith("NOT QUALIFIED")
    assert "nobody of the crew holds what is needed" in refused
    canonical = run("crew-check", "--building", str(world.tower_id), "--contractor", str(world.contractor_id), "--json")
    assert json.loads(canonical)["is_qualified"] is True
    # Three checks: all come out the same, one of them by its id.
    assert "Replayed 3; 3 came out identical." in run("replay", group="gate")
    decision_id = text.split("Decision: ")[1].splitlines()[0]
    assert "Replayed 1; 1 came out identical." in run("replay", decision_id, group="gate")


def test_what_nobody_could_mean_is_wrong_usage(world: OwnerWorld) -> None:
    run("crew-check", "--person", str(world.id_of("ann")), exit_code=2)
    with pytest.raises(AssertionError):
        run("rules", "nowhere")


def test_rules_and_visits_are_listed(world: OwnerWorld, committed_engine: Engine) -> None:
    with unit_of_work(committed_engine) as session:
        plan(session, world, 3, "bob", equipment_id=world.lift_id)
        plan(session, world, 4)
        refresh_visit_alerts(session, now=clock.now())
    assert "passenger elevator" in run("rules", "harbor")
    listed = json.loads(run("visits", "harbor", "--json"))
    assert [each["is_unqualified"] for each in listed] == [True, False]
    table = run("visits", "harbor", "--since", str(clock.today() + timedelta(days=4)))
    assert "anybody" in table
    assert "Lift 1" not in table

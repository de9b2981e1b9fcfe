"""`sitesync access …` from the shell: import, dry run, layout, refusals, and the list."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from app.cli import create_cli
from operational_db.database import unit_of_work
from tests.builders import create_membership, create_organization, create_person


@pytest.fixture
def members(committed_engine: Engine) -> list[UUID]:
    with unit_of_work(committed_engine) as session:
        organization = create_organization(session, slug="hoists")
        people = [create_person(session) for _ in range(3)]
        for person in people:
            create_membership(session, person, organization)
        return [person.id for person in people]


@pytest.fixture(autouse=True)
def _installation(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")


def run(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(create_cli("access"), ["access", *arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


def write(path: Path, people: list[UUID]) -> str:
    path.write_text("person_id\n" + "".join(f"{person_id}\n" for person_id in people) + "nobody\n")
    return str(path)


def test_dry_run_then_import_then_nothing_to_change(members: list[UUID], tmp_path: Path) -> None:
    file = write(tmp_path / "list.csv", members)
    about = ("--organization", "hoists", "--action", "data-export", "--source", "crm")
    dry = run("import", file, *about, "--dry-run")
    assert "Dry run: nothing was written." in dry
    assert "list.csv:5 person_id: unreadable value" in dry
    assert run("list", "--organization", "hoists") == ""
    report = json.loads(run("import", file, *about, "--json"))
    assert (report["added_count"], report["refused_count"]) == (3, 1)
    assert "Nothing to change." in run("import", file, *about)
    listed = run("list", "--organization", "hoists", "--action", "data-export")
    assert len(listed.splitlines()) == 3
    assert "data-export  crm  " in listed


def test_a_list_that_takes_too_much_away_ends_with_1(members: list[UUID], tmp_path: Path) -> None:
    about = ("--organization", "hoists", "--action", "data-export")
    run("import", write(tmp_path / "list.csv", members), *about)
    refused = run("import", write(tmp_path / "list.csv", members[:1]), *about, exit_code=1)
    assert "2 of 3 people on this list are not in the rows" in refused
    allowed = run("import", write(tmp_path / "list.csv", members[:1]), *about, "--max-removal-share", "0.7")
    assert "To take it back: sitesync import undo" in allowed


def test_layout_and_wrong_usage(members: list[UUID], tmp_path: Path) -> None:
    assert "granted_on: First day of the access" in run("import", "--layout")
    run("import", exit_code=2)
    run("import", str(tmp_path / "none.csv"), exit_code=2)
    missing = ("--organization", "hoists", "--action", "data-export")
    assert "no file none.csv" in run("import", str(tmp_path / "none.csv"), *missing, exit_code=1)
    assert "no organization" in run("list", "--organization", "elsewhere", exit_code=1)

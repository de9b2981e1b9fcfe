"""`sitesync evidence`: the operator exports, anybody checks; exit 1 names what was changed."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from app.cli import create_cli
from operational_db.database import unit_of_work
from operational_db.ledger.append import append_events
from operational_db.tables.identity import Organization
from tests import builders
from tests.operational_db.evidence.conftest import records_of

Run = Callable[..., Result]


@pytest.fixture
def run(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(create_cli("evidence"), ["evidence", *map(str, arguments)])


@pytest.fixture
def organization(committed_engine: Engine, now: datetime) -> Organization:
    with unit_of_work(committed_engine) as session:
        membership = builders.create_membership(session)
        append_events(session, records_of(membership.person_id, membership.organization_id, now), now=now)
        return session.get_one(Organization, membership.organization_id)


def test_exports_and_verifies(run: Run, organization: Organization, tmp_path: Path) -> None:
    out, folder = tmp_path / "bundle.zip", tmp_path / "bundle"
    done = run("export", "--organization", organization.slug, "--from=2026-01-01", "--to=2026-12-31", "--out", out)
    assert done.exit_code == 0, done.output
    assert "records: 2;" in done.output
    with ZipFile(out) as packed:
        packed.extractall(folder)
    checked = run("verify", folder)
    assert (checked.exit_code, checked.output.splitlines()[-1]) == (0, "INTACT")
    path = folder / "records.csv"
    path.write_text(path.read_text().replace("85.5", "99"))
    checked = run("verify", folder)
    assert (checked.exit_code, checked.output.splitlines()[-1]) == (1, "NOT INTACT: records.csv")


def test_the_same_by_id_for_one_scope_and_without_names(run: Run, organization: Organization, tmp_path: Path) -> None:
    out = tmp_path / "bundle.zip"
    done = run("export", "--organization", organization.id, "--scope", "pii", "--no-names", "--out", out)
    assert "records: 1;" in done.output
    with ZipFile(out) as packed:
        assert b"Person " not in packed.read("records.csv")


def test_what_cannot_be_exported_is_told(run: Run, organization: Organization, tmp_path: Path) -> None:
    out = tmp_path / "bundle.zip"
    unknown = run("export", "--organization", "nobody", "--out", out)
    assert unknown.exit_code == 1
    assert "no organization 'nobody'" in unknown.stderr
    assert run("export", "--scope", "a", "--incident", organization.id, "--out", out).exit_code == 2
    assert run("export", "--organization", organization.slug, "--out", tmp_path / "none" / "b.zip").exit_code == 2
    assert run("export", "--out", out).exit_code == 1
    assert run("export", "--figure", "overdue", "--out", out).exit_code == 2
    assert run("export", "--figure", "nonsense", "--organization", organization.slug, "--out", out).exit_code == 2
    early = run("export", "--figure", "overdue", "--organization", organization.slug, "--out", out)
    assert early.exit_code == 1
    assert "No figures have been computed yet" in early.stderr
    assert not out.exists()


def test_a_key_that_is_none_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("verify", tmp_path, "--vkey", "nonsense").exit_code == 2
    assert run("verify", tmp_path / "nowhere").exit_code == 2

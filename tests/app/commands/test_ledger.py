"""`sitesync ledger`: thin commands on a real database; exit 1 when the record was tampered with."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner, Result

from app.cli import create_cli
from operational_db.database import unit_of_work
from operational_db.ledger.append import append_events
from operational_db.ledger.checkpoints import parse_checkpoint
from operational_db.ledger.events import ImportUndone
from operational_db.ledger.notes import Verifier
from operational_db.ledger.proofs import parse_tlog_proof
from operational_db.types import new_id

Run = Callable[..., Result]


@pytest.fixture
def run(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path / "home"))
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


class TestSigned:
    @pytest.fixture(autouse=True)
    def _origin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SITESYNC_LEDGER_ORIGIN", "log.example/one")

    def test_seal_prints_the_signed_checkpoint_and_verify_counts_it(
        self, run: Run, committed_engine: Engine, now: datetime
    ) -> None:
        assert "nothing to seal" in run("seal").output
        append(committed_engine, 3, now)
        sealed = run("seal")
        vkey = run("key", "list").output.split()[0]
        checkpoint, _ = parse_checkpoint(sealed.stdout.encode(), [Verifier.from_vkey(vkey)])
        assert (checkpoint.origin, checkpoint.tree_size) == ("log.example/one", 3)
        verified = run("verify")
        assert verified.exit_code == 0
        assert "Signed up to 3 entries: 1 signatures, 0 cosignatures" in verified.stdout

    def test_prove_writes_a_proof_that_verifies(
        self, run: Run, committed_engine: Engine, now: datetime, tmp_path: Path
    ) -> None:
        append(committed_engine, 5, now)
        assert "no signed checkpoint" in run("prove", "2").stderr
        run("seal")
        vkey = run("key", "list").output.split()[0]
        proof = parse_tlog_proof(run("prove", "2").stdout, [Verifier.from_vkey(vkey)])
        with committed_engine.connect() as connection:
            row = connection.execute(text("select event_id, leaf_hash from ledger_leaves where leaf_index = 2")).one()
        assert proof.is_of(row.leaf_hash)
        path = tmp_path / "entry.tlog-proof"
        assert "entry 2" in run("prove", str(row.event_id), "--out", str(path)).output
        assert path.read_text() == run("prove", "2").stdout
        assert run("prove", "5").exit_code == 1

    def test_rotate_names_both_keys_and_the_old_one_stays_listed(
        self, run: Run, committed_engine: Engine, now: datetime
    ) -> None:
        assert "No key yet" in run("key", "list").output
        append(committed_engine, 3, now)
        run("seal")
        old = run("key", "list").output.split()[0]
        rotated = run("key", "rotate").output
        listed = run("key", "list").output.splitlines()
        assert old in rotated
        assert len(listed) == 2
        assert listed[0].startswith(old)
        assert listed[0].endswith("signed before")
        assert listed[1].endswith("signs now")
        assert listed[1].split()[0] in rotated
        run("seal")
        assert run("verify").exit_code == 0

    def test_a_changed_signature_is_named(
        self, run: Run, committed_engine: Engine, owner_engine: Engine, now: datetime
    ) -> None:
        append(committed_engine, 3, now)
        run("seal")
        with unit_of_work(owner_engine) as session:
            session.execute(text("alter table ledger_signatures disable trigger user"))
            session.execute(text("update ledger_signatures set signature = set_byte(signature, 0, 255)"))
            session.execute(text("update ledger_signatures set signature = set_byte(signature, 1, 255)"))
        result = run("verify")
        assert result.exit_code == 1
        assert "TAMPERED (wrong_signature)" in result.stderr
        assert "Checkpoint 3" in result.stderr

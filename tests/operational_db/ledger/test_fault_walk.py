"""Kill -9 at every step of append, seal, key creation and rotation: no gap, no duplicate, no fork, all verifies."""

import json
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from operational_db.database import read_only_session, unit_of_work
from operational_db.gates.rules import Requirement
from operational_db.gates.service import replay_decision, replay_range, set_gate_rule
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.ledger.append import copy_events
from operational_db.ledger.checkpoints import latest_signed_checkpoint
from operational_db.ledger.keys import list_keys, load_or_create_signer, log_verifiers
from operational_db.ledger.notes import parse_note
from operational_db.ledger.seal import seal
from operational_db.ledger.trust import load_trust
from operational_db.ledger.verify import verify_ledger
from operational_db.proficiency.service import record_evidence
from operational_db.settings import Settings
from operational_db.types import GateMode, ProficiencyLevel, Role
from tests import builders
from tests.operational_db.ledger.fault_walker import APPENDED, BATCH, Walker, open_walker
from tests.operational_db.ledger.samples import create_events

MANY_STEPS = 400


@pytest.fixture
def walker(committed_url: str) -> Iterator[Walker]:
    with open_walker(committed_url) as walker:
        yield walker


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def counts(engine: Engine) -> tuple[int, int, int]:
    """Events, queued events, leaves."""
    with engine.connect() as connection:
        row = connection.execute(
            text("""
                select (select count(*) from ledger_events), (select count(*) from ledger_pending),
                       (select count(*) from ledger_leaves)
            """)
        ).one()
    return row[0], row[1], row[2]


def wait_for_the_end_of_the_killed(engine: Engine) -> None:
    """The server notices a killed client at its own pace; what it had committed stays."""
    # Of other roles' sessions the application may see no more than that they are there.
    query = text("select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
    deadline = time.monotonic() + 120
    while True:
        with engine.connect() as connection:
            if connection.scalar(query) == 0:
                return
        assert time.monotonic() < deadline, "A killed client's session stays."


@pytest.mark.parametrize("action", ["append", "copy"])
def test_an_append_that_is_killed_at_any_step_is_whole_or_not_there(
    walker: Walker, committed_engine: Engine, settings: Settings, now: datetime, action: str
) -> None:
    steps: list[str] = []
    signer = load_or_create_signer(settings)
    for number in range(MANY_STEPS):
        before = counts(committed_engine)[0]
        outcome = walker.run(action, number, settings.home_path)
        wait_for_the_end_of_the_killed(committed_engine)
        events, queued, leaves = counts(committed_engine)
        assert events in {before, before + APPENDED}, outcome
        assert events == queued + leaves, outcome
        if outcome.step is None:
            break
        steps.append(outcome.step)
    assert any("into ledger_events" in step.lower() or "copy ledger_events" in step for step in steps), steps
    assert {"before commit", "after commit"} <= set(steps)
    checkpoint = seal(committed_engine, signer, now=now)
    assert checkpoint is not None
    # Whole appends only, and at least those that were killed after their commit.
    assert checkpoint.tree_size % APPENDED == 0
    assert checkpoint.tree_size >= 2 * APPENDED
    assert verify_ledger(committed_engine, trust=load_trust(settings)).is_intact


def test_a_decision_that_is_killed_at_any_step_is_told_only_once_it_is_on_record(
    walker: Walker, committed_engine: Engine, settings: Settings, now: datetime
) -> None:
    """D5, and the gate's own way of appending: no allow leaves whose record could be lost."""
    home = settings.home_path
    home.mkdir(parents=True)
    with unit_of_work(committed_engine) as session:
        company, person = builders.create_organization(session), builders.create_person(session)
        builders.create_membership(session, person, company, Role.TECHNICIAN)
        record_evidence(
            session, person_id=person.id, organization_id=company.id, scopes=["data-export"], lesson_id=None,
            lesson_version=None, level=ProficiencyLevel.COMPLETED, achieved_at=now, now=now,
        )  # fmt: skip
        month = Requirement(ProficiencyLevel.COMPLETED, scope="data-export", within_months=1_200)
        set_gate_rule(
            session, SYSTEM_PRINCIPAL, organization_id=company.id, action="data-export", requirements=[month],
            mode=GateMode.ENFORCE, now=now,
        )  # fmt: skip
        asked = {"action": "data-export", "person_id": str(person.id), "organization_id": str(company.id)}
        (home / "asked.json").write_text(json.dumps(asked))
    steps: list[str] = []
    for number in range(MANY_STEPS):
        before = counts(committed_engine)[0]
        outcome = walker.run("decide", number, home)
        wait_for_the_end_of_the_killed(committed_engine)
        events, queued, leaves = counts(committed_engine)
        assert events in {before, before + 1}, outcome
        assert events == queued + leaves, outcome
        if outcome.step is None:
            break
        steps.append(outcome.step)
        assert not (home / "told").exists()
    assert {"before insert into ledger_events", "after insert into ledger_events"} <= {
        " ".join(step.split()[:4]) for step in steps
    }, steps
    told, is_allowed = (home / "told").read_text().split()
    assert is_allowed == "True"
    with read_only_session(committed_engine) as session:
        assert replay_decision(session, UUID(told)).is_identical
        report = replay_range(session, since=datetime.min.replace(tzinfo=UTC), until=datetime.max.replace(tzinfo=UTC))
    # Recorded and never told are those killed after their record; nothing is told that is not recorded.
    assert report.is_identical
    assert report.replayed_count == 1 + sum(step.startswith("after insert into ledger_events") for step in steps)


def test_a_seal_that_is_killed_at_any_step_leaves_no_gap_no_duplicate_and_no_fork(
    walker: Walker, committed_engine: Engine, settings: Settings, now: datetime
) -> None:
    """tlog-checkpoint, Signatures: "A log MUST not sign any checkpoint which is inconsistent with any … previously"."""
    steps: list[str] = []
    signed: dict[int, bytes] = {}
    for number in range(MANY_STEPS):
        with unit_of_work(committed_engine) as session:
            copy_events(session, create_events(BATCH), now=now)
        outcome = walker.run("seal", number, settings.home_path)
        wait_for_the_end_of_the_killed(committed_engine)
        report = verify_ledger(committed_engine, trust=load_trust(settings))
        assert report.is_intact, (outcome, report.problem)
        assert report.tree_size % BATCH == 0
        assert report.tree_size + report.pending_count == (number + 1) * BATCH
        with read_only_session(committed_engine) as session:
            checkpoint = latest_signed_checkpoint(session)
            if checkpoint is not None:
                assert checkpoint.tree_size == report.tree_size
                signed[checkpoint.tree_size] = checkpoint.root_hash
            for size, root in signed.items():
                found = session.scalar(
                    text("select root_hash from ledger_checkpoints where tree_size = :size"), {"size": size}
                )
                assert found == root, f"The checkpoint at {size} was signed and is another now."
        if outcome.step is None:
            break
        steps.append(outcome.step)
    assert outcome.step is None
    assert report.pending_count == 0
    for part in (
        "pg_advisory_lock",
        "with taken as",
        "INSERT INTO ledger_checkpoints",
        "insert into ledger_tiles",
        "INSERT INTO ledger_signatures",
        "commit",
        "file replace",
        "pg_advisory_unlock",
    ):
        for when in ("before", "after"):
            assert any(step.startswith(when) and part in step for step in steps), (when, part, steps)


class TestKeys:
    def test_a_key_whose_creation_is_killed_is_whole_or_not_there(self, walker: Walker, tmp_path: Path) -> None:
        for number in range(MANY_STEPS):
            settings = Settings(home=tmp_path / str(number))
            outcome = walker.run("create_key", number, settings.home_path)
            key_path = settings.keys_path / "ledger.key"
            found = key_path.read_bytes() if key_path.exists() else None
            signer = load_or_create_signer(settings)
            assert found in {None, key_path.read_bytes()}, outcome
            assert [record.verifier for record in list_keys(settings)] == [signer.verifier]
            private = [path for path in settings.keys_path.iterdir() if b"PRIVATE" in path.read_bytes()]
            assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in private)
            if outcome.step is None:
                break
        assert number > 8
        assert outcome.step is None

    def test_a_rotation_that_is_killed_leaves_a_key_that_is_listed(self, walker: Walker, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path / "home")
        notes = []
        for number in range(MANY_STEPS):
            signer = load_or_create_signer(settings)
            notes.append(parse_note(signer.signer.sign("text\n").line.join(["text\n\n", ""]).encode()))
            outcome = walker.run("rotate", number, settings.home_path)
            after = load_or_create_signer(settings)
            assert after.verifier in log_verifiers(settings)
            assert [record.verifier for record in list_keys(settings) if record.is_current] == [after.verifier]
            for note in notes:
                assert note.verified_by(log_verifiers(settings))
            if outcome.step is None:
                break
        assert outcome.step is None
        assert after.verifier != signer.verifier

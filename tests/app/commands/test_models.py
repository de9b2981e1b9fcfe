"""`sitesync models …` on a real installation: what serves, promoting, going back, and a file that may not serve."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from app.cli import create_cli
from models.matching.artifact import save_matcher
from models.matching.factors import FEATURE_NAMES
from models.matching.matcher import Matcher, create_head
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.learned import service
from operational_db.types import LearnedModelKind

MATCHING = LearnedModelKind.MENTOR_MATCHING
Run = Callable[..., Result]


@pytest.fixture
def run(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(create_cli("models"), ["models", *arguments])


def add_match(engine: Engine, folder: Path, now: datetime, feature: int) -> Path:
    """A match by one feature alone, registered; where its file lies."""
    random = np.random.default_rng(feature)
    features = random.random((400, len(FEATURE_NAMES))).astype(np.float32)
    heads = (create_head().fit(features, features[:, feature] > 0.5) for _ in range(2))
    saved = save_matcher(folder, Matcher(*heads), {"decision": "learned"})
    with unit_of_work(engine) as session:
        service.add_model(
            session,
            model_kind=MATCHING,
            artifact=saved.path.name,
            sha256=saved.sha256,
            card={"decision": "learned", "data": {"outcome_count": 400}},
            trained_at=now + timedelta(hours=feature),
        )
    return saved.path


def serving_version(engine: Engine) -> int | None:
    with read_only_session(engine) as session:
        model = service.serving_model(session, MATCHING)
        return None if model is None else model.version


@pytest.fixture
def files(committed_engine: Engine, tmp_path: Path, now: datetime) -> list[Path]:
    """Two versions, of which none serves yet."""
    return [add_match(committed_engine, tmp_path / "models", now, feature) for feature in (0, 1)]


@pytest.mark.requirement("MEN-03")
@pytest.mark.usefixtures("files")
def test_one_command_promotes_and_one_goes_back(run: Run, committed_engine: Engine) -> None:
    for version in ("1", "2"):
        answer = run("promote", "mentor_matching", version)
        assert answer.exit_code == 0, answer.output
        assert f"Mentor matching: version {version} serves." in answer.output
    assert serving_version(committed_engine) == 2
    back = run("roll-back", "mentor_matching")
    assert (back.exit_code, back.output.strip()) == (0, "Mentor matching: version 1 serves.")
    assert serving_version(committed_engine) == 1
    assert run("roll-back", "mentor_matching").output.strip() == "Mentor matching: the written formula serves."
    assert serving_version(committed_engine) is None
    refused = run("roll-back", "mentor_matching")
    assert refused.exit_code == 1
    assert "nothing to go back from" in refused.output


@pytest.mark.requirement("MEN-03")
def test_a_damaged_file_is_not_promoted_and_what_serves_stays(
    run: Run, files: list[Path], committed_engine: Engine
) -> None:
    run("promote", "mentor_matching", "1")
    files[1].write_bytes(files[1].read_bytes()[:-1])
    refused = run("promote", "mentor_matching", "2")
    assert refused.exit_code == 1
    assert "its hash differs" in refused.output
    assert "promote another version" in refused.output
    assert run("promote", "mentor_matching", "9").exit_code == 1
    assert serving_version(committed_engine) == 1


@pytest.mark.requirement("MEN-03")
def test_the_check_fails_when_the_file_that_serves_is_damaged(run: Run, files: list[Path]) -> None:
    run("promote", "mentor_matching", "1")
    fine = run("check")
    assert fine.exit_code == 0, fine.output
    assert "fine  model file is whole: The file of version 1 is the recorded one." in fine.output
    files[0].write_bytes(b"")
    found = run("check")
    assert found.exit_code == 1
    assert "NOT WELL  model file is whole" in found.output
    assert "The written formula serves meanwhile" in found.output


@pytest.mark.usefixtures("files")
def test_the_list_tells_versions_states_and_cards(run: Run) -> None:
    run("promote", "mentor_matching", "1")
    run("promote", "mentor_matching", "2")
    told = run("list").output
    assert "serves" in told
    assert "retired" in told
    cards = json.loads(run("list", "--json").output)
    assert [(each["version"], each["is_serving"]) for each in cards] == [(2, True), (1, False)]
    assert cards[0]["card"]["data"] == {"outcome_count": 400}
    assert len(cards[0]["sha256"]) == 64


def test_files_that_nothing_needs_are_named_and_then_removed(
    run: Run, files: list[Path], committed_engine: Engine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = add_match(committed_engine, files[0].parent, now, 2)
    other = files[0].parent / "mentor_history.parquet"
    other.write_bytes(b"not a model")
    run("promote", "mentor_matching", "2")
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=365))
    expected = "Mentor matching: file of version 1"
    assert run("prune", "--dry-run").output.strip() == f"{expected} would be removed."
    assert files[0].is_file()
    assert run("prune", "--days", "1000").output.strip() == "Every file is still needed."
    assert run("prune").output.strip() == f"{expected} removed."
    assert [path.is_file() for path in (*files, third, other)] == [False, True, True, True]
    assert run("prune").output.strip() == "Every file is still needed."
    # What the registry says of it stays, and it does not come into service without its file.
    assert len(json.loads(run("list", "--json").output)) == 3
    assert run("promote", "mentor_matching", "1").exit_code == 1
    assert serving_version(committed_engine) == 2


def test_an_installation_that_learned_nothing_says_what_to_do(run: Run) -> None:
    assert "`sitesync models train`" in run("list").output
    assert run("check").exit_code == 0
    answer = run("train", "--kind", "mentor_matching")
    assert answer.exit_code == 0, answer.output
    assert "Mentor matching: not learned, version 1. Too few outcomes: 0 requests" in answer.output

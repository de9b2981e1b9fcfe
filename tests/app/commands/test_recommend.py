"""`sitesync recommend evaluate`: the comparison on own records and on the public data set."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import create_cli

ROOT = Path(__file__).resolve().parents[3]
SHARED_DATA = Path(os.environ.get("SITESYNC_SHARED_DATA", ROOT.parent / "shared" / "data"))
Run = Callable[..., Result]


@pytest.fixture
def run(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(create_cli("recommend"), ["recommend", *arguments])


def test_an_installation_without_records_has_too_few(run: Run) -> None:
    answer = run("evaluate")
    assert answer.exit_code == 0, answer.output
    assert "0 completions of 0 courses by 0 people." in answer.output
    assert "too few to tell" in answer.output


def test_a_folder_that_is_not_there_is_said(run: Run, tmp_path: Path) -> None:
    answer = run("evaluate", "--data", str(tmp_path / "nowhere"))
    assert answer.exit_code == 1
    assert "There is no folder" in answer.output


@pytest.mark.requirement("LMS-05")
def test_the_public_data_set_is_judged_by_time(run: Run) -> None:
    """Learned and the usual next course foresee the same there, far above popularity: so it is left out."""
    folder = SHARED_DATA / "oulad"
    if not folder.is_dir():
        pytest.skip("The data set oulad is not at hand (SITESYNC_SHARED_DATA).")
    answer = run("evaluate", "--data", str(folder))
    assert answer.exit_code == 0, answer.output
    assert "15,385 completions of 7 courses by 28,785 people." in answer.output
    assert "Asked about 404 learners' next courses after 1 Feb 2014, 1 Oct 2014." in answer.output
    assert "recall@3   0.844 (0.80" in answer.output
    assert "recall@3   0.135 (0.10" in answer.output
    assert "no better than the next course of a path" in answer.output

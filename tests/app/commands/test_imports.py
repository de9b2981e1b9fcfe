"""`sitesync import …` from the shell: report, dry run, layout, refusal, list and undo, with their exit codes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from app.cli import create_cli
from app.commands.imports import StepBar
from tests.operational_db.imports.history_files import ATTEMPTS, LEARNERS, write_history

SCHOOL = ["--organization", "hoist-school", "--school-name", "Hoist School"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_history(tmp_path / "in")


@pytest.fixture(autouse=True)
def _installation(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")


def _run(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(create_cli(), ["import", *arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


class TestImportHistory:
    def test_a_dry_run_prints_the_difference_and_writes_nothing(self, folder: Path) -> None:
        output = _run("history", str(folder), *SCHOOL, "--dry-run")
        assert "courses added: C1, C2" in output
        assert "Dry run: nothing was written." in output
        assert "Nothing has been imported yet." in _run("list")

    def test_an_import_is_listed_and_can_be_taken_back(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        report = json.loads(_run("history", str(folder), *SCHOOL, "--json"))
        assert (report["added"], report["refused"]) == (24, 0)
        (listed,) = json.loads(_run("list", "--json"))
        assert (listed["id"], listed["state"], listed["added"]) == (report["import_id"], "applied", 24)
        assert datetime.fromisoformat(listed["at"]) <= datetime.now(UTC)
        monkeypatch.setenv("COLUMNS", "60")
        assert _run("list").startswith(f"{report['import_id']}  {listed['at']}  applied  history (standard) from ")
        assert "24 added records removed" in _run("undo", report["import_id"])
        assert "undone" in _run("undo", report["import_id"], exit_code=1)

    def test_refused_rows_are_printed_with_line_and_remedy(self, folder: Path) -> None:
        write_history(folder, attempts=ATTEMPTS + "L1,A2,,2,2025-05-02,101,\n")
        output = _run("history", str(folder), *SCHOOL)
        assert "attempts.csv:7 score: out of range (a number)." in output

    def test_a_refused_file_ends_with_1_and_says_what_to_do(self, folder: Path) -> None:
        write_history(folder, learners=LEARNERS.encode("utf-16"))
        assert "Save it as UTF-8" in _run("history", str(folder), *SCHOOL, exit_code=1)

    def test_the_layout_is_printed(self) -> None:
        output = _run("history", "--layout")
        assert "enrollments.csv or .parquet" in output
        assert "cycle_number" in output

    @pytest.mark.parametrize("arguments", [["history"], ["history", "x"], ["licences"], ["undo", "x"]])
    def test_wrong_usage_ends_with_2(self, arguments: list[str]) -> None:
        _run(*arguments, exit_code=2)

    def test_an_unknown_import_cannot_be_undone(self) -> None:
        assert "There is no such import" in _run("undo", str(UUID(int=4)), exit_code=1)


class TestImportLicences:
    def test_a_register_comes_in(self, tmp_path: Path) -> None:
        path = tmp_path / "register.csv"
        path.write_text(
            "holder_id,issue_date,expiration_date,last_updated,classifications,status\n"
            "aaaa1111bbbb2222,2001-05-02,2026-05-31,2024-05-01,C-10|C-20,CLEAR\n"
        )
        report = json.loads(_run("licences", str(path), "--json"))
        assert report["kinds"]["certificates"]["added"] == 2


class TestStepBar:
    def test_quick_work_shows_no_bar(self, capsys: pytest.CaptureFixture[str]) -> None:
        with StepBar() as bar:
            bar("reading", 1, None)
        assert capsys.readouterr().err == ""

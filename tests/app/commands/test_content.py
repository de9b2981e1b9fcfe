"""`sitesync content`: what ships is listed, a lesson comes in from a file, and what keeps it from shipping is said."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import create_cli
from tests.operational_db.content.lessons import BODY

Run = Callable[..., Result]

LESSON = {
    "code": "LADDER",
    "title": "Ladders",
    "lesson_type": "micro_lesson",
    "duration_minutes": 2,
    "body": {**BODY, "checks": [{**BODY["checks"][0], "policy_code": None}]},
}


@pytest.fixture
def run(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path))
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(create_cli("content"), ["content", *arguments])

    return invoke


def test_install_list_import_and_check(run: Run, tmp_path: Path) -> None:
    assert "Added 11 policies, 36 lessons, 10 tracks." in run("install").stdout
    assert "Added 0 policies, 0 lessons, 0 tracks." in run("install").stdout
    rows = json.loads(run("list", "--json").stdout)
    assert "DATA-EXPORT" in {row["code"] for row in rows}
    file = tmp_path / "ladder.json"
    file.write_text(json.dumps(LESSON))
    tried = run("import", str(file), "--dry-run")
    assert (tried.exit_code, "nothing was written" in tried.stdout) == (0, True)
    done = run("import", str(file))
    assert "open: policy_reference: a policy" in done.stdout
    version_id = done.stdout.rsplit("version id ", 1)[1].strip().rstrip(".")
    checked = run("check", version_id)
    assert checked.exit_code == 1
    assert "missing at least one expected outcome" in checked.stdout
    again = run("import", str(file))
    assert (again.exit_code, "not finished yet" in again.stderr) == (1, True)
    assert run("request-refreshes").stdout.strip() == "Asked for 0 reviews."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("{}", "code: Field required"),
        (json.dumps({**LESSON, "colour": "red"}), "colour: Extra inputs"),
        (json.dumps({**LESSON, "body": {"slides": "x"}}), "slides"),
        (json.dumps({**LESSON, "policy_codes": ["POL-NONE"]}), "no policy POL-NONE"),
        (json.dumps({**LESSON, "pass_threshold": 101}), "percentage from 0 to 100"),
        (json.dumps({**LESSON, "refresh_months": 0}), "at least one month"),
    ],
    ids=["no_json", "empty", "unknown_field", "malformed_body", "unknown_policy", "threshold", "refresh"],
)
def test_a_malformed_file_is_refused_with_its_place(run: Run, tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "lesson.json"
    file.write_text(content)
    refused = run("import", str(file))
    assert refused.exit_code == 1
    assert message in refused.stderr

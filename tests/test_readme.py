"""The README says what is there: every setting with its default, every page with a picture, commands that exist."""

import re
from pathlib import Path

import pytest
import typer

from app.cli import create_cli
from app.dashboards.navigation import PAGES
from operational_db.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Defaults that are told in words: where it is taken from, or what happens without.
IN_WORDS = frozenset({"home", "database_url", "pipeline_port", "oidc_issuer", "smtp_url", "public_url", "files_url"})


def settings_rows() -> dict[str, str]:
    """The default of each variable, as the table of settings tells it."""
    rows: dict[str, str] = {}
    for line in README.splitlines():
        if line.startswith("| `SITESYNC_"):
            names, defaults = (cell.strip() for cell in line.split("|")[1:3])
            names_of_row = re.findall(r"`(\w+)`", names)
            told = defaults.split(", ") if len(names_of_row) > 1 else [defaults]
            rows.update(zip(names_of_row, told, strict=True))
    return rows


def test_every_setting_is_listed_with_its_default() -> None:
    rows = settings_rows()
    assert set(rows) == {f"SITESYNC_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if name in IN_WORDS:
            continue
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        assert rows[f"SITESYNC_{name.upper()}"] == (f"`{default}`" if default else "none"), name


def test_every_page_has_a_picture_and_every_picture_is_there() -> None:
    pictures = set(re.findall(r"\]\((app/dashboards/screenshots/[\w-]+\.png)\)", README))
    assert not [path for path in sorted(pictures) if not (ROOT / path).is_file()]
    assert {f"app/dashboards/screenshots/{page.address}.png" for page in PAGES} <= pictures


@pytest.mark.parametrize("line", re.findall(r"^\.venv/bin/sitesync (.+)$", README, re.M))
def test_every_command_in_it_exists(line: str) -> None:
    command = typer.main.get_command(create_cli())
    words = line.split()
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands"), line
    known = {option for parameter in command.params for option in parameter.opts}
    assert not [word for word in words if word.startswith("--") and word not in known], line


def test_every_target_of_the_makefile_is_told() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):.*## ", makefile, re.M)
    assert set(targets) >= {"up", "test", "check", "bench", "requirements"}
    assert [target for target in targets if f"make {target}" not in README and target != "help"] == []

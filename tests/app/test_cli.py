"""The `sitesync` command as a whole: what it offers, and how refusals and wrong settings end."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import COMMAND_MODULES, create_cli


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    return CliRunner(env={"SITESYNC_HOME": str(tmp_path), "SITESYNC_DATABASE_URL": "mysql://localhost/none"})


class TestCli:
    @pytest.mark.parametrize("command", COMMAND_MODULES)
    def test_each_listed_command_is_in_the_module_it_is_listed_for(self, runner: CliRunner, command: str) -> None:
        assert runner.invoke(create_cli(command), [command, "--help"]).exit_code == 0

    def test_an_unknown_command_is_wrong_usage(self, runner: CliRunner) -> None:
        assert runner.invoke(create_cli("nonsense"), ["nonsense"]).exit_code == 2

    def test_a_refusal_is_a_message_and_not_a_traceback(self, runner: CliRunner) -> None:
        result = runner.invoke(create_cli(), ["demo"])

        assert result.exit_code == 1
        assert "SITESYNC_DATABASE_URL must name a PostgreSQL database" in result.stderr
        assert "Traceback" not in result.output

    def test_a_wrong_setting_is_named_with_its_value(self, runner: CliRunner) -> None:
        result = runner.invoke(create_cli(), ["migrate"], env={"SITESYNC_PORT": "99999"})

        assert result.exit_code == 2
        assert "SITESYNC_PORT" in result.stderr
        assert "99999" in result.stderr

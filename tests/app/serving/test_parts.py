"""The parts of a run: ports, stop signals, the keeper, the processes' environment and the pipeline's configuration."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.serving.children import address_of, child_environment, pipeline_children, write_dagster_files
from app.serving.keeper import ORDERLY_END
from app.serving.ports import free_port, require_free_port
from app.serving.processes import MARK, mark_of, processes_of_run
from app.serving.signals import StopRequested, StopSignals
from operational_db.errors import ConflictError
from operational_db.settings import PROJECT_ROOT, Settings


class TestPorts:
    def test_a_port_in_use_is_refused_with_its_user_and_a_way_out(self) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]

            with pytest.raises(ConflictError) as refusal:
                require_free_port("127.0.0.1", port, "SITESYNC_PORT")

        assert f"Port {port} is in use" in refusal.value.message
        assert str(os.getpid()) in refusal.value.message
        assert f"SITESYNC_PORT={port + 100} make up" in refusal.value.message

    def test_a_free_port_is_accepted(self) -> None:
        require_free_port("127.0.0.1", free_port(), "SITESYNC_PORT")

    def test_an_address_of_another_machine_is_refused(self) -> None:
        with pytest.raises(ConflictError, match="cannot be used"):
            require_free_port("192.0.2.1", 8501, "SITESYNC_PORT")


class TestStopSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_the_first_signal_stops_and_later_ones_are_ignored(self, number: signal.Signals) -> None:
        with StopSignals():
            with pytest.raises(StopRequested):
                os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)

    def test_a_deferred_signal_takes_effect_at_the_end_of_the_block(self) -> None:
        steps = []
        with StopSignals() as signals, pytest.raises(StopRequested), signals.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("finished")
        assert steps == ["finished"]

    def test_handlers_are_put_back(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        with StopSignals():
            assert signal.getsignal(signal.SIGTERM) != before
        assert signal.getsignal(signal.SIGTERM) == before


class TestKeeper:
    def run_keeper(self, home: Path, last_words: str) -> bool:
        """Whether a process of the run survives a supervisor that ends with these words."""
        environment = {**os.environ, "SITESYNC_HOME": str(home), "SITESYNC_DATABASE_URL": "postgresql://nowhere/none"}
        marked = {**environment, MARK: mark_of(home, "run")}
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], env=marked) as process:
            keeper = [sys.executable, "-m", "app.serving.keeper", "run"]
            subprocess.run(keeper, input=last_words, text=True, env=environment, cwd=PROJECT_ROOT, check=True)
            is_alive = process.poll() is None
            process.kill()
        return is_alive

    def test_after_a_kill_it_ends_what_is_left(self, tmp_path: Path) -> None:
        assert not self.run_keeper(tmp_path, "")

    def test_after_an_orderly_end_it_does_nothing(self, tmp_path: Path) -> None:
        assert self.run_keeper(tmp_path, ORDERLY_END)


class TestChildren:
    def test_the_environment_names_home_database_and_run(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path)

        environment = child_environment(settings, url="postgresql://x/y", run_id="abc")

        assert environment["SITESYNC_HOME"] == str(tmp_path)
        assert environment["SITESYNC_DATABASE_URL"] == "postgresql://x/y"
        assert environment["DAGSTER_HOME"] == str(tmp_path / "dagster")
        assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)

    def test_the_pipeline_sends_no_telemetry_and_loads_its_code_once(self, tmp_path: Path) -> None:
        workspace = write_dagster_files(Settings(home=tmp_path), 4321)

        assert json.loads(workspace.read_text()) == {
            "load_from": [{"grpc_server": {"host": "127.0.0.1", "port": 4321, "location_name": "sitesync"}}]
        }
        assert json.loads((tmp_path / "dagster" / "dagster.yaml").read_text())["telemetry"] == {"enabled": False}

    @pytest.mark.parametrize(("host", "is_read_only"), [("127.0.0.1", False), ("0.0.0.0", True)])
    def test_beyond_this_machine_the_pipelines_pages_are_read_only(
        self, tmp_path: Path, host: str, is_read_only: bool
    ) -> None:
        specs = pipeline_children(Settings(home=tmp_path, host=host), {})

        pages = next(spec for spec in specs if spec.name == "pipeline-pages")
        assert ("--read-only" in pages.command) is is_read_only

    @pytest.mark.parametrize(
        ("host", "address"),
        [("127.0.0.1", "http://127.0.0.1:8501"), ("0.0.0.0", "http://127.0.0.1:8501"), ("::1", "http://[::1]:8501")],
    )
    def test_the_address_can_be_opened_on_this_machine(self, host: str, address: str) -> None:
        assert address_of(Settings(host=host)) == address

    def test_no_process_of_an_unknown_run_is_found(self, tmp_path: Path) -> None:
        assert processes_of_run(tmp_path, "unknown") == []

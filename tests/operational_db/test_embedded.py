"""The embedded server: shared while anybody uses it, stopped by the last, recovered after any kill."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest

from operational_db import embedded
from operational_db.embedded import EmbeddedServer, database_url, start_embedded
from operational_db.errors import DatabaseUnavailableError
from operational_db.settings import PROJECT_ROOT, Settings

HOLD = """
import sys, time
from pathlib import Path
from operational_db.embedded import start_embedded
from operational_db.errors import DatabaseUnavailableError
from operational_db.settings import Settings
server = start_embedded(Settings(home=Path(sys.argv[1]), database_url=None))
print(server.url, flush=True)
time.sleep(float(sys.argv[2]))
server.stop()
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One installation for all tests here; each leaves its server stopped."""
    with tempfile.TemporaryDirectory(prefix="sitesync-embedded-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def settings(home: Path) -> Iterator[Settings]:
    settings = Settings(home=home, database_url=None)
    yield settings
    assert postmaster(settings) is None, "The test left a server running."


def postmaster(settings: Settings) -> psutil.Process | None:
    """The server process by what runs on this machine, whatever its files say."""
    data_path = str((settings.postgres_path / "data").resolve())
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and data_path in (process.info["cmdline"] or []):
            return process
    return None


def answer(server: EmbeddedServer) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute("select current_database()").fetchone()
        return row and row[0]


def hold(home: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(home), str(seconds)]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)


def test_starts_answers_stops_and_starts_again(settings: Settings) -> None:
    for _ in range(2):
        server = start_embedded(settings)
        assert answer(server) == "sitesync"
        assert server.stop() is True
        assert postmaster(settings) is None
    assert server.stop() is False


def test_who_finds_it_running_leaves_it_running(settings: Settings) -> None:
    owner = start_embedded(settings)
    guest = start_embedded(settings)
    assert guest.url == owner.url
    assert guest.stop() is False
    assert answer(owner) == "sitesync"
    assert owner.stop() is True


def test_the_last_one_stops_it_also_when_the_first_is_gone(settings: Settings) -> None:
    first, second = start_embedded(settings), start_embedded(settings)
    assert first.stop() is False
    assert answer(second) == "sitesync"
    assert second.stop() is True


def test_a_killed_user_leaves_a_server_that_the_next_one_takes_over(settings: Settings, home: Path) -> None:
    process = hold(home, 60)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgresql://")
    process.kill()
    process.communicate()
    orphan = postmaster(settings)
    assert orphan is not None
    server = start_embedded(settings)
    assert postmaster(settings) == orphan
    assert answer(server) == "sitesync"
    assert server.stop() is True


def test_a_killed_server_is_started_again_with_all_that_was_committed(settings: Settings) -> None:
    server = start_embedded(settings)
    with psycopg.connect(server.url) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept select generate_series(1, 1000)")
    process = postmaster(settings)
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    again = start_embedded(settings)
    with psycopg.connect(again.url) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1000,)
        connection.execute("drop table kept")
    assert server.stop() is False
    assert again.stop() is True


def test_a_stale_pid_file_that_names_another_program_is_no_obstacle(settings: Settings) -> None:
    start_embedded(settings).stop()
    pid_file = settings.postgres_path / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{settings.postgres_path / 'data'}\n1\n5432\n/nowhere\n\n1 1\nready\n")
    server = start_embedded(settings)
    assert answer(server) == "sitesync"
    assert server.stop() is True


def test_a_pid_file_cut_short_is_no_obstacle(settings: Settings) -> None:
    start_embedded(settings).stop()
    (settings.postgres_path / "data" / "postmaster.pid").write_text("12")
    server = start_embedded(settings)
    assert answer(server) == "sitesync"
    assert server.stop() is True


def test_a_first_start_that_was_killed_begins_anew(tmp_path: Path) -> None:
    leftover = tmp_path / "postgres" / "data.unfinished"
    leftover.mkdir(parents=True)
    (leftover / "PG_VERSION").write_text("18\n")
    server = start_embedded(Settings(home=tmp_path, database_url=None))
    assert answer(server) == "sitesync"
    assert server.stop() is True
    assert not leftover.exists()


def test_a_home_with_a_long_path_works(tmp_path: Path) -> None:
    server = start_embedded(Settings(home=tmp_path / ("long-" * 20) / "home", database_url=None))
    assert answer(server) == "sitesync"
    assert server.stop() is True


def test_processes_that_start_at_once_share_one_server(settings: Settings, home: Path) -> None:
    def run(_: int) -> str:
        process = hold(home, 0.5)
        output, _errors = process.communicate(timeout=120)
        assert process.returncode == 0
        return output

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(run, range(3)))) == 1


def test_a_configured_database_is_used_as_it_is(tmp_path: Path) -> None:
    configured = "postgresql://somewhere/else"
    with database_url(Settings(home=tmp_path, database_url=configured)) as url:
        assert url == configured
    assert list(tmp_path.iterdir()) == []


def test_a_command_stops_the_server_it_had_to_start(settings: Settings) -> None:
    with database_url(settings) as url, psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert postmaster(settings) is None


def test_a_server_that_cannot_start_says_why(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embedded.SERVER_OPTIONS, "shared_buffers", "nonsense")
    with pytest.raises(DatabaseUnavailableError, match="shared_buffers"):
        start_embedded(settings)

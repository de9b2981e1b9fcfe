"""The entry runs as its own process, from a folder that is not the project's, the way an installation starts it."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from operational_db.settings import Settings
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import ENTRY

START_SECONDS = 90


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(address, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"The entry did not start: exit code {process.poll()}")


def test_the_entry_serves_a_page_in_a_process_of_its_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    figures.write_release(settings)
    port = _free_port()
    environment = {
        **os.environ,
        "SITESYNC_HOME": str(settings.home),
        # Nothing listens there; the sign-in page has to say so and must not break.
        "SITESYNC_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "PYTHONPATH": "",
    }
    options = ("--server.headless=true", "--server.enableAgentApi=true", "--server.address=127.0.0.1")
    command = [sys.executable, "-m", "streamlit", "run", str(ENTRY), f"--server.port={port}", *options]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(f"{base}/_stcore/health", process)
        body = json.dumps({}).encode()
        request = Request(f"{base}/_stcore/agent/interact", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            page = answer.read().decode()
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert "SiteSync Training & Certification" in json.dumps(json.loads(page), ensure_ascii=False)
    assert "The database cannot be reached" in page
    assert "ModuleNotFoundError" not in page

"""The sealer and a witness as the processes they are: cosigned within moments, caught up after an absence."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Engine

from app.serving.children import sealer_child
from app.serving.ports import free_port
from app.serving.witness_app import create_witness_app
from operational_db.database import read_only_session
from operational_db.ledger.checkpoints import SignedCheckpoint, latest_signed_checkpoint, parse_checkpoint
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.notes import Verifier
from operational_db.ledger.trust import load_trust
from operational_db.ledger.verify import verify_ledger
from operational_db.ledger.witness import MAXIMUM_BODY_BYTES, Witness
from operational_db.ledger.witness_client import request_body
from operational_db.settings import PROJECT_ROOT, Settings
from tests.operational_db.ledger.samples import append_committed
from tests.operational_db.ledger.test_witness import Log, log, witness

__all__ = ["log", "witness"]  # fixtures

STARTUP_SECONDS = 60.0


def wait_for(find: Callable[[], SignedCheckpoint | bool | None], seconds: float = STARTUP_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not find():
        assert time.monotonic() < deadline, "What was waited for did not come."
        time.sleep(0.05)


class Processes:
    """A witness and a sealer of one installation."""

    def __init__(self, url: str, home: Path, engine: Engine) -> None:
        self.engine = engine
        self.port = free_port()
        self.state = home / "witness"
        self.settings = Settings(home=home / "home", database_url=url)
        self.vkey = load_or_create_signer(self.settings).vkey
        self._stack = ExitStack()

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=PROJECT_ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stack.callback(self._end, process)
        return process

    def start_witness(self) -> tuple["subprocess.Popen[str]", str]:
        """The process and its key, once it listens."""
        arguments = ("--state", str(self.state), "--log", self.vkey, "--port", str(self.port), "--name", "w.example/1")
        process = self.start("witness", *arguments)
        assert process.stdout is not None
        vkey = process.stdout.readline().removeprefix("Verifier key: ").strip()
        wait_for(self.is_witness_listening)
        return process, vkey

    def is_witness_listening(self) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/").status_code == 200
        except httpx2.HTTPError:
            return False

    def cosigned(self, size: int) -> SignedCheckpoint | None:
        with read_only_session(self.engine) as session:
            checkpoint = latest_signed_checkpoint(session)
        return checkpoint if checkpoint and checkpoint.tree_size == size and checkpoint.cosigner_names else None

    def signed(self, size: int) -> bool:
        with read_only_session(self.engine) as session:
            checkpoint = latest_signed_checkpoint(session)
        return checkpoint is not None and checkpoint.tree_size == size

    def close(self) -> None:
        self._stack.close()

    @staticmethod
    def _end(process: "subprocess.Popen[str]") -> None:
        process.terminate()
        process.wait(30)


@pytest.fixture
def processes(committed_url: str, committed_engine: Engine, tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(committed_url, tmp_path, committed_engine)
    yield processes
    processes.close()


def test_checkpoints_are_cosigned_and_a_witness_that_was_killed_catches_up(
    processes: Processes, committed_engine: Engine, now: datetime
) -> None:
    witness_process, vkey = processes.start_witness()
    settings = processes.settings.model_copy(update={"ledger_witnesses": f"http://127.0.0.1:{processes.port}#{vkey}"})
    sealer = processes.start(
        "ledger",
        "sealer",
        SITESYNC_DATABASE_URL=str(settings.database_url),
        SITESYNC_HOME=str(settings.home),
        SITESYNC_LEDGER_WITNESSES=settings.ledger_witnesses,
    )
    append_committed(committed_engine, 5, now)
    wait_for(lambda: processes.cosigned(5))

    witness_process.send_signal(signal.SIGKILL)
    witness_process.wait(30)
    append_committed(committed_engine, 300, now)
    wait_for(lambda: processes.signed(305))
    assert processes.cosigned(305) is None

    processes.start_witness()
    append_committed(committed_engine, 3, now)
    wait_for(lambda: processes.cosigned(308))
    checkpoint = processes.cosigned(308)
    assert checkpoint is not None
    _, note = parse_checkpoint(checkpoint.note)
    keys = (Verifier.from_vkey(processes.vkey), Verifier.from_vkey(vkey))
    assert note.verified_by(keys) == keys

    sealer.terminate()
    assert sealer.wait(30) == 0
    report = verify_ledger(committed_engine, trust=load_trust(settings))
    assert report.is_intact
    assert report.signatures is not None
    assert report.signatures.cosignatures == 2


def test_the_supervised_process_is_the_sealer() -> None:
    child = sealer_child({"SITESYNC_HOME": "somewhere"})
    assert child.command[1:] == ("-m", "app.cli", "ledger", "sealer")
    assert child.environment == {"SITESYNC_HOME": "somewhere"}


class TestWitnessOverHttp:
    """tlog-witness, HTTP Interface: "POST <submission prefix>/add-checkpoint"."""

    @pytest.fixture
    def client(self, witness: Witness) -> Iterator[httpx2.Client]:
        from starlette.testclient import TestClient

        with TestClient(create_witness_app(witness)) as client:
            yield client

    def test_answers_carry_the_specified_types(self, client: httpx2.Client, log: Log) -> None:
        cosigned = client.post("/add-checkpoint", content=log.body(0, 5))
        assert cosigned.status_code == 200
        assert cosigned.text.startswith("— witness.example/w1 ")
        # "The response MUST have a Content-Type of text/x.tlog.size."
        behind = client.post("/add-checkpoint", content=log.body(0, 7))
        assert (behind.status_code, behind.text) == (409, "5\n")
        assert behind.headers["Content-Type"] == "text/x.tlog.size"
        assert client.post("/add-checkpoint", content=request_body(5, [], log.note(9))).status_code == 422

    def test_only_posts_are_taken_and_only_short_ones(self, client: httpx2.Client, witness: Witness) -> None:
        """tlog-witness: "The request MUST be an HTTP POST."."""
        assert client.get("/add-checkpoint").status_code == 405
        assert client.post("/add-checkpoint", content=b"x" * (MAXIMUM_BODY_BYTES + 1)).status_code == 413
        assert client.get("/").text == f"{witness.vkey}\n"

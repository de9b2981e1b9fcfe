"""A process that carries out one action of the ledger and kills itself (SIGKILL) at a step of it, named by its number.

Steps lie before and after every statement, commit and COPY the driver sends, and around every change of the files under
`keys/`. Run as a script it reads `<action> <step>` from stdin and forks for each, so that nothing is imported twice.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import psycopg

from operational_db import clock
from operational_db.database import create_database_engine, unit_of_work
from operational_db.gates.service import decide_durably
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.ledger.append import append_events, copy_events
from operational_db.ledger.keys import load_or_create_signer, rotate_key
from operational_db.ledger.seal import seal
from operational_db.prepared import PreparedStatement
from operational_db.settings import PROJECT_ROOT, Settings
from tests.operational_db.ledger.samples import create_events

# More than a tile holds, so that each seal completes one.
BATCH = 300
# An append takes a statement for each few events: these suffice for several.
APPENDED = 6


def append(url: str, home: Path) -> None:
    with unit_of_work(create_database_engine(url)) as session:
        append_events(session, create_events(APPENDED), now=clock.now())


def copy(url: str, home: Path) -> None:
    with unit_of_work(create_database_engine(url)) as session:
        copy_events(session, create_events(APPENDED), now=clock.now())


def seal_all(url: str, home: Path) -> None:
    signer = load_or_create_signer(Settings(home=home))
    seal(create_database_engine(url), signer, now=clock.now(), wait=True)


def decide(url: str, home: Path) -> None:
    """One decision of a gate; what is told leaves by a file, as an answer leaves for the product that asked."""
    asked = json.loads((home / "asked.json").read_text())
    decision = decide_durably(
        create_database_engine(url),
        SYSTEM_PRINCIPAL,
        action=asked["action"],
        person_id=UUID(asked["person_id"]),
        organization_id=UUID(asked["organization_id"]),
        now=clock.now(),
    )
    with (home / "told").open("a") as told:
        told.write(f"{decision.decision_id} {decision.is_allowed}\n")


def create_key(url: str, home: Path) -> None:
    load_or_create_signer(Settings(home=home))


def rotate(url: str, home: Path) -> None:
    rotate_key(Settings(home=home), now=clock.now())


ACTIONS: dict[str, Callable[[str, Path], None]] = {
    "append": append,
    "copy": copy,
    "decide": decide,
    "seal": seal_all,
    "create_key": create_key,
    "rotate": rotate,
}


@dataclass(frozen=True)
class Outcome:
    """The step at which the action was killed; none when it ended by itself."""

    step: str | None


class Walker:
    """Has actions killed at their steps, in processes of their own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, action: str, step: int, home: Path) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([action, step, str(home)]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "The walker itself has ended."
        return Outcome(json.loads(answer))


@contextmanager
def open_walker(url: str) -> Iterator[Walker]:
    command = [sys.executable, "-m", "tests.operational_db.ledger.fault_walker", url]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Walker(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def _install_steps(kill_at: int, tell: IO[bytes]) -> None:
    count = 0

    def step(name: str) -> None:
        nonlocal count
        if count == kill_at:
            tell.write(name.encode())
            tell.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1

    def around(owner: Any, name: str, describe: Callable[..., str]) -> None:
        original = getattr(owner, name)

        @wraps(original)
        def stepped(*arguments: Any, **options: Any) -> Any:
            what = describe(*arguments)
            step(f"before {what}")
            result = original(*arguments, **options)
            step(f"after {what}")
            return result

        setattr(owner, name, stepped)

    def statement(_: object, query: Any, *__: Any) -> str:
        return " ".join(str(query).split())[:60]

    for method in ("execute", "executemany", "copy"):
        around(psycopg.Cursor, method, statement)
    around(PreparedStatement, "run", lambda prepared, *_: " ".join(prepared.sql.split())[:60])
    around(psycopg.Connection, "commit", lambda *_: "commit")
    for name in ("link", "replace", "unlink", "fsync"):
        around(os, name, lambda *_, name=name: f"file {name}")
    around(tempfile, "mkstemp", lambda *_: "file create")


def _carry_out(url: str, action: str, kill_at: int, home: Path) -> str | None:
    """Returns the step at which the forked process was killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            with os.fdopen(writer, "wb") as tell:
                _install_steps(kill_at, tell)
                ACTIONS[action](url, home)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        step = told.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return step
    if status != 0:
        raise RuntimeError(f"{action} failed by itself with {status}.")
    return None


def main() -> None:
    for line in sys.stdin:
        action, kill_at, home = json.loads(line)
        sys.stdout.write(json.dumps(_carry_out(sys.argv[1], action, kill_at, Path(home))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

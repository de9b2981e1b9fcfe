"""The whole product under faults: database away, processes killed, two at once, a full disk. Nothing is lost."""

import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from operational_db.database import create_database_engine
from operational_db.embedded import migrate
from operational_db.ledger.verify import verify_ledger
from operational_db.releases.manifest import current_manifest
from operational_db.releases.reader import ScopedWarehouse, open_scoped
from operational_db.releases.scope import Scope
from operational_db.settings import PROJECT_ROOT, Settings
from operational_db.types import OrganizationKind, Role
from tests.integration.installation import (
    Installation,
    copied_installation,
    end,
    product_environment,
    sitesync,
    wait_until,
)
from tests.integration.page_client import open_page
from tests.pipelines.contents import leftover_files, release_contents
from tests.pipelines.history import History, add_news, write_history

STEP_SECONDS = 420
PAGES_WITH_FIGURES = ("company-overview", "company-people", "company-certificates")


class Running:
    """A process whose lines on stderr are watched, so that it can be killed at a known moment."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)

    def wait_for(self, beginning: str) -> None:
        """Wait until a line begins so; fails when the process ends without it."""

        def has_come() -> bool:
            if any(line.startswith(beginning) for line in self.lines):
                return True
            assert self.process.poll() is None, f"ended before '{beginning}': {''.join(self.lines)}"
            return False

        wait_until(has_come, seconds=STEP_SECONDS, what=f"'{beginning}'", pause=0.01)

    def kill(self) -> bool:
        """Kill it; false when it had ended by itself before."""
        self.process.kill()
        code = self.process.wait(30)
        self._close()
        return code == -signal.SIGKILL

    def finish(self) -> tuple[int, str]:
        """Exit code, and what it said on stdout and stderr."""
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        code = self.process.wait(STEP_SECONDS)
        self._close()
        return code, said + "".join(self.lines)

    def _close(self) -> None:
        self._watcher.join(30)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture(scope="module")
def broken(template: Path) -> Iterator[Installation]:
    """A running installation whose database may be taken away."""
    with copied_installation(template) as installation:
        installation.start_server()
        yield installation


@pytest.mark.slow
@pytest.mark.timeout(1800)
class TestDatabaseAway:
    """The embedded server is stopped, then killed, under a server that goes on running."""

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
    def test_pages_go_on_writes_are_refused_and_all_works_again_by_itself(
        self, broken: Installation, how: signal.Signals
    ) -> None:
        manager = broken.members(Role.COMPANY_MANAGER, OrganizationKind.SERVICE_COMPANY)[0]
        admin = broken.members(Role.PLATFORM_ADMIN)[0]
        token, cookie, admin_cookie = (
            broken.token(manager.person_id),
            broken.cookie(manager.person_id),
            broken.cookie(admin.person_id),
        )
        before = {page: _figures(broken, page, cookie) for page in PAGES_WITH_FIGURES}
        open_page(broken, "platform-pipeline", admin_cookie)
        entries = _entry_count(broken.engine)
        broken.engine.dispose()
        postmaster = broken.postmaster()
        assert postmaster is not None
        postmaster.send_signal(how)
        postmaster.wait(120)

        for page, figures in before.items():
            assert _figures(broken, page, cookie) == figures
        assignments = open_page(broken, "company-assignments", cookie)
        assert not assignments.has_exception
        assert "The database" in open_page(broken, "platform-pipeline", admin_cookie).text
        # Somebody who was not here before cannot be known without the database, and is told so.
        stranger = broken.cookie(broken_stranger(manager.person_id.int))
        unknown = open_page(broken, "company-overview", stranger)
        assert not unknown.has_exception
        assert "database cannot be reached" in unknown.text

        base = f"/v1/organizations/{manager.organization_id}/training"
        content = {"data": {"title": "Kept", "content_type": "text", "content_text": "Kept"}}
        for answer in (
            broken.call("GET", f"{base}/assignments", token),
            broken.call("POST", f"{base}/content", token, **content),
            broken.call("GET", "/v1/training/courses", token),
        ):
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"] == "urn:sitesync:problem:database_unavailable"
            assert answer.headers["retry-after"]
        health = broken.call("GET", "/health")
        assert (health.status_code, health.json()["database"]) == (503, "unavailable")
        assert health.json()["figures_ledger_size"] == entries
        form = {"person_id": str(manager.person_id)}
        sign_in = httpx2.post(f"{broken.address}/session/sign-in", data=form, timeout=60)
        assert sign_in.status_code == 503
        refused = broken.run("refresh", SITESYNC_DATABASE_URL=f"postgresql://postgres@/sitesync?host={broken.home}")
        assert refused.returncode == 1
        assert "database" in refused.stderr
        assert "Traceback" not in refused.stderr

        broken.start_database()
        wait_until(lambda: broken.call("GET", "/health").status_code == 200, seconds=120, what="health is well again")
        assert broken.call("GET", f"{base}/assignments", token).status_code == 200
        assert broken.call("POST", f"{base}/content", token, **content).status_code == 201
        for page, figures in before.items():
            assert _figures(broken, page, cookie) == figures
        assert _entry_count(broken.engine) == entries


def broken_stranger(number: int) -> UUID:
    """An id that nobody was seen with."""
    return UUID(int=number ^ 1)


def _figures(installation: Installation, page: str, cookie: str) -> list[str]:
    """The page's answer and figures; ids and names of elements differ from run to run."""
    content = open_page(installation, page, cookie)
    assert not content.has_exception
    assert "As of" in content.text
    return [line for line in content.text.splitlines() if line.startswith("#### ")]


def _entry_count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("select count(*) from ledger_events")) or 0)


# Times of the run itself differ between two runs by their nature.
TOLD_BY_THE_RUN = ("release_information",)


@dataclass
class SmallInstallation:
    """A few people's history in a database of the test's own, refreshed by the real command with the real models."""

    home: Path
    url: str
    engine: Engine
    history: History

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, database_url=self.url)

    def start(self, *arguments: str) -> Running:
        environment = product_environment(self.home, SITESYNC_DATABASE_URL=self.url)
        return Running(sitesync("refresh", *arguments), environment)

    def refresh(self) -> str:
        code, said = self.start().finish()
        assert code == 0, said
        return said

    def contents(self) -> dict[str, list[tuple[object, ...]]]:
        marts = release_contents(self.settings)
        return {name: rows for name, rows in marts.items() if name not in TOLD_BY_THE_RUN}


@pytest.fixture(scope="module")
def small(
    empty_database_url: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallInstallation]:
    """With a first release; tests add news and leave them released."""
    url = empty_database_url()
    migrate(url)
    engine = create_database_engine(url)
    small = SmallInstallation(tmp_path_factory.mktemp("small"), url, engine, write_history(engine, people=12))
    small.refresh()
    yield small
    engine.dispose()


class Readers:
    """Threads that keep asking: one holds the release it opened first, others open the current one each time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problems: list[str] = []
        self.seen: list[int] = []
        self.held_count = 0
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(read,)) for read in (self._hold, self._open)]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(120)

    def _run(self, read: Callable[[], None]) -> None:
        try:
            read()
        # Whatever a reader meets is what the test is about.
        except Exception as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def _hold(self) -> None:
        with open_scoped(current_manifest(self.settings), Scope(can_view_kpis=True)) as warehouse:
            first = self._answer(warehouse)
            while not self._is_over.is_set():
                if self._answer(warehouse) != first:
                    self.problems.append("A release changed under a reader.")
                self.held_count += 1
                time.sleep(0.1)

    def _open(self) -> None:
        while not self._is_over.is_set():
            manifest = current_manifest(self.settings)
            with open_scoped(manifest, Scope(can_view_kpis=True)) as warehouse:
                size = warehouse.query("select ledger_size from release_information").item()
                if size != manifest.ledger_size:
                    self.problems.append(f"The release of {manifest.ledger_size} entries says {size}.")
                if not self.seen or self.seen[-1] != size:
                    self.seen.append(size)
            time.sleep(0.2)

    @staticmethod
    def _answer(warehouse: ScopedWarehouse) -> tuple[object, ...]:
        sizes = warehouse.query("select ledger_size, root_hash from release_information").row(0)
        return (*sizes, warehouse.query("select count(*), sum(completed_count) from school_progress").row(0))


@pytest.mark.slow
@pytest.mark.timeout(1800)
class TestRefreshKilled:
    def test_a_rerun_ends_as_an_undisturbed_run_and_readers_notice_nothing(
        self, small: SmallInstallation, tmp_path: Path
    ) -> None:
        """Killed in every step, at some moment within it."""
        chance = random.Random(1)
        new_count = add_news(small.engine, small.history, number=20)
        size = current_manifest(small.settings).ledger_size
        killed_count = 0
        with Readers(small.settings) as readers:
            for step, longest in (
                ("Sequence the ledger", 0.3),
                ("Extract", 0.2),
                ("Build the marts: new entries only", 1.5),
                ("Check the marts", 0.1),
            ):
                run = small.start()
                run.wait_for(step)
                time.sleep(chance.uniform(0, longest))
                killed_count += run.kill()
                assert current_manifest(small.settings).ledger_size in {size, size + new_count}
            # The last steps are short: one run may get through before it is killed, the others may not.
            assert killed_count >= 3
            assert readers.seen[0] == size
            small.refresh()
            expected = size + new_count
            wait_until(lambda: readers.seen[-1] == expected, seconds=120, what="readers see the new release")
        assert readers.problems == []
        assert readers.seen == [size, expected]
        assert readers.held_count > 50
        assert leftover_files(small.settings) == []

        calm = replace(small, home=tmp_path / "calm")
        calm.refresh()
        assert small.contents() == calm.contents()
        assert verify_ledger(small.engine).is_intact

    def test_of_two_at_once_one_waits_or_declines(self, small: SmallInstallation) -> None:
        add_news(small.engine, small.history, number=21)
        first = small.start()
        first.wait_for("Sequence the ledger")
        declined = small.start("--no-wait").finish()
        waiting = small.start()
        assert declined[0] == 1
        assert "Another refresh is running" in declined[1]
        code, said = first.finish()
        assert code == 0, said
        assert "Released" in said
        code, said = waiting.finish()
        assert code == 0, said
        assert "No news" in said

    def test_a_full_disk_keeps_the_former_release(self, small: SmallInstallation) -> None:
        """On a disk of its own that has a few hundred kilobytes left; with room again the refresh goes through."""
        new_count = add_news(small.engine, small.history, number=22)
        former = current_manifest(small.settings)
        before = small.contents()
        with small_disk(small.settings.warehouse_path, megabytes=160) as disk:
            filler = disk / "filler"
            _fill(filler, disk, leave=300_000)
            code, said = small.start().finish()
            assert code == 1, said
            assert "disk" in said.lower()
            assert "Traceback" not in said
            assert current_manifest(small.settings).name == former.name
            assert small.contents() == before
            filler.unlink()
            assert "Released" in small.refresh()
            assert current_manifest(small.settings).ledger_size == former.ledger_size + new_count
            assert leftover_files(small.settings) == []


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """Put what is in the folder on a file system of that size; skips where this machine does not let us."""
    kept = folder.with_name("kept")
    folder.rename(kept)
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "sitesync-test", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("There is no mount command to make a small disk with.")
    if mounted.returncode != 0:
        pytest.skip(f"No small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        for path in kept.iterdir():
            shutil.copy2(path, folder / path.name)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)
        folder.rmdir()
        kept.rename(folder)


def _fill(path: Path, folder: Path, *, leave: int) -> None:
    with path.open("wb") as file:
        file.write(bytes(max(shutil.disk_usage(folder).free - leave, 0)))


@pytest.mark.slow
@pytest.mark.timeout(3000)
class TestPrepareKilled:
    """`sitesync prepare` is killed in each of its parts; the next one ends as an undisturbed one does."""

    NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

    def start(self, home: Path, url: str) -> Running:
        command = [sys.executable, "-m", "tests.integration.small_demo", self.NOW.isoformat(), "prepare"]
        return Running(command, product_environment(home, SITESYNC_DATABASE_URL=url))

    def test_the_next_one_ends_as_an_undisturbed_one(
        self, empty_database_url: Callable[[], str], tmp_path: Path
    ) -> None:
        killed_url, calm_url = empty_database_url(), empty_database_url()
        engine = create_database_engine(killed_url)

        def has(query: str) -> Callable[[], bool]:
            def ask() -> bool:
                with suppress(ProgrammingError), engine.connect() as connection:
                    return bool(connection.scalar(text(query)))
                return False

            return ask

        killed = tmp_path / "killed"
        for moment in (
            # Uncommitted rows cannot be counted from outside, but files grow.
            "select pg_relation_size('course_enrollments') > 100000",
            "select pg_relation_size('ledger_events') > 500000",
            "select count(*) > 0 from ledger_leaves",
        ):
            run = self.start(killed, killed_url)
            wait_until(has(moment), seconds=STEP_SECONDS, what=moment, pause=0.01)
            assert run.kill()
        run = self.start(killed, killed_url)
        run.wait_for("Build the marts: all")
        assert run.kill()
        for home, url in ((killed, killed_url), (tmp_path / "calm", calm_url)):
            code, said = self.start(home, url).finish()
            assert code == 0, said
        killed_tables, calm_tables = _tables(killed_url), _tables(calm_url)
        assert _different(killed_tables, calm_tables) == {}
        assert verify_ledger(engine).is_intact
        engine.dispose()
        contents = []
        for name, url in (("killed", killed_url), ("calm", calm_url)):
            codes = _shipped(url)
            marts = release_contents(Settings(home=tmp_path / name, database_url=None))
            assert len(marts["fct_enrollment"]) > 500
            # The order of the ledger is the same; ids of its entries, and so its root, are made afresh.
            marts["release_information"] = []
            # Estimates are told at whatever place of the ledger they were made.
            of_place = {mart for mart in marts if mart in OF_LEDGER_SIZE or mart.startswith("roi_")}
            marts |= {mart: [] for mart in of_place}
            contents.append({mart: sorted(_known(row, codes) for row in rows) for mart, rows in marts.items()})
        assert _different(*contents) == {}


# Hashes and signatures over ids of entries; that they fit together is `verify_ledger`'s to say.
OF_ENTRY_IDS = frozenset({"ledger_leaves", "ledger_checkpoints", "ledger_tiles", "ledger_signatures"})
# A model says how much of the ledger it saw: more of it, when other steps had ended before the kill.
OF_LEDGER_SIZE = frozenset({"learned_models", "dim_learned_model", "learned_model_history"})
# What the product ships gets its ids where it is installed; everywhere else it is known by its code.
SHIPPED = """
    select id, 'lesson ' || code from lessons where organization_id is null
    union all select v.id, 'version ' || l.code || v.version
    from lesson_versions as v join lessons as l on l.id = v.lesson_id where l.organization_id is null
    union all select id, 'policy ' || code from policies where organization_id is null
    union all select v.id, 'policy version ' || p.code || v.version
    from policy_versions as v join policies as p on p.id = v.policy_id where p.organization_id is null
    union all select id, 'runbook ' || code from runbooks where organization_id is null
    union all select id, 'feature ' || action from protected_features where organization_id is null
    union all select id, 'track ' || persona || tier from training_tracks where organization_id is null
    union all select id, 'scope rule ' || scope || version from scope_rules where organization_id is null
    union all select id, 'gate rule ' || action || version from gate_rules where organization_id is null
    union all select id, 'model ' || model_kind || version from learned_models
    union all select id, 'estimate ' || organization_id || outcome_kind || coalesce(course_id::text, '')
    from roi_estimates
    union all select id, 'file ' || encode(sha256, 'hex') from stored_files
    union all select id, 'document ' || person_id || file_name from documents
    union all select id, 'status list ' || list_number from status_lists
    union all select id, 'badge ' || certificate_id from badges
    union all select cast(cast(body as jsonb) ->> 'decision_id' as uuid), 'decision ' || subject_id || occurred_at
    from ledger_events where kind in ('gate.decided', 'crew.decided')
"""
# Made by chance, or with a key of the installation's own.
OWN_COLUMNS = {
    "ledger_events": ("id",),
    "badges": ("salt", "public_id", "key_id", "event_id", "credential", "credential_jwt"),
    "status_lists": ("credential", "credential_jwt"),
}
SIGNED_HASH = re.compile(r"(credential_sha256\W+)[0-9a-f]{64}")
ANY_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def _shipped(url: str) -> dict[str, str]:
    """Code of everything the product ships by the id it has in this installation."""
    engine = create_database_engine(url)
    with engine.connect() as connection:
        found = {str(row[0]): str(row[1]) for row in connection.execute(text(SHIPPED))}
    engine.dispose()
    return found


def _known(value: object, codes: dict[str, str]) -> str:
    return SIGNED_HASH.sub(r"\1", ANY_ID.sub(lambda match: codes.get(match[0], match[0]), str(value)))


def _different(one: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, list[str]]:
    """Of each table that differs, the first rows that only one of the two has."""
    return {name: sorted(set(rows) ^ set(one[name]))[:2] for name, rows in other.items() if one[name] != rows}


def _tables(url: str) -> dict[str, list[str]]:
    """Rows of every table; of the ledger all but the ids that entries get when they are written."""
    codes = _shipped(url)
    engine = create_database_engine(url)
    with engine.connect() as connection:
        names = connection.scalars(
            text("select table_name from information_schema.tables where table_schema = 'public' order by 1")
        ).all()
        found = {}
        for name in names:
            if name in OF_ENTRY_IDS | OF_LEDGER_SIZE:
                found[name] = [str(connection.scalar(text(f"select count(*) from {name}")))]
                continue
            # When a row was written is the one thing in which two runs differ by their nature.
            own = ("created_at", "updated_at", *OWN_COLUMNS.get(name, ()))
            row = "to_jsonb(t) " + " ".join(f"- '{column}'" for column in own)
            rows = connection.scalars(text(f"select ({row})::text from {name} as t"))
            found[name] = sorted(_known(each, codes) for each in rows)
    engine.dispose()
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
class TestUp:
    """`sitesync up` on an installation that was prepared before."""

    def test_it_serves_survives_a_kill_and_ctrl_c_ends_everything(self, spare: Installation) -> None:
        first = self.up(spare)
        manager = spare.members(Role.COMPANY_MANAGER, OrganizationKind.SERVICE_COMPANY)[0]
        cookie = spare.cookie(manager.person_id)
        assert "As of" in open_page(spare, "company-overview", cookie).text
        spare.close()
        first.kill()
        first.wait(120)
        wait_until(lambda: spare.processes() == [], seconds=120, what="nothing is left of a killed run")

        second = self.up(spare)
        assert "As of" in open_page(spare, "company-overview", cookie).text
        wait_until(lambda: self.has_daemon(spare), seconds=STEP_SECONDS, what="the pipeline's daemon runs")
        second.send_signal(signal.SIGINT)
        assert second.wait(120) == 0
        assert spare.processes() == []

    def up(self, installation: Installation) -> subprocess.Popen[str]:
        log = installation.home / "up.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                sitesync("up", "--stop-with-parent"),
                env=installation.environment,
                cwd=PROJECT_ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            wait_until(
                lambda: "SiteSync is ready" in log.read_text() or process.poll() is not None,
                seconds=STEP_SECONDS,
                what=f"`sitesync up` is ready; it said: {log.read_text()}",
            )
            assert process.poll() is None, log.read_text()
        except BaseException:
            end(process)
            raise
        return process

    def has_daemon(self, installation: Installation) -> bool:
        return any("dagster" in " ".join(process.cmdline()) for process in installation.processes())

    def test_a_port_in_use_ends_the_start_with_advice(self, spare: Installation) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", spare.port))
            listener.listen()
            done = spare.run("up")
        assert done.returncode == 1
        assert f"Port {spare.port} is in use" in done.stdout + done.stderr
        assert "SITESYNC_PORT=" in done.stdout + done.stderr
        assert spare.processes() == []

"""kill -9 at any moment of an import leaves nothing, and a rerun ends as an undisturbed run does."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.operational_db.imports.history_files import LEARNERS, run, write_history

ROOT = Path(__file__).resolve().parents[3]
WRITTEN = ("organizations", "import_batches", "people", "courses", "ledger_events", "imported_records")

# Everything of a school by names instead of ids and times of recording.
STATE = """
select 'course', c.title, c.status, null, null from courses as c where c.provider_id = :school
union all select 'module', c.title, m.title, m.order_index::text, null
from course_modules as m join courses as c on c.id = m.course_id where c.provider_id = :school
union all select 'member', p.display_name, m.role, m.started_on::text, m.ended_on::text
from memberships as m join people as p on p.id = m.person_id where m.organization_id = :school
union all select 'enrollment', p.display_name, c.title, e.cycle_number || e.status || e.enrolled_at, e.ended_at::text
from course_enrollments as e join people as p on p.id = e.person_id join courses as c on c.id = e.course_id
where e.organization_id = :school
union all select 'attempt', p.display_name, a.title, t.submitted_at::text || t.is_banked, t.score::text || t.passed
from assessment_attempts as t join course_assessments as a on a.id = t.assessment_id
join course_enrollments as e on e.id = t.enrollment_id join people as p on p.id = e.person_id
where e.organization_id = :school
union all select 'day', p.display_name, d.on_date::text, d.interaction_count::text, d.minutes::text
from daily_engagement as d join people as p on p.id = d.person_id where d.organization_id = :school
union all select 'event', l.kind, l.occurred_at::text, null, null
from ledger_events as l where l.organization_id = :school
union all select 'batch', b.state, b.report ->> 'added', null, null
from import_batches as b where b.organization_id = :school
"""

# Whoever waits at a lock of this database; other workers have databases on the same server.
WAITING = """
select pid from pg_locks where not granted
and database = (select oid from pg_database where datname = current_database())
"""


def _state(engine: Engine, slug: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        school = connection.scalar(text("select id from organizations where slug = :slug"), {"slug": slug})
        rows = connection.execute(text(STATE), {"school": school})
        return sorted(((*row,) for row in rows), key=str)


def _assert_nothing_is_left(engine: Engine) -> None:
    with engine.connect() as connection:
        for table in WRITTEN:
            assert connection.scalar(text(f"select count(*) from {table}")) == 0, table


def _wait_for(engine: Engine, question: str) -> None:
    """Until the database says yes."""
    deadline = time.monotonic() + 120
    while True:
        with engine.connect() as connection:
            if connection.scalar(text(question)):
                return
        assert time.monotonic() < deadline, question
        time.sleep(0.02)


def _start_command(url: str, home: Path, folder: Path, slug: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "app.cli", "import", "history", str(folder)]
    return subprocess.Popen(
        [*command, "--organization", slug, "--school-name", "Hoist School"],
        env={**os.environ, "SITESYNC_DATABASE_URL": url, "SITESYNC_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )


class TestKilledImport:
    @pytest.mark.parametrize("stop_at", ["writing courses", "writing attempts", "writing activity"])
    def test_nothing_is_left_and_a_rerun_ends_as_if_undisturbed(
        self, committed_engine: Engine, committed_url: str, tmp_path: Path, now: datetime, stop_at: str
    ) -> None:
        folder = write_history(tmp_path / "in", learners=LEARNERS.replace("one@example.org", ""))
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.operational_db.imports.killed_import",
                committed_url,
                str(folder),
                "killed",
                now.isoformat(),
                stop_at,
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "reached\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        process.stdout.close()
        _assert_nothing_is_left(committed_engine)
        run(committed_engine, folder, now, organization_slug="killed", organization_name="Hoist School")
        run(committed_engine, folder, now, organization_slug="calm", organization_name="Hoist School")
        killed = _state(committed_engine, "killed")
        assert len(killed) > 30
        assert killed == _state(committed_engine, "calm")

    def test_the_command_killed_while_it_writes_leaves_nothing_and_can_be_given_again(
        self, committed_engine: Engine, committed_url: str, tmp_path: Path
    ) -> None:
        """`sitesync import history`, held up at the attempts by a lock on their table and killed there."""
        folder = write_history(tmp_path / "in", learners=LEARNERS.replace("one@example.org", ""))
        with committed_engine.begin() as blocker:
            blocker.execute(text("lock table assessment_attempts in share row exclusive mode"))
            process = _start_command(committed_url, tmp_path, folder, "killed")
            _wait_for(committed_engine, f"select exists ({WAITING})")
            with committed_engine.connect() as connection:
                writing = connection.scalar(text(WAITING))
            process.kill()
            assert process.wait(30) == -signal.SIGKILL
            assert process.stdout is not None
            process.stdout.close()
        _wait_for(committed_engine, f"select not exists (select from pg_stat_activity where pid = {writing})")
        _assert_nothing_is_left(committed_engine)
        for slug in ("killed", "calm"):
            again = _start_command(committed_url, tmp_path, folder, slug)
            said, _ = again.communicate(timeout=120)
            assert again.returncode == 0, said
        # Each run has a time of its own, at which it was applied.
        killed, calm = (
            [row[:2] if row[1] == "import.applied" else row for row in _state(committed_engine, slug)]
            for slug in ("killed", "calm")
        )
        assert len(killed) > 30
        assert killed == calm

"""Rows of evidence: exporting the bundle of a large organization, and checking it with the script inside.

The organization's entries of two years lie scattered among those of all others, as they do in a log that everybody
writes to. Both are measured as commands, starting included.
"""

import random
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

from operational_db.database import unit_of_work
from operational_db.ledger.append import copy_events
from operational_db.ledger.events import Event, LessonAttemptGraded, ModuleCompleted, ProficiencyReached
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.seal import seal
from operational_db.tables.content import Lesson, LessonPolicy, LessonRunbook, LessonVersion, Policy, Runbook
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.types import (
    LessonTrigger,
    LessonType,
    OrganizationKind,
    Persona,
    ProficiencyLevel,
    Role,
    new_id,
)
from tests.benchmarks.bench import Bench
from tests.benchmarks.installation import Installation
from tests.benchmarks.machine import CommandRun, run_command
from tests.benchmarks.report import Figure, Row

WHAT = {
    "evidence": "evidence bundle of an organization of 500 people over two years",
    "verify_bundle": "verify_bundle.py on that bundle, unzipped",
}
PEOPLE = 500
DAYS = 730
# A hundred records a person: about one a week.
ENTRIES_PER_PERSON = 100
LESSONS = 40
# The ledger holds twenty times as many entries as the organization, or what was asked for if that is less.
LEDGER_TIMES = 20
LIMIT_SECONDS = 10.0
VERIFY_SECONDS = 120.0
SLUG = "five-hundred-people"


def measure_evidence(bench: Bench, wanted: frozenset[str]) -> list[Row]:
    """Fill a ledger of at most a million entries, export and verify."""
    installation = bench.new_installation("evidence")
    entries = min(bench.entries, PEOPLE * ENTRIES_PER_PERSON * LEDGER_TIMES)
    bench.say(f"Filling an installation with {entries:,} ledger entries, one in {LEDGER_TIMES} of one organization …")
    fill(installation, entries, now=bench.now)
    path = bench.work_path / "bundle.zip"
    exports: list[CommandRun] = []
    for _ in range(bench.effort.refresh_repetitions):
        path.unlink(missing_ok=True)
        exports.append(_export(installation, path, bench.now))
    folder = bench.work_path / "bundle"
    with ZipFile(path) as packed:
        packed.extractall(folder)
    checks = [_verify(installation, folder) for _ in range(bench.effort.refresh_repetitions)]
    with (folder / "entries.txt").open("rb") as entries_file:
        records = sum(1 for _ in entries_file)
    details = {"entries": entries, "record_count": records, "bundle_bytes": path.stat().st_size}
    rows = [_row("evidence", exports, details), _row("verify_bundle", checks, details)]
    return [row for row in rows if row.name in wanted]


def _row(name: str, runs: list[CommandRun], details: dict[str, int]) -> Row:
    figures = (
        Figure("", "s", tuple(run.seconds for run in runs), LIMIT_SECONDS),
        Figure("processor", "s", tuple(run.cpu_seconds for run in runs)),
        Figure("memory", "GB", tuple(run.peak_bytes / 1e9 for run in runs)),
    )
    return Row(name, WHAT[name], figures, details={**details})


def _export(installation: Installation, path: Path, now: datetime) -> CommandRun:
    first, last = (now - timedelta(days=DAYS)).date(), now.date()
    return installation.run(
        "evidence", "export", "--organization", SLUG, "--from", str(first), "--to", str(last), "--out", str(path)
    )


def _verify(installation: Installation, folder: Path) -> CommandRun:
    return run_command(
        [sys.executable, "-I", str(folder / "verify_bundle.py")],
        environment=installation.environment,
        output_path=installation.home / "verify-bundle.txt",
        timeout_seconds=VERIFY_SECONDS,
        postgres_id=installation.postgres_id,
    )


def fill(installation: Installation, entries: int, *, now: datetime) -> None:
    """Write the organization, its people and lessons, and a sealed ledger in which its entries lie scattered."""
    with unit_of_work(installation.engine) as session:
        organization = Organization(name="Five Hundred", slug=SLUG, kind=OrganizationKind.SERVICE_COMPANY)
        people = [Person(display_name=f"Person {number}") for number in range(PEOPLE)]
        policy, runbook = Policy(code="POL-1", title="Policy"), Runbook(code="RB-1", title="Runbook")
        lessons = [
            Lesson(code=f"L-{number}", title=f"Lesson {number}", lesson_type=LessonType.MICRO_LESSON)
            for number in range(LESSONS)
        ]
        session.add_all([organization, *people, policy, runbook, *lessons])
        session.flush()
        versions = [
            LessonVersion(lesson_id=lesson.id, version="1.0.0", duration_minutes=Decimal(4), body={})
            for lesson in lessons
        ]
        session.add_all(versions)
        session.flush()
        for version in versions:
            session.add(LessonPolicy(lesson_version_id=version.id, policy_id=policy.id, policy_version="1.0.0"))
            session.add(LessonRunbook(lesson_version_id=version.id, runbook_id=runbook.id))
        session.add_all(
            Membership(
                person_id=person.id, organization_id=organization.id, role=Role.TECHNICIAN, started_on=date(2020, 1, 1)
            )
            for person in people
        )
        session.flush()
        made = _Made(organization.id, [person.id for person in people], [lesson.id for lesson in lessons], policy.id)
        copy_events(session, made.events(entries, now), now=now)
    seal(installation.engine, load_or_create_signer(installation.settings), now=now, wait=True)
    with installation.engine.begin() as connection:
        connection.exec_driver_sql("analyze ledger_events")
        connection.exec_driver_sql("analyze ledger_leaves")


class _Made:
    """The events of the history, in their order of time."""

    def __init__(self, organization_id: UUID, people: list[UUID], lessons: list[UUID], policy_id: UUID) -> None:
        self._organization_id = organization_id
        self._people = people
        self._lessons = lessons
        self._policy_id = policy_id
        self._chance = random.Random(20261)
        self._others = [new_id() for _ in range(200)]

    def events(self, count: int, now: datetime) -> Iterator[Event]:
        step = timedelta(days=DAYS - 1) / count
        for number in range(count):
            at = now - timedelta(days=DAYS - 1) + number * step
            yield self._own(at) if self._chance.random() * LEDGER_TIMES < 1 else self._foreign(at)

    def _own(self, at: datetime) -> Event:
        person_id, lesson_id = self._chance.choice(self._people), self._chance.choice(self._lessons)
        score = Decimal(self._chance.randint(50, 100))
        if self._chance.random() < 0.5:
            return ProficiencyReached(
                subject_id=person_id,
                organization_id=self._organization_id,
                occurred_at=at,
                evidence_id=new_id(),
                scope="data-export",
                track_id=None,
                persona=Persona.OPERATIONS,
                level=ProficiencyLevel.CERTIFIED,
                lesson_id=lesson_id,
                lesson_version="1.0.0",
                attempt_id=new_id(),
                attempt_number=1,
                score=score,
                expires_on=(at + timedelta(days=365)).date(),
            )
        return LessonAttemptGraded(
            subject_id=person_id,
            organization_id=self._organization_id,
            occurred_at=at,
            attempt_id=new_id(),
            lesson_id=lesson_id,
            lesson_version="1.0.0",
            lesson_type=LessonType.MICRO_LESSON,
            persona=Persona.OPERATIONS,
            track_id=None,
            attempt_number=1,
            score=score,
            passed=score >= 80,
            seconds_taken=90,
            trigger=LessonTrigger.GATE,
            scope_tags="data-export,pii",
            policy_ids=str(self._policy_id),
            runbook_ids="",
        )

    def _foreign(self, at: datetime) -> Event:
        return ModuleCompleted(
            subject_id=new_id(),
            organization_id=self._chance.choice(self._others),
            occurred_at=at,
            enrollment_id=new_id(),
            course_id=new_id(),
            module_id=new_id(),
            time_spent_minutes=25,
        )

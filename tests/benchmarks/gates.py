"""Rows of the gates: a decision before its record, with its record, and many at once.

All on one installation with a million pieces of evidence. What is compared with (a bare one-row commit by as many
writers, Cedar's evaluation of the same rules) is measured in the same run.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from sqlalchemy import Engine, text

from operational_db.database import APPLICATION_ROLE, create_owner_engine, unit_of_work
from operational_db.gates import service
from operational_db.gates.desk import desk_of
from operational_db.gates.lookup import Asked, look_up
from operational_db.gates.rules import decide
from operational_db.gates.service import set_gate_rule
from operational_db.gates.shipped import SHIPPED_RULES, install_platform_rules
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.tables.identity import Organization
from operational_db.types import GateMode, OrganizationKind, new_id
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Detail, Figure, Row, percentile
from tests.operational_db.gates.cedar import are_allowed, to_request

WHAT = {
    "gate": "gate decision in process with look-up, before the record; Cedar's evaluation without look-up beside it",
    "gate_durable": "gate decision with its record durable, as a multiple of bare one-row commits by as many writers",
    "gate_batch": "batch evaluation of 1,000, recorded",
}
MEDIAN_US, P99_MS = 150.0, 1.0
# At least 40 % of the bare commits.
MOST_TIMES_BARE = 2.5
BATCH_MS = 150.0
BATCH = 1_000
WRITERS = (1, 8, 64)
EVIDENCE_PER_PERSON = 10
CEDAR_DECISIONS = 2_000

_PEOPLE = """
insert into people (id, display_name)
select gen_random_uuid(), 'Person ' || n from generate_series(1, :count) as n
"""
_MEMBERS = """
insert into memberships (id, person_id, organization_id, role, started_on)
select gen_random_uuid(), id, :organization, 'technician', '2020-01-01' from people
"""
# Four achievements a person in two scopes, each with the certification it earned, and two in tracks.
_EVIDENCE = """
insert into proficiency_evidence (id, person_id, organization_id, scope, level, achieved_at, recorded_at, expires_on)
select gen_random_uuid(), people.id, :organization, scope, level,
    cast(:now as timestamptz) - make_interval(days => 100 * turn + cast(20 * random() as int)),
    cast(:now as timestamptz) - make_interval(days => 100 * turn),
    case when level = 'certified' then cast(:now as date) + 365 - 100 * turn end
from people, unnest(array['data-export', 'prod-change']) as scope, unnest(array['completed', 'certified']) as level,
    generate_series(1, 2) as turn
"""
_TRACK_EVIDENCE = """
insert into proficiency_evidence (id, person_id, organization_id, track_id, level, achieved_at, recorded_at)
select gen_random_uuid(), people.id, :organization, tracks.id, 'proficient',
    cast(:now as timestamptz) - interval '90 days', cast(:now as timestamptz) - interval '90 days'
from people, training_tracks as tracks where tracks.persona = 'operations'
"""
_TRACKS = """
insert into training_tracks (id, persona, tier, title) values
(gen_random_uuid(), 'operations', 'core', 'Operations core'),
(gen_random_uuid(), 'operations', 'advanced', 'Operations advanced')
"""


@dataclass(frozen=True)
class Filled:
    """The installation the rows are measured on: an organization with its rules enforced, and its people."""

    engine: Engine
    organization_id: UUID
    person_ids: Sequence[UUID]
    now: datetime


def measure_gates(bench: Bench, wanted: frozenset[str]) -> list[Row]:
    """The rows asked for."""
    filled = fill(bench)
    measures: dict[str, Callable[[Bench, Filled], Row]] = {
        "gate": measure_decision,
        "gate_durable": measure_durable,
        "gate_batch": measure_batch,
    }
    return [measure(bench, filled) for name, measure in measures.items() if name in wanted]


def fill(bench: Bench) -> Filled:
    evidence_count = bench.effort.evidence_count
    bench.say(f"Filling an installation with {evidence_count:,} pieces of evidence …")
    installation = bench.new_installation("gates")
    engine = installation.engine
    owner = create_owner_engine(installation.url)
    with owner.begin() as connection:
        connection.execute(text("create table bare_commits (id uuid primary key, body text)"))
        connection.execute(text(f"grant insert on bare_commits to {APPLICATION_ROLE}"))
    owner.dispose()
    organization_id, now = new_id(), bench.now
    with unit_of_work(engine) as session:
        session.add(Organization(id=organization_id, name="Bench", slug="bench", kind=OrganizationKind.SERVICE_COMPANY))
        session.flush()
        values = {"organization": organization_id, "now": now}
        session.execute(text(_PEOPLE), {"count": evidence_count // EVIDENCE_PER_PERSON})
        session.execute(text(_MEMBERS), {"organization": organization_id})
        session.execute(text(_TRACKS))
        session.execute(text(_EVIDENCE), values)
        session.execute(text(_TRACK_EVIDENCE), values)
        install_platform_rules(session, now=now)
        for rule in SHIPPED_RULES:
            set_gate_rule(
                session,
                SYSTEM_PRINCIPAL,
                organization_id=organization_id,
                action=rule.action,
                requirements=rule.requirements,
                mode=GateMode.ENFORCE,
                now=now,
            )
        session.execute(text("analyze"))
    with unit_of_work(engine) as session:
        sample = "select id from people order by id limit 20000"
        person_ids = [row[0] for row in session.execute(text(sample))]
    return Filled(engine, organization_id, person_ids, now)


def measure_decision(bench: Bench, filled: Filled) -> Row:
    """Look-up and decision of one person after another on one connection of the desk, without the record."""
    count = bench.effort.decision_count
    with desk_of(filled.engine).connection(filled.engine) as raw:
        times = [_timed(_decide, raw, filled, number) for number in range(-200, count)][200:]
        bare = [_timed(_bare_look_up, raw, filled, number) for number in range(count)]
        questions = [(_asked(filled, number), filled.now) for number in range(CEDAR_DECISIONS)]
        found = [look_up(raw, [question])[0] for question in questions]
    requests = [to_request(each.terms, each.facts, each.now, passes=False) for each in found]
    ours = [_timed(decide, each.terms, each.facts, each.now) for each in found]
    theirs = [_timed(are_allowed, [request]) for request in requests]
    return Row(
        "gate",
        WHAT["gate"],
        (
            Figure("p50", "us", (percentile(times, 0.5) * 1e6,), MEDIAN_US),
            Figure("p99", "ms", (percentile(times, 0.99) * 1e3,), P99_MS),
            Figure("bare look-up p50", "us", (percentile(bare, 0.5) * 1e6,)),
            # What the machine adds by making everybody wait shows in both.
            Figure("bare look-up p99", "ms", (percentile(bare, 0.99) * 1e3,)),
            Figure("without look-up p50", "us", (percentile(ours, 0.5) * 1e6,)),
            Figure("Cedar without look-up p50", "us", (percentile(theirs, 0.5) * 1e6,)),
        ),
        details={"evidence_count": bench.effort.evidence_count, "decision_count": count},
    )


def _decide(connection: psycopg.Connection, filled: Filled, number: int) -> None:
    found = look_up(connection, [(_asked(filled, number), filled.now)])[0]
    decide(found.terms, found.facts, filled.now).canonical()


def _bare_look_up(connection: psycopg.Connection, filled: Filled, number: int) -> None:
    person_id = filled.person_ids[number % len(filled.person_ids)]
    connection.execute(
        "select id, level, achieved_at, expires_on from proficiency_evidence where person_id = %s and scope = %s",
        (person_id, "data-export"),
        prepare=True,
        binary=True,
    ).fetchall()


def _asked(filled: Filled, number: int) -> Asked:
    return Asked("data-export", filled.person_ids[number % len(filled.person_ids)], filled.organization_id)


def _timed(call: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


def measure_durable(bench: Bench, filled: Filled) -> Row:
    """Decisions a second with the record durable, against one-row commits by as many threads of this process."""
    figures: list[Figure] = []
    details: dict[str, Detail] = {}
    for writers in WRITERS:
        bare, durable = [], []
        for _ in range(bench.effort.gate_repetitions):
            bare.append(_rate(writers, bench.effort.gate_seconds, lambda: _bare_commits(filled.engine)))
            durable.append(_rate(writers, bench.effort.gate_seconds, lambda: _durable_decisions(filled)))
        ratios = tuple(one / other for one, other in zip(bare, durable, strict=True))
        figures.append(Figure(f"{writers} writers", "x", ratios, MOST_TIMES_BARE))
        details[f"decisions_per_second_{writers}"] = round(max(durable))
        details[f"bare_commits_per_second_{writers}"] = round(max(bare))
    return Row("gate_durable", WHAT["gate_durable"], tuple(figures), details=details)


def _rate(writers: int, seconds: float, writer: Callable[[], Callable[[int], None]]) -> float:
    """Calls a second of so many threads, each with a writer of its own."""
    barrier = threading.Barrier(writers + 1)
    end = [0.0]
    counts = [0] * writers

    def run(number: int) -> None:
        try:
            write = writer()
            write(number)
            barrier.wait(timeout=60)
            done = 0
            while time.monotonic() < end[0]:
                done += 1
                write(number * 1_000_003 + done)
            counts[number] = done
        except BaseException:
            barrier.abort()
            raise

    threads = [threading.Thread(target=run, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    end[0] = time.monotonic() + 60
    barrier.wait(timeout=60)
    started = time.monotonic()
    end[0] = started + seconds
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - started)


def _bare_commits(engine: Engine) -> Callable[[int], None]:
    fairy = engine.raw_connection()
    connection = fairy.driver_connection
    fairy.detach()
    assert isinstance(connection, psycopg.Connection)
    connection.autocommit = True
    body = "x" * 600

    def write(_number: int) -> None:
        connection.execute("insert into bare_commits values (%s, %s)", (new_id(), body), prepare=True, binary=True)

    return write


def _durable_decisions(filled: Filled) -> Callable[[int], None]:
    def write(number: int) -> None:
        decision = service.decide_durably(
            filled.engine,
            SYSTEM_PRINCIPAL,
            action="data-export",
            person_id=filled.person_ids[number % len(filled.person_ids)],
            organization_id=filled.organization_id,
            now=filled.now,
        )
        assert decision.reason != "record_unavailable"

    return write


def measure_batch(bench: Bench, filled: Filled) -> Row:
    questions = [_asked(filled, number) for number in range(BATCH)]

    def decide_batch() -> None:
        service.decide_many(filled.engine, SYSTEM_PRINCIPAL, questions=questions, now=filled.now)

    decide_batch()
    times = tuple(_timed(decide_batch) * 1e3 for _ in range(bench.effort.gate_batches))
    return Row("gate_batch", WHAT["gate_batch"], (Figure("", "ms", times, BATCH_MS),))

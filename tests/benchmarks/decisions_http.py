"""Row of decisions over HTTP: AuthZEN evaluations at a steady rate against a server of its own, each record durable.

The callers keep their connections and send at fixed instants, whether or not earlier answers have come. Every fifth
question is one that is denied, whose answer names the next lessons.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from app.serving.ports import free_port
from operational_db.content.seed import install_platform_content
from operational_db.database import read_only_session, unit_of_work
from operational_db.gates.service import set_gate_rule
from operational_db.gates.shipped import DATA_EXPORT
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import mint_token
from operational_db.settings import PROJECT_ROOT
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import GateMode, OrganizationKind, Role, new_id
from tests.benchmarks.bench import Bench
from tests.benchmarks.installation import Installation
from tests.benchmarks.machine import end_tree
from tests.benchmarks.report import Figure, Row, percentile

WHAT = {"gate_http": "gate decision over HTTP with its record durable, at 50 requests a second"}
P99_MS = 5.0
RATE = 50
CALLERS = 8
PEOPLE = 2_000
DENIED_EVERY = 5
WARM_UP_SECONDS = 2.0
START_SECONDS = 60.0

_PEOPLE = "insert into people (id, display_name) select gen_random_uuid(), 'Person ' || n from generate_series(1, :n) n"
_MEMBERS = """
insert into memberships (id, person_id, organization_id, role, started_on)
select gen_random_uuid(), id, :organization, 'technician', '2020-01-01' from people
"""
_EVIDENCE = """
insert into proficiency_evidence (id, person_id, organization_id, scope, level, achieved_at, recorded_at, expires_on)
select gen_random_uuid(), id, :organization, 'data-export', 'proficient', at, at, null
from (select id, cast(:now as timestamptz) - interval '30 days' as at, row_number() over (order by id) as n from people)
where n % :denied_every <> 0
"""


def measure_http(bench: Bench) -> Row:
    """Latencies of a steady rate, from the instant a question was due."""
    installation = bench.new_installation("gate-http")
    bench.say("Serving an installation and asking its gate over HTTP …")
    organization_id, token, people = _fill(bench, installation)
    port = free_port()
    log = installation.home / "server.txt"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "--factory", "app.server:create_app", "--no-access-log"),
                *("--host", "127.0.0.1", "--port", str(port)),
            ],
            cwd=PROJECT_ROOT,
            env=installation.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(port)
        _ask(port, token, organization_id, people, seconds=WARM_UP_SECONDS)
        before = _count_decisions(installation)
        times = _ask(port, token, organization_id, people, seconds=bench.effort.http_seconds)
        recorded = _count_decisions(installation) - before
    finally:
        end_tree(server)
    if recorded != len(times):
        raise RuntimeError(f"{len(times):,} decisions were answered and {recorded:,} recorded.")
    return Row(
        "gate_http",
        WHAT["gate_http"],
        (
            Figure("p99", "ms", (percentile(times, 0.99) * 1e3,), P99_MS),
            Figure("p50", "ms", (percentile(times, 0.5) * 1e3,)),
        ),
        details={"requests": len(times), "rate": RATE, "denied_share": 1 / DENIED_EVERY},
    )


def _fill(bench: Bench, installation: Installation) -> tuple[UUID, str, Sequence[UUID]]:
    """An organization with an enforced rule, its people in the order of their ids, and a supervisor's token."""
    organization_id, supervisor_id, now = new_id(), new_id(), bench.now
    with unit_of_work(installation.engine) as session:
        session.add(Organization(id=organization_id, name="Bench", slug="bench", kind=OrganizationKind.SERVICE_COMPANY))
        session.flush()
        session.execute(text(_PEOPLE), {"n": PEOPLE})
        session.execute(text(_MEMBERS), {"organization": organization_id})
        values = {"organization": organization_id, "now": now, "denied_every": DENIED_EVERY}
        session.execute(text(_EVIDENCE), values)
        people = list(session.scalars(select(Person.id).order_by(Person.id)))
        session.add(Person(id=supervisor_id, display_name="Supervisor"))
        session.flush()
        session.add(
            Membership(
                person_id=supervisor_id,
                organization_id=organization_id,
                role=Role.SUPERVISOR,
                started_on=now.date() - timedelta(days=1),
            )
        )
        install_platform_content(session, now=now)
        set_gate_rule(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=organization_id,
            action=DATA_EXPORT,
            requirements=[{"scope": "data-export", "level": "proficient", "within": {"months": 12}}],
            mode=GateMode.ENFORCE,
            now=now,
        )
        token = mint_token(session, SYSTEM_PRINCIPAL, supervisor_id, "bench", timedelta(hours=2), now)
        session.execute(text("analyze"))
    return organization_id, token, people


def wait_until_ready(port: int) -> None:
    """Until a server just started answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/.well-known/authzen-configuration")
            if connection.getresponse().status == http.client.OK:
                return
        time.sleep(0.1)
    raise TimeoutError(f"The server did not answer within {START_SECONDS:.0f} s.")


def _ask(port: int, token: str, organization_id: UUID, people: Sequence[UUID], *, seconds: float) -> list[float]:
    """Seconds from when each question was due to when its answer was read."""
    count = round(seconds * RATE)
    start = time.perf_counter() + 0.1
    times: list[float] = []
    faults: list[str] = []

    def call(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for number in range(first, count, CALLERS):
            body = json.dumps(
                {
                    "subject": {"type": "user", "id": str(people[number % len(people)])},
                    "action": {"name": "data-export"},
                    "resource": {"type": "dataset", "id": f"export-{number}"},
                    "context": {"organization_id": str(organization_id)},
                }
            )
            due = start + number / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            # Waking up late is this process's own; waiting for the former answer is the server's.
            sent = time.perf_counter()
            connection.request("POST", "/api/access/v1/evaluation", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            times.append(time.perf_counter() - sent)
            expected = (number % len(people) + 1) % DENIED_EVERY != 0
            if answer.status != http.client.OK or json.loads(content)["decision"] is not expected:
                faults.append(f"{answer.status}: {content[:200]!r}")
        connection.close()

    callers = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    if faults:
        raise RuntimeError(f"{len(faults):,} answers were wrong, the first: {faults[0]}")
    return times


def _count_decisions(installation: Installation) -> int:
    with read_only_session(installation.engine) as session:
        counted = select(func.count()).select_from(LedgerEvent).where(LedgerEvent.kind == "gate.decided")
        return session.scalar(counted) or 0

"""Rows of badges: issuing one and many, verifying one, rebuilding a full status list, and the public page under load.

The page is asked as strangers ask it: each request from another client, most for badges nobody asked for before.
"""

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from app.serving.ports import free_port
from operational_db.badges.fetch import fetch_nothing
from operational_db.badges.keys import load_or_create_badge_signer
from operational_db.badges.lists import published_list, rebuild_lists
from operational_db.badges.service import issue_badge, issue_badges
from operational_db.badges.verify import verify_presented
from operational_db.database import read_only_session, unit_of_work
from operational_db.settings import PROJECT_ROOT
from operational_db.tables.badges import Badge, StatusList
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import CertificationCategory, CertificationSource, VerificationOutcome, new_id
from tests.benchmarks.bench import Bench
from tests.benchmarks.decisions_http import wait_until_ready
from tests.benchmarks.installation import Installation
from tests.benchmarks.machine import end_tree
from tests.benchmarks.report import Figure, Row, percentile

WHAT = {
    "badge_issue": "issue and sign one Open Badges 3.0 credential; 1,000 in a batch",
    "badge_verify": "verify one badge",
    "status_list": "rebuild the status list of 100,000 badges",
    "verify_page": "public verification page at 50 requests a second",
}
ISSUE_MS, BATCH_SECONDS, VERIFY_MS, LIST_SECONDS, PAGE_P95_MS = 20.0, 10.0, 20.0, 1.0, 100.0
RATE = 50
CALLERS = 8
WARM_UP_SECONDS = 2.0
REVOKED_EVERY = 50

_PEOPLE = """
insert into people (id, display_name, email)
select gen_random_uuid(), 'Person ' || n, 'person' || n || '@example.com' from generate_series(1, :n) n
"""
_CERTIFICATES = """
insert into certificates (
    id, person_id, certification_id, issued_on, expires_on, first_earned_on, verification_status, earned_through
)
select gen_random_uuid(), id, :certification, :issued_on, :expires_on, :issued_on, 'verified', 'external' from people
"""
_BADGES = """
insert into badges (
    id, certificate_id, public_id, status_list_id, status_index, salt, issued_at, key_id, credential, credential_jwt
)
select gen_random_uuid(), id, id::text, :list, row_number() over () - 1, 'salt', :now, 'key', '{}', 'x'
from certificates
"""
_REVOKE = """
update certificates set revoked_at = :now, revoked_from = cast(:now as timestamptz)::date
where id in (select certificate_id from badges where status_index % :every = 0)
"""


def measure_badges(bench: Bench, wanted: frozenset[str]) -> list[Row]:
    """The wanted rows, on an installation with badges issued one by one and one with a full status list."""
    rows: list[Row] = []
    if wanted & {"badge_issue", "badge_verify", "verify_page"}:
        installation = bench.new_installation("badges")
        bench.say("Issuing, verifying and showing badges …")
        issue, verify = _measure_badges(bench, installation)
        rows += [row for row in (issue, verify) if row.name in wanted]
        if "verify_page" in wanted:
            rows.append(_measure_page(bench, installation))
    if "status_list" in wanted:
        rows.append(_measure_list(bench))
    return rows


def _measure_badges(bench: Bench, installation: Installation) -> tuple[Row, Row]:
    effort = bench.effort
    signer = load_or_create_badge_signer(installation.settings)
    ids = _fill(installation, effort.badge_count + effort.badge_repetitions, bench.now)
    singles, batch = ids[: effort.badge_repetitions], ids[effort.badge_repetitions :]
    one_by_one = []
    for certificate_id in singles:
        started = time.perf_counter()
        with unit_of_work(installation.engine) as session:
            issue_badge(session, signer, certificate_id=certificate_id, now=bench.now)
        one_by_one.append((time.perf_counter() - started) * 1e3)
    started = time.perf_counter()
    with unit_of_work(installation.engine) as session:
        issue_badges(session, signer, certificate_ids=batch, now=bench.now)
    batch_seconds = time.perf_counter() - started
    with read_only_session(installation.engine) as session:
        credentials = list(session.scalars(select(Badge.credential).limit(effort.badge_repetitions)))
    verified = []
    for credential in credentials:
        started = time.perf_counter()
        with unit_of_work(installation.engine) as session:
            report = verify_presented(
                session,
                issuer=signer.issuer,
                presented=credential,
                on=bench.now.date(),
                now=bench.now,
                fetch=fetch_nothing,
            )
        verified.append((time.perf_counter() - started) * 1e3)
        if report.outcome is not VerificationOutcome.VALID:
            raise RuntimeError(f"A badge just issued is {report.outcome}.")
    issue = Row(
        "badge_issue",
        WHAT["badge_issue"],
        (
            Figure("one", "ms", tuple(one_by_one), ISSUE_MS),
            Figure(f"{len(batch):,}", "s", (batch_seconds,), BATCH_SECONDS),
        ),
    )
    return issue, Row("badge_verify", WHAT["badge_verify"], (Figure("", "ms", tuple(verified), VERIFY_MS),))


def _measure_list(bench: Bench) -> Row:
    """A rebuild of everything, and what a verifier waits for right after a revocation."""
    installation = bench.new_installation("status-list")
    count = bench.effort.listed_badges
    bench.say(f"Rebuilding the status list of {count:,} badges …")
    signer = load_or_create_badge_signer(installation.settings)
    _fill(installation, count, bench.now)
    with unit_of_work(installation.engine) as session:
        status_list = StatusList(list_number=1, next_index=count)
        session.add(status_list)
        session.flush()
        session.execute(text(_BADGES), {"list": status_list.id, "now": bench.now})
        session.execute(text(_REVOKE), {"now": bench.now, "every": REVOKED_EVERY})
        session.execute(text("analyze"))
    rebuilt, after_revocation = [], []
    for repetition in range(3):
        started = time.perf_counter()
        with unit_of_work(installation.engine) as session:
            rebuild_lists(session, signer, now=bench.now)
        rebuilt.append(time.perf_counter() - started)
        with unit_of_work(installation.engine) as session:
            session.execute(text(_REVOKE), {"now": bench.now, "every": REVOKED_EVERY - repetition - 1})
        started = time.perf_counter()
        with unit_of_work(installation.engine) as session:
            published_list(session, signer, list_number=1, now=bench.now)
        after_revocation.append(time.perf_counter() - started)
    return Row(
        "status_list",
        WHAT["status_list"],
        (
            Figure("rebuild", "s", tuple(rebuilt), LIST_SECONDS),
            Figure("after a revocation", "s", tuple(after_revocation), LIST_SECONDS),
        ),
        details={"badges": count},
    )


def _measure_page(bench: Bench, installation: Installation) -> Row:
    with read_only_session(installation.engine) as session:
        public_ids = list(session.scalars(select(Badge.public_id)))
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
        _ask(port, public_ids, seconds=min(WARM_UP_SECONDS, bench.effort.verify_seconds))
        before = _count_requests(installation)
        times = _ask(port, public_ids, seconds=bench.effort.verify_seconds)
        recorded = _count_requests(installation) - before
    finally:
        end_tree(server)
    if recorded != len(times):
        raise RuntimeError(f"{len(times):,} pages were answered and {recorded:,} requests recorded.")
    return Row(
        "verify_page",
        WHAT["verify_page"],
        (
            Figure("p95", "ms", (percentile(times, 0.95) * 1e3,), PAGE_P95_MS),
            Figure("p50", "ms", (percentile(times, 0.5) * 1e3,)),
        ),
        details={"requests": len(times), "rate": RATE},
    )


def _ask(port: int, public_ids: Sequence[str], *, seconds: float) -> list[float]:
    """Seconds from when each page was asked for to when it was read; each request is another client's."""
    count = round(seconds * RATE)
    start = time.perf_counter() + 0.1
    times: list[float] = []
    faults: list[str] = []

    def call(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(first, count, CALLERS):
            public_id = public_ids[number % len(public_ids)]
            due = start + number / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            sent = time.perf_counter()
            # As a proxy in front tells who asks.
            headers = {"X-Forwarded-For": f"198.18.{number // 250 % 250}.{number % 250 + 1}"}
            connection.request("GET", f"/verify/{public_id}", headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            times.append(time.perf_counter() - sent)
            if answer.status != http.client.OK or b"is valid on" not in content:
                faults.append(f"{answer.status}: {content[:200]!r}")
        connection.close()

    callers = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    if faults:
        raise RuntimeError(f"{len(faults):,} pages were wrong, the first: {faults[0]}")
    return times


def _fill(installation: Installation, count: int, now: datetime) -> list[UUID]:
    """Verified certificates of as many people; their ids."""
    certification_id = new_id()
    with unit_of_work(installation.engine) as session:
        session.add(
            Certification(
                id=certification_id,
                name="Elevator Safety",
                code="bench-safety",
                source=CertificationSource.SITESYNC,
                issuing_organization="Bench",
                category=CertificationCategory.SAFETY,
            )
        )
        session.flush()
        session.execute(text(_PEOPLE), {"n": count})
        values: dict[str, UUID | date] = {
            "certification": certification_id,
            "issued_on": now.date() - timedelta(days=30),
            "expires_on": now.date() + timedelta(days=335),
        }
        session.execute(text(_CERTIFICATES), values)
        session.execute(text("analyze"))
        return list(session.scalars(select(Certificate.id).order_by(Certificate.id)))


def _count_requests(installation: Installation) -> int:
    with read_only_session(installation.engine) as session:
        counted = select(func.count()).select_from(LedgerEvent).where(LedgerEvent.kind == "verification.requested")
        return session.scalar(counted) or 0

"""Row of the expiry sweep: one day's notices about a million certificates, and the same with years of told news.

The sweep is the whole of `owe_reminders`: closing what has ended, owing what is due, putting it into messages. That the
messages of a day were delivered between two sweeps is written by statement; delivering is another matter.
"""

import time
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from operational_db.database import create_owner_engine, unit_of_work
from operational_db.notifications.service import owe_reminders
from operational_db.notifications.views import OwedReport
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Figure, Row, percentile

WHAT = {"sweep": "expiry sweep, 1,000,000 certificates: one day's notices; then the same with years of news told"}
DAY_SECONDS = 20.0
# The next day may be no slower for the history behind it; what is above one is the noise of the machine.
MOST_TIMES_SLOWER = 1.25
CERTIFICATES_PER_PERSON = 4
DAYS_OF_A_CYCLE = 730
# One in so many certificates had a cycle before whose every notice was told.
HISTORY_OF_ONE_IN = 3
DAYS_EACH = 3

_KINDS = """
insert into certification_registry (id, name, code, source, issuing_organization, category, validity_period_months)
select gen_random_uuid(), 'Kind ' || n, 'kind-' || n, 'government', 'Bench', 'safety', 24
from generate_series(1, :kinds) as n
"""
_PEOPLE = """
insert into people (id, display_name, email, timezone)
select gen_random_uuid(), 'Person ' || n, 'person-' || n || '@bench.example',
    (array['UTC', 'Europe/Berlin', 'America/New_York', 'America/Los_Angeles'])[1 + n % 4]
from generate_series(1, :people) as n
"""
# One after another of each person's; a twentieth is renewed already, a twentieth waits for its evidence.
_CERTIFICATES = """
with kinds as (select id, row_number() over (order by code) as turn from certification_registry),
drawn as (
    select people.id as person_id, kinds.id as certification_id,
        cast(:today as date) - 120 + cast(random() * 820 as int) as last_day, random() as lot
    from people join kinds on true
)
insert into certificates (
    id, person_id, certification_id, issued_on, expires_on, first_earned_on, verification_status, earned_through
)
select gen_random_uuid(), person_id, certification_id, last_day - :cycle, last_day, last_day - :cycle,
    case when lot < 0.05 then 'pending' else 'verified' end, 'external'
from drawn
"""
# What the sweeps of the last months told about the certificates as they are.
_TOLD = """
create unlogged table told_before as
select held.id as subject_id, held.person_id, held.expires_on as due_on, step.days as step,
    held.expires_on - step.days as told_on, cast(null as timestamptz) as resolved_at
from certificates as held
join unnest(array[90, 60, 30, 14, 7, 0]) as step (days) on held.expires_on - step.days < :today
where held.expires_on >= cast(:today as date) - 120
"""
# What was told about the certificates before them, all of it over: each a certificate of its own, long renewed.
_HISTORY = """
create unlogged table told_before as
select former.subject_id, former.person_id, former.due_on, step.days as step, former.due_on - step.days as told_on,
    cast(former.due_on as timestamptz) as resolved_at
from (
    select gen_random_uuid() as subject_id, person_id, expires_on - :ago as due_on from certificates
    where random() < :share
) as former
cross join unnest(array[90, 60, 30, 14, 7, 0]) as step (days)
"""
_MESSAGES = """
insert into notifications (id, person_id, on_date, sealed_at)
select gen_random_uuid(), person_id, told_on, cast(told_on as timestamptz)
from (select distinct person_id, told_on from told_before) as days
on conflict (person_id, on_date) do nothing
"""
_ITEMS = """
insert into notification_items (
    id, notification_id, person_id, schedule, subject_id, step, due_on, title, action_path, owed_at, sent_at,
    resolved_at
)
select gen_random_uuid(), messages.id, told.person_id, 'certificate_expiry', told.subject_id, told.step, told.due_on,
    'Kind', '/me-certificates', told.told_on, told.told_on, told.resolved_at
from told_before as told
join notifications as messages on messages.person_id = told.person_id and messages.on_date = told.told_on
order by told.person_id, told.told_on
"""
_SENT = """
insert into notification_deliveries (
    id, notification_id, person_id, channel, due_at, next_attempt_at, attempt_count, delivered_at
)
select gen_random_uuid(), id, person_id, 'in_app', on_date, on_date, 1, on_date from notifications
where sealed_at is not null
on conflict do nothing
"""
_FORGET = "drop table told_before"
_DELIVER = (
    "update notifications set sealed_at = :now where sealed_at is null",
    "update notification_deliveries set delivered_at = :now, attempt_count = 1 where delivered_at is null",
    "update notification_items set sent_at = :now"
    " where sent_at is null and resolved_at is null and notification_id is not null",
)


def measure_sweep(bench: Bench) -> Row:
    """Days without a history behind them, then days with it."""
    count = bench.effort.certificate_count
    bench.say(f"Filling an installation with {count:,} certificates …")
    installation = bench.new_installation("sweep")
    engine = installation.engine
    # An hour at which it is the same day in all the zones, before the messages of the day leave.
    first = bench.now.replace(hour=15, minute=0, second=0, microsecond=0)
    owner = create_owner_engine(installation.url)
    _fill(owner, count, first)
    # The first owing of an installation settles what is past and says nothing of the days after.
    _sweep(engine, first)
    before = [_sweep(engine, first + timedelta(days=day)) for day in range(1, DAYS_EACH + 1)]
    bench.say(f"Adding {count // HISTORY_OF_ONE_IN * 6:,} pieces of news that were told and are over …")
    _tell(owner, _HISTORY, {"ago": DAYS_OF_A_CYCLE, "share": 1 / HISTORY_OF_ONE_IN})
    owner.dispose()
    days = range(DAYS_EACH + 1, 2 * DAYS_EACH + 1)
    after = [_sweep(engine, first + timedelta(days=day)) for day in days]
    seconds = tuple(taken for taken, _ in before)
    later = tuple(taken for taken, _ in after)
    return Row(
        "sweep",
        WHAT["sweep"],
        (
            Figure("a day", "s", seconds, DAY_SECONDS),
            Figure("with history", "s", later, DAY_SECONDS),
            Figure(
                "slower by", "x", (percentile(list(later), 0.5) / percentile(list(seconds), 0.5),), MOST_TIMES_SLOWER
            ),
        ),
        details={
            "certificates": count,
            "news_told_before": count // HISTORY_OF_ONE_IN * 6,
            "news_owed_a_day": [report.owed_count for _, report in (*before, *after)],
            "closed_a_day": [report.resolved_count for _, report in (*before, *after)],
        },
    )


def _fill(owner: Engine, count: int, now: datetime) -> None:
    today = now.date()
    _run(
        owner,
        (_KINDS, {"kinds": CERTIFICATES_PER_PERSON}),
        (_PEOPLE, {"people": count // CERTIFICATES_PER_PERSON}),
        (_CERTIFICATES, {"today": today, "cycle": DAYS_OF_A_CYCLE}),
    )
    _tell(owner, _TOLD, {"today": today})


def _tell(owner: Engine, what: str, values: dict[str, object]) -> None:
    """Write what was told as if it had been owed and delivered on its day."""
    _run(owner, (what, values))
    _run(owner, (_MESSAGES, {}))
    _run(owner, (_ITEMS, {}), (_SENT, {}), (_FORGET, {}))


def _run(owner: Engine, *statements: tuple[str, dict[str, object]]) -> None:
    """Each in a transaction of its own that does not look up what every row refers to: it was just written."""
    for statement, values in statements:
        with owner.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            connection.execute(text(statement), values)
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def _sweep(engine: Engine, now: datetime) -> tuple[float, OwedReport]:
    started = time.perf_counter()
    report = owe_reminders(engine, now=now)
    seconds = time.perf_counter() - started
    with unit_of_work(engine) as session:
        for statement in _DELIVER:
            session.execute(text(statement), {"now": now})
    return seconds, report

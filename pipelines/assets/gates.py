"""The nightly checks on gates and crews: decisions of the day before, made again from their record, are the same."""

from datetime import UTC, date, datetime, time, timedelta

import dagster as dg
from sqlalchemy.orm import Session

from operational_db import clock
from operational_db.gates import crew_audit
from operational_db.gates.service import replay_range
from operational_db.gates.views import ReplayReport
from operational_db.releases.manifest import CheckResult
from pipelines.assets.landing import ENTRIES
from pipelines.assets.outcomes import check_results
from pipelines.build_checks import result
from pipelines.resources import Installation

REPLAY_CHECK = "gate_decisions_replay_identically"
CREW_REPLAY_CHECK = "crew_decisions_replay_identically"


def replay_day(session: Session, day: date) -> CheckResult:
    """Make every decision of a gate on a day (UTC) again from rule and facts in the ledger."""
    since = datetime.combine(day, time(), UTC)
    return to_check(day, replay_range(session, since=since, until=since + timedelta(days=1)))


def replay_crews_of_day(session: Session, day: date) -> CheckResult:
    """Make every crew check of a day (UTC) again from rules and facts in the ledger."""
    since = datetime.combine(day, time(), UTC)
    report = crew_audit.replay_range(session, since=since, until=since + timedelta(days=1))
    return to_check(day, report, name=CREW_REPLAY_CHECK, what="crew decisions")


def to_check(
    day: date,
    report: ReplayReport,
    *,
    name: str = REPLAY_CHECK,
    what: str = "gate decisions",
) -> CheckResult:
    """The report as a check; a decision that comes out otherwise fails it and is named."""
    differing = report.replayed_count - report.identical_count
    problem = ""
    if differing:
        first = report.differing[0]
        problem = (
            f"{differing} of {report.replayed_count} {what} of {day} come out otherwise; the first is "
            f"{first.decision_id}: {first.difference} Run `sitesync gate replay` on it."
        )
    numbers: dict[str, int | float | str] = {
        "day": day.isoformat(), "replayed": report.replayed_count, "identical": report.identical_count,
    }  # fmt: skip
    fine = f"{report.replayed_count} {what} of {day} come out the same."
    return result(name, problem, fine, numbers, blocking=False)


@dg.asset_check(
    asset=ENTRIES,
    name=REPLAY_CHECK,
    description="Every gate decision of the day before, made again from its record, is the same byte for byte.",
)
def gate_decisions_replay(installation: Installation) -> dg.AssetCheckResult:
    """Runs nightly, in a job of its own; the refresh does not wait for it."""
    with installation.open_engine() as engine, Session(engine) as session:
        check = replay_day(session, clock.now().date() - timedelta(days=1))
    return next(check_results([check], ENTRIES, [REPLAY_CHECK]))


@dg.asset_check(
    asset=ENTRIES,
    name=CREW_REPLAY_CHECK,
    description="Every crew check of the day before, made again from its record, is the same byte for byte.",
)
def crew_decisions_replay(installation: Installation) -> dg.AssetCheckResult:
    """Runs nightly with the gates' own."""
    with installation.open_engine() as engine, Session(engine) as session:
        check = replay_crews_of_day(session, clock.now().date() - timedelta(days=1))
    return next(check_results([check], ENTRIES, [CREW_REPLAY_CHECK]))

"""What training changed: the panel an estimator needs, and keeping what it found. The estimating is in `models.roi`.

The estimator is handed in, so that the interfaces and the pipelines run the same work. Months and training dates are
the operational record's; each estimate keeps the hash of its panel and the size of the ledger it saw.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import RoiEstimated
from operational_db.roi.repository import RoiRepository, decimal_of
from operational_db.roi.rules import month_of
from operational_db.roi.views import EstimatesMade, EstimateView, EstimateWanted, Estimator
from operational_db.tables.roi import RoiEstimate
from operational_db.types import EffectState, OutcomeKind, new_id

# With fewer than ten trained technicians nothing can be said of a course (`models.roi.effect.Minimum`).
FEWEST_TRAINED = 10
PANEL_SCHEMA: dict[str, type[pl.DataType]] = {
    "person_id": pl.String,
    "month": pl.Date,
    "value": pl.Float64,
    "weight": pl.Float64,
    "trained_on": pl.Date,
    "team_id": pl.String,
}
_MONTH_SCHEMA: dict[str, type[pl.DataType]] = {
    "person_id": pl.String,
    "month": pl.Date,
    "job_count": pl.Int64,
    "first_time_fix_count": pl.Int64,
    "first_time_fix_known_count": pl.Int64,
    "callback_count": pl.Int64,
    "callback_known_count": pl.Int64,
    "rework_count": pl.Int64,
    "rework_known_count": pl.Int64,
    "incident_count": pl.Int64,
    "hours": pl.Float64,
    "hours_known_count": pl.Int64,
    "units_maintained": pl.Int64,
}
# What a month's value is divided by, and weighs; the others are amounts of a month, all months alike.
_RATES: dict[OutcomeKind, tuple[str, str]] = {
    OutcomeKind.FIRST_TIME_FIX_RATE: ("first_time_fix_count", "first_time_fix_known_count"),
    OutcomeKind.CALLBACK_RATE: ("callback_count", "callback_known_count"),
    OutcomeKind.REWORK_RATE: ("rework_count", "rework_known_count"),
    OutcomeKind.HOURS_PER_JOB: ("hours", "hours_known_count"),
}
_AMOUNTS: dict[OutcomeKind, str] = {
    OutcomeKind.INCIDENTS: "incident_count",
    OutcomeKind.UNITS_MAINTAINED: "units_maintained",
}


class CompanyResults:
    """Months of an organization's technicians and the days they were trained, read once for all its panels."""

    def __init__(self, session: Session, organization_id: UUID, *, before: date | None = None) -> None:
        repository = RoiRepository(session)
        found = repository.outcome_months(organization_id, list(_MONTH_SCHEMA), before=before)
        self.months = pl.DataFrame([tuple(row) for row in found], schema=_MONTH_SCHEMA, orient="row")
        self.trainings = pl.DataFrame(
            [(str(r.person_id), str(r.course_id), r.trained_on) for r in repository.first_completions(organization_id)],
            schema={"person_id": pl.String, "course_id": pl.String, "trained_on": pl.Date},
            orient="row",
        ).filter(pl.col("person_id").is_in(self.months["person_id"].unique().implode()))
        teams = repository.teams(organization_id, on=before or date.max)
        self.teams = pl.DataFrame(
            [(str(person_id), str(team_id)) for person_id, team_id in teams.items()],
            schema={"person_id": pl.String, "team_id": pl.String},
            orient="row",
        )

    def courses(self, *, fewest: int = FEWEST_TRAINED) -> list[UUID]:
        """Courses that at least so many technicians with jobs completed."""
        counts = self.trainings.group_by("course_id").len().filter(pl.col("len") >= fewest).sort("course_id")
        return [UUID(course_id) for course_id in counts["course_id"].to_list()]

    def panel(self, kind: OutcomeKind, course_id: UUID | None = None) -> pl.DataFrame:
        """One row a technician and month with jobs (`PANEL_SCHEMA`), in order; trained by any course, or by the one.

        Of one course, who took other courses only is not yet trained: what those changed is in the comparison.

        A month's value is a rate of its jobs, weighed by the jobs of which the source told, or an amount. No value
        where it told nothing; units maintained have none at all where no job of the organization names any.
        """
        trainings = self.trainings
        if course_id is not None:
            trainings = trainings.filter(pl.col("course_id") == str(course_id))
        trained = trainings.group_by("person_id").agg(pl.col("trained_on").min())
        if kind in _RATES:
            counted, known = _RATES[kind]
            value: pl.Expr = pl.when(pl.col(known) > 0).then(pl.col(counted).cast(pl.Float64) / pl.col(known))
            weight: pl.Expr = pl.when(pl.col(known) > 0).then(pl.col(known).cast(pl.Float64))
        else:
            amount = pl.col(_AMOUNTS[kind]).cast(pl.Float64)
            is_told = kind is not OutcomeKind.UNITS_MAINTAINED or bool(self.months["units_maintained"].sum())
            value = amount if is_told else pl.lit(None, pl.Float64)
            weight = pl.lit(None, pl.Float64)
        return (
            self.months.with_columns(value.alias("value"), weight.alias("weight"))
            .join(trained, on="person_id", how="left", maintain_order="left")
            .join(self.teams, on="person_id", how="left", maintain_order="left")
            .select(pl.col(name).cast(dtype) for name, dtype in PANEL_SCHEMA.items())
            .sort("person_id", "month")
        )


def panel(
    session: Session,
    organization_id: UUID,
    outcome_kind: OutcomeKind,
    course_id: UUID | None = None,
    *,
    before: date | None = None,
) -> pl.DataFrame:
    """The panel of one outcome as an estimator takes it; see `CompanyResults.panel`.

    Parameters
    ----------
    before
        Months from this one on are left out: the running month is not over.
    """
    return CompanyResults(session, organization_id, before=before).panel(outcome_kind, course_id)


def panel_sha256(frame: pl.DataFrame) -> str:
    """Hash of a panel as CSV, with its header."""
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()


def estimate_returns(
    session: Session, principal: Principal, *, organization_id: UUID, estimator: Estimator, now: datetime
) -> EstimatesMade:
    """Estimate every outcome of an organization, over all courses and through each, and keep what is new.

    Months before the running one count. Courses that fewer than ten technicians with jobs completed are left out.

    Raises
    ------
    NotAuthorizedError
    NotFoundError
        When no result of a job is on record yet.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    results = CompanyResults(session, organization_id, before=month_of(now.date()))
    if results.months.is_empty():
        raise NotFoundError(
            "No finished month has results of jobs yet. Import what your technicians' jobs yielded, then estimate."
        )
    wanted: list[EstimateWanted] = []
    for course_id in (None, *results.courses()):
        panels = {kind: results.panel(kind, course_id) for kind in OutcomeKind}
        found = estimator({kind.value: frame for kind, frame in panels.items()})
        wanted += [
            EstimateWanted(kind, course_id, found[kind.value], panel_sha256(frame)) for kind, frame in panels.items()
        ]
    return record_estimates(session, principal, organization_id=organization_id, estimates=wanted, now=now)


def record_estimates(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    estimates: Sequence[EstimateWanted],
    ledger_size: int | None = None,
    now: datetime,
) -> EstimatesMade:
    """Make these the current estimates of an organization; those that came out as before stay, and others end.

    Parameters
    ----------
    ledger_size
        Entries of the ledger behind the panels; None takes the latest checkpoint's.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    repository = RoiRepository(session)
    repository.lock_money(organization_id)
    size = repository.ledger_size() if ledger_size is None else ledger_size
    former = {(each.outcome_kind, each.course_id): each for each in repository.current_estimates(organization_id)}
    kept: set[UUID] = set()
    made: list[RoiEstimate] = []
    for item in estimates:
        estimate = _estimate(item, organization_id, size, now)
        before = former.get((item.outcome_kind, item.course_id))
        if before is not None and _is_same(before, estimate):
            kept.add(before.id)
        else:
            made.append(estimate)
    for before in former.values():
        if before.id not in kept:
            before.is_current = False
    # The former ones leave their place first: of each outcome and course one is current.
    session.flush()
    session.add_all(made)
    session.flush()
    events = [
        RoiEstimated(
            subject_id=None,
            organization_id=organization_id,
            occurred_at=now,
            estimate_id=each.id,
            outcome_kind=each.outcome_kind,
            course_id=each.course_id,
            state=each.state,
            effect=each.effect,
            low=each.low,
            high=each.high,
            panel_sha256=each.panel_sha256,
            ledger_size=each.ledger_size,
        )
        for each in made
    ]
    append_events(session, events, now=now)
    return EstimatesMade(organization_id, len(made), len(kept))


def estimates_of(session: Session, principal: Principal, *, organization_id: UUID) -> list[EstimateView]:
    """The current estimates: over all courses first, then by course.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.VIEW_ROI, organization_id)
    repository = RoiRepository(session)
    found = repository.current_estimates(organization_id)
    titles = repository.course_titles({each.course_id for each in found if each.course_id is not None})
    return [
        EstimateView(
            estimate_id=each.id,
            organization_id=each.organization_id,
            course_id=each.course_id,
            course_title=titles.get(each.course_id) if each.course_id is not None else None,
            outcome_kind=each.outcome_kind,
            state=each.state,
            effect=each.effect,
            low=each.low,
            high=each.high,
            trained_count=each.trained_count,
            compared_count=each.compared_count,
            month_count=each.month_count,
            details=each.details,
            panel_sha256=each.panel_sha256,
            ledger_size=each.ledger_size,
            estimated_at=each.estimated_at,
        )
        for each in found
    ]


def organizations_to_estimate(session: Session, principal: Principal) -> list[UUID]:
    """Organizations with results of jobs on record whose costs the principal manages."""
    found = RoiRepository(session).organizations_with_outcomes()
    return [each for each in found if principal.can(Permission.MANAGE_ROI, each)]


def _estimate(item: EstimateWanted, organization_id: UUID, ledger_size: int, now: datetime) -> RoiEstimate:
    found = item.found
    details: Mapping[str, Any] = found.details
    return RoiEstimate(
        id=new_id(),
        organization_id=organization_id,
        course_id=item.course_id,
        outcome_kind=item.outcome_kind,
        state=EffectState(found.state),
        effect=decimal_of(found.effect),
        low=decimal_of(found.low),
        high=decimal_of(found.high),
        trained_count=found.trained_count,
        compared_count=found.compared_count,
        month_count=found.month_count,
        details=dict(details),
        panel_sha256=item.panel_sha256,
        ledger_size=ledger_size,
        estimated_at=now,
        is_current=True,
    )


def _is_same(before: RoiEstimate, estimate: RoiEstimate) -> bool:
    """Whether the same panel gave the same answer again."""
    compared = ("panel_sha256", "state", "effect", "low", "high", "trained_count", "compared_count", "month_count")
    return all(getattr(before, name) == getattr(estimate, name) for name in compared)

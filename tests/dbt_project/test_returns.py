"""The marts of returns tell what the model of money tells: one definition, twice.

In Python it is computed from the estimator's results, in SQL from what the ledger and the stored estimates hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from models.roi.company import OutcomeFound, estimate_outcomes
from models.roi.effect import Effect, estimate_effect
from models.roi.generator import simulate_outcomes
from models.roi.money import Amount, Roi, roi_of
from models.roi.outcomes import OUTCOMES
from operational_db.ledger.events import (
    EnrollmentCompleted,
    EnrollmentOpened,
    Event,
    MembershipStarted,
    ModuleCompleted,
    OutcomeMonthRecorded,
    OutcomeValued,
    RoiEstimated,
    TrainingCostRecorded,
    TrainingCostWithdrawn,
)
from operational_db.types import CostKind, EffectState, OutcomeKind, Role
from tests.dbt_project.histories import AS_OF, COURSES, ORGANIZATIONS, TEAMS, dimensions, uid
from tests.dbt_project.landing import Dimensions, Landing, write_dimensions, write_events, write_schemas
from tests.dbt_project.warehouse import read, run_dbt

COMPANY, COURSE = ORGANIZATIONS[0], COURSES[0]
KINDS = ("callback_rate", "hours_per_job")
VALUES = {"callback_rate": Amount(Decimal(180), "USD"), "hours_per_job": Amount(Decimal(65), "USD")}
FEE, INSTRUCTOR = Decimal(400), Decimal(2500)
MARTS = [
    "roi_company",
    "roi_course",
    "roi_team",
    "roi_outcome",
    "roi_effect",
    "roi_event_study",
    "training_cost_monthly",
]


@dataclass(frozen=True)
class Told:
    """What the marts hold, and what the model of money says of the same."""

    build: Path
    effects: dict[str, Effect]
    roi: Roi
    trained_count: int


def person_id(name: str, names: dict[str, UUID]) -> UUID:
    return names.setdefault(name, uid(40, len(names)))


def estimate_rows(found: dict[str, OutcomeFound]) -> Dimensions:
    """Stored estimates as the extraction lands them."""
    base = dimensions()
    for n, (kind, outcome) in enumerate(found.items()):
        details: dict[str, Any] = outcome.details  # Any: a document
        key = {"estimate_id": str(uid(30, n))}
        base.roi_estimates.append(
            {
                **key,
                "organization_id": str(COMPANY),
                "outcome_kind": kind,
                "exposure": details["exposure"],
                "half_width": (details["high"] - details["low"]) / 2,
                "trained_count": outcome.trained_count,
                "compared_count": outcome.compared_count,
                "month_count": outcome.month_count,
                "estimated_at": AS_OF,
            }
        )
        base.roi_event_months += [{**key, **month} for month in details["event_study"]]
        base.roi_covariances += [
            {**key, "other_kind": other, "covariance": value} for other, value in details["covariances"].items()
        ]
    return base


def about(person: UUID | None, on: date) -> dict[str, Any]:  # Any: fields of any event
    instant = datetime.combine(on, time(10), UTC)
    return {"subject_id": person, "organization_id": COMPANY, "occurred_at": instant}


def events(panels: dict[str, pl.DataFrame], found: dict[str, OutcomeFound], names: dict[str, UUID]) -> Iterator[Event]:
    """People in two teams, their trainings and costs, their months, what units are worth and what was estimated."""
    callbacks, hours = (panels[kind].sort("person_id", "month") for kind in KINDS)
    trained = callbacks.group_by("person_id", maintain_order=True).agg(pl.col("trained_on").first())
    for n, (name, trained_on) in enumerate(trained.iter_rows()):
        person = person_id(name, names)
        yield MembershipStarted(
            **about(person, date(2020, 1, 1)), membership_id=uid(41, n), role=Role.TECHNICIAN,
            team_id=TEAMS[COMPANY][n % 2], persona=None, started_on=date(2020, 1, 1),
        )  # fmt: skip
        if trained_on is None:
            continue
        course: dict[str, Any] = {"enrollment_id": uid(42, n), "course_id": COURSE}
        yield EnrollmentOpened(**about(person, date(2020, 2, 1)), **course, cycle_number=1)
        yield ModuleCompleted(**about(person, trained_on), **course, module_id=uid(7, 0), time_spent_minutes=90)
        yield EnrollmentCompleted(**about(person, trained_on), **course, final_score=None, ce_credits=Decimal(0))
        paid = {"cost_kind": CostKind.FEE, "course_id": COURSE, "incurred_on": trained_on, "currency": "USD"}
        yield TrainingCostRecorded(**about(person, trained_on), cost_id=uid(43, n), **paid, amount=FEE)
        if n == 0 or n == 1:
            yield TrainingCostRecorded(**about(person, trained_on), cost_id=uid(44, n), **paid, amount=Decimal(9999))
            yield TrainingCostWithdrawn(**about(person, trained_on), cost_id=uid(44, n))
    yield TrainingCostRecorded(
        **about(None, date(2024, 1, 1)), cost_id=uid(45, 0), cost_kind=CostKind.INSTRUCTOR, course_id=COURSE,
        incurred_on=date(2024, 1, 1), amount=INSTRUCTOR, currency="USD",
    )  # fmt: skip
    for called, long in zip(callbacks.iter_rows(named=True), hours.iter_rows(named=True), strict=True):
        count, known = int(called["weight"] or 0), int(long["weight"] or 0)
        yield OutcomeMonthRecorded(
            **about(person_id(called["person_id"], names), called["month"]), month=called["month"].replace(day=1),
            month_version=1, job_count=max(count, known), first_time_fix_count=0, first_time_fix_known_count=0,
            callback_count=round((called["value"] or 0) * count), callback_known_count=count, rework_count=0,
            rework_known_count=0, incident_count=0, hours=Decimal(round((long["value"] or 0) * known)),
            hours_known_count=known, units_maintained=0, jobs_sha256="00",
        )  # fmt: skip
    for n, (kind, outcome) in enumerate(found.items()):
        assert outcome.effect is not None and outcome.low is not None and outcome.high is not None
        yield OutcomeValued(
            **about(None, date(2025, 1, 1)), outcome_kind=OutcomeKind(kind), starts_on=date(2025, 1, 1),
            amount=Decimal(VALUES[kind].value), currency="USD",
        )  # fmt: skip
        effect, low, high = (round(Decimal(x), 6) for x in (outcome.effect, outcome.low, outcome.high))
        yield RoiEstimated(
            **about(None, AS_OF.date()), estimate_id=uid(30, n), outcome_kind=OutcomeKind(kind), course_id=None,
            state=EffectState(outcome.state), effect=effect, low=low, high=high, panel_sha256="00", ledger_size=1,
        )  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    panels = {
        kind: simulate_outcomes(7, kind=kind, technicians=60, months=24, effect=effect).panel
        for kind, effect in zip(KINDS, (-0.05, -0.3), strict=True)
    }
    found = estimate_outcomes(panels)
    effects = {kind: estimate_effect(panels[kind], outcome=OUTCOMES[kind]) for kind in KINDS}
    folder, names = tmp_path_factory.mktemp("returns"), dict[str, UUID]()
    history = list(events(panels, found, names))
    base = estimate_rows(found)
    base.people = [
        {"person_id": str(p), "display_name": n, "is_simulated": True, "timezone": "UTC", "erased": False}
        for n, p in names.items()
    ]
    landing = Landing(folder / "landing", 0)
    write_schemas(landing)
    write_dimensions(landing, base)
    landing = write_events(landing, history)
    build = folder / "build.duckdb"
    selected = [f"+{mart}" for mart in MARTS]
    run = run_dbt(build, landing, as_of=AS_OF, arguments=["run", "--full-refresh", "--select", *selected])
    assert run.is_success, run.failures
    trained = sum(isinstance(event, EnrollmentCompleted) for event in history)
    cost = Amount(FEE * trained + INSTRUCTOR, "USD")
    return Told(build, effects, roi_of(effects, VALUES, cost), trained)


class TestReturns:
    @pytest.mark.requirement("CMP-06", "US-TC020")
    def test_a_company_is_told_cost_hours_and_benefit_with_its_interval(self, told: Told) -> None:
        """US-TC020: the same return, and the same joint interval, as the model makes of the estimator's results."""
        rows = read(
            told.build,
            "select state, training_hours, cost, benefit, benefit_low, benefit_high, roi, roi_low, roi_high, "
            "interval_kind, currency, valued_count, counted_count from marts.roi_company",
        )
        expected = told.roi
        assert expected.interval == "joint"
        assert len(rows) == 1
        state, hours, cost, benefit, low, high, roi, roi_low, roi_high, interval, currency, valued, counted = rows[0]
        assert (state, interval, currency, valued, counted) == (expected.state.value, "joint", "USD", 2, 2)
        assert (hours, cost) == (1.5 * told.trained_count, expected.cost)
        assert (benefit, low, high) == pytest.approx(
            (expected.benefit, expected.benefit_low, expected.benefit_high), rel=1e-3
        )
        assert (roi, roi_low, roi_high) == pytest.approx((expected.roi, expected.low, expected.high), rel=1e-3)

    def test_each_outcome_contributes_what_the_model_says(self, told: Told) -> None:
        columns = "outcome_kind, units, benefit, benefit_low, benefit_high"
        rows = read(told.build, f"select {columns} from marts.roi_outcome where course_id is null")
        found = {kind: numbers for kind, *numbers in rows}
        assert found.keys() == set(KINDS)
        for item in told.roi.outcomes:
            assert found[item.kind] == pytest.approx([item.units, item.benefit, item.low, item.high], rel=1e-3)

    def test_teams_share_the_companys_benefit_by_their_jobs(self, told: Told) -> None:
        rows = read(told.build, "select benefit, cost, training_hours from marts.roi_team order by team_id")
        assert len(rows) == 2
        assert sum(benefit for benefit, _, _ in rows) == pytest.approx(told.roi.benefit, rel=1e-3)
        assert sum(cost for _, cost, _ in rows) == told.roi.cost - float(INSTRUCTOR)
        assert sum(hours for _, _, hours in rows) == 1.5 * told.trained_count

    def test_a_course_without_an_estimate_has_its_cost_and_says_why_there_is_no_return(self, told: Told) -> None:
        rows = read(told.build, "select course_id, state, cost, roi from marts.roi_course")
        assert rows == [(COURSE, "not_enough_data", told.roi.cost, None)]

    def test_the_event_study_is_shown_as_estimated(self, told: Told) -> None:
        sql = "select outcome_kind, month_offset, effect from marts.roi_event_study order by all"
        expected = [
            (kind, month.month_offset, month.effect)
            for kind in sorted(KINDS)
            for month in told.effects[kind].event_study
        ]
        assert read(told.build, sql) == expected

"""Panels from what is on record, and keeping estimates: rates and amounts, training dates, what is new, who may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational_db.errors import NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.roi.estimates import (
    FEWEST_TRAINED,
    CompanyResults,
    estimate_returns,
    estimates_of,
    organizations_to_estimate,
    panel,
    panel_sha256,
)
from operational_db.tables.identity import Organization
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.roi import OutcomeMonth, RoiEstimate
from operational_db.types import EffectState, EnrollmentStatus, OutcomeKind, Role
from tests import builders
from tests.operational_db.principals import body_of, create_manager, create_member

SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)


@dataclass
class Found:
    state: str = "effect"
    effect: float | None = 0.05
    low: float | None = 0.02
    high: float | None = 0.08
    trained_count: int = 12
    compared_count: int = 15
    month_count: int = 9
    details: dict[str, Any] = field(default_factory=lambda: {"reason": "It rose."})


class Estimator:
    """Gives the same answer for every outcome and remembers what it was asked."""

    def __init__(self, found: Found | None = None) -> None:
        self.found = found or Found()
        self.asked: list[Mapping[str, pl.DataFrame]] = []

    def __call__(self, panels: Mapping[str, pl.DataFrame]) -> dict[str, Found]:
        self.asked.append(panels)
        return dict.fromkeys(panels, self.found)


@pytest.fixture
def manager(session: Session) -> Principal:
    return create_manager(session)[0]


@pytest.fixture
def company(session: Session, manager: Principal) -> Organization:
    return session.get_one(Organization, next(iter(manager.organization_ids)))


def _month(session: Session, company: Organization, person_id: UUID, month: date, **sums: object) -> None:
    defaults: dict[str, object] = {
        "job_count": 10, "first_time_fix_count": 6, "first_time_fix_known_count": 8, "callback_count": 1,
        "callback_known_count": 10, "rework_count": 0, "rework_known_count": 0, "incident_count": 1,
        "hours": Decimal("31.50"), "hours_known_count": 9, "units_maintained": 20,
    }  # fmt: skip
    session.add(OutcomeMonth(organization_id=company.id, person_id=person_id, month=month, **{**defaults, **sums}))
    session.flush()


def _complete(session: Session, company: Organization | None, person_id: UUID, course_id: UUID, day: date) -> None:
    ended_at = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    builders.create_enrollment(
        session, course=None, person_id=person_id, course_id=course_id, status=EnrollmentStatus.COMPLETED,
        organization_id=company.id if company else None, ended_at=ended_at,
    )  # fmt: skip


class TestPanel:
    def test_a_month_is_a_rate_of_the_jobs_told_of_or_an_amount(self, session: Session, company: Organization) -> None:
        technician = create_member(session, company)
        _month(session, company, technician.person_id, SEPTEMBER)
        found = {kind: panel(session, company.id, kind).row(0, named=True) for kind in OutcomeKind}
        assert {kind: (row["value"], row["weight"]) for kind, row in found.items()} == {
            OutcomeKind.FIRST_TIME_FIX_RATE: (0.75, 8.0),
            OutcomeKind.CALLBACK_RATE: (0.1, 10.0),
            OutcomeKind.REWORK_RATE: (None, None),
            OutcomeKind.INCIDENTS: (1.0, None),
            OutcomeKind.HOURS_PER_JOB: (3.5, 9.0),
            OutcomeKind.UNITS_MAINTAINED: (20.0, None),
        }

    def test_units_that_nobody_tells_are_unknown_not_none(self, session: Session, company: Organization) -> None:
        technician = create_member(session, company)
        _month(session, company, technician.person_id, SEPTEMBER, units_maintained=0, incident_count=0)
        assert panel(session, company.id, OutcomeKind.UNITS_MAINTAINED)["value"].to_list() == [None]
        assert panel(session, company.id, OutcomeKind.INCIDENTS)["value"].to_list() == [0.0]

    def test_trained_is_who_first_completed_a_course_of_the_companys(
        self, session: Session, company: Organization
    ) -> None:
        team = builders.create_team(session, company)
        first, second = builders.create_course(session), builders.create_course(session)
        people = [create_member(session, company, team=team).person_id for _ in range(3)]
        for person_id in people:
            _month(session, company, person_id, SEPTEMBER)
        _complete(session, company, people[0], first.id, date(2026, 7, 1))
        _complete(session, company, people[0], second.id, date(2026, 5, 1))
        _complete(session, company, people[1], first.id, date(2026, 8, 1))
        _complete(session, None, people[2], first.id, date(2026, 6, 1))

        def dates(course_id: UUID | None) -> dict[str, date | None]:
            frame = panel(session, company.id, OutcomeKind.INCIDENTS, course_id)
            assert set(frame["team_id"]) == {str(team.id)}
            return dict(frame.select("person_id", "trained_on").iter_rows())

        a, b, c = map(str, people)
        assert dates(None) == {a: date(2026, 5, 1), b: date(2026, 8, 1), c: None}
        assert dates(first.id) == {a: date(2026, 7, 1), b: date(2026, 8, 1), c: None}

    def test_the_running_month_and_months_without_jobs_are_left_out(
        self, session: Session, company: Organization
    ) -> None:
        person_id = create_member(session, company).person_id
        for month in (SEPTEMBER, OCTOBER, NOVEMBER):
            _month(session, company, person_id, month, job_count=0 if month == OCTOBER else 5)
        frame = panel(session, company.id, OutcomeKind.INCIDENTS, before=NOVEMBER)
        assert frame["month"].to_list() == [SEPTEMBER]

    def test_its_hash_is_that_of_its_content(self, session: Session, company: Organization) -> None:
        person_id = create_member(session, company).person_id
        _month(session, company, person_id, SEPTEMBER)
        before = panel_sha256(panel(session, company.id, OutcomeKind.INCIDENTS))
        assert panel_sha256(panel(session, company.id, OutcomeKind.INCIDENTS)) == before
        _month(session, company, person_id, OCTOBER)
        assert panel_sha256(panel(session, company.id, OutcomeKind.INCIDENTS)) != before


class TestEstimates:
    @pytest.fixture
    def trained(self, session: Session, company: Organization) -> UUID:
        """A course that just enough technicians completed."""
        course, rare = builders.create_course(session), builders.create_course(session)
        for number in range(FEWEST_TRAINED):
            person_id = create_member(session, company).person_id
            _month(session, company, person_id, SEPTEMBER)
            _complete(session, company, person_id, course.id, date(2026, 8, 3))
            if number:
                _complete(session, company, person_id, rare.id, date(2026, 8, 3))
        idle = create_member(session, company).person_id
        _complete(session, company, idle, rare.id, date(2026, 8, 3))
        return course.id

    @pytest.mark.requirement("US-TC020")
    def test_every_outcome_is_estimated_over_all_courses_and_through_each_with_enough_people(
        self, session: Session, manager: Principal, company: Organization, trained: UUID, now: datetime
    ) -> None:
        estimator = Estimator()
        made = estimate_returns(session, manager, organization_id=company.id, estimator=estimator, now=now)
        assert (made.new_count, made.same_count, len(estimator.asked)) == (12, 0, 2)
        found = estimates_of(session, manager, organization_id=company.id)
        assert [each.course_id for each in found] == [None] * 6 + [trained] * 6
        assert {each.state for each in found} == {EffectState.EFFECT}
        events = session.scalars(select(LedgerEvent).where(LedgerEvent.kind == "roi.estimated")).all()
        bodies = [body_of(event) for event in events]
        assert len(bodies) == 12
        assert {(body["effect"], body["low"], body["high"]) for body in bodies} == {("0.05", "0.02", "0.08")}
        assert all(len(str(body["panel_sha256"])) == 64 for body in bodies)
        assert all("reason" not in body for body in bodies)

    def test_the_same_answer_again_is_no_news_and_another_one_replaces_it(
        self, session: Session, manager: Principal, company: Organization, trained: UUID, now: datetime
    ) -> None:
        def run(found: Found) -> tuple[int, int]:
            made = estimate_returns(session, manager, organization_id=company.id, estimator=Estimator(found), now=now)
            return made.new_count, made.same_count

        assert run(Found()) == (12, 0)
        assert run(Found()) == (0, 12)
        assert run(Found(state="pre_trends_differ")) == (12, 0)
        assert session.scalar(select(func.count()).select_from(RoiEstimate)) == 24
        found = estimates_of(session, manager, organization_id=company.id)
        assert {each.state for each in found} == {EffectState.PRE_TRENDS_DIFFER}

    def test_a_course_that_lost_its_people_has_no_current_estimate(
        self, session: Session, manager: Principal, company: Organization, trained: UUID, now: datetime
    ) -> None:
        estimate_returns(session, manager, organization_id=company.id, estimator=Estimator(), now=now)
        gone = session.scalars(select(OutcomeMonth).where(OutcomeMonth.organization_id == company.id)).first()
        assert gone is not None
        session.delete(gone)
        session.flush()
        estimate_returns(session, manager, organization_id=company.id, estimator=Estimator(), now=now)
        found = estimates_of(session, manager, organization_id=company.id)
        assert {each.course_id for each in found} == {None}

    def test_without_results_it_says_what_is_missing(
        self, session: Session, manager: Principal, company: Organization, now: datetime
    ) -> None:
        with pytest.raises(NotFoundError, match="Import"):
            estimate_returns(session, manager, organization_id=company.id, estimator=Estimator(), now=now)

    def test_only_who_manages_costs_estimates_and_nobody_elses_are_seen(
        self, session: Session, manager: Principal, company: Organization, trained: UUID, now: datetime
    ) -> None:
        auditor = create_member(session, company, Role.AUDITOR)
        supervisor = create_member(session, company, Role.SUPERVISOR)
        stranger, _ = create_manager(session)
        for principal in (auditor, supervisor, stranger):
            with pytest.raises(NotAuthorizedError):
                estimate_returns(session, principal, organization_id=company.id, estimator=Estimator(), now=now)
        assert estimates_of(session, auditor, organization_id=company.id) == []
        for principal in (supervisor, stranger):
            with pytest.raises(NotAuthorizedError):
                estimates_of(session, principal, organization_id=company.id)
        assert company.id in organizations_to_estimate(session, SYSTEM_PRINCIPAL)
        assert organizations_to_estimate(session, stranger) == []

    def test_people_of_another_company_are_in_no_panel(
        self, session: Session, company: Organization, trained: UUID
    ) -> None:
        _, other = create_manager(session)
        _month(session, other, create_member(session, other).person_id, SEPTEMBER)
        assert CompanyResults(session, company.id).months.height == FEWEST_TRAINED
        assert CompanyResults(session, other.id).months.height == 1

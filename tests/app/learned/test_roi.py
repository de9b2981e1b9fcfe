"""From what is on record to what is told: a company with a known effect, one without enough people."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.learned.roi import estimate_organization
from models.roi.generator import simulate_outcomes
from operational_db.bulk import copy_rows
from operational_db.roi.estimates import estimates_of
from operational_db.tables.identity import Organization
from operational_db.tables.roi import OutcomeMonth
from operational_db.types import EffectState, EnrollmentStatus, OutcomeKind
from tests import builders
from tests.operational_db.principals import create_manager

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
COLUMNS = (
    "organization_id", "person_id", "month", "job_count", "first_time_fix_count", "first_time_fix_known_count",
    "callback_count", "callback_known_count", "rework_count", "rework_known_count", "incident_count", "hours",
    "hours_known_count", "units_maintained",
)  # fmt: skip


def _record(session: Session, company: Organization, *, technicians: int, effect: float) -> float:
    """A simulated company's first-time fixes as months and completed enrollments; the true effect."""
    simulated = simulate_outcomes(7, technicians=technicians, months=24, effect=effect, first_month=date(2024, 11, 1))
    course = builders.create_course(session)
    ids: dict[str, UUID] = {}
    rows = []
    for row in simulated.panel.iter_rows(named=True):
        if row["person_id"] not in ids:
            person = builders.create_person(session)
            builders.create_membership(session, person, company)
            ids[row["person_id"]] = person.id
            if row["trained_on"] is not None:
                builders.create_enrollment(
                    session, person, course, status=EnrollmentStatus.COMPLETED, organization_id=company.id,
                    ended_at=datetime.combine(row["trained_on"], datetime.min.time(), UTC),
                )  # fmt: skip
        if row["value"] is not None:
            jobs = int(row["weight"])
            fixed = round(row["value"] * jobs)
            rows.append((company.id, ids[row["person_id"]], row["month"], jobs, fixed, jobs, 0, 0, 0, 0, 0, 0, 0, 0))
    copy_rows(session, OutcomeMonth, COLUMNS, rows)
    return simulated.true_effect


@pytest.mark.requirement("CMP-06", "US-TC020")
class TestEstimateOrganization:
    def test_a_known_effect_is_found_within_its_interval_and_kept(self, session: Session) -> None:
        manager, company = create_manager(session)
        truth = _record(session, company, technicians=80, effect=0.10)
        made = estimate_organization(session, manager, organization_id=company.id, now=NOW)
        found = {
            each.outcome_kind: each
            for each in estimates_of(session, manager, organization_id=company.id)
            if each.course_id is None
        }
        fixes = found[OutcomeKind.FIRST_TIME_FIX_RATE]
        assert fixes.state is EffectState.EFFECT
        assert fixes.low is not None and fixes.high is not None
        assert float(fixes.low) <= truth <= float(fixes.high)
        assert {"event_study", "reason", "what_would_change", "exposure", "pre_trend_p", "covariances"} <= set(
            fixes.details
        )
        assert fixes.details["covariances"]["first_time_fix_rate"] > 0
        assert found[OutcomeKind.HOURS_PER_JOB].state is EffectState.NOT_ENOUGH_DATA
        # One course was all there was to complete: the estimate through it is the same.
        assert made.new_count == 12
        again = estimate_organization(session, manager, organization_id=company.id, now=NOW)
        assert (again.new_count, again.same_count) == (0, 12)

    def test_a_handful_of_technicians_is_not_enough_and_it_says_so(self, session: Session) -> None:
        manager, company = create_manager(session)
        _record(session, company, technicians=6, effect=0.10)
        estimate_organization(session, manager, organization_id=company.id, now=NOW)
        found = estimates_of(session, manager, organization_id=company.id)
        assert {each.state for each in found} == {EffectState.NOT_ENOUGH_DATA}
        assert all(each.details["reason"] and each.details["what_would_change"] for each in found)

    def test_one_technician_alone_breaks_nothing(self, session: Session) -> None:
        manager, company = create_manager(session)
        _record(session, company, technicians=1, effect=0.10)
        estimate_organization(session, manager, organization_id=company.id, now=NOW)
        found = estimates_of(session, manager, organization_id=company.id)
        assert {each.state for each in found} == {EffectState.NOT_ENOUGH_DATA}

"""The product's targets and what moves them, over all organizations; no person is in sight here."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from operational_db.releases.reader import ScopedWarehouse


@dataclass(frozen=True)
class Criterion:
    """One success criterion of the seed against its target; values of shares are 0–1."""

    criterion_code: str
    label: str
    unit: str
    target: float
    value: float | None
    is_met: bool | None
    measured_from: date | None
    measured_to: date | None
    numerator: float | None
    denominator: float | None
    explanation: str

    @property
    def is_share(self) -> bool:
        return self.unit.startswith("share")


def criteria(warehouse: ScopedWarehouse) -> list[Criterion]:
    """The eight criteria in the order of their codes' table."""
    frame = warehouse.query(
        """
        select criterion_code, label, unit, target::double as target, value::double as value, is_met, measured_from,
               measured_to, numerator::double as numerator, denominator::double as denominator, explanation
        from kpi_success_criteria
        order by list_position(
            ['course_catalog_size', 'training_completions_per_month', 'certifications_tracked',
             'trade_school_partnerships', 'active_mentorships', 'company_adoption', 'mobile_learning_rate',
             'ce_credits_per_year'], criterion_code), criterion_code
        """
    )
    return [Criterion(**row) for row in frame.iter_rows(named=True)]


def criterion_trends(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Monthly values of every criterion: criterion_code, month_on, value."""
    return warehouse.query(
        """
        select criterion_code, month_on, value::double as value from kpi_success_trend
        order by criterion_code, month_on
        """
    )


def engagement(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Learning engagement by month, oldest first."""
    return warehouse.query(
        """
        select month_on, enrolled_count, ended_count, completed_count, course_completion_rate, session_count,
               average_session_minutes, active_people_count, returning_people_count, return_rate, scored_attempt_count,
               passed_attempt_count, assessment_pass_rate
        from kpi_engagement_monthly order by month_on
        """
    )


def certification(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Certification impact by month, oldest first."""
    return warehouse.query(
        """
        select month_on, new_certificate_count, renewed_count, due_for_renewal_count, renewal_rate,
               verification_request_count
        from kpi_certification_monthly order by month_on
        """
    )

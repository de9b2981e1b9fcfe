"""What training cost, what technicians' jobs yielded and what was estimated from both. Source: US-TC020."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import CostKind, EffectState, OutcomeKind

MONEY = Numeric(14, 2)
MEASURE = Numeric(18, 6)


class HourlyWage(HasTimes, Base):
    """What an hour of a person costs her organization, from a day on; shown to who manages costs there alone."""

    __tablename__ = "hourly_wages"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]
    currency: Mapped[str]


class TrainingCost(HasId, HasTimes, Base):
    """One amount paid for training: of a person, or without one for a course as a whole (its instructor's time)."""

    __tablename__ = "training_costs"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("minutes > 0", name="minutes_positive"),
        CheckConstraint("person_id is not null or course_id is not null", name="of_somebody_or_something"),
        UniqueConstraint("organization_id", "source_key"),
        Index("ix_training_costs_organization_id", "organization_id", "incurred_on"),
        Index("ix_training_costs_import_id", "import_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    course_id: Mapped[UUID | None] = mapped_column(ForeignKey("courses.id"))
    cost_kind: Mapped[CostKind]
    incurred_on: Mapped[date]
    # Of paid hours; the amount then is these at the wage in force on the day.
    minutes: Mapped[int | None]
    amount: Mapped[Decimal] = mapped_column(MONEY)
    currency: Mapped[str]
    note: Mapped[str] = mapped_column(default="", server_default="")
    # The number the amount has where it came from, so that it comes in once.
    source_key: Mapped[str | None]
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("import_batches.id"))
    withdrawn_at: Mapped[datetime | None]


class UnitValue(HasTimes, Base):
    """What one unit of an outcome is worth to an organization, from a day on: one callback avoided, one hour saved."""

    __tablename__ = "unit_values"
    __table_args__ = (CheckConstraint("amount >= 0", name="amount_not_negative"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    outcome_kind: Mapped[OutcomeKind] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[Decimal] = mapped_column(MONEY)
    currency: Mapped[str]


class JobOutcome(HasId, HasTimes, Base):
    """One finished job of one technician, by the number the company gave it; null where the source did not tell."""

    __tablename__ = "job_outcomes"
    __table_args__ = (
        UniqueConstraint("organization_id", "job_number"),
        CheckConstraint("incident_count >= 0", name="incidents_not_negative"),
        CheckConstraint("hours >= 0", name="hours_not_negative"),
        CheckConstraint("units_maintained >= 0", name="units_not_negative"),
        Index("ix_job_outcomes_person_id", "organization_id", "person_id", "finished_on"),
        Index("ix_job_outcomes_import_id", "import_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    job_number: Mapped[str]
    finished_on: Mapped[date]
    is_first_time_fix: Mapped[bool | None]
    is_callback: Mapped[bool | None]
    is_rework: Mapped[bool | None]
    incident_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    hours: Mapped[Decimal | None]
    units_maintained: Mapped[int | None]
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("import_batches.id"))


class OutcomeMonth(HasTimes, Base):
    """The jobs of one technician in one month, summed as in the ledger; `version` counts the corrections."""

    __tablename__ = "outcome_months"
    __table_args__ = (CheckConstraint("extract(day from month) = 1", name="month_is_its_first_day"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    job_count: Mapped[int]
    first_time_fix_count: Mapped[int]
    first_time_fix_known_count: Mapped[int]
    callback_count: Mapped[int]
    callback_known_count: Mapped[int]
    rework_count: Mapped[int]
    rework_known_count: Mapped[int]
    incident_count: Mapped[int]
    hours: Mapped[Decimal] = mapped_column(MONEY)
    hours_known_count: Mapped[int]
    units_maintained: Mapped[int]


class RoiEstimate(HasId, Base):
    """What training changed in one outcome of an organization: over all its courses, or through one.

    `details` holds the event study, tests and plain sentences, as the model returned them.
    """

    __tablename__ = "roi_estimates"
    __table_args__ = (
        Index("ix_roi_estimates_organization_id", "organization_id", "estimated_at"),
        Index(
            "uq_roi_estimates_current",
            "organization_id",
            "outcome_kind",
            text("coalesce(course_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            unique=True,
            postgresql_where=text("is_current"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    course_id: Mapped[UUID | None] = mapped_column(ForeignKey("courses.id"))
    outcome_kind: Mapped[OutcomeKind]
    state: Mapped[EffectState]
    effect: Mapped[Decimal | None] = mapped_column(MEASURE)
    low: Mapped[Decimal | None] = mapped_column(MEASURE)
    high: Mapped[Decimal | None] = mapped_column(MEASURE)
    trained_count: Mapped[int]
    compared_count: Mapped[int]
    month_count: Mapped[int]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    panel_sha256: Mapped[str]
    ledger_size: Mapped[int]
    estimated_at: Mapped[datetime]
    is_current: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class IncomeContext(HasId, HasTimes, Base):
    """Published median incomes around certification: context beside an own estimate, never mixed with it."""

    __tablename__ = "income_contexts"
    __table_args__ = (UniqueConstraint("source", "trade", "jurisdiction", "cohort_year", "years_from_certification"),)

    source: Mapped[str]
    trade: Mapped[str]
    jurisdiction: Mapped[str]
    cohort_year: Mapped[int]
    years_from_certification: Mapped[int]
    median_income: Mapped[Decimal] = mapped_column(MONEY)
    currency: Mapped[str]
    person_count: Mapped[int | None]

"""Bodies of costs, wages, unit values, job results and returns. Source: training-platform seed, US-TC020.

Amounts are sent and told as text, so that no cent is lost on the way.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.schemas.compliance import RequestBody
from operational_db.imports.outcomes_service import MOST_ROWS_OF_DATA
from operational_db.types import CostKind, EffectState, OutcomeKind

Currency = Annotated[str, StringConstraints(min_length=3, max_length=3)]
Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]
Note = Annotated[str, StringConstraints(max_length=300)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class CostRequest(RequestBody):
    """Of a person, of a course as a whole, or of a person in a course; paid hours have an endpoint of their own."""

    cost_kind: CostKind
    incurred_on: date
    amount: Money
    currency: Currency
    person_id: UUID | None = None
    course_id: UUID | None = None
    note: Note = ""
    source_key: Key | None = Field(default=None, description="Its number where it comes from; it comes in once.")


class PaidHoursRequest(RequestBody):
    """The wage in force on the day gives the amount."""

    person_id: UUID
    minutes: int = Field(gt=0)
    incurred_on: date
    course_id: UUID | None = None
    note: Note = ""
    source_key: Key | None = None


class CostBody(BaseModel):
    """Of paid hours, person and minutes are told only to who may see wages."""

    model_config = ConfigDict(from_attributes=True)

    cost_id: UUID
    organization_id: UUID
    cost_kind: CostKind
    incurred_on: date
    person_id: UUID | None
    person_name: str | None
    course_id: UUID | None
    course_title: str | None
    minutes: int | None
    amount: Decimal
    currency: str
    note: str
    withdrawn_at: datetime | None


class ProposedCostBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    key: str
    cost_kind: CostKind
    incurred_on: date
    person_id: UUID
    person_name: str
    course_id: UUID
    course_title: str
    minutes: int | None
    amount: Decimal | None
    currency: str | None
    problem: str | None = Field(description="Why it cannot be recorded; absent when it can.")


class TakeProposalsRequest(RequestBody):
    keys: list[Key] | None = Field(default=None, max_length=10_000, description="Absent: all without a problem.")
    since: date | None = None


class CostsMade(BaseModel):
    cost_ids: list[UUID]


class WageRequest(RequestBody):
    person_id: UUID
    starts_on: date
    amount: Annotated[Decimal, Field(gt=0, max_digits=8, decimal_places=2)]
    currency: Currency


class WageBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    person_id: UUID
    person_name: str
    starts_on: date
    amount: Decimal
    currency: str


class UnitValueRequest(RequestBody):
    """What one unit is worth from a day on; today when absent. Zero leaves the outcome unvalued."""

    outcome_kind: OutcomeKind
    amount: Money
    currency: Currency
    starts_on: date | None = None


class UnitValueBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    outcome_kind: OutcomeKind
    unit: str
    starts_on: date
    amount: Decimal
    currency: str


class JobBody(RequestBody):
    """One finished job, as in the layout of `sitesync import outcomes`; what is absent is not known.

    Values are checked job by job, so that one wrong job takes no other down.
    """

    person: str = Field(max_length=320, description="E-mail address or id of the technician.")
    job_number: str = Field(max_length=400)
    finished_on: str = Field(max_length=40, description="Day, as 2026-10-31.")
    first_time_fix: bool | None = None
    callback: bool | None = None
    rework: bool | None = None
    incidents: int | None = None
    hours: Decimal | None = None
    units_maintained: int | None = None


class OutcomesRequest(RequestBody):
    jobs: list[JobBody] = Field(min_length=1, max_length=MOST_ROWS_OF_DATA)


class ImportBody(BaseModel):
    """What became of the rows: counts, and of refused ones line (counted from 1), column, reason and remedy."""

    import_id: UUID | None = Field(description="Absent after a dry run.")
    read: int
    added: int
    changed: int
    unchanged: int
    refused: int
    refused_rows: list[dict[str, Any]]
    noted_rows: list[dict[str, Any]]


class EstimateBody(BaseModel):
    """Effect and interval (95 %) in the outcome's unit; `details` holds event study, tests and plain sentences."""

    model_config = ConfigDict(from_attributes=True)

    estimate_id: UUID
    course_id: UUID | None = Field(description="Absent: over all courses.")
    course_title: str | None
    outcome_kind: OutcomeKind
    state: EffectState
    effect: float | None
    low: float | None
    high: float | None
    trained_count: int
    compared_count: int
    month_count: int
    details: dict[str, Any]
    panel_sha256: str
    ledger_size: int
    estimated_at: datetime


class EstimatesMadeBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    new_count: int
    same_count: int


class ReturnBody(BaseModel):
    """`roi` 0.5: half the cost was earned on top of it. Intervals of 95 %; `state` says why a number is absent."""

    state: str
    cost: float | None
    benefit: float | None
    benefit_low: float | None
    benefit_high: float | None
    roi: float | None
    roi_low: float | None
    roi_high: float | None
    currency: str | None
    interval_kind: str | None
    valued_count: int
    counted_count: int


class CourseReturnBody(ReturnBody):
    course_id: UUID
    course_title: str | None


class TeamReturnBody(ReturnBody):
    team_id: UUID
    team_name: str | None


class EffectBody(BaseModel):
    course_id: UUID | None
    outcome_kind: str
    state: str
    effect: float | None
    low: float | None
    high: float | None
    trained_count: int
    compared_count: int
    month_count: int
    reason: str | None
    what_would_change: str | None
    estimated_at: datetime
    ledger_size: int


class ReturnsBody(BaseModel):
    """The same figures as on the dashboard; `ledger_size` and `root_hash` say what they rest on."""

    organization_id: UUID
    as_of: datetime
    ledger_size: int
    root_hash: str
    company: ReturnBody | None
    courses: list[CourseReturnBody]
    teams: list[TeamReturnBody]
    effects: list[EffectBody]

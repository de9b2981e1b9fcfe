"""What the services of costs, wages, unit values and estimates return, and what an estimator has to hand over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

import polars as pl

from operational_db.types import CostKind, EffectState, OutcomeKind


@dataclass(frozen=True)
class CostView:
    """One recorded cost. Of paid hours, person and minutes show only to who may see wages."""

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


@dataclass(frozen=True)
class CostFilters:
    cost_kind: CostKind | None = None
    person_id: UUID | None = None
    course_id: UUID | None = None
    from_on: date | None = None
    to_on: date | None = None
    has_withdrawn: bool = False


@dataclass(frozen=True)
class ProposedCost:
    """A cost that an enrollment suggests. `key` tells it apart for good; with a `problem` it cannot be recorded."""

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
    problem: str | None


@dataclass(frozen=True)
class WageView:
    person_id: UUID
    person_name: str
    starts_on: date
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class UnitValueView:
    """`unit` says in words what the amount is for."""

    outcome_kind: OutcomeKind
    unit: str
    starts_on: date
    amount: Decimal
    currency: str


class EffectFound(Protocol):
    """What an estimator found for one outcome: effect and interval in the outcome's own unit, and all it can explain.

    `state` is a value of `EffectState`; `details` is JSON: event study, tests, plain sentences.
    """

    @property
    def state(self) -> str: ...
    @property
    def effect(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def trained_count(self) -> int: ...
    @property
    def compared_count(self) -> int: ...
    @property
    def month_count(self) -> int: ...
    @property
    def details(self) -> Mapping[str, Any]: ...


# Panels by outcome in, what was found of each out.
Estimator = Callable[[Mapping[str, pl.DataFrame]], Mapping[str, EffectFound]]


@dataclass(frozen=True)
class EstimateWanted:
    """An estimate to be recorded: of one outcome over all courses, or through one."""

    outcome_kind: OutcomeKind
    course_id: UUID | None
    found: EffectFound
    panel_sha256: str


@dataclass(frozen=True)
class EstimateView:
    estimate_id: UUID
    organization_id: UUID
    course_id: UUID | None
    course_title: str | None
    outcome_kind: OutcomeKind
    state: EffectState
    effect: Decimal | None
    low: Decimal | None
    high: Decimal | None
    trained_count: int
    compared_count: int
    month_count: int
    details: Mapping[str, Any]
    panel_sha256: str
    ledger_size: int
    estimated_at: datetime


@dataclass(frozen=True)
class EstimatesMade:
    """How many estimates of an organization are new, and how many came out as before."""

    organization_id: UUID
    new_count: int
    same_count: int

"""An owner's contractors by their scorecards, already cut to the owner.

Of other owners' contractors a card holds one thing: how large a share of them lies no higher, where there are enough of
them that it gives none away.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

NEEDED_VIEWS = frozenset({"contractor_scorecard", "contractor_requirement_coverage", "dim_service_contract"})
# How many contractors there must be before one is compared with the others (the marts leave fewer out).
FEWEST_COMPARED = 5
TREND_DAYS = 90
SORTS = {
    "Lowest coverage first": "requirement_coverage asc nulls last, name, contractor_id",
    "Most hours first": "training_hours_per_technician desc nulls last, name, contractor_id",
    "Most dependent on one first": "one_deep_count desc, name, contractor_id",
    "Name": "name, contractor_id",
}
_CARDS = """
    with visits as (
        select contractor_id, min(planned_on) as next_visit_on from fct_visit where is_ahead group by contractor_id
    )
    select s.contractor_id, o.name, s.technician_count, s.requirement_count, s.covered_count, s.requirement_coverage,
           s.certificates_in_date_rate, s.one_deep_count, s.expiring_before_visit_count,
           s.training_hours_per_technician, s.training_spend_per_technician, s.currency,
           s.trend_requirement_coverage, s.trend_certificates_in_date_rate, s.trend_training_hours_per_technician,
           s.trend_training_spend_per_technician, s.quantile_requirement_coverage,
           s.quantile_certificates_in_date_rate, s.quantile_training_hours_per_technician,
           s.quantile_training_spend_per_technician, v.next_visit_on
    from contractor_scorecard as s
    left join dim_organization as o on o.organization_id = s.contractor_id
    left join visits as v on v.contractor_id = s.contractor_id
"""


@dataclass(frozen=True)
class Card:
    """A contractor's scorecard; rates and quantiles are shares (0-1), trends differences to 90 days before."""

    contractor_id: str
    name: str
    technician_count: int
    requirement_count: int
    covered_count: int
    requirement_coverage: float | None
    certificates_in_date_rate: float | None
    one_deep_count: int
    expiring_before_visit_count: int
    training_hours_per_technician: float | None
    training_spend_per_technician: float | None
    currency: str | None
    trend_requirement_coverage: float | None
    trend_certificates_in_date_rate: float | None
    trend_training_hours_per_technician: float | None
    trend_training_spend_per_technician: float | None
    quantile_requirement_coverage: float | None
    quantile_certificates_in_date_rate: float | None
    quantile_training_hours_per_technician: float | None
    quantile_training_spend_per_technician: float | None
    next_visit_on: date | None


def listing() -> Listing:
    """One row a contractor with a contract today."""
    return Listing(_CARDS, SORTS)


def cards(warehouse: ScopedWarehouse, *, sort: str, limit: int) -> list[Card]:
    """The first scorecards in an order of `SORTS`."""
    frame = warehouse.query(
        f"select * from ({_CARDS}) as cards order by {SORTS[sort]} limit $row_limit",  # noqa: S608 - constants
        {"row_limit": limit},
    )
    return [Card(**row) for row in frame.to_dicts()]


def card_of(warehouse: ScopedWarehouse, *, contractor_id: str) -> Card | None:
    """One contractor's scorecard; None when it has no contract with the owner."""
    frame = warehouse.query(
        f"select * from ({_CARDS}) as cards where contractor_id = try_cast($contractor_id as uuid)",  # noqa: S608
        {"contractor_id": contractor_id},
    )
    return Card(**frame.row(0, named=True)) if frame.height else None


@dataclass(frozen=True)
class Totals:
    contractor_count: int
    covered_count: int
    requirement_count: int
    one_deep_contractor_count: int
    expiring_contractor_count: int
    is_compared: bool


def totals(warehouse: ScopedWarehouse) -> Totals:
    """Over all contractors of the owner."""
    frame = warehouse.query(
        """
        select count(*) as contractor_count, coalesce(sum(covered_count), 0)::bigint as covered_count,
               coalesce(sum(requirement_count), 0)::bigint as requirement_count,
               count(*) filter (where one_deep_count > 0) as one_deep_contractor_count,
               count(*) filter (where expiring_before_visit_count > 0) as expiring_contractor_count,
               coalesce(bool_or(quantile_training_hours_per_technician is not null), false) as is_compared
        from contractor_scorecard
        """
    )
    return Totals(**frame.row(0, named=True))


def requirements_of(warehouse: ScopedWarehouse, *, contractor_id: str) -> pl.DataFrame:
    """How a contractor answers each of the owner's rules: rule_id, unit_count, is_covered, covered_until,
    qualified_count, is_one_deep, expires_before_visit_count; what is uncovered first.
    """
    return warehouse.query(
        """
        select rule_id, unit_count, is_covered, covered_until, qualified_count, is_one_deep, next_visit_on,
               expires_before_visit_count,
               case when not is_covered then 'uncovered' when is_one_deep then 'one_deep' else 'covered' end as state
        from contractor_requirement_coverage where contractor_id = try_cast($contractor_id as uuid)
        order by is_covered, is_one_deep desc, unit_count desc, rule_id
        """,
        {"contractor_id": contractor_id},
    )

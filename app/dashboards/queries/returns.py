"""What training of one organization cost and returned; incomes around certification as published, apart from it."""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

NEEDED_VIEWS = frozenset(
    {
        "roi_company",
        "roi_course",
        "roi_team",
        "roi_outcome",
        "roi_effect",
        "roi_event_study",
        "training_cost_monthly",
        "outcome_panel",
        "income_context",
    }
)
SORTS = {
    "Highest cost first": "cost desc nulls last, name nulls last, subject_id",
    "Highest return first": "roi desc nulls last, name nulls last, subject_id",
    "Name": "name nulls last, subject_id",
}
_RETURN = """
    r.state, r.cost, r.benefit, r.benefit_low, r.benefit_high, r.roi, r.roi_low, r.roi_high, r.currency,
    r.training_hours, r.valued_count, r.counted_count
"""


@dataclass(frozen=True)
class Return:
    """Cost, benefit and return (0.5: half the cost earned on top), 95 % intervals; `state` says why one is absent."""

    state: str
    cost: float | None
    benefit: float | None
    benefit_low: float | None
    benefit_high: float | None
    roi: float | None
    roi_low: float | None
    roi_high: float | None
    currency: str | None
    training_hours: float
    valued_count: int
    counted_count: int


@dataclass(frozen=True)
class Records:
    """How much of technicians' results is on record; `trained_count` of them completed a course."""

    technician_count: int
    trained_count: int
    month_count: int
    job_count: int
    first_month: date | None
    last_month: date | None


@dataclass(frozen=True)
class Effect:
    """What training changed in one outcome, over all courses or one; all of the estimate's own words."""

    estimate_id: str
    course_id: str | None
    course_title: str | None
    outcome_kind: str
    state: str
    effect: float | None
    low: float | None
    high: float | None
    without_training: float | None
    trained_count: int
    compared_count: int
    month_count: int
    pre_trend_p: float | None
    placebo_p: float | None
    reason: str | None
    what_would_change: str | None
    ledger_size: int
    estimated_at: datetime


def company(warehouse: ScopedWarehouse) -> Return | None:
    """The organization's return over all its courses; None when nothing of it is on record."""
    frame = warehouse.query(f"select {_RETURN} from roi_company as r")  # noqa: S608 - a constant of this module
    return Return(**frame.row(0, named=True)) if frame.height else None


def records(warehouse: ScopedWarehouse) -> Records:
    """Months and jobs on record."""
    frame = warehouse.query(
        """
        select count(distinct person_id) as technician_count,
               count(distinct person_id) filter (where trained_on is not null) as trained_count,
               count(distinct month) as month_count, coalesce(sum(job_count), 0)::bigint as job_count,
               min(month) as first_month, max(month) as last_month
        from outcome_panel
        """
    )
    return Records(**frame.row(0, named=True))


def by_course() -> Listing:
    """One row a course with a cost or an estimate: name, state, cost, benefit, roi and their intervals."""
    sql = f"""
        select r.course_id::varchar as subject_id, c.title as name, {_RETURN}
        from roi_course as r left join dim_course as c on c.course_id = r.course_id
        """  # noqa: S608 - a constant of this module
    return Listing(sql, SORTS)


def by_team() -> Listing:
    """One row a team, with the company's change on its jobs."""
    sql = f"""
        select r.team_id::varchar as subject_id, t.name, {_RETURN}
        from roi_team as r left join dim_team as t on t.team_id = r.team_id
        """  # noqa: S608 - a constant of this module
    return Listing(sql, SORTS)


def effects(warehouse: ScopedWarehouse) -> list[Effect]:
    """The current estimates, those over all courses first."""
    frame = warehouse.query(
        """
        select e.estimate_id::varchar as estimate_id, e.course_id::varchar as course_id, c.title as course_title,
               e.outcome_kind, e.state, e.effect, e.low, e.high, e.without_training, e.trained_count,
               e.compared_count, e.month_count, e.pre_trend_p, e.placebo_p, e.reason, e.what_would_change,
               e.ledger_size, e.estimated_at
        from roi_effect as e left join dim_course as c on c.course_id = e.course_id
        order by e.course_id is not null, c.title, e.course_id, e.outcome_kind
        """
    )
    return [Effect(**row) for row in frame.iter_rows(named=True)]


def event_study(warehouse: ScopedWarehouse, *, estimate_id: str) -> pl.DataFrame:
    """Months from training: month_offset, effect, low, high, trained_count."""
    return warehouse.query(
        """
        select month_offset, effect, low, high, trained_count from roi_event_study
        where estimate_id = try_cast($estimate_id as uuid) order by month_offset
        """,
        {"estimate_id": estimate_id},
    )


def contributions(warehouse: ScopedWarehouse, *, course_id: str | None) -> pl.DataFrame:
    """What each valued outcome adds to the return: outcome_kind, state, units, unit_value, benefit and its interval."""
    return warehouse.query(
        """
        select outcome_kind, state, units, unit_value, benefit, benefit_low, benefit_high, currency
        from roi_outcome
        where course_id is not distinct from try_cast($course_id::varchar as uuid)
        order by benefit desc nulls last, outcome_kind
        """,
        {"course_id": course_id},
    )


_COST_NAMES = {
    "kind": "m.cost_kind",
    "course": "coalesce(c.title, 'No course in particular')",
    "team": "coalesce(t.name, 'No team')",
}


def costs_by(warehouse: ScopedWarehouse, *, part: str, since: date | None) -> pl.DataFrame:
    """Cost by `kind`, `course` or `team`: label, currency, amount, cost_count; the largest first."""
    return warehouse.query(
        f"""
        select {_COST_NAMES[part]} as label, m.currency, sum(m.amount)::double as amount,
               sum(m.cost_count)::bigint as cost_count
        from training_cost_monthly as m
        left join dim_course as c on c.course_id = m.course_id
        left join dim_team as t on t.team_id = m.team_id
        where $since::date is null or m.month >= $since::date
        group by all order by amount desc, label
        """,  # noqa: S608 - constants of this module
        {"since": since},
    )


def income_trades(warehouse: ScopedWarehouse) -> list[str]:
    """Trades that incomes are published of."""
    return warehouse.query("select distinct trade from income_context order by trade")["trade"].to_list()


def income_places(warehouse: ScopedWarehouse, *, trade: str) -> list[str]:
    """Jurisdictions with incomes of a trade, the one with the most values first."""
    frame = warehouse.query(
        """
        select jurisdiction from income_context where trade = $trade
        group by jurisdiction order by count(*) desc, jurisdiction
        """,
        {"trade": trade},
    )
    return frame["jurisdiction"].to_list()


def incomes(warehouse: ScopedWarehouse, *, trade: str, jurisdiction: str) -> pl.DataFrame:
    """Median incomes around certification by the year of it; source, currency, cohort_year, years, median, people."""
    return warehouse.query(
        """
        select source, currency, cohort_year, years_from_certification, median_income::double as median_income,
               person_count
        from income_context where trade = $trade and jurisdiction = $jurisdiction
        order by cohort_year, years_from_certification
        """,
        {"trade": trade, "jurisdiction": jurisdiction},
    )

"""Compliance of one organization: now, over time, by category and team. The warehouse is already cut to it."""

from dataclasses import dataclass

import polars as pl

from operational_db.releases.reader import ScopedWarehouse

COMPLIANCE_TARGET = 0.95
TARGET_SOURCE = (
    "The target of 95 % is the product's working goal for required training. It comes from no law and from no rule of "
    "your organization; overdue training counts against you at any rate."
)
DUE_SOON_DAYS = 14


@dataclass(frozen=True)
class Headline:
    """Compliance now; `counted_count` is what the rate is measured against (required, not exempt)."""

    required_count: int
    exempted_count: int
    completed_count: int
    in_progress_count: int
    pending_count: int
    overdue_count: int
    compliance_rate: float | None
    due_14_days_count: int
    expiring_30_days_count: int
    expired_count: int
    people_count: int
    people_overdue_count: int

    @property
    def counted_count(self) -> int:
        return self.required_count - self.exempted_count


def headline(warehouse: ScopedWarehouse) -> Headline | None:
    """The organization's figures; None when nothing is required of anybody."""
    frame = warehouse.query(
        """
        select required_count, exempted_count, completed_count, in_progress_count, pending_count, overdue_count,
               compliance_rate, due_14_days_count, expiring_30_days_count, expired_count, people_count,
               people_overdue_count
        from compliance_by_organization
        """
    )
    return None if frame.is_empty() else Headline(**frame.row(0, named=True))


_POINTS = "as_of_on, required_count, exempted_count, completed_count, compliance_rate"


def trend(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Thirteen month ends and today: the rate, and how many trainings were overdue, due, expiring and expired then."""
    return warehouse.query(
        f"""
        select {_POINTS}, overdue_count, due_14_days_count, expiring_30_days_count, expired_count
        from compliance_trend order by as_of_on
        """  # noqa: S608 - a constant
    )


def forecast(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """30, 60 and 90 days ahead: what remains when nobody renews, and what the pace of the past year makes expected.

    `expected_rate` with `low` and `high` is empty where too few renewals came due to read a pace from;
    `pace_renewed_count` of `pace_due_count` is that pace.
    """
    return warehouse.query(
        f"""
        select {_POINTS}, expected_rate, low, high, pace_due_count, pace_renewed_count
        from compliance_forecast order by as_of_on
        """  # noqa: S608 - a constant
    )


def by_category(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Label (category code), completed_count, counted_count, overdue_count, compliance_rate."""
    return warehouse.query(
        """
        select category as label, completed_count, required_count - exempted_count as counted_count, overdue_count,
               compliance_rate
        from compliance_by_category order by label
        """
    )


def by_team(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """The same by team; people without a team stand under "No team"."""
    return warehouse.query(
        """
        select coalesce(t.name, 'No team') as label, c.completed_count,
               c.required_count - c.exempted_count as counted_count, c.overdue_count, c.compliance_rate
        from compliance_by_team as c left join dim_team as t on t.team_id = c.team_id
        order by label
        """
    )


def teams(warehouse: ScopedWarehouse) -> dict[str, str]:
    """Team names by id, in the order of names."""
    frame = warehouse.query("select team_id, name from dim_team order by name, team_id")
    return dict(frame.iter_rows())


def categories(warehouse: ScopedWarehouse) -> list[str]:
    """Categories something is required in."""
    return warehouse.query("select distinct category from fct_required_training order by category")[
        "category"
    ].to_list()

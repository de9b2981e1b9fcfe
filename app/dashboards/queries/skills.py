"""Skills of one organization: who holds which kind of certificate, how many hold each, and when they end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

KIND_COLUMN = "kind_{}"
ANYBODY = "Anybody"
STATUS_FILTERS = {
    ANYBODY: "true",
    "Lacks what is required": "s.is_required and s.status <> 'active'",
    "Ending in 90 days": "s.status = 'active' and s.days_to_expiry between 0 and 90",
    "Alone with a kind": "s.status = 'active' and d.is_one_deep",
    "Waiting to be verified": "s.status = 'pending_verification'",
}
SORTS = {
    "Person": "display_name, person_id",
    "Most held first": "held_count desc, display_name, person_id",
    "Most lacking first": "lacking_count desc, display_name, person_id",
    "Team": "team_name nulls last, display_name, person_id",
}
DEPTH_SORTS = {
    "Fewest first": "holder_count, name, certification_id",
    "Most lacking first": "short_count desc, holder_count, name, certification_id",
    "Next to end first": "next_expiry_on nulls last, name, certification_id",
    "Name": "name, certification_id",
}
DEPTHS = {
    "All": "true",
    "One person deep": "d.is_one_deep",
    "Held by nobody": "d.holder_count = 0",
    "Required and lacking": "d.short_count > 0",
}
_CELL = """
    any_value(case when s.status = 'active' and s.days_to_expiry <= 30 then 'expiring' else s.status end)
    filter (where s.certification_id = $kind_{}::uuid)
    """


@dataclass(frozen=True)
class Kind:
    """A kind of certificate somebody here holds or needs; `holder_count` counts those it holds for today."""

    certification_id: str
    name: str
    holder_count: int
    required_count: int
    short_count: int
    expiring_90_days_count: int
    next_expiry_on: date | None
    is_one_deep: bool


def kinds(warehouse: ScopedWarehouse) -> list[Kind]:
    """The kinds, the most widely required and held first."""
    frame = warehouse.query(
        """
        select d.certification_id::varchar as certification_id, c.name, d.holder_count, d.required_count,
               d.short_count, d.expiring_90_days_count, d.next_expiry_on, d.is_one_deep
        from skill_depth as d join dim_certification as c on c.certification_id = d.certification_id
        order by d.required_count desc, d.holder_count desc, c.name, d.certification_id
        """
    )
    return [Kind(**row) for row in frame.iter_rows(named=True)]


def matrix(*, shown: Sequence[Kind], status: str = ANYBODY, team_id: str | None = None, search: str = "") -> Listing:
    """One row a member, with a status for each kind (columns `kind_0`, `kind_1`, …); empty where none was ever held."""
    cells = "".join(f", {_CELL.format(i)} as {KIND_COLUMN.format(i)}" for i in range(len(shown)))
    sql = f"""
        with members as (
            select person_id, arg_max(team_id, started_on) as team_id
            from dim_membership where is_current group by person_id
        )
        select p.person_id, p.display_name, t.name as team_name,
               count(*) filter (where s.status = 'active') as held_count,
               count(*) filter (where s.is_required and s.status <> 'active') as lacking_count,
               min(s.expires_on) filter (where s.status = 'active') as next_expiry_on
               {cells}
        from members as m
        join dim_person as p on p.person_id = m.person_id
        left join dim_team as t on t.team_id = m.team_id
        left join skill_matrix as s on s.person_id = m.person_id
        left join skill_depth as d on d.certification_id = s.certification_id
        where ($team_id::varchar is null or m.team_id = try_cast($team_id::varchar as uuid))
          and ($search = '' or contains(lower(p.display_name), lower($search)))
        group by p.person_id, p.display_name, t.name
        having count(*) filter (where {STATUS_FILTERS[status]}) > 0
        """  # noqa: S608 - only constants of this module and numbered names are put in; values are parameters
    values = {f"kind_{i}": kind.certification_id for i, kind in enumerate(shown)}
    return Listing(sql, SORTS, {"search": search.strip(), "team_id": team_id, **values})


def depth(*, which: str, search: str = "") -> Listing:
    """Kinds by how many hold them; `holder` is the one person where it hangs on one."""
    sql = f"""
        select d.certification_id, c.name, d.holder_count, d.required_count, d.short_count, d.expiring_90_days_count,
               d.next_expiry_on, h.display_name as holder, h.person_id
        from skill_depth as d
        join dim_certification as c on c.certification_id = d.certification_id
        left join (
            select s.certification_id, any_value(p.display_name) as display_name, any_value(p.person_id) as person_id
            from skill_matrix as s join dim_person as p on p.person_id = s.person_id
            where s.status = 'active' group by s.certification_id having count(distinct s.person_id) = 1
        ) as h on h.certification_id = d.certification_id
        where {DEPTHS[which]} and ($search = '' or contains(lower(c.name), lower($search)))
        """  # noqa: S608 - a constant of this module
    return Listing(sql, DEPTH_SORTS, {"search": search.strip()})


def calendar(warehouse: ScopedWarehouse, *, today: date) -> pl.DataFrame:
    """Last days in this month and the eleven after it: on_date, expiring_count, required_count."""
    return warehouse.query(
        """
        select on_date, sum(expiring_count)::bigint as expiring_count, sum(required_count)::bigint as required_count
        from expiry_calendar
        where on_date >= $today::date and on_date < date_trunc('month', $today::date) + interval 12 month
        group by on_date order by on_date
        """,
        {"today": today},
    )


def renewals_by_month(warehouse: ScopedWarehouse, *, today: date) -> pl.DataFrame:
    """The past twelve full months: month, due_count, renewed_count, renewal_rate, median_lead_days."""
    return warehouse.query(
        """
        select month, due_count, renewed_count, renewed_in_time_count, renewal_rate, median_lead_days
        from renewal_monthly
        where month >= date_trunc('month', $today::date) - interval 12 month
          and month < date_trunc('month', $today::date)
        order by month
        """,
        {"today": today},
    )

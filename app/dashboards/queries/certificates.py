"""Certificates of one organization's people: what lapses, what lapsed, and how fast renewals come."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

# The latest certificate of a person and kind; a renewed one is history.
_CURRENT = "f.renewed_by_id is null and not f.is_withdrawn and f.status <> 'revoked'"
STATES = {
    "Next 30 days": "f.expires_on between $today::date and $today::date + 30",
    "Next 90 days": "f.expires_on between $today::date and $today::date + 90",
    "Expired": "f.expires_on < $today::date",
    "Valid": "f.status = 'active'",
    "To be verified": "f.status = 'pending_verification'",
    "All": "true",
}
SORTS = {
    "Soonest first": "expires_on asc nulls last, display_name, certificate_id",
    "Latest first": "expires_on desc nulls last, display_name, certificate_id",
    "Person": "display_name, expires_on, certificate_id",
    "Certificate": "name, expires_on, certificate_id",
    "Team": "team_name nulls last, display_name, certificate_id",
}
_TEAM = """
    left join (
        select person_id, arg_max(team_id, started_on) as team_id from dim_membership
        where is_current group by person_id
    ) as m on m.person_id = f.person_id
    left join dim_team as t on t.team_id = m.team_id
    """


@dataclass(frozen=True)
class Counts:
    """Certificates that are the latest of their kind, by where they stand today."""

    held_count: int
    valid_count: int
    expiring_30_count: int
    expiring_90_count: int
    expired_count: int
    one_deep_count: int


def counts(warehouse: ScopedWarehouse, *, today: date) -> Counts:
    """The figures; `one_deep_count` is the number of kinds exactly one person holds validly."""
    frame = warehouse.query(
        f"""
        with latest as (select * from fct_certificate as f where {_CURRENT})
        select count(*) as held_count,
               count(*) filter (where f.status = 'active') as valid_count,
               count(*) filter (where f.status = 'active' and {STATES["Next 30 days"]}) as expiring_30_count,
               count(*) filter (where f.status = 'active' and {STATES["Next 90 days"]}) as expiring_90_count,
               count(*) filter (where {STATES["Expired"]}) as expired_count,
               (
                   select count(*) from (
                       select certification_id from latest where status = 'active'
                       group by certification_id having count(distinct person_id) = 1
                   )
               ) as one_deep_count
        from latest as f
        """,  # noqa: S608 - constants of this module
        {"today": today},
    )
    return Counts(**frame.row(0, named=True))


def lapses_by_month(warehouse: ScopedWarehouse, *, today: date) -> pl.DataFrame:
    """Last valid days in this month and the eleven after it: month_on, lapsing_count."""
    return warehouse.query(
        f"""
        with months as (
            select (date_trunc('month', $today::date) + to_months(range::int))::date as month_on from range(12)
        )
        select m.month_on, count(f.certificate_id) as lapsing_count
        from months as m
        left join fct_certificate as f
            on date_trunc('month', f.expires_on) = m.month_on and f.expires_on >= $today::date and {_CURRENT}
        group by all order by m.month_on
        """,  # noqa: S608 - a constant of this module
        {"today": today},
    )


@dataclass(frozen=True)
class RenewalPace:
    """Of the certificates whose last day fell in the past year, how many were renewed, and how many by that day."""

    lapsed_count: int
    renewed_count: int
    in_time_count: int


def renewal_pace(warehouse: ScopedWarehouse, *, today: date) -> RenewalPace:
    """The past year's renewals."""
    frame = warehouse.query(
        """
        select count(*) as lapsed_count,
               count(n.certificate_id) as renewed_count,
               count(*) filter (where n.issued_on <= f.expires_on) as in_time_count
        from fct_certificate as f
        left join fct_certificate as n on n.certificate_id = f.renewed_by_id
        where f.expires_on >= $today::date - 365 and f.expires_on < $today::date
          and not f.is_withdrawn and f.status <> 'revoked'
        """,
        {"today": today},
    )
    return RenewalPace(**frame.row(0, named=True))


def kinds(warehouse: ScopedWarehouse) -> dict[str, str]:
    """Names of the kinds anybody in sight holds, by id."""
    frame = warehouse.query(
        """
        select c.certification_id, c.name from dim_certification as c
        where c.certification_id in (select certification_id from fct_certificate) order by c.name, c.certification_id
        """
    )
    return dict(frame.iter_rows())


def listing(
    *, today: date, state: str, team_id: str | None = None, certification_id: str | None = None, search: str = ""
) -> Listing:
    """The latest certificates in a state."""
    sql = f"""
        select f.certificate_id, f.person_id, p.display_name, c.name, t.name as team_name, f.issued_on, f.expires_on,
               date_diff('day', $today::date, f.expires_on) as days_left,
               case when f.expires_on < $today::date then 'expired'
                    when f.status = 'active' and f.expires_on <= $today::date + 30 then 'expiring'
                    else f.status end as state
        from fct_certificate as f
        join dim_person as p on p.person_id = f.person_id
        left join dim_certification as c on c.certification_id = f.certification_id
        {_TEAM}
        where {_CURRENT} and {STATES[state]}
          and ($team_id::varchar is null or m.team_id = try_cast($team_id::varchar as uuid))
          and ($certification_id::varchar is null or f.certification_id = try_cast($certification_id::varchar as uuid))
          and ($search = '' or contains(lower(p.display_name), lower($search)))
        """  # noqa: S608 - constants of this module
    values = {"today": today, "team_id": team_id, "certification_id": certification_id, "search": search.strip()}
    return Listing(sql, SORTS, values)


def one_deep(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Kinds exactly one person holds validly: if that one is away, nobody may do the work."""
    return warehouse.query(
        """
        select c.name, any_value(p.display_name) as display_name, any_value(p.person_id) as person_id,
               max(f.expires_on) as expires_on
        from fct_certificate as f
        join dim_certification as c on c.certification_id = f.certification_id
        join dim_person as p on p.person_id = f.person_id
        where f.status = 'active' and f.renewed_by_id is null and not f.is_withdrawn
        group by c.certification_id, c.name having count(distinct f.person_id) = 1
        order by c.name
        """
    )

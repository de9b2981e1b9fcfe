"""Who is trained on the tracks of their persona, in one organization. The warehouse is already cut to it."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

COVERAGE_TARGET = 0.95
EXPIRING_DAYS = 30
ANY_TRACK = "All tracks"
STATES = {
    "Not trained": "not t.is_trained",
    "Expiring in 30 days": f"t.is_trained and t.days_to_expiry between 0 and {EXPIRING_DAYS}",
    "Lapsed": "not t.is_trained and t.first_trained_on is not null",
    "Never trained": "not t.is_trained and t.first_trained_on is null",
    "Trained": "t.is_trained",
    "All": "true",
}
SORTS = {
    "Not trained first": "is_trained, valid_until nulls first, display_name, persona, tier",
    "Next expiry first": "valid_until asc nulls last, display_name, persona, tier",
    "Name": "display_name, persona, tier",
}


@dataclass(frozen=True)
class TierCoverage:
    """Coverage of one tier over all personas; freshness is the average days until what is held expires."""

    required_count: int
    trained_count: int
    lapsed_count: int
    expiring_count: int
    average_days: float | None

    @property
    def rate(self) -> float | None:
        return self.trained_count / self.required_count if self.required_count else None


def by_tier(warehouse: ScopedWarehouse) -> dict[str, TierCoverage]:
    """Core and advanced; a tier that nobody needs is left out."""
    frame = warehouse.query(
        """
        select tier, sum(required_count)::bigint as required_count, sum(trained_count)::bigint as trained_count,
               sum(lapsed_count)::bigint as lapsed_count, sum(expiring_30_days_count)::bigint as expiring_count,
               sum(average_days_to_expiry * trained_count) / nullif(sum(trained_count), 0) as average_days
        from coverage_by_persona_track group by tier having sum(required_count) > 0
        """
    )
    return {row["tier"]: TierCoverage(**{k: v for k, v in row.items() if k != "tier"}) for row in frame.to_dicts()}


def by_track(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """One row a persona and tier: title, persona, tier, counts, coverage_rate (0-1), average_days_to_expiry."""
    return warehouse.query(
        """
        select c.persona || '/' || c.tier as track, coalesce(t.title, c.persona || ' ' || c.tier) as title, c.persona,
               c.tier, c.required_count, c.trained_count, c.coverage_rate, c.lapsed_count, c.expiring_30_days_count,
               c.average_days_to_expiry
        from coverage_by_persona_track as c left join dim_track as t on t.track_id = c.track_id
        where c.required_count > 0
        order by c.tier desc, c.coverage_rate, title
        """
    )


def people_listing(
    *, state: str, track: str | None = None, team_id: str | None = None, search: str = "", today: date
) -> Listing:
    """One row a person and track of her persona."""
    sql = f"""
        with members as (
            select person_id, arg_max(team_id, started_on) as team_id from dim_membership
            where is_current group by person_id
        )
        select t.person_id, p.display_name, k.title, t.persona, t.tier, t.is_trained, t.level, t.first_trained_on,
               t.valid_until, date_diff('day', $today::date, t.valid_until) as days_left, team.name as team_name,
               case when not t.is_trained and t.first_trained_on is not null then 'lapsed'
                    when not t.is_trained then 'not_trained'
                    when t.days_to_expiry between 0 and {EXPIRING_DAYS} then 'expiring'
                    else 'trained' end as state
        from training_by_person_track as t
        join dim_person as p on p.person_id = t.person_id
        left join dim_track as k on k.track_id = t.track_id
        left join members as m on m.person_id = t.person_id
        left join dim_team as team on team.team_id = m.team_id
        where {STATES[state]}
          and ($track::varchar is null or t.persona || '/' || t.tier = $track::varchar)
          and ($team_id::varchar is null or m.team_id = try_cast($team_id::varchar as uuid))
          and ($search = '' or contains(lower(p.display_name), lower($search)))
        """  # noqa: S608 - constants of this module
    return Listing(sql, SORTS, {"today": today, "track": track, "team_id": team_id, "search": search.strip()})

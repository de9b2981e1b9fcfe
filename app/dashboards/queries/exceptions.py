"""Who has access to an action without the training its gate asks for, as of the figures' day."""

from datetime import date

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

REASONS = {
    "All reasons": "true",
    "Never trained": "e.reason = 'never_trained'",
    "Lapsed": "e.reason = 'lapsed'",
    "Older version": "e.reason = 'superseded_version'",
    "Waived": "e.reason = 'waived'",
    "Left": "e.reason = 'no_longer_member'",
    "Not waived": "e.reason <> 'waived'",
}
SORTS = {
    "Longest first": "since_on, display_name, action",
    "Name": "display_name, action",
    "Action": "action, display_name",
    "Waiver ends first": "waived_through asc nulls last, display_name, action",
}


def counts(warehouse: ScopedWarehouse) -> dict[str, int]:
    """Exceptions by reason."""
    frame = warehouse.query("select reason, count(*) as exception_count from training_exception group by reason")
    return dict(frame.iter_rows())


def access_count(warehouse: ScopedWarehouse) -> int:
    """People and actions that some product allows today."""
    frame = warehouse.query("select count(distinct (person_id, action)) from fct_access where is_current")
    return int(frame.item(0, 0))


def actions(warehouse: ScopedWarehouse) -> list[str]:
    """Actions somebody has access to."""
    frame = warehouse.query("select distinct action from fct_access where is_current order by action")
    return frame["action"].to_list()


def protected_actions(warehouse: ScopedWarehouse) -> list[str]:
    """Actions with a gate: protected features, and whatever is on an access list."""
    frame = warehouse.query("select action from dim_feature union select action from fct_access order by action")
    return frame["action"].to_list()


def by_action(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """One row an action and reason: action, reason, exception_count, and access_count of the action."""
    return warehouse.query(
        """
        with access as (
            select action, count(distinct person_id) as access_count from fct_access where is_current group by action
        )
        select a.action, a.access_count, e.reason, count(e.person_id) as exception_count
        from access as a left join training_exception as e on e.action = a.action
        group by all order by a.action, e.reason
        """
    )


def listing(
    *, reason: str, action: str | None = None, team_id: str | None = None, search: str = "", today: date
) -> Listing:
    """One row a person and action."""
    sql = f"""
        with members as (
            select person_id, arg_max(team_id, started_on) as team_id from dim_membership
            where is_current group by person_id
        )
        select e.person_id, coalesce(p.display_name, 'Former member') as display_name, e.action, e.reason,
               e.since_on, e.waived_through, e.unmet_count,
               date_diff('day', e.since_on, $today::date) as days, t.name as team_name
        from training_exception as e
        left join dim_person as p on p.person_id = e.person_id
        left join members as m on m.person_id = e.person_id
        left join dim_team as t on t.team_id = m.team_id
        where {REASONS[reason]}
          and ($action::varchar is null or e.action = $action::varchar)
          and ($team_id::varchar is null or m.team_id = try_cast($team_id::varchar as uuid))
          and ($search = '' or contains(lower(coalesce(p.display_name, 'Former member')), lower($search)))
        """  # noqa: S608 - constants of this module
    return Listing(sql, SORTS, {"action": action, "team_id": team_id, "search": search.strip(), "today": today})

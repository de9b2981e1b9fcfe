"""What gates decided, by day, outcome and reason; a denial of a rule in dry run is "would be denied"."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

OUTCOME = "case when outcome = 'deny' and mode = 'dry_run' then 'would_deny' else outcome end"
OUTCOMES = {
    "All": "true",
    "Allowed": "d.outcome = 'allow'",
    "Denied": "d.outcome = 'deny' and d.mode = 'enforce'",
    "Would be denied": "d.outcome = 'deny' and d.mode = 'dry_run'",
}
SORTS = {
    "Latest first": "decided_at desc, leaf_index desc",
    "Oldest first": "decided_at, leaf_index",
    "Person": "display_name, decided_at desc",
    "Action": "action, decided_at desc",
}


@dataclass(frozen=True)
class Counts:
    allow: int = 0
    deny: int = 0
    would_deny: int = 0

    @property
    def total(self) -> int:
        return self.allow + self.deny + self.would_deny


def counts(warehouse: ScopedWarehouse, *, since: date, action: str | None = None) -> Counts:
    """Decisions since a day, by outcome."""
    frame = warehouse.query(
        f"""
        select {OUTCOME} as outcome, sum(decision_count)::bigint as decision_count
        from gate_decision_daily
        where on_date >= $since::date and ($action::varchar is null or action = $action::varchar) group by all
        """,  # noqa: S608 - a constant of this module
        {"since": since, "action": action},
    )
    return Counts(**dict(frame.iter_rows()))


def daily(warehouse: ScopedWarehouse, *, since: date, action: str | None = None) -> pl.DataFrame:
    """One row a day and outcome: on_date, outcome, decision_count."""
    return warehouse.query(
        f"""
        select on_date, {OUTCOME} as outcome, sum(decision_count)::bigint as decision_count
        from gate_decision_daily
        where on_date >= $since::date and ($action::varchar is null or action = $action::varchar)
        group by all order by on_date, outcome
        """,  # noqa: S608 - a constant of this module
        {"since": since, "action": action},
    )


def reasons(warehouse: ScopedWarehouse, *, since: date, action: str | None = None) -> pl.DataFrame:
    """Why people were, or would have been, denied: action, outcome, reason, decision_count."""
    return warehouse.query(
        f"""
        select action, {OUTCOME} as outcome, reason, sum(decision_count)::bigint as decision_count
        from gate_decision_daily
        where on_date >= $since::date and outcome = 'deny' and ($action::varchar is null or action = $action::varchar)
        group by all order by decision_count desc, action, reason
        """,  # noqa: S608 - a constant of this module
        {"since": since, "action": action},
    )


def actions(warehouse: ScopedWarehouse) -> list[str]:
    """Actions a gate decided on."""
    return warehouse.query("select distinct action from gate_decision_daily order by action")["action"].to_list()


def listing(*, outcome: str, action: str | None, search: str, since: date) -> Listing:
    """One row a decision."""
    sql = f"""
        select d.decision_id, d.person_id, p.display_name, d.action, d.reason, d.decided_at, d.rule_version,
               {OUTCOME} as outcome, d.leaf_index
        from fct_gate_decision as d
        left join dim_person as p on p.person_id = d.person_id
        where {OUTCOMES[outcome]} and d.decided_on >= $since::date
          and ($action::varchar is null or d.action = $action::varchar)
          and ($search = '' or contains(lower(p.display_name), lower($search)))
        """  # noqa: S608 - constants of this module
    return Listing(sql, SORTS, {"action": action, "search": search.strip(), "since": since})

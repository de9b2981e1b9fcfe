"""How many of those involved in incidents were certified when it happened, as known then and as known now."""

from dataclasses import dataclass

import polars as pl

from operational_db.releases.reader import ScopedWarehouse


@dataclass(frozen=True)
class Counts:
    incident_count: int
    involved_count: int
    known_certified_count: int
    certified_count: int


def counts(warehouse: ScopedWarehouse) -> Counts:
    """Over all incidents with people."""
    frame = warehouse.query(
        """
        select count(distinct incident_id) as incident_count, count(*) as involved_count,
               count(*) filter (where was_known_certified) as known_certified_count,
               count(*) filter (where was_certified) as certified_count
        from fct_incident_person
        """
    )
    return Counts(**frame.row(0, named=True))


def by_scope(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Scope, involved_count, certified_count (as known at the time), revised_count (answers that changed since)."""
    return warehouse.query(
        """
        select scope, count(*) as involved_count, count(*) filter (where was_known_certified) as certified_count,
               count(*) filter (where was_known_certified <> was_certified) as revised_count
        from fct_incident_person group by scope order by involved_count desc, scope
        """
    )


def scopes(warehouse: ScopedWarehouse) -> list[str]:
    """Scopes there is something to know about: of lessons, of evidence and of former incidents."""
    frame = warehouse.query(
        """
        select distinct scope from (
            select scope from fct_proficiency where scope is not null
            union select scope from fct_incident_person
            union select unnest(string_split(scope_tags, ',')) from dim_lesson where scope_tags <> ''
        ) as known order by scope
        """
    )
    return frame["scope"].to_list()

"""Imports as the figures hold them; the state of the pipeline is read from its own files and the database."""

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

STATES = {
    "All": "true",
    "Applied": "i.state = 'applied'",
    "Refused": "i.state = 'refused'",
    "Undone": "i.state = 'undone'",
}
SORTS = {
    "Latest first": "started_at desc, import_id",
    "Most refused first": "refused_count desc, started_at desc, import_id",
    "Largest first": "read_count desc, started_at desc, import_id",
    "Organization": "organization_name nulls last, started_at desc, import_id",
}


def imports_listing(*, state: str, search: str = "") -> Listing:
    """One row an import with its report's counts."""
    sql = f"""
        select i.import_id, i.importer, i.format, i.source, o.name as organization_name, i.state, i.started_at,
               i.finished_at, date_diff('second', i.started_at, i.finished_at) as seconds, i.undone_at, i.read_count,
               i.added_count, i.changed_count, i.unchanged_count, i.refused_count
        from import_history as i left join dim_organization as o on o.organization_id = i.organization_id
        where {STATES[state]}
          and (
              $search = '' or contains(lower(i.source), lower($search)) or contains(lower(i.importer), lower($search))
              or contains(lower(o.name), lower($search))
          )
        """  # noqa: S608 - constants of this module
    return Listing(sql, SORTS, {"search": search.strip()})


def import_counts(warehouse: ScopedWarehouse) -> dict[str, int]:
    """How many imports there were, how many were refused or undone, and the rows added and refused by applied ones."""
    frame = warehouse.query(
        """
        select count(*) as import_count,
               count(*) filter (where state = 'refused') as refused_count,
               count(*) filter (where state = 'undone') as undone_count,
               coalesce(sum(added_count + changed_count) filter (where state = 'applied'), 0)::bigint as row_count,
               coalesce(sum(refused_count) filter (where state = 'applied'), 0)::bigint as refused_row_count
        from import_history
        """
    )
    return {name: int(value) for name, value in frame.row(0, named=True).items()}

"""Assigned training of one organization, and requirements to assign for."""

from datetime import date

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

STATUSES = {
    "Open": "a.status in ('pending', 'in_progress', 'overdue') and not a.is_cancelled",
    "Overdue": "a.status = 'overdue' and not a.is_cancelled",
    "Completed": "a.status = 'completed' and not a.is_cancelled",
    "Exempt": "a.status = 'exempted' and not a.is_cancelled",
    "Cancelled": "a.is_cancelled",
    "All": "true",
}
SORTS = {
    "Next due first": "due_on asc nulls last, display_name, recipient_id",
    "Latest assigned first": "assigned_at desc, display_name, recipient_id",
    "Person": "display_name, due_on, recipient_id",
    "Course": "title, display_name, recipient_id",
}


def listing(*, status: str, search: str = "", team_id: str | None = None, today: date) -> Listing:
    """One row a person and assignment."""
    sql = f"""
        select a.recipient_id, a.person_id, p.display_name, k.title, a.assigned_at, a.due_on, a.is_mandatory,
               case when a.is_cancelled then 'cancelled' else a.status end as status,
               date_diff('day', $today::date, a.due_on) as days_left
        from fct_assignment as a
        join dim_person as p on p.person_id = a.person_id
        left join dim_course as k on k.course_id = a.course_id
        where {STATUSES[status]}
          and (
              $search = ''
              or contains(lower(p.display_name), lower($search)) or contains(lower(k.title), lower($search))
          )
          and (
              $team_id::varchar is null
              or a.person_id in (
                  select person_id from dim_membership
                  where is_current and team_id = try_cast($team_id::varchar as uuid)
              )
          )
        """  # noqa: S608 - constants of this module
    return Listing(sql, SORTS, {"search": search.strip(), "team_id": team_id, "today": today})


def counts(warehouse: ScopedWarehouse) -> dict[str, int]:
    """Assignments by status; cancelled ones are left out."""
    frame = warehouse.query(
        "select status, count(*) as assignment_count from fct_assignment where not is_cancelled group by status"
    )
    return dict(frame.iter_rows())


def requirements(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Requirements with how many lack them: required_training_id, title, category, lacking_count, overdue_count."""
    return warehouse.query(
        """
        select r.required_training_id, any_value(coalesce(c.name, k.title)) as title, any_value(r.category) as category,
               count(*) filter (where r.status in ('overdue', 'pending', 'in_progress')) as lacking_count,
               count(*) filter (where r.status = 'overdue') as overdue_count
        from fct_required_training as r
        left join dim_certification as c on c.certification_id = r.certification_id
        left join dim_course as k on k.course_id = r.course_id
        where r.source = 'requirement'
        group by r.required_training_id
        order by overdue_count desc, lacking_count desc, title
        """
    )


def arrived_count(warehouse: ScopedWarehouse, *, recipient_ids: tuple[str, ...]) -> int:
    """How many of these assignments the figures hold already."""
    frame = warehouse.query(
        "select count(*) from fct_assignment where list_contains($recipient_ids::varchar[], recipient_id::varchar)",
        {"recipient_ids": list(recipient_ids)},
    )
    return int(frame.item(0, 0))

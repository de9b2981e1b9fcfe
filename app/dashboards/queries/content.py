"""Where lessons stand: versions by state, reviews open, refresh due, flagged because a policy changed."""

from dataclasses import dataclass

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

# Versions that people meet or will meet; what was superseded or retired is history.
STATES = {
    "Current": "c.status in ('draft', 'in_review', 'published')",
    "Needs somebody": "c.is_flagged or c.is_refresh_due or c.open_review_count > 0",
    "Flagged": "c.is_flagged",
    "Refresh due": "c.is_refresh_due",
    "In review": "c.open_review_count > 0",
    "Draft": "c.status = 'draft'",
    "Published": "c.status = 'published'",
    "All": "true",
}
SORTS = {
    "Most urgent first": "is_flagged desc, is_refresh_due desc, open_review_count desc, days_to_refresh nulls last, "
    "title, lesson_version",
    "Title": "title, lesson_version",
    "Next refresh first": "refresh_due_on asc nulls last, title",
}


@dataclass(frozen=True)
class Counts:
    lesson_count: int
    published_count: int
    draft_count: int
    in_review_count: int
    open_review_count: int
    oldest_open_review_days: int | None
    refresh_due_count: int
    flagged_count: int


def counts(warehouse: ScopedWarehouse) -> Counts:
    """Over all lessons in sight."""
    frame = warehouse.query(
        """
        select count(distinct lesson_id) as lesson_count,
               count(*) filter (where status = 'published') as published_count,
               count(*) filter (where status = 'draft') as draft_count,
               count(*) filter (where status = 'in_review') as in_review_count,
               coalesce(sum(open_review_count), 0)::bigint as open_review_count,
               max(oldest_open_review_days) as oldest_open_review_days,
               count(*) filter (where is_refresh_due) as refresh_due_count,
               count(*) filter (where is_flagged) as flagged_count
        from content_lifecycle
        """
    )
    return Counts(**frame.row(0, named=True))


def by_state(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Lesson type, state of the version, version_count; without what was superseded or retired."""
    return warehouse.query(
        """
        select l.lesson_type, c.status, count(*) as version_count
        from content_lifecycle as c join dim_lesson as l on l.lesson_id = c.lesson_id
        where c.status in ('draft', 'in_review', 'published') group by all order by l.lesson_type, c.status
        """
    )


def listing(*, state: str, search: str) -> Listing:
    """One row a version."""
    sql = f"""
        select c.lesson_version_id, l.title, l.code, l.lesson_type, c.lesson_version, c.status, c.published_on,
               c.refresh_due_on, c.days_to_refresh, c.open_review_count, c.is_refresh_due, c.is_flagged, c.flagged_on,
               case when c.organization_id is null then 'SiteSync' else 'Own' end as owner
        from content_lifecycle as c join dim_lesson as l on l.lesson_id = c.lesson_id
        where {STATES[state]}
          and ($search = '' or contains(lower(l.title), lower($search)) or contains(lower(l.code), lower($search)))
        """  # noqa: S608 - constants of this module
    return Listing(sql, SORTS, {"search": search.strip()})


def near_miss_effect(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """What refreshers after near-misses changed: people who took one in time against people who did not."""
    return warehouse.query(
        """
        select r.action, l.title, r.scheduled_count, r.passed_count, r.taken_count, r.taken_without_next_share,
               r.left_count, r.left_without_next_share
        from reinforcement_effect as r left join dim_lesson as l on l.lesson_id = r.lesson_id
        order by r.scheduled_count desc, l.title
        """
    )


def tips(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Tips by action: shown_count, dismissed_count."""
    return warehouse.query(
        """
        select action, sum(shown_count)::bigint as shown_count, sum(dismissed_count)::bigint as dismissed_count
        from tip_daily group by action order by action
        """
    )

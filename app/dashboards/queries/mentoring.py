"""Mentoring of one organization's people: from being shown a mentor to the end, what was said of it, who carries it."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

STATES = {
    "All": "true",
    "Waiting for an answer": "m.status = 'pending'",
    "Running": "m.status = 'active'",
    "Completed": "m.status = 'completed'",
    "Ended early": "m.status = 'cancelled'",
    "Declined or unanswered": "m.status in ('declined', 'expired')",
}
MENTORSHIP_SORTS = {
    "Latest request first": "requested_on desc, mentorship_id",
    "Mentee": "mentee_name nulls last, requested_on desc, mentorship_id",
    "Mentor": "mentor_name nulls last, requested_on desc, mentorship_id",
    "Fewest sessions first": "session_count, requested_on, mentorship_id",
}
LOAD_SORTS = {
    "Fullest first": "active_count desc, mentor_name nulls last, mentor_id",
    "Most asked first": "request_count_90d desc, mentor_name nulls last, mentor_id",
    "Mentor": "mentor_name nulls last, mentor_id",
}


@dataclass(frozen=True)
class Totals:
    """Requests of the organization's people and what became of them; `year_*` are those of the last 365 days."""

    requested_count: int
    pending_count: int
    active_count: int
    completed_count: int
    ended_early_count: int
    year_answered_count: int
    year_accepted_count: int
    year_ended_count: int
    year_completed_count: int


def totals(warehouse: ScopedWarehouse, *, today: date) -> Totals:
    """Counts of mentorships whose mentee belongs here."""
    frame = warehouse.query(
        """
        select count(*) as requested_count,
               count(*) filter (where status = 'pending') as pending_count,
               count(*) filter (where status = 'active') as active_count,
               count(*) filter (where status = 'completed') as completed_count,
               count(*) filter (where status = 'cancelled' and answered_on is not null) as ended_early_count,
               count(*) filter (where of_year and status in ('active', 'completed', 'declined', 'expired')
                                or of_year and status = 'cancelled' and answered_on is not null)
                   as year_answered_count,
               count(*) filter (where of_year and status in ('active', 'completed')
                                or of_year and status = 'cancelled' and answered_on is not null)
                   as year_accepted_count,
               count(*) filter (
                   where ended_in_year and answered_on is not null and status in ('completed', 'cancelled')
               ) as year_ended_count,
               count(*) filter (where ended_in_year and status = 'completed') as year_completed_count
        from (
            select *, requested_on > $today::date - 365 as of_year, ended_on > $today::date - 365 as ended_in_year
            from fct_mentorship where organization_id in (select organization_id from dim_membership)
        ) as requests
        """,
        {"today": today},
    )
    return Totals(**frame.row(0, named=True))


def funnel(warehouse: ScopedWarehouse, *, today: date) -> pl.DataFrame:
    """The last twelve months: month, shown, requested, accepted, declined, expired, completed, ended_early (counts)."""
    return warehouse.query(
        """
        select month, sum(shown_count)::bigint as shown_count, sum(requested_count)::bigint as requested_count,
               sum(accepted_count)::bigint as accepted_count, sum(declined_count)::bigint as declined_count,
               sum(expired_count)::bigint as expired_count, sum(completed_count)::bigint as completed_count,
               sum(ended_early_count)::bigint as ended_early_count
        from mentorship_funnel
        where month > $today::date - interval 12 month
        group by month order by month
        """,
        {"today": today},
    )


def satisfaction(warehouse: ScopedWarehouse, *, today: date) -> pl.DataFrame:
    """The last twelve months by side: month, side, rating_count, period_rating_count, average_rating (1 to 5).

    A month with fewer than five ratings waits, its average empty, for the month that completes five.
    """
    return warehouse.query(
        """
        select month, side, rating_count, period_rating_count, average_rating from mentorship_satisfaction
        where month > $today::date - interval 12 month order by month, side
        """,
        {"today": today},
    )


def mentorships(*, state: str, search: str = "") -> Listing:
    """Mentorships of the organization's people, by state; names where the viewer may know them."""
    sql = f"""
        select m.mentorship_id, mentee.display_name as mentee_name, mentor.display_name as mentor_name,
               case m.status when 'active' then 'running' else m.status end as status,
               m.mentorship_type, m.requested_on, m.answered_on, m.ended_on, m.session_count,
               m.session_minutes / 60.0 as session_hours, m.mentee_rating, m.mentor_rating,
               coalesce(m.end_reason, m.decline_reason) as reason
        from fct_mentorship as m
        left join dim_person as mentee on mentee.person_id = m.mentee_id
        left join dim_person as mentor on mentor.person_id = m.mentor_id
        where {STATES[state]}
          and ($search = '' or contains(lower(coalesce(mentee.display_name, '') || ' '
               || coalesce(mentor.display_name, '')), lower($search)))
        """  # noqa: S608 - a constant of this module
    return Listing(sql, MENTORSHIP_SORTS, {"search": search.strip()})


def loads() -> Listing:
    """Mentors of the organization: places, mentees now, requests of the last 90 days."""
    sql = """
        select l.mentor_id, p.display_name as mentor_name, l.capacity, l.active_count, l.request_count_90d
        from mentor_load as l left join dim_person as p on p.person_id = l.mentor_id
        """
    return Listing(sql, LOAD_SORTS, {})

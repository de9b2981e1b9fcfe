"""People of one organization against what is required of them, and the whole record of one person."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import polars as pl

from app.dashboards.queries.company import DUE_SOON_DAYS
from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

SUBJECT_COLUMN = "training_{}"
# Worst first: what a cell shows when a person needs the same training twice.
_SEVERITY = "list_position(['overdue', 'pending', 'in_progress', 'exempted', 'completed'], r.status)"

STATUS_FILTERS = {
    "Overdue": "r.status = 'overdue'",
    "Due in 14 days": f"r.status in ('pending', 'in_progress') and r.due_on <= $today::date + {DUE_SOON_DAYS}",
    "Expiring in 30 days": "r.status = 'completed' and r.valid_until between $today::date and $today::date + 30",
    "Lapsed": "r.status not in ('completed', 'exempted') and r.lapsed_on is not null",
    "Pending": "r.status = 'pending'",
    "In progress": "r.status = 'in_progress'",
    "Completed": "r.status = 'completed'",
    "Exempt": "r.status = 'exempted'",
}
PEOPLE_SORTS = {
    "Most overdue first": "overdue_count desc, open_count desc, display_name, person_id",
    "Next due first": "next_due_on asc nulls last, display_name, person_id",
    "Name": "display_name, person_id",
    "Team": "team_name nulls last, display_name, person_id",
    "Lowest share done": "done_share asc nulls last, display_name, person_id",
}


@dataclass(frozen=True)
class Subject:
    """A course or certification that is required of somebody; `needed_count` people need it."""

    subject_id: UUID
    title: str
    needed_count: int


def required_subjects(warehouse: ScopedWarehouse) -> list[Subject]:
    """What is required, the most widely needed first."""
    frame = warehouse.query(
        """
        select coalesce(r.certification_id, r.course_id) as subject_id,
               any_value(coalesce(c.name, k.title)) as title,
               count(distinct r.person_id) as needed_count
        from fct_required_training as r
        left join dim_certification as c on c.certification_id = r.certification_id
        left join dim_course as k on k.course_id = r.course_id
        group by all order by needed_count desc, title
        """
    )
    return [Subject(UUID(row[0]), row[1] or "Untitled training", row[2]) for row in frame.iter_rows()]


def people_listing(
    *,
    subjects: list[Subject],
    today: date,
    search: str = "",
    team_id: str | None = None,
    category: str | None = None,
    status: str | None = None,
) -> Listing:
    """One row a member: counts, next due date and a status for each subject (columns `training_0`, `training_1`, …)."""
    cells = "".join(
        f", arg_min(r.status, {_SEVERITY})"
        f" filter (where coalesce(r.certification_id, r.course_id) = $subject_{i}::uuid)"
        f" as {SUBJECT_COLUMN.format(i)}"
        for i in range(len(subjects))
    )
    wanted = STATUS_FILTERS.get(status or "")
    must_match = f"having count(*) filter (where {wanted}) > 0" if wanted else ""
    only_needed = "and r.person_id is not null" if category else ""
    sql = f"""
        with members as (
            select person_id, arg_max(team_id, started_on) as team_id, string_agg(distinct role, ', ') as roles
            from dim_membership where is_current group by person_id
        ),
        needed as (
            select * from fct_required_training where ($category::varchar is null or category = $category::varchar)
        )
        select p.person_id, p.display_name, t.name as team_name, m.roles,
               count(r.person_id) as required_count,
               count(*) filter (where r.status = 'completed') as completed_count,
               count(*) filter (where r.status = 'overdue') as overdue_count,
               count(*) filter (where r.status in ('pending', 'in_progress')) as open_count,
               count(*) filter (where r.status = 'completed')
                   / nullif(count(r.person_id) - count(*) filter (where r.status = 'exempted'), 0) as done_share,
               min(r.due_on) filter (where r.status in ('overdue', 'pending', 'in_progress')) as next_due_on
               {cells}
        from members as m
        join dim_person as p on p.person_id = m.person_id
        left join dim_team as t on t.team_id = m.team_id
        left join needed as r on r.person_id = m.person_id
        where ($team_id::varchar is null or m.team_id = try_cast($team_id::varchar as uuid))
          and ($search = '' or contains(lower(p.display_name), lower($search)))
          {only_needed}
          and $today::date is not null
        group by p.person_id, p.display_name, t.name, m.roles
        {must_match}
        """  # noqa: S608 - only constants of this module and numbered names are put in; values are parameters
    values = {f"subject_{i}": str(subject.subject_id) for i, subject in enumerate(subjects)}
    return Listing(
        sql,
        PEOPLE_SORTS,
        {"today": today, "search": search.strip(), "team_id": team_id, "category": category, **values},
    )


@dataclass(frozen=True)
class PersonHead:
    """Who a record is about."""

    person_id: UUID
    display_name: str
    team_name: str | None
    roles: list[str]
    member_since: date | None


def person_head(warehouse: ScopedWarehouse, *, person_id: UUID) -> PersonHead | None:
    """The person; None when nobody in sight has the id."""
    frame = warehouse.query(
        """
        select p.display_name,
               arg_max(t.name, m.started_on) filter (where m.is_current) as team_name,
               list(distinct m.role) filter (where m.is_current) as roles,
               min(m.started_on) as member_since
        from dim_person as p
        left join dim_membership as m on m.person_id = p.person_id
        left join dim_team as t on t.team_id = m.team_id
        where p.person_id = $person_id::uuid
        group by p.display_name
        """,
        {"person_id": str(person_id)},
    )
    if frame.is_empty():
        return None
    name, team, roles, since = frame.row(0)
    return PersonHead(person_id, name, team, sorted(roles or []), since)


def required_of(warehouse: ScopedWarehouse, *, person_id: UUID) -> pl.DataFrame:
    """What is required of the person, the most pressing first."""
    return warehouse.query(
        f"""
        select coalesce(c.name, k.title) as title, r.category, r.status, r.due_on, r.completed_on, r.valid_until,
               r.source, r.required_training_id
        from fct_required_training as r
        left join dim_certification as c on c.certification_id = r.certification_id
        left join dim_course as k on k.course_id = r.course_id
        where r.person_id = $person_id::uuid
        order by {_SEVERITY}, r.due_on nulls last, title
        """,  # noqa: S608 - a constant of this module
        {"person_id": str(person_id)},
    )


def enrollments_of(warehouse: ScopedWarehouse, *, person_id: UUID) -> pl.DataFrame:
    """The person's enrollments, the latest first."""
    return warehouse.query(
        """
        select k.title, k.provider_name, e.cycle_number, e.status, e.enrolled_on, e.ended_on, e.completed_module_count,
               k.module_count, e.attempt_count, e.best_score, e.final_score, e.time_spent_minutes / 60 as hours,
               e.ce_credits
        from fct_enrollment as e left join dim_course as k on k.course_id = e.course_id
        where e.person_id = $person_id::uuid
        order by e.enrolled_at desc, k.title
        """,
        {"person_id": str(person_id)},
    )


def attempts_of(warehouse: ScopedWarehouse, *, person_id: UUID) -> pl.DataFrame:
    """The person's graded attempts, the latest first."""
    return warehouse.query(
        """
        select k.title, a.attempt_number, a.submitted_at, a.score,
               case when not a.is_scored then 'not_scored' when a.is_passed then 'passed' else 'not_passed' end
                   as result,
               a.is_banked
        from fct_attempt as a left join dim_course as k on k.course_id = a.course_id
        where a.person_id = $person_id::uuid
        order by a.submitted_at desc, a.attempt_number desc
        """,
        {"person_id": str(person_id)},
    )


def certificates_of(warehouse: ScopedWarehouse, *, person_id: UUID, today: date) -> pl.DataFrame:
    """Everything the person holds or held, with the state a reader should act on."""
    return warehouse.query(
        """
        select c.name, c.code, c.issuing_organization, f.issued_on, f.expires_on, f.earned_through, f.is_verified,
               case when f.is_withdrawn then 'withdrawn' when f.status = 'revoked' then 'revoked'
                    when f.renewed_by_id is not null then 'renewed'
                    when f.status = 'active' and f.expires_on <= $today::date + 30 then 'expiring'
                    else f.status end as state
        from fct_certificate as f left join dim_certification as c on c.certification_id = f.certification_id
        where f.person_id = $person_id::uuid
        order by f.renewed_by_id is not null, f.expires_on nulls last, c.name
        """,
        {"person_id": str(person_id), "today": today},
    )


def assignments_of(warehouse: ScopedWarehouse, *, person_id: UUID) -> pl.DataFrame:
    """What was assigned to the person, the latest first."""
    return warehouse.query(
        """
        select k.title, case when a.is_cancelled then 'cancelled' else a.status end as status, a.assigned_at, a.due_on,
               a.completed_at, a.is_mandatory, a.minimum_score
        from fct_assignment as a left join dim_course as k on k.course_id = a.course_id
        where a.person_id = $person_id::uuid
        order by a.assigned_at desc, k.title
        """,
        {"person_id": str(person_id)},
    )


def history_of(warehouse: ScopedWarehouse, *, person_id: UUID) -> pl.DataFrame:
    """What happened, the latest first, each with the ledger entry that says so."""
    return warehouse.query(
        """
        with happened as (
            select started_on as happened_on, 'Joined as ' || replace(role, '_', ' ') as what,
                   null as subject_id, leaf_index
            from dim_membership where person_id = $person_id::uuid
            union all
            select enrolled_on, 'Enrolled in', course_id, leaf_index
            from fct_enrollment where person_id = $person_id::uuid
            union all
            select ended_on,
                   case status when 'completed' then 'Completed' when 'dropped' then 'Dropped' else 'Failed' end,
                   course_id, leaf_index
            from fct_enrollment where person_id = $person_id::uuid and ended_on is not null
            union all
            select submitted_on,
                   'Handed in attempt ' || attempt_number || coalesce(' (' || round(score)::int || ' %)', '') || ' in',
                   course_id, leaf_index
            from fct_attempt where person_id = $person_id::uuid
            union all
            select issued_on,
                   case when renews_id is null then 'Received the certificate' else 'Renewed the certificate' end,
                   certification_id, leaf_index
            from fct_certificate where person_id = $person_id::uuid
            union all
            select assigned_at::date,
                   case when is_cancelled then 'Was assigned, later cancelled:' else 'Was assigned' end,
                   course_id, leaf_index
            from fct_assignment where person_id = $person_id::uuid
        )
        select h.happened_on, h.what || coalesce(' ' || coalesce(k.title, c.name), '') as what, h.leaf_index
        from happened as h
        left join dim_course as k on k.course_id = h.subject_id
        left join dim_certification as c on c.certification_id = h.subject_id
        where h.happened_on is not null
        order by h.happened_on desc, h.leaf_index desc
        """,
        {"person_id": str(person_id)},
    )


def members(warehouse: ScopedWarehouse) -> dict[str, str]:
    """Names of the people who belong to the organization now, by id."""
    frame = warehouse.query(
        """
        select p.person_id, p.display_name from dim_person as p
        where p.person_id in (select person_id from dim_membership where is_current)
        order by p.display_name, p.person_id
        """
    )
    return dict(frame.iter_rows())

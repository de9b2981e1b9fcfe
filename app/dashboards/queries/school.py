"""Learning at one school: its courses and cohorts, its students, and where they fall behind."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

# An open enrollment without any activity for this long is called at risk; the page says so.
SILENT_DAYS = 28
FILTERS = {
    "All": "true",
    "In a course now": "active_count > 0",
    "At risk": "at_risk_count > 0",
    "Completed a course": "completed_count > 0",
    "Dropped a course": "dropped_count > 0",
    "Failed a course": "failed_count > 0",
    "Dropped or failed a course": "dropped_count + failed_count > 0",
}
STUDENT_SORTS = {
    "Name": "display_name, person_id",
    "Latest activity first": "last_event_at desc nulls last, person_id",
    "Longest silent first": "last_event_at asc nulls last, person_id",
    "Most dropped or failed first": "dropped_count + failed_count desc, display_name, person_id",
    "Lowest best score first": "average_score asc nulls last, display_name, person_id",
}
COURSE_SORTS = {
    "Course": "title, cohort_on desc, course_id",
    "Latest cohort first": "cohort_on desc, title, course_id",
    "Lowest completion first": "completion_rate asc nulls last, title, course_id, cohort_on",
    "Lowest pass rate first": "pass_rate asc nulls last, title, course_id, cohort_on",
    "Most enrolled first": "enrolled_count desc, title, course_id, cohort_on",
}
# The cohort of an enrollment `e` in a course `k`: the month the course or, without sessions, the enrollment began.
_OF_COHORT = """(
    $cohort_on::date is null
    or date_trunc('month', coalesce(k.session_starts_on, e.enrolled_on)) = $cohort_on::date
)"""
_SUMS = """
    sum(enrolled_count)::bigint as enrolled_count, sum(active_count)::bigint as active_count,
    sum(completed_count)::bigint as completed_count, sum(dropped_count)::bigint as dropped_count,
    sum(failed_count)::bigint as failed_count, sum(attempt_count)::bigint as attempt_count,
    sum(passed_attempt_count)::bigint as passed_attempt_count
    """


@dataclass(frozen=True)
class Totals:
    """Enrollments by where they stand; `at_risk_count` of the active ones have been silent for four weeks."""

    enrolled_count: int
    active_count: int
    completed_count: int
    dropped_count: int
    failed_count: int
    attempt_count: int
    passed_attempt_count: int
    course_count: int

    @property
    def ended_count(self) -> int:
        return self.completed_count + self.dropped_count + self.failed_count


def totals(warehouse: ScopedWarehouse, *, cohort_on: date | None) -> Totals | None:
    """The school's figures, of one cohort or all; None when nobody was enrolled."""
    frame = warehouse.query(
        f"""
        select {_SUMS}, count(distinct course_id) as course_count from school_progress
        where $cohort_on::date is null or cohort_on = $cohort_on::date
        """,  # noqa: S608 - a constant of this module
        {"cohort_on": cohort_on},
    )
    row = frame.row(0, named=True)
    return None if not row["enrolled_count"] else Totals(**row)


def at_risk_count(warehouse: ScopedWarehouse, *, as_of: date, cohort_on: date | None) -> int:
    """Active enrollments in the school's courses without activity for four weeks."""
    frame = warehouse.query(
        f"""
        select count(*) from fct_enrollment as e join dim_course as k on k.course_id = e.course_id
        where e.status in ('enrolled', 'in_progress') and e.last_event_at < $as_of::date - {SILENT_DAYS}
          and {_OF_COHORT}
        """,  # noqa: S608 - constants of this module
        {"as_of": as_of, "cohort_on": cohort_on},
    )
    return int(frame.item(0, 0))


def cohorts(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Every cohort with its figures, oldest first."""
    return warehouse.query(f"select cohort_on, {_SUMS} from school_progress group by cohort_on order by cohort_on")  # noqa: S608


def courses(warehouse: ScopedWarehouse, *, cohort_on: date | None) -> pl.DataFrame:
    """Each course over its cohorts: course_id, title, counts, completion_rate of ended enrollments, pass_rate."""
    return warehouse.query(
        f"""
        with summed as (
            select course_id, {_SUMS} from school_progress
            where $cohort_on::date is null or cohort_on = $cohort_on::date group by course_id
        )
        select s.*, coalesce(k.title, 'Untitled course') as title,
               completed_count / nullif(completed_count + dropped_count + failed_count, 0) as completion_rate,
               passed_attempt_count / nullif(attempt_count, 0) as pass_rate
        from summed as s left join dim_course as k on k.course_id = s.course_id
        order by title, s.course_id
        """,  # noqa: S608 - a constant of this module
        {"cohort_on": cohort_on},
    )


def cohort_listing(*, cohort_on: date | None, search: str = "", course_id: UUID | None = None) -> Listing:
    """One row a course and cohort, as the figures hold it."""
    sql = """
        select p.course_id, coalesce(k.title, 'Untitled course') as title, p.cohort_on, p.enrolled_count,
               p.active_count, p.completed_count, p.dropped_count, p.failed_count,
               p.completed_count / nullif(p.completed_count + p.dropped_count + p.failed_count, 0) as completion_rate,
               p.pass_rate, p.median_days_to_complete
        from school_progress as p left join dim_course as k on k.course_id = p.course_id
        where ($cohort_on::date is null or p.cohort_on = $cohort_on::date)
          and ($course_id::varchar is null or p.course_id = $course_id::uuid)
          and ($search = '' or contains(lower(k.title), lower($search)))
        """
    values = {"cohort_on": cohort_on, "search": search.strip(), "course_id": str(course_id) if course_id else None}
    return Listing(sql, COURSE_SORTS, values)


def dropout_curve(warehouse: ScopedWarehouse, *, course_id: UUID | None, cohort_on: date | None) -> pl.DataFrame:
    """Who is still in the course, by week and over the cohorts that got that far; `lost_count` left in that week."""
    return warehouse.query(
        """
        with curve as (
            select *, lag(remaining_count, 1, enrolled_count) over (
                partition by organization_id, course_id, cohort_on order by week_number
            ) - remaining_count as lost_count
            from school_dropout_curve
            where ($course_id::varchar is null or course_id = $course_id::uuid)
              and ($cohort_on::date is null or cohort_on = $cohort_on::date)
        )
        select week_number, sum(remaining_count)::bigint as remaining_count,
               sum(enrolled_count)::bigint as enrolled_count, sum(lost_count)::bigint as lost_count,
               sum(remaining_count) / nullif(sum(enrolled_count), 0) as remaining_rate
        from curve group by week_number order by week_number
        """,
        {"course_id": str(course_id) if course_id else None, "cohort_on": cohort_on},
    )


@dataclass(frozen=True)
class CourseHead:
    course_id: UUID
    title: str
    provider_name: str
    module_count: int | None
    estimated_hours: float | None


def course_head(warehouse: ScopedWarehouse, *, course_id: UUID) -> CourseHead | None:
    """The course; None when it is not among those in sight that anybody took at the school."""
    frame = warehouse.query(
        """
        select title, provider_name, module_count, estimated_hours from dim_course
        where course_id = $course_id::uuid and course_id in (select course_id from school_progress)
        """,
        {"course_id": str(course_id)},
    )
    if frame.is_empty():
        return None
    title, provider, modules, hours = frame.row(0)
    return CourseHead(course_id, title, provider, modules, None if hours is None else float(hours))


def course_names(warehouse: ScopedWarehouse) -> dict[str, str]:
    """Titles of the courses anybody took, by id."""
    frame = warehouse.query(
        """
        select course_id, title from dim_course where course_id in (select course_id from school_progress)
        order by title, course_id
        """
    )
    return dict(frame.iter_rows())


def students_listing(
    *, as_of: date, state: str, course_id: str | None = None, cohort_on: date | None = None, search: str = ""
) -> Listing:
    """One row a student: courses by where they stand, best scores, last activity; of one course or cohort, or all."""
    sql = f"""
        with counted as (
            select e.person_id, count(*) as enrolled_count,
                   count(*) filter (where e.status in ('enrolled', 'in_progress')) as active_count,
                   count(*) filter (where e.status = 'completed') as completed_count,
                   count(*) filter (where e.status = 'dropped') as dropped_count,
                   count(*) filter (where e.status = 'failed') as failed_count,
                   count(*) filter (
                       where e.status in ('enrolled', 'in_progress') and e.last_event_at < $as_of::date - {SILENT_DAYS}
                   ) as at_risk_count,
                   avg(e.best_score) as average_score, max(e.last_event_at) as last_event_at
            from fct_enrollment as e left join dim_course as k on k.course_id = e.course_id
            where ($course_id::varchar is null or e.course_id = try_cast($course_id::varchar as uuid))
              and {_OF_COHORT}
            group by e.person_id
        )
        select c.*, p.display_name from counted as c join dim_person as p on p.person_id = c.person_id
        where {FILTERS[state]} and ($search = '' or contains(lower(p.display_name), lower($search)))
        """  # noqa: S608 - constants of this module
    values = {"as_of": as_of, "course_id": course_id, "cohort_on": cohort_on, "search": search.strip()}
    return Listing(sql, STUDENT_SORTS, values)


def to_id(text: str | None) -> UUID | None:
    """An id from an address; None when there is none or it is no id."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None

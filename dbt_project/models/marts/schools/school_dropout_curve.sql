-- depends_on: {{ ref('fct_enrollment') }}
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='course_id') }}

-- Courses without news keep their rows: what they are derived with beside enrollments asks for a full build.
{% if is_incremental() -%}
with touched as (
    select distinct course_id
    from {{ ref('fct_enrollment') }}
    where {{ is_new() }}
),

enrollments as (
    select * from {{ ref('int_school_enrollments') }}
    where course_id in (select course_id from touched)
),
{%- else -%}
with enrollments as (
    select * from {{ ref('int_school_enrollments') }}
),
{%- endif %}

by_week as (
    select
        organization_id,
        course_id,
        cohort_on,
        weeks_enrolled,
        count(*) as enrolled_count,
        count(*) filter (where status = 'dropped') as dropped_count
    from enrollments
    group by all
),

cohorts as (
    select
        organization_id,
        course_id,
        cohort_on,
        sum(enrolled_count) as enrolled_count,
        -- A year and a bit: later weeks of cohorts that never end say nothing new.
        least(max(weeks_enrolled), 60) as last_week
    from by_week
    group by all
),

weeks as (
    {% for week in range(61) -%}
    select {{ week }} as week_number
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        cohorts.organization_id,
        cohorts.course_id,
        cohorts.cohort_on,
        weeks.week_number,
        cast(cohorts.enrolled_count as bigint) as enrolled_count,
        -- Who dropped in a week is missing from the week after.
        cast(sum(coalesce(by_week.dropped_count, 0)) over (
            partition by cohorts.organization_id, cohorts.course_id, cohorts.cohort_on
            order by weeks.week_number
        ) as bigint) as lost_count
    from cohorts
    inner join weeks on cohorts.last_week >= weeks.week_number
    left join by_week
        on
            cohorts.organization_id = by_week.organization_id
            and cohorts.course_id = by_week.course_id
            and cohorts.cohort_on = by_week.cohort_on
            and weeks.week_number = by_week.weeks_enrolled + 1
),

remaining as (
    select
        *,
        enrolled_count - lost_count as remaining_count
    from counted
)

select
    organization_id,
    course_id,
    cohort_on,
    week_number,
    remaining_count,
    enrolled_count,
    {{ share('remaining_count', 'enrolled_count') }} as remaining_rate
from remaining

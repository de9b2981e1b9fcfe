{{ config(materialized='table') }}

-- The day somebody first completed a course, and of each course the first day.
with completions as (
    select
        person_id,
        course_id,
        min(ended_on) as trained_on
    from {{ ref('fct_enrollment') }}
    where status = 'completed'
    group by all
)

select
    person_id,
    course_id,
    trained_on
from completions
union all
select
    person_id,
    cast(null as {{ var('id_type') }}) as course_id,
    min(trained_on) as trained_on
from completions
group by all

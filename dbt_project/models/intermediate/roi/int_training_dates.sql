{{ config(materialized='table') }}

-- The day somebody first completed a course an organization enrolled her in, and of each such course the first day.
with completions as (
    select
        organization_id,
        person_id,
        course_id,
        min(ended_on) as trained_on
    from {{ ref('fct_enrollment') }}
    where status = 'completed' and organization_id is not null
    group by all
)

select
    organization_id,
    person_id,
    course_id,
    trained_on
from completions
union all
select
    organization_id,
    person_id,
    cast(null as {{ var('id_type') }}) as course_id,
    min(trained_on) as trained_on
from completions
group by all

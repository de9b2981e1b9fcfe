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

counted as (
    select
        organization_id,
        course_id,
        cohort_on,
        cast(count(*) as bigint) as enrolled_count,
        cast(count(*) filter (where status in ('enrolled', 'in_progress')) as bigint) as active_count,
        cast(count(*) filter (where status = 'completed') as bigint) as completed_count,
        cast(count(*) filter (where status = 'dropped') as bigint) as dropped_count,
        cast(count(*) filter (where status = 'failed') as bigint) as failed_count,
        cast(sum(scored_attempt_count) as bigint) as attempt_count,
        cast(sum(passed_attempt_count) as bigint) as passed_attempt_count,
        cast({{ median_value("case when status = 'completed' then days_to_end end") }} as double)
            as median_days_to_complete,
        max(leaf_index) as leaf_index
    from enrollments
    group by all
)

select
    organization_id,
    course_id,
    cohort_on,
    enrolled_count,
    active_count,
    completed_count,
    dropped_count,
    failed_count,
    {{ completion_rate('completed_count', 'enrolled_count') }} as completion_rate,
    attempt_count,
    passed_attempt_count,
    {{ pass_rate('passed_attempt_count', 'attempt_count') }} as pass_rate,
    median_days_to_complete,
    leaf_index
from counted

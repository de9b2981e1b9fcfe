with enrollments as (
    select * from {{ ref('int_school_enrollments') }}
),

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

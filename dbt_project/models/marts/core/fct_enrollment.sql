{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='enrollment_id') }}

with all_opened as (
    select * from {{ ref('stg_enrollment_opened') }}
),

opened as (
    {{ latest_entries('all_opened', 'enrollment_id') }}
),

ended as (
    select * from {{ ref('int_enrollment_endings') }}
),

{% if is_incremental() -%}
touched as (
    select enrollment_id from opened
    union
    select enrollment_id from ended
    union
    select enrollment_id from {{ ref('int_module_completions') }}
    where {{ is_new() }}
    union
    select enrollment_id from {{ ref('fct_attempt') }}
    where {{ is_new() }}
),

former as (
    select * from {{ this }}
    where enrollment_id in (select enrollment_id from touched)
),
{%- endif %}

starts as (
    select
        enrollment_id,
        person_id,
        course_id,
        organization_id,
        cycle_number,
        occurred_at as enrolled_at,
        leaf_index
    from opened
    {% if is_incremental() %}
    union all
    select
        enrollment_id,
        person_id,
        course_id,
        organization_id,
        cycle_number,
        enrolled_at,
        leaf_index
    from former
    where enrollment_id not in (select enrollment_id from opened)
    {% endif %}
),

endings as (
    select
        enrollment_id,
        status,
        ended_at,
        final_score,
        ce_credits,
        leaf_index
    from ended
    {% if is_incremental() %}
    union all
    select
        enrollment_id,
        status,
        ended_at,
        final_score,
        ce_credits,
        leaf_index
    from former
    where ended_at is not null and enrollment_id not in (select enrollment_id from ended)
    {% endif %}
),

modules as (
    select
        enrollment_id,
        count(*) as completed_module_count,
        sum(time_spent_minutes) as time_spent_minutes,
        min(completed_at) as first_at,
        max(completed_at) as last_at,
        max(leaf_index) as leaf_index
    from {{ ref('int_module_completions') }}
    {% if is_incremental() %}
    where enrollment_id in (select enrollment_id from touched)
    {% endif %}
    group by enrollment_id
),

attempts as (
    select
        enrollment_id,
        count(*) as attempt_count,
        count(*) filter (where counts_for_pass_rate) as scored_attempt_count,
        count(*) filter (where counts_for_pass_rate and is_passed) as passed_attempt_count,
        max(score) as best_score,
        -- A result carried over from elsewhere starts nothing here.
        min(submitted_at) filter (where not is_banked) as first_at,
        max(submitted_at) as last_at,
        max(leaf_index) as leaf_index
    from {{ ref('fct_attempt') }}
    {% if is_incremental() %}
    where enrollment_id in (select enrollment_id from touched)
    {% endif %}
    group by enrollment_id
),

enrollments as (
    select
        starts.enrollment_id,
        starts.person_id,
        starts.course_id,
        starts.organization_id,
        starts.cycle_number,
        case
            when endings.status is not null then endings.status
            when least(modules.first_at, attempts.first_at) is not null then 'in_progress'
            else 'enrolled'
        end as status,
        starts.enrolled_at,
        least(modules.first_at, attempts.first_at) as started_at,
        endings.ended_at,
        {{ utc_date('starts.enrolled_at') }} as enrolled_on,
        {{ utc_date('endings.ended_at') }} as ended_on,
        cast(
            {{ days_between(utc_date('starts.enrolled_at'), utc_date('endings.ended_at')) }} as integer
        ) as days_to_end,
        cast(coalesce(modules.completed_module_count, 0) as integer) as completed_module_count,
        cast(coalesce(attempts.attempt_count, 0) as integer) as attempt_count,
        cast(coalesce(attempts.scored_attempt_count, 0) as integer) as scored_attempt_count,
        cast(coalesce(attempts.passed_attempt_count, 0) as integer) as passed_attempt_count,
        attempts.best_score,
        endings.final_score,
        cast(coalesce(endings.ce_credits, 0) as decimal(10, 2)) as ce_credits,
        cast(coalesce(modules.time_spent_minutes, 0) as bigint) as time_spent_minutes,
        greatest(starts.enrolled_at, modules.last_at, attempts.last_at, endings.ended_at) as last_event_at,
        greatest(
            starts.leaf_index, modules.leaf_index, attempts.leaf_index, endings.leaf_index
        ) as leaf_index
    from starts
    left join endings on starts.enrollment_id = endings.enrollment_id
    left join modules on starts.enrollment_id = modules.enrollment_id
    left join attempts on starts.enrollment_id = attempts.enrollment_id
)

select * from enrollments

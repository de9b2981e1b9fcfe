{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='attempt_id') }}

with attempts as (
    select * from {{ ref('stg_attempt_graded') }}
),

-- A corrected result is a later entry about the same attempt; the last one holds. Few are corrected, so looking for
-- them costs a third of ranking all entries.
corrected as (
    select
        attempt_id,
        max(leaf_index) as last_leaf_index
    from attempts
    group by attempt_id
    having count(*) > 1
),

latest as (
    select
        attempts.attempt_id,
        attempts.enrollment_id,
        attempts.person_id,
        attempts.course_id,
        attempts.assessment_id,
        attempts.organization_id,
        attempts.attempt_number,
        attempts.occurred_at as submitted_at,
        {{ utc_date('attempts.occurred_at') }} as submitted_on,
        attempts.score,
        attempts.is_passed,
        attempts.is_banked,
        attempts.score is not null as is_scored,
        {{ counts_for_pass_rate('attempts.score', 'attempts.is_banked') }} as counts_for_pass_rate,
        attempts.leaf_index
    from attempts
    left join corrected on attempts.attempt_id = corrected.attempt_id
    where corrected.attempt_id is null or attempts.leaf_index = corrected.last_leaf_index
)

select * from latest

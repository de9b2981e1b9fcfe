{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='attempt_id') }}

with attempts as (
    select * from {{ ref('stg_attempt_graded') }}
),

-- A corrected result is a later entry about the same attempt.
latest as (
    {{ latest_entries('attempts', 'attempt_id') }}
),

graded as (
    select
        attempt_id,
        enrollment_id,
        person_id,
        course_id,
        assessment_id,
        organization_id,
        attempt_number,
        occurred_at as submitted_at,
        {{ utc_date('occurred_at') }} as submitted_on,
        score,
        is_passed,
        is_banked,
        score is not null as is_scored,
        {{ counts_for_pass_rate('score', 'is_banked') }} as counts_for_pass_rate,
        leaf_index
    from latest
)

select * from graded

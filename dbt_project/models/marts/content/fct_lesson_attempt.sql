{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='attempt_id') }}

with graded as (
    select *
    from {{ ref('stg_lesson_entries') }}
    where entry = 'lesson_attempt_graded'
    qualify row_number() over (partition by attempt_id order by leaf_index desc) = 1
)

select
    attempt_id,
    person_id,
    organization_id,
    lesson_id,
    lesson_version,
    lesson_type,
    persona,
    track_id,
    attempt_number,
    score,
    is_passed,
    seconds_taken,
    trigger,
    scope_tags,
    occurred_at as submitted_at,
    {{ utc_date('occurred_at') }} as submitted_on,
    leaf_index
from graded

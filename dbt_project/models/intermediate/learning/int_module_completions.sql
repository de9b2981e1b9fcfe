{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['enrollment_id', 'module_id']
) }}

-- Kept as a table: an enrollment touched later is recomputed from all its modules, not from the new ones alone.
with completions as (
    select * from {{ ref('stg_module_completed') }}
),

repeated as (
    select
        enrollment_id,
        module_id,
        max(leaf_index) as last_leaf_index
    from completions
    group by enrollment_id, module_id
    having count(*) > 1
),

latest as (
    select
        completions.enrollment_id,
        completions.module_id,
        completions.occurred_at as completed_at,
        completions.time_spent_minutes,
        completions.leaf_index
    from completions
    left join repeated
        on completions.enrollment_id = repeated.enrollment_id and completions.module_id = repeated.module_id
    where repeated.enrollment_id is null or completions.leaf_index = repeated.last_leaf_index
)

select * from latest

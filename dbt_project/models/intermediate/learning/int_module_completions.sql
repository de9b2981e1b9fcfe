{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['enrollment_id', 'module_id']
) }}

-- Kept as a table: an enrollment touched later is recomputed from all its modules, not from the new ones alone.
with completions as (
    select * from {{ ref('stg_module_completed') }}
),

latest as (
    select
        enrollment_id,
        module_id,
        occurred_at as completed_at,
        time_spent_minutes,
        leaf_index
    from completions
    qualify row_number() over (partition by enrollment_id, module_id order by leaf_index desc) = 1
)

select * from latest

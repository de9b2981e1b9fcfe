{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept, because a reinforcement is judged by the near-misses of weeks before and after it.
with entries as (
    select * from {{ ref('stg_practice_entries') }}
)

select
    entries.leaf_index,
    entries.entry,
    entries.person_id,
    entries.organization_id,
    entries.action,
    entries.feature_id,
    coalesce(entries.near_miss_id, entries.reinforcement_id) as occasion_id,
    entries.lesson_id,
    entries.is_passed,
    entries.occurred_at
from entries

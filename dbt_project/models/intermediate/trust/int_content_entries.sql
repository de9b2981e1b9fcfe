{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept, because a version's life is told by entries of many months.
with entries as (
    select * from {{ ref('stg_content_entries') }}
)

select
    entries.leaf_index,
    entries.entry,
    entries.lesson_id,
    entries.lesson_version,
    entries.policy_id,
    entries.policy_version,
    entries.changes_scope,
    entries.changes_controls,
    entries.review_id,
    entries.reason,
    entries.outcome,
    entries.recertify_from,
    entries.occurred_at
from entries

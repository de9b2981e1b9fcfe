{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept, because a rule version is in effect until an entry ends it or a higher one begins.
with entries as (
    select * from {{ ref('stg_crew_rule_entries') }}
)

select
    entries.leaf_index,
    entries.entry,
    entries.organization_id,
    entries.rule_id,
    entries.rule_version,
    entries.target,
    entries.target_key,
    entries.mode,
    entries.effective_from,
    entries.ended_on,
    entries.requirement
from entries

{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept, because what a new entry takes back was given long ago.
with entries as (
    select * from {{ ref('stg_access_entries') }}
)

select
    entries.leaf_index,
    entries.entry,
    entries.person_id,
    entries.organization_id,
    entries.action,
    entries.access_id,
    entries.waiver_id,
    coalesce(entries.granted_on, entries.starts_on) as holds_from,
    -- The first day it no longer holds.
    coalesce({{ add_days('entries.ends_on', 1) }}, entries.removed_on, entries.ended_on) as holds_until
from entries

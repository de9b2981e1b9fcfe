{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept, because people may be added to an incident long after it was reported.
with entries as (
    select * from {{ ref('stg_incident_entries') }}
)

select
    entries.leaf_index,
    entries.entry,
    entries.incident_id,
    entries.person_id,
    entries.organization_id,
    entries.scope,
    entries.occurred_at
from entries

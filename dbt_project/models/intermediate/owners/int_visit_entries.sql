{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept, because a visit is moved and settled long after it was planned.
with entries as (
    select * from {{ ref('stg_visit_entries') }}
)

select
    entries.leaf_index,
    entries.entry,
    entries.organization_id,
    entries.visit_id,
    entries.contract_id,
    entries.contractor_id,
    entries.building_id,
    entries.equipment_id,
    entries.planned_on,
    entries.crew_size,
    entries.is_done
from entries

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['organization_id', 'person_id', 'month'],
) }}

-- The last version of a technician's month replaces the former ones.
with entries as (
    select * from {{ ref('stg_outcome_entries') }}
    where entry = 'outcome_month_recorded'
)

select
    organization_id,
    person_id,
    month,
    month_version,
    job_count,
    first_time_fix_count,
    first_time_fix_known_count,
    callback_count,
    callback_known_count,
    rework_count,
    rework_known_count,
    incident_count,
    hours,
    hours_known_count,
    units_maintained,
    leaf_index
from entries
qualify row_number() over (partition by organization_id, person_id, month order by leaf_index desc) = 1

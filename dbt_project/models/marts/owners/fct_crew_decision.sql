{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='decision_id') }}

-- Whom it was about stays in the record; here is what an owner asked about and was told.
with decisions as (
    select *
    from {{ ref('stg_crew_decisions') }}
    qualify row_number() over (partition by decision_id order by leaf_index desc) = 1
)

select
    decision_id,
    organization_id as owner_id,
    contractor_id,
    building_id,
    equipment_id,
    visit_id,
    work_on,
    outcome,
    is_qualified,
    crew_size,
    occurred_at as decided_at,
    {{ utc_date('occurred_at') }} as decided_on,
    leaf_index
from decisions

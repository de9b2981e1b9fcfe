{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='decision_id') }}

with decisions as (
    select *
    from {{ ref('stg_gate_decisions') }}
    qualify row_number() over (partition by decision_id order by leaf_index desc) = 1
)

select
    decision_id,
    person_id,
    organization_id,
    action,
    resource,
    rule_id,
    rule_version,
    mode,
    outcome,
    reason,
    evidence_ids,
    occurred_at as decided_at,
    {{ utc_date('occurred_at') }} as decided_on,
    leaf_index
from decisions

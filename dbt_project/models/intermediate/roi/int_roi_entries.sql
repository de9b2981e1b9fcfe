{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept: a value holds until the next, and an estimate until it is made again.
with entries as (
    select * from {{ ref('stg_outcome_entries') }}
)

select
    leaf_index,
    entry,
    organization_id,
    outcome_kind,
    starts_on,
    amount,
    currency,
    estimate_id,
    course_id,
    state,
    effect,
    low,
    high,
    ledger_size
from entries
where entry in ('outcome_valued', 'roi_estimated')

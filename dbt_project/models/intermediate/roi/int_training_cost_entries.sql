{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept, because what a new entry withdraws was recorded long ago.
with entries as (
    select * from {{ ref('stg_training_cost_entries') }}
)

select
    leaf_index,
    entry,
    cost_id,
    person_id,
    organization_id,
    course_id,
    cost_kind,
    incurred_on,
    amount,
    currency
from entries

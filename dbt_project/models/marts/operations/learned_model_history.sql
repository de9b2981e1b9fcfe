{{ config(materialized='incremental', incremental_strategy='append') }}

-- Which learned model served from when on; after a retirement the written formula does.
with entries as (
    select * from {{ ref('stg_learned_model_entries') }}
)

select
    leaf_index,
    entry,
    model_kind,
    model_version,
    ledger_size,
    occurred_at
from entries

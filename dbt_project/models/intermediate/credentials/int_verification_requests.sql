{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept, because what is counted per day grows by the new entries only.
with requests as (
    select * from {{ ref('stg_verification_entries') }}
    where entry = 'verification_requested'
)

select
    leaf_index,
    request_id,
    certificate_id,
    certification_id,
    {{ utc_date('occurred_at') }} as on_date,
    channel,
    document_format,
    outcome
from requests

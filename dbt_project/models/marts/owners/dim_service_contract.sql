with contracts as (
    select * from {{ ref('stg_service_contracts') }}
)

select
    contract_id,
    owner_id,
    contractor_id,
    building_id,
    started_on,
    ended_on,
    started_on <= {{ as_of_on() }} and coalesce(ended_on >= {{ as_of_on() }}, true) as is_current
from contracts

with visits as (
    select * from {{ ref('stg_visits') }}
),

contracts as (
    select * from {{ ref('dim_service_contract') }}
)

select
    visits.visit_id,
    contracts.owner_id,
    contracts.contractor_id,
    visits.contract_id,
    visits.building_id,
    visits.equipment_id,
    visits.planned_on,
    visits.status,
    visits.crew_size,
    visits.status = 'planned' and visits.planned_on >= {{ as_of_on() }} as is_ahead
from visits
inner join contracts on visits.contract_id = contracts.contract_id

{{ config(materialized='table') }}

-- Which contractor a unit's owner would send for: one with a contract for the building today, and of these, once it had
-- visits to units there, only for the kinds of units it came for. Contracts do not say what they are about.
with contracts as (
    select * from {{ ref('dim_service_contract') }}
    where is_current
),

buildings as (
    select
        building_id,
        owner_id
    from {{ ref('dim_building') }}
    where is_active
),

contracted as (
    select distinct
        contracts.owner_id,
        contracts.contractor_id,
        buildings.building_id
    from contracts
    inner join buildings
        on
            contracts.owner_id = buildings.owner_id
            and (contracts.building_id is null or contracts.building_id = buildings.building_id)
),

kinds as (
    select distinct
        visits.owner_id,
        visits.contractor_id,
        equipment.equipment_type
    from {{ ref('fct_visit') }} as visits
    inner join {{ ref('dim_equipment') }} as equipment on visits.equipment_id = equipment.equipment_id
    where visits.status <> 'cancelled'
)

select
    contracted.owner_id,
    contracted.contractor_id,
    contracted.building_id,
    equipment.equipment_id,
    equipment.equipment_type
from contracted
inner join {{ ref('dim_equipment') }} as equipment
    on contracted.building_id = equipment.building_id and equipment.status = 'active'
left join kinds
    on
        contracted.owner_id = kinds.owner_id
        and contracted.contractor_id = kinds.contractor_id
        and equipment.equipment_type = kinds.equipment_type
where
    kinds.equipment_type is not null
    or (contracted.owner_id, contracted.contractor_id) not in (
        select (known.owner_id, known.contractor_id) from kinds as known
    )

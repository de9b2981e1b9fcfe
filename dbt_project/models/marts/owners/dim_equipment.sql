with equipment as (
    select * from {{ ref('stg_equipment') }}
),

buildings as (
    select * from {{ ref('stg_buildings') }}
)

select
    equipment.equipment_id,
    equipment.building_id,
    buildings.owner_id,
    equipment.name,
    equipment.equipment_type,
    equipment.manufacturer_id,
    equipment.model,
    equipment.register_id,
    equipment.status,
    equipment.installed_on,
    equipment.inspected_on
from equipment
inner join buildings on equipment.building_id = buildings.building_id

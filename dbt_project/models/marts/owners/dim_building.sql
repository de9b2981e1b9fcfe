with buildings as (
    select * from {{ ref('stg_buildings') }}
),

units as (
    select
        building_id,
        cast(count(*) as bigint) as unit_count,
        cast(count(*) filter (where status = 'active') as bigint) as active_unit_count
    from {{ ref('stg_equipment') }}
    group by building_id
)

select
    buildings.building_id,
    buildings.owner_id,
    buildings.name,
    buildings.city,
    buildings.district,
    buildings.register_id,
    buildings.latitude,
    buildings.longitude,
    buildings.timezone,
    buildings.is_active,
    coalesce(units.unit_count, 0) as unit_count,
    coalesce(units.active_unit_count, 0) as active_unit_count
from buildings
left join units on buildings.building_id = units.building_id

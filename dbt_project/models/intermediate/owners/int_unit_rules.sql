{{ config(materialized='table') }}

-- Which rules apply to which unit (`CrewTerms.applies_to` in gates.crew); models are told apart without regard to case.
with rules as (
    select * from {{ ref('int_crew_rules') }}
),

units as (
    select
        equipment.equipment_id,
        equipment.building_id,
        equipment.owner_id,
        equipment.equipment_type,
        equipment.manufacturer_id,
        {{ model_key('equipment.model') }} as model_key
    from {{ ref('dim_equipment') }} as equipment
    inner join {{ ref('dim_building') }} as buildings on equipment.building_id = buildings.building_id
    where
        equipment.status = 'active'
        and buildings.is_active
        and equipment.owner_id in (select rules.owner_id from rules)
),

keyed as (
    {% for target, key in {
        'owner': "''",
        'building': 'cast(building_id as varchar)',
        'equipment_type': 'equipment_type',
        'manufacturer': 'cast(manufacturer_id as varchar)',
        'model': 'model_key',
        'unit': 'cast(equipment_id as varchar)',
    }.items() -%}
    select
        equipment_id,
        building_id,
        owner_id,
        equipment_type,
        '{{ target }}' as target,
        {{ key }} as target_key
    from units
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    keyed.owner_id,
    keyed.building_id,
    keyed.equipment_id,
    keyed.equipment_type,
    rules.rule_id,
    rules.mode,
    rules.leaf_index
from keyed
inner join rules
    on
        keyed.owner_id = rules.owner_id
        and keyed.target = rules.target
        and keyed.target_key = rules.target_key

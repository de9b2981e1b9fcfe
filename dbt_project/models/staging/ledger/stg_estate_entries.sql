{% set kinds = {
    'building_changed': ['building_id', 'is_active'],
    'equipment_changed': ['equipment_id', 'building_id', 'equipment_type', 'status', 'manufacturer_id'],
} %}

with entries as (
    {{ subject_entries(kinds) }}
),

renamed as (
    select
        entries.leaf_index,
        entries.entry,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.building_id') }} as building_id,
        cast(entries.is_active as boolean) as is_active,
        {{ as_id('entries.equipment_id') }} as equipment_id,
        entries.equipment_type,
        entries.status,
        {{ as_id('entries.manufacturer_id') }} as manufacturer_id,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

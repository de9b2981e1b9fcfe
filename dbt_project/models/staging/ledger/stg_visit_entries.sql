{% set kinds = {
    'visit_planned': [
        'visit_id', 'contract_id', 'contractor_id', 'building_id',
        'equipment_id', 'planned_on', 'crew_size',
    ],
    'visit_settled': ['visit_id', 'contractor_id', 'is_done'],
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
        {{ as_id('entries.visit_id') }} as visit_id,
        {{ as_id('entries.contract_id') }} as contract_id,
        {{ as_id('entries.contractor_id') }} as contractor_id,
        {{ as_id('entries.building_id') }} as building_id,
        {{ as_id('entries.equipment_id') }} as equipment_id,
        cast(entries.planned_on as date) as planned_on,
        cast(entries.crew_size as integer) as crew_size,
        cast(entries.is_done as boolean) as is_done,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

{% set kinds = {
    'contract_started': ['contract_id', 'contractor_id', 'building_id', 'started_on'],
    'contract_ended': ['contract_id', 'contractor_id', 'ended_on'],
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
        {{ as_id('entries.contract_id') }} as contract_id,
        {{ as_id('entries.contractor_id') }} as contractor_id,
        {{ as_id('entries.building_id') }} as building_id,
        cast(entries.started_on as date) as started_on,
        cast(entries.ended_on as date) as ended_on,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

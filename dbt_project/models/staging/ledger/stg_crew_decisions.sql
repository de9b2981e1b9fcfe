{% set kinds = {
    'crew_decided': [
        'decision_id', 'contractor_id', 'building_id', 'equipment_id', 'visit_id', 'work_on',
        'outcome', 'is_qualified', 'crew_size', 'facts', 'decision',
    ],
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
        {{ as_id('entries.decision_id') }} as decision_id,
        {{ as_id('entries.contractor_id') }} as contractor_id,
        {{ as_id('entries.building_id') }} as building_id,
        {{ as_id('entries.equipment_id') }} as equipment_id,
        {{ as_id('entries.visit_id') }} as visit_id,
        cast(entries.work_on as date) as work_on,
        entries.outcome,
        cast(entries.is_qualified as boolean) as is_qualified,
        cast(entries.crew_size as integer) as crew_size,
        entries.facts,
        entries.decision,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

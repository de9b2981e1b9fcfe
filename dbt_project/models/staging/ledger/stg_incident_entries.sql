{% set kinds = {
    'incident_reported': ['incident_id', 'scope'],
    'incident_person_involved': ['incident_id'],
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
        {{ as_id('entries.incident_id') }} as incident_id,
        entries.scope,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

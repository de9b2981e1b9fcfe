{% set kinds = {
    'renewal_opened': ['renewal_id', 'certificate_id', 'certification_id'],
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
        {{ as_id('entries.renewal_id') }} as renewal_id,
        {{ as_id('entries.certificate_id') }} as certificate_id,
        {{ as_id('entries.certification_id') }} as certification_id,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

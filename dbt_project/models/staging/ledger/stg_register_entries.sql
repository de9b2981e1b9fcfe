{% set kinds = {
    'register_entry_changed': ['entry_id', 'certificate_id', 'certification_id', 'standing', 'expires_on'],
    'register_entry_claimed': ['entry_id', 'certificate_id', 'former_certificate_id', 'certification_id'],
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
        {{ as_id('entries.entry_id') }} as entry_id,
        {{ as_id('entries.certificate_id') }} as certificate_id,
        {{ as_id('entries.former_certificate_id') }} as former_certificate_id,
        {{ as_id('entries.certification_id') }} as certification_id,
        entries.standing,
        cast(entries.expires_on as date) as expires_on,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

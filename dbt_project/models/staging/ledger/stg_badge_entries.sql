{% set kinds = {
    'badge_issued': [
        'badge_id', 'certificate_id', 'certification_id', 'status_list',
        'status_index', 'credential_sha256',
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
        {{ as_id('entries.badge_id') }} as badge_id,
        {{ as_id('entries.certificate_id') }} as certificate_id,
        {{ as_id('entries.certification_id') }} as certification_id,
        cast(entries.status_list as integer) as status_list,
        cast(entries.status_index as integer) as status_index,
        entries.credential_sha256,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

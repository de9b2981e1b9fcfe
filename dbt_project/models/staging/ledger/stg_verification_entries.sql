{% set kinds = {
    'certificate_verification_opened': ['case_id', 'certificate_id', 'certification_id'],
    'verification_requested': [
        'request_id', 'certificate_id', 'certification_id', 'channel',
        'document_format', 'asked_for', 'outcome',
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
        {{ as_id('entries.case_id') }} as case_id,
        {{ as_id('entries.request_id') }} as request_id,
        {{ as_id('entries.certificate_id') }} as certificate_id,
        {{ as_id('entries.certification_id') }} as certification_id,
        entries.channel,
        entries.document_format,
        cast(entries.asked_for as date) as asked_for,
        entries.outcome,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

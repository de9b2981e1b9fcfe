{% set kinds = {
    'ce_credit_logged': [
        'ce_credit_id', 'certificate_id', 'certification_id', 'credits',
        'activity_type', 'activity_id', 'activity_on',
    ],
    'ce_credit_withdrawn': ['ce_credit_id', 'certificate_id', 'certification_id'],
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
        {{ as_id('entries.ce_credit_id') }} as ce_credit_id,
        {{ as_id('entries.certificate_id') }} as certificate_id,
        {{ as_id('entries.certification_id') }} as certification_id,
        cast(entries.credits as double) as credits,
        entries.activity_type,
        {{ as_id('entries.activity_id') }} as activity_id,
        cast(entries.activity_on as date) as activity_on,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

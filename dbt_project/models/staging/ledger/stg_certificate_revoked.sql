with entries as (
    {{ ledger_entries('certificate_revoked', ['certificate_id', 'certification_id', 'revoked_from']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.certificate_id') }} as certificate_id,
        {{ as_id('entries.certification_id') }} as certification_id,
        cast(entries.revoked_from as date) as revoked_from,
        entries.occurred_at
    from entries
)

select * from renamed

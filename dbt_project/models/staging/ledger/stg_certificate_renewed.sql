with entries as (
    {{ ledger_entries('certificate_renewed', [
        'certificate_id',
        'renews_id',
        'certification_id',
        'issued_on',
        'expires_on',
        'earned_through',
        'is_verified',
        'enrollment_id',
        'path_id',
        'track_id',
    ]) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.certificate_id') }} as certificate_id,
        {{ as_id('entries.renews_id') }} as renews_id,
        {{ as_id('entries.certification_id') }} as certification_id,
        {{ as_id('entries.enrollment_id') }} as enrollment_id,
        {{ as_id('entries.path_id') }} as path_id,
        {{ as_id('entries.track_id') }} as track_id,
        cast(entries.issued_on as date) as issued_on,
        cast(entries.expires_on as date) as expires_on,
        entries.earned_through,
        cast(entries.is_verified as boolean) as is_verified,
        entries.occurred_at
    from entries
)

select * from renamed

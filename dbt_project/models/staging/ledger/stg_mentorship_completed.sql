with entries as (
    {{ ledger_entries('mentorship_completed', ['mentorship_id', 'mentor_id']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as mentee_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.mentorship_id') }} as mentorship_id,
        {{ as_id('entries.mentor_id') }} as mentor_id,
        entries.occurred_at
    from entries
)

select * from renamed

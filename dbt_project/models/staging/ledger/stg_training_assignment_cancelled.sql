with entries as (
    {{ ledger_entries('training_assignment_cancelled', ['assignment_id', 'recipient_id']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.assignment_id') }} as assignment_id,
        {{ as_id('entries.recipient_id') }} as recipient_id,
        entries.occurred_at
    from entries
)

select * from renamed

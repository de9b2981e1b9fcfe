with entries as (
    {{ ledger_entries('exemption_granted', [
        'exemption_id',
        'requirement_id',
        'recipient_id',
        'approver_id',
        'starts_on',
        'ends_on',
    ]) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.exemption_id') }} as exemption_id,
        {{ as_id('entries.requirement_id') }} as requirement_id,
        {{ as_id('entries.recipient_id') }} as recipient_id,
        {{ as_id('entries.approver_id') }} as approver_id,
        cast(entries.starts_on as date) as starts_on,
        cast(entries.ends_on as date) as ends_on,
        entries.occurred_at
    from entries
)

select * from renamed

with entries as (
    {{ ledger_entries('requirement_ended', ['requirement_id', 'ended_on']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.requirement_id') }} as requirement_id,
        cast(entries.ended_on as date) as ended_on,
        entries.occurred_at
    from entries
)

select * from renamed

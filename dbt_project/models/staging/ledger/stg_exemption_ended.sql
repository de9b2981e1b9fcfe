with entries as (
    {{ ledger_entries('exemption_ended', ['exemption_id', 'ended_on']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.exemption_id') }} as exemption_id,
        cast(entries.ended_on as date) as ended_on,
        entries.occurred_at
    from entries
)

select * from renamed

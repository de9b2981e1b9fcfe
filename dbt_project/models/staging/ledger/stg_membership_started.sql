with entries as (
    {{ ledger_entries('membership_started', ['membership_id', 'role', 'team_id', 'persona', 'started_on']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.membership_id') }} as membership_id,
        {{ as_id('entries.team_id') }} as team_id,
        entries.role,
        entries.persona,
        cast(entries.started_on as date) as started_on,
        entries.occurred_at
    from entries
)

select * from renamed

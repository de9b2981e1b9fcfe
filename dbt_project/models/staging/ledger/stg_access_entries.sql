{% set kinds = {
    'access_granted': ['access_id', 'action', 'granted_on'],
    'access_removed': ['access_id', 'action', 'removed_on'],
    'waiver_granted': ['waiver_id', 'action', 'approver_id', 'starts_on', 'ends_on'],
    'waiver_ended': ['waiver_id', 'action', 'ended_on'],
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
        {{ as_id('entries.access_id') }} as access_id,
        entries.action,
        cast(entries.granted_on as date) as granted_on,
        cast(entries.removed_on as date) as removed_on,
        {{ as_id('entries.waiver_id') }} as waiver_id,
        {{ as_id('entries.approver_id') }} as approver_id,
        cast(entries.starts_on as date) as starts_on,
        cast(entries.ends_on as date) as ends_on,
        cast(entries.ended_on as date) as ended_on,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

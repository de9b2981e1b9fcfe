{% set kinds = {
    'reminder_delivered': ['notification_id', 'channel', 'item_count'],
    'evidence_exported': ['bundle_id', 'bundle_scope', 'tree_size', 'record_count', 'manifest_sha256'],
    'person_erased': [],
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
        {{ as_id('entries.notification_id') }} as notification_id,
        entries.channel,
        cast(entries.item_count as integer) as item_count,
        {{ as_id('entries.bundle_id') }} as bundle_id,
        entries.bundle_scope,
        cast(entries.tree_size as bigint) as tree_size,
        cast(entries.record_count as bigint) as record_count,
        entries.manifest_sha256,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

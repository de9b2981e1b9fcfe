{% set kinds = {
    'model_promoted': ['model_kind', 'model_version', 'artifact_sha256', 'ledger_size'],
    'model_retired': ['model_kind', 'model_version'],
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
        entries.model_kind,
        cast(entries.model_version as integer) as model_version,
        entries.artifact_sha256,
        cast(entries.ledger_size as bigint) as ledger_size,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

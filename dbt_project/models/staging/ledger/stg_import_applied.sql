with entries as (
    {{ ledger_entries('import_applied', ['importer', 'format', 'added_count', 'changed_count', 'refused_count']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.organization_id') }} as organization_id,
        entries.importer,
        entries.format,
        cast(entries.added_count as integer) as added_count,
        cast(entries.changed_count as integer) as changed_count,
        cast(entries.refused_count as integer) as refused_count,
        entries.occurred_at
    from entries
)

select * from renamed

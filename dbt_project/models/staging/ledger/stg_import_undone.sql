-- The whole ledger, not only the new entries: what an undone import brought stays out for good.
with entries as (
    select * from {{ source('ledger', 'import_undone') }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id("entries.organization_id") }} as organization_id,
        {{ body_field(parsed_body('entries.body', ['undone_import_id']), 'undone_import_id') }} as undone_import_text,
        entries.occurred_at as undone_at
    from entries
)

select * from renamed

with import_batches as (
    select * from {{ ref('stg_import_batches') }}
)

select
    import_id,
    importer,
    format,
    source,
    organization_id,
    state,
    started_at,
    finished_at,
    undone_at,
    read_count,
    added_count,
    changed_count,
    unchanged_count,
    refused_count
from import_batches

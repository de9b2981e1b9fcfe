with landed as (
    select * from {{ source('dimensions', 'import_batches') }}
),

renamed as (
    select
        {{ as_id('import_id') }} as import_id,
        cast(importer as varchar) as importer,
        cast(format as varchar) as format,
        cast(source as varchar) as source,
        {{ as_id('organization_id') }} as organization_id,
        cast(state as varchar) as state,
        cast(started_at as timestamp with time zone) as started_at,
        cast(finished_at as timestamp with time zone) as finished_at,
        cast(undone_at as timestamp with time zone) as undone_at,
        cast(read_count as bigint) as read_count,
        cast(added_count as bigint) as added_count,
        cast(changed_count as bigint) as changed_count,
        cast(unchanged_count as bigint) as unchanged_count,
        cast(refused_count as bigint) as refused_count
    from landed
)

select * from renamed

with landed as (
    select * from {{ source('dimensions', 'organizations') }}
),

renamed as (
    select
        {{ as_id('organization_id') }} as organization_id,
        cast(name as varchar) as name,
        cast(kind as varchar) as kind,
        cast(region as varchar) as region,
        cast(timezone as varchar) as timezone,
        cast(is_simulated as boolean) as is_simulated
    from landed
)

select * from renamed

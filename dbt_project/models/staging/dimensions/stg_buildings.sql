with landed as (
    select * from {{ source('dimensions', 'buildings') }}
),

renamed as (
    select
        {{ as_id('building_id') }} as building_id,
        {{ as_id('owner_id') }} as owner_id,
        cast(name as varchar) as name,
        cast(city as varchar) as city,
        cast(district as varchar) as district,
        cast(register_id as varchar) as register_id,
        cast(latitude as double) as latitude,
        cast(longitude as double) as longitude,
        cast(timezone as varchar) as timezone,
        cast(is_active as boolean) as is_active
    from landed
)

select * from renamed

with landed as (
    select * from {{ source('dimensions', 'manufacturers') }}
),

renamed as (
    select
        {{ as_id('manufacturer_id') }} as manufacturer_id,
        cast(name as varchar) as name,
        cast(is_maker as boolean) as is_maker
    from landed
)

select * from renamed

with landed as (
    select * from {{ source('dimensions', 'people') }}
),

renamed as (
    select
        {{ as_id('person_id') }} as person_id,
        cast(display_name as varchar) as display_name,
        cast(is_simulated as boolean) as is_simulated,
        cast(timezone as varchar) as timezone,
        cast(erased as boolean) as is_erased
    from landed
)

select * from renamed

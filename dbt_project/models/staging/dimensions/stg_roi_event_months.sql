with landed as (
    select * from {{ source('dimensions', 'roi_event_months') }}
),

renamed as (
    select
        {{ as_id('estimate_id') }} as estimate_id,
        cast(month_offset as integer) as month_offset,
        cast(effect as double) as effect,
        cast(low as double) as low,
        cast(high as double) as high,
        cast(trained_count as bigint) as trained_count
    from landed
)

select * from renamed

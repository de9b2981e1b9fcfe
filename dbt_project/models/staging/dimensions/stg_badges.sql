with landed as (
    select * from {{ source('dimensions', 'badges') }}
),

renamed as (
    select
        {{ as_id('badge_id') }} as badge_id,
        {{ as_id('certificate_id') }} as certificate_id,
        cast(issued_at as timestamp with time zone) as issued_at,
        cast(is_public as boolean) as is_public
    from landed
)

select * from renamed

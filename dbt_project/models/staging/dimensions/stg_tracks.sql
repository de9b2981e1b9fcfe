with landed as (
    select * from {{ source('dimensions', 'tracks') }}
),

renamed as (
    select
        {{ as_id('track_id') }} as track_id,
        {{ as_id('organization_id') }} as organization_id,
        cast(persona as varchar) as persona,
        cast(tier as varchar) as tier,
        cast(title as varchar) as title,
        cast(lesson_count as bigint) as lesson_count,
        cast(required_lesson_count as bigint) as required_lesson_count
    from landed
)

select * from renamed

with landed as (
    select * from {{ source('dimensions', 'lessons') }}
),

renamed as (
    select
        {{ as_id('lesson_id') }} as lesson_id,
        {{ as_id('organization_id') }} as organization_id,
        cast(code as varchar) as code,
        cast(title as varchar) as title,
        cast(lesson_type as varchar) as lesson_type,
        {{ as_id('owner_id') }} as owner_id,
        {{ as_id('course_id') }} as course_id
    from landed
)

select * from renamed

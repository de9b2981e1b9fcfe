with landed as (
    select * from {{ source('dimensions', 'lesson_versions') }}
),

renamed as (
    select
        {{ as_id('lesson_version_id') }} as lesson_version_id,
        {{ as_id('lesson_id') }} as lesson_id,
        cast(lesson_version as varchar) as lesson_version,
        cast(status as varchar) as status,
        cast(duration_minutes as double) as duration_minutes,
        cast(pass_threshold as integer) as pass_threshold,
        cast(scope_tags as varchar) as scope_tags,
        cast(locales as varchar) as locales,
        cast(created_at as timestamp with time zone) as created_at,
        cast(published_at as timestamp with time zone) as published_at,
        cast(refresh_due_on as date) as refresh_due_on
    from landed
)

select * from renamed

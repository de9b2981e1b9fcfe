with landed as (
    select * from {{ source('dimensions', 'course_modules') }}
),

renamed as (
    select
        {{ as_id('course_id') }} as course_id,
        cast(module_count as bigint) as module_count,
        cast(required_module_count as bigint) as required_module_count
    from landed
)

select * from renamed

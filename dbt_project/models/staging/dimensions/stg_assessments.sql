with landed as (
    select * from {{ source('dimensions', 'assessments') }}
),

renamed as (
    select
        {{ as_id('assessment_id') }} as assessment_id,
        {{ as_id('course_id') }} as course_id,
        cast(title as varchar) as title,
        cast(assessment_type as varchar) as assessment_type,
        cast(passing_score as integer) as passing_score
    from landed
)

select * from renamed

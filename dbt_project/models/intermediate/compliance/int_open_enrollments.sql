with touched_people as (
    select distinct person_id from {{ ref('int_touched_pairs') }}
),

course_certifications as (
    select * from {{ ref('int_course_certifications') }}
),

open_on_day as (
    select
        enrollments.person_id,
        enrollments.course_id,
        course_certifications.certification_id,
        enrollments.leaf_index
    from {{ ref('fct_enrollment') }} as enrollments
    left join course_certifications on enrollments.course_id = course_certifications.course_id
    where
        enrollments.enrolled_on <= {{ as_of_on() }}
        and (enrollments.ended_on is null or enrollments.ended_on > {{ as_of_on() }})
        and enrollments.person_id in (select person_id from touched_people)
)

select * from open_on_day

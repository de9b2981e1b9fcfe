-- Enrollments in a trade school's courses with their cohort: the month of the course's session, else of enrolling.
with enrollments as (
    select * from {{ ref('fct_enrollment') }}
),

courses as (
    select * from {{ ref('dim_course') }}
    where provider_type = 'trade_school' and provider_id is not null
),

school_enrollments as (
    select
        courses.provider_id as organization_id,
        enrollments.course_id,
        {{ month_start('coalesce(courses.session_starts_on, enrollments.enrolled_on)') }} as cohort_on,
        enrollments.status,
        enrollments.days_to_end,
        enrollments.scored_attempt_count,
        enrollments.passed_attempt_count,
        -- Whole weeks from the session's (else the enrollment's) first day to the end, or to the release's day.
        greatest(
            cast(floor({{ days_between(
                'coalesce(courses.session_starts_on, enrollments.enrolled_on)',
                'coalesce(enrollments.ended_on, ' ~ as_of_on() ~ ')'
            ) }} / 7.0) as integer),
            0
        ) as weeks_enrolled,
        enrollments.leaf_index
    from enrollments
    inner join courses on enrollments.course_id = courses.course_id
)

select * from school_enrollments

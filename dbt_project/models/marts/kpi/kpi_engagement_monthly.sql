with enrolled as (
    select {{ month_start('enrolled_on') }} as month_on, cast(count(*) as bigint) as enrolled_count
    from {{ ref('fct_enrollment') }}
    group by all
),

ended as (
    select
        {{ month_start('ended_on') }} as month_on,
        cast(count(*) as bigint) as ended_count,
        cast(count(*) filter (where status = 'completed') as bigint) as completed_count
    from {{ ref('fct_enrollment') }}
    where ended_on is not null
    group by all
),

attempted as (
    select
        {{ month_start('submitted_on') }} as month_on,
        cast(count(*) as bigint) as scored_attempt_count,
        cast(count(*) filter (where is_passed) as bigint) as passed_attempt_count
    from {{ ref('fct_attempt') }}
    where counts_for_pass_rate
    group by all
),

people_months as (
    select * from {{ ref('int_engagement_people_months') }}
),

active as (
    select
        people_months.month_on,
        cast(sum(people_months.session_count) as bigint) as session_count,
        -- Sessions of sources that count interactions only say nothing about their length.
        cast(sum(people_months.session_count) filter (where people_months.minutes is not null) as bigint)
            as timed_session_count,
        cast(sum(people_months.minutes) as bigint) as minutes,
        cast(count(*) as bigint) as active_people_count,
        cast(count(former.person_id) as bigint) as returning_people_count
    from people_months
    left join people_months as former
        on
            people_months.person_id = former.person_id
            and former.month_on = {{ add_months('people_months.month_on', -1) }}
    group by people_months.month_on
),

months as (
    select month_on from enrolled
    union
    select month_on from ended
    union
    select month_on from attempted
    union
    select month_on from active
)

select
    months.month_on,
    coalesce(enrolled.enrolled_count, 0) as enrolled_count,
    coalesce(ended.ended_count, 0) as ended_count,
    coalesce(ended.completed_count, 0) as completed_count,
    {{ completion_rate('ended.completed_count', 'ended.ended_count') }} as course_completion_rate,
    coalesce(active.session_count, 0) as session_count,
    {{ share('active.minutes', 'active.timed_session_count') }} as average_session_minutes,
    coalesce(active.active_people_count, 0) as active_people_count,
    coalesce(active.returning_people_count, 0) as returning_people_count,
    {{ share('active.returning_people_count', 'active.active_people_count') }} as return_rate,
    coalesce(attempted.scored_attempt_count, 0) as scored_attempt_count,
    coalesce(attempted.passed_attempt_count, 0) as passed_attempt_count,
    {{ pass_rate('attempted.passed_attempt_count', 'attempted.scored_attempt_count') }} as assessment_pass_rate
from months
left join enrolled on months.month_on = enrolled.month_on
left join ended on months.month_on = ended.month_on
left join attempted on months.month_on = attempted.month_on
left join active on months.month_on = active.month_on

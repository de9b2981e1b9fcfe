-- Thirty days on either side of a passed micro-lesson; those passed less than thirty days ago are not measured yet.
with entries as (
    select * from {{ ref('int_practice_entries') }}
),

scheduled as (
    select
        organization_id,
        action,
        lesson_id,
        count(distinct occasion_id) as scheduled_count,
        max(leaf_index) as leaf_index
    from entries
    where entry = 'reinforcement_scheduled'
    group by all
),

finished as (
    select *
    from entries
    where entry = 'reinforcement_finished'
    qualify row_number() over (partition by occasion_id order by leaf_index desc) = 1
),

near_misses as (
    select *
    from entries
    where entry = 'near_miss_recorded'
    qualify row_number() over (partition by occasion_id order by leaf_index desc) = 1
),

measured as (
    select
        finished.organization_id,
        finished.action,
        finished.lesson_id,
        finished.occasion_id,
        count(*) filter (
            where near_misses.occurred_at < finished.occurred_at
            and {{ days_between(utc_date('near_misses.occurred_at'), utc_date('finished.occurred_at')) }}
            <= {{ reinforcement_window_days() }}
        ) as before_count,
        count(*) filter (
            where near_misses.occurred_at >= finished.occurred_at
            and {{ days_between(utc_date('finished.occurred_at'), utc_date('near_misses.occurred_at')) }}
            <= {{ reinforcement_window_days() }}
        ) as after_count,
        max(near_misses.leaf_index) as leaf_index
    from finished
    left join near_misses
        on
            finished.person_id = near_misses.person_id
            and finished.organization_id = near_misses.organization_id
            and finished.action = near_misses.action
    where
        finished.is_passed
        and {{ days_between(utc_date('finished.occurred_at'), as_of_on()) }} >= {{ reinforcement_window_days() }}
    group by all
),

measures as (
    select
        organization_id,
        action,
        lesson_id,
        count(*) as measured_count,
        cast(sum(before_count) as bigint) as near_miss_before_count,
        cast(sum(after_count) as bigint) as near_miss_after_count,
        count(*) filter (where after_count = 0) as without_next_count,
        max(leaf_index) as leaf_index
    from measured
    group by all
),

endings as (
    select
        organization_id,
        action,
        lesson_id,
        count(*) filter (where is_passed) as passed_count,
        count(*) filter (where not is_passed) as put_off_count,
        max(leaf_index) as leaf_index
    from finished
    group by all
),

effects as (
    select
        scheduled.organization_id,
        scheduled.action,
        scheduled.lesson_id,
        scheduled.scheduled_count,
        coalesce(endings.passed_count, 0) as passed_count,
        coalesce(endings.put_off_count, 0) as put_off_count,
        coalesce(measures.measured_count, 0) as measured_count,
        coalesce(measures.near_miss_before_count, 0) as near_miss_before_count,
        coalesce(measures.near_miss_after_count, 0) as near_miss_after_count,
        {{ share('measures.near_miss_before_count', 'measures.measured_count') }} as near_miss_rate_before,
        {{ share('measures.near_miss_after_count', 'measures.measured_count') }} as near_miss_rate_after,
        {{ share('measures.without_next_count', 'measures.measured_count') }} as without_next_share,
        greatest(scheduled.leaf_index, endings.leaf_index, measures.leaf_index) as leaf_index
    from scheduled
    left join endings
        on
            scheduled.organization_id = endings.organization_id
            and scheduled.action = endings.action
            and scheduled.lesson_id = endings.lesson_id
    left join measures
        on
            scheduled.organization_id = measures.organization_id
            and scheduled.action = measures.action
            and scheduled.lesson_id = measures.lesson_id
)

select * from effects

-- Each person whose repeated near-misses first earned a micro-lesson is looked at once: passed in two weeks, or not.
-- All of them had repeated near-misses, so what would have calmed down by itself shows on either side. Compared are the
-- thirty days after those two weeks; whoever's are not over yet is not compared.
with entries as (
    select * from {{ ref('int_practice_entries') }}
),

scheduled as (
    select
        organization_id,
        action,
        lesson_id,
        person_id,
        occasion_id,
        min(occurred_at) as scheduled_at,
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

first_ones as (
    select
        organization_id,
        action,
        lesson_id,
        person_id,
        occasion_id,
        {{ utc_date('scheduled_at') }} as scheduled_on
    from scheduled
    qualify
        row_number() over (
            partition by organization_id, action, lesson_id, person_id order by scheduled_at, occasion_id
        ) = 1
),

compared as (
    select
        first_ones.organization_id,
        first_ones.action,
        first_ones.lesson_id,
        first_ones.person_id,
        first_ones.occasion_id,
        first_ones.scheduled_on,
        coalesce(
            finished.is_passed
            and {{ days_between('first_ones.scheduled_on', utc_date('finished.occurred_at')) }}
            <= {{ reinforcement_taken_days() }},
            false
        ) as is_taken
    from first_ones
    left join finished on first_ones.occasion_id = finished.occasion_id
    where
        {{ days_between('first_ones.scheduled_on', as_of_on()) }}
        > {{ reinforcement_taken_days() }} + {{ reinforcement_window_days() }}
),

-- Joined by itself: with its days among the conditions of a left join every pair of rows would be compared.
next_ones as (
    select
        compared.occasion_id,
        count(*) as near_miss_count,
        max(near_misses.leaf_index) as leaf_index
    from compared
    inner join near_misses
        on
            compared.person_id = near_misses.person_id
            and compared.organization_id = near_misses.organization_id
            and compared.action = near_misses.action
    where
        {{ days_between('compared.scheduled_on', utc_date('near_misses.occurred_at')) }}
        between {{ reinforcement_taken_days() }} + 1
        and {{ reinforcement_taken_days() }} + {{ reinforcement_window_days() }}
    group by compared.occasion_id
),

followed as (
    select
        compared.organization_id,
        compared.action,
        compared.lesson_id,
        compared.is_taken,
        coalesce(next_ones.near_miss_count, 0) as near_miss_count,
        next_ones.leaf_index
    from compared
    left join next_ones on compared.occasion_id = next_ones.occasion_id
),

measures as (
    select
        organization_id,
        action,
        lesson_id,
        count(*) filter (where is_taken) as taken_count,
        count(*) filter (where is_taken and near_miss_count = 0) as taken_without_next_count,
        count(*) filter (where not is_taken) as left_count,
        count(*) filter (where not is_taken and near_miss_count = 0) as left_without_next_count,
        max(leaf_index) as leaf_index
    from followed
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

occasions as (
    select
        organization_id,
        action,
        lesson_id,
        count(distinct occasion_id) as scheduled_count,
        max(leaf_index) as leaf_index
    from scheduled
    group by all
),

effects as (
    select
        occasions.organization_id,
        occasions.action,
        occasions.lesson_id,
        occasions.scheduled_count,
        coalesce(endings.passed_count, 0) as passed_count,
        coalesce(endings.put_off_count, 0) as put_off_count,
        coalesce(measures.taken_count, 0) as taken_count,
        coalesce(measures.taken_without_next_count, 0) as taken_without_next_count,
        coalesce(measures.left_count, 0) as left_count,
        coalesce(measures.left_without_next_count, 0) as left_without_next_count,
        {{ share('measures.taken_without_next_count', 'measures.taken_count') }} as taken_without_next_share,
        {{ share('measures.left_without_next_count', 'measures.left_count') }} as left_without_next_share,
        greatest(occasions.leaf_index, endings.leaf_index, measures.leaf_index) as leaf_index
    from occasions
    left join endings
        on
            occasions.organization_id = endings.organization_id
            and occasions.action = endings.action
            and occasions.lesson_id = endings.lesson_id
    left join measures
        on
            occasions.organization_id = measures.organization_id
            and occasions.action = measures.action
            and occasions.lesson_id = measures.lesson_id
)

select * from effects

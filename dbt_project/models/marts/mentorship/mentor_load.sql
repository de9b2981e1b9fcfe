-- Everybody who set a profile as a mentor or was ever asked.
with profiles as (
    select
        person_id as mentor_id,
        arg_max(max_mentees, leaf_index) as capacity,
        arg_max(is_accepting, leaf_index) as is_accepting,
        arg_max(coalesce(paused_until, {{ as_of_on() }}), leaf_index) as paused_until,
        max(leaf_index) as leaf_index
    from {{ ref('int_mentoring_entries') }}
    where entry = 'mentor_profile_set'
    group by all
),

recent_lists as (
    select {{ word_rows('mentor_ids') }} as mentor_id
    from {{ ref('int_mentoring_entries') }}
    where
        entry = 'mentors_shown'
        and occurred_on > {{ add_days(as_of_on(), '-' ~ mentor_load_days()) }}
),

shown as (
    select
        {{ as_id('mentor_id') }} as mentor_id,
        count(*) as shown_count_90d
    from recent_lists
    where mentor_id <> ''
    group by all
),

asked as (
    select
        mentor_id,
        count(*) filter (where status = 'active') as active_count,
        count(*) filter (where status = 'pending') as pending_count,
        count(*) filter (where status = 'completed') as completed_count,
        count(*) filter (where status = 'cancelled' and started_on is not null) as ended_early_count,
        count(*) filter (where is_recent) as request_count_90d,
        count(*) filter (where is_recent and status = 'declined') as declined_count_90d,
        count(*) filter (where is_recent and status = 'expired') as expired_count_90d,
        sum(session_minutes) as session_minutes,
        max(last_session_on) as last_session_on,
        count(mentee_rating) as rating_count,
        sum(mentee_rating) as rating_sum,
        max(leaf_index) as leaf_index
    from (
        select
            *,
            requested_on > {{ add_days(as_of_on(), '-' ~ mentor_load_days()) }} as is_recent
        from {{ ref('fct_mentorship') }}
    ) as mentorships
    group by mentor_id
),

mentors as (
    select mentor_id from profiles
    union
    select mentor_id from asked
)

select
    organizations.organization_id,
    mentors.mentor_id,
    profiles.capacity,
    profiles.is_accepting,
    case when profiles.paused_until > {{ as_of_on() }} then profiles.paused_until end as paused_until,
    case
        when profiles.capacity is not null
            then cast(greatest(profiles.capacity - coalesce(asked.active_count, 0), 0) as integer)
    end as free_count,
    {% for counted in [
        'active_count', 'pending_count', 'completed_count', 'ended_early_count', 'request_count_90d',
        'declined_count_90d', 'expired_count_90d', 'session_minutes',
    ] -%}
    cast(coalesce(asked.{{ counted }}, 0) as bigint) as {{ counted }},
    {% endfor -%}
    cast(coalesce(shown.shown_count_90d, 0) as bigint) as shown_count_90d,
    asked.last_session_on,
    cast(coalesce(asked.rating_count, 0) as bigint) as rating_count,
    case
        when asked.rating_count >= {{ fewest_ratings_shown() }}
            then {{ share('asked.rating_sum', 'asked.rating_count') }}
    end as average_rating,
    greatest(profiles.leaf_index, asked.leaf_index) as leaf_index
from mentors
left join profiles on mentors.mentor_id = profiles.mentor_id
left join asked on mentors.mentor_id = asked.mentor_id
left join shown on mentors.mentor_id = shown.mentor_id
left join {{ ref('int_mentoring_organizations') }} as organizations
    on mentors.mentor_id = organizations.person_id and organizations.on_date = {{ as_of_on() }}

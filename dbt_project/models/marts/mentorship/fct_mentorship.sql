with mentorships as (
    select * from {{ ref('int_mentorships') }}
),

entries as (
    select * from {{ ref('int_mentorship_entries') }}
),

sessions as (
    select
        mentorship_id,
        session_id,
        arg_max(minutes, leaf_index) as minutes,
        arg_max(held_on, leaf_index) as held_on
    from entries
    where entry = 'mentorship_session_logged'
    group by all
),

held as (
    select
        mentorship_id,
        cast(count(*) as bigint) as session_count,
        cast(sum(minutes) as bigint) as session_minutes,
        max(held_on) as last_session_on
    from sessions
    group by mentorship_id
),

-- What each side says of the whole; stars of single sessions stay with the two.
said as (
    select
        mentorship_id,
        arg_max(rating, leaf_index) filter (where side = 'mentee') as mentee_rating,
        arg_max(occurred_on, leaf_index) filter (where side = 'mentee') as mentee_rated_on,
        arg_max(rating, leaf_index) filter (where side = 'mentor') as mentor_rating,
        arg_max(occurred_on, leaf_index) filter (where side = 'mentor') as mentor_rated_on
    from entries
    where entry = 'mentorship_rated' and session_id is null
    group by mentorship_id
),

shaped as (
    select
        mentorship_id,
        cast(count(*) filter (where entry = 'mentorship_milestone_reached') as bigint) as milestone_count,
        max(leaf_index) as leaf_index
    from entries
    group by mentorship_id
),

organizations as (
    select * from {{ ref('int_mentoring_organizations') }}
)

select
    mentorships.mentorship_id,
    mentorships.mentor_id,
    mentorships.mentee_id,
    coalesce(mentorships.organization_id, of_mentee.organization_id) as organization_id,
    of_mentor.organization_id as mentor_organization_id,
    mentorships.mentorship_type,
    mentorships.status,
    mentorships.requested_on,
    mentorships.started_on,
    mentorships.answered_on,
    mentorships.ended_on,
    {{ days_between('mentorships.requested_on', 'mentorships.answered_on') }} as days_to_answer,
    mentorships.decline_reason,
    mentorships.end_reason,
    mentorships.ended_by,
    coalesce(held.session_count, 0) as session_count,
    coalesce(held.session_minutes, 0) as session_minutes,
    held.last_session_on,
    coalesce(shaped.milestone_count, 0) as milestone_count,
    said.mentee_rating,
    said.mentee_rated_on,
    said.mentor_rating,
    said.mentor_rated_on,
    mentorships.showing_id is not null as is_from_list,
    mentorships.shown_rank,
    shaped.leaf_index
from mentorships
inner join shaped on mentorships.mentorship_id = shaped.mentorship_id
left join held on mentorships.mentorship_id = held.mentorship_id
left join said on mentorships.mentorship_id = said.mentorship_id
left join organizations as of_mentee
    on mentorships.mentee_id = of_mentee.person_id and mentorships.requested_on = of_mentee.on_date
left join organizations as of_mentor
    on mentorships.mentor_id = of_mentor.person_id and mentorships.requested_on = of_mentor.on_date

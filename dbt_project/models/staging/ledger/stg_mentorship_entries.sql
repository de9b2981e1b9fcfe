{% set kinds = {
    'mentorship_requested': ['mentorship_id', 'mentor_id', 'mentorship_type', 'showing_id', 'shown_rank'],
    'mentorship_accepted': ['mentorship_id', 'mentor_id'],
    'mentorship_declined': ['mentorship_id', 'mentor_id', 'decline_reason'],
    'mentorship_expired': ['mentorship_id', 'mentor_id'],
    'mentorship_completed': ['mentorship_id', 'mentor_id'],
    'mentorship_cancelled': ['mentorship_id', 'mentor_id', 'end_reason', 'ended_by'],
    'mentorship_milestone_reached': ['mentorship_id', 'milestone_id'],
    'mentorship_session_logged': ['mentorship_id', 'session_id', 'held_on', 'minutes', 'meeting_format'],
    'mentorship_rated': ['mentorship_id', 'side', 'rating', 'session_id'],
} %}

with entries as (
    {{ subject_entries(kinds) }}
),

renamed as (
    select
        entries.leaf_index,
        entries.entry,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.mentorship_id') }} as mentorship_id,
        {{ as_id('entries.mentor_id') }} as mentor_id,
        entries.mentorship_type,
        {{ as_id('entries.showing_id') }} as showing_id,
        cast(entries.shown_rank as integer) as shown_rank,
        entries.decline_reason,
        entries.end_reason,
        entries.ended_by,
        {{ as_id('entries.milestone_id') }} as milestone_id,
        {{ as_id('entries.session_id') }} as session_id,
        cast(entries.held_on as date) as held_on,
        cast(entries.minutes as integer) as minutes,
        entries.meeting_format,
        entries.side,
        cast(entries.rating as integer) as rating,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed

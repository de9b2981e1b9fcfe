{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept, because a session or a rating is about a mentorship asked for long ago.
with entries as (
    select * from {{ ref('stg_mentorship_entries') }}
)

select
    leaf_index,
    entry,
    mentorship_id,
    mentor_id,
    person_id as mentee_id,
    organization_id,
    mentorship_type,
    showing_id,
    shown_rank,
    decline_reason,
    end_reason,
    ended_by,
    session_id,
    held_on,
    minutes,
    side,
    rating,
    occurred_at,
    {{ utc_date('occurred_at') }} as occurred_on
from entries

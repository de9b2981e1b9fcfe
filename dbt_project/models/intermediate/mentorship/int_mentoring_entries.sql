{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept: the last profile of a mentor holds until the next, and lists shown are counted by month.
with entries as (
    select * from {{ ref('stg_mentoring_entries') }}
)

select
    leaf_index,
    entry,
    person_id,
    organization_id,
    max_mentees,
    is_accepting,
    paused_until,
    showing_id,
    mentor_ids,
    {{ utc_date('occurred_at') }} as occurred_on
from entries
where entry in ('mentor_profile_set', 'mentors_shown')

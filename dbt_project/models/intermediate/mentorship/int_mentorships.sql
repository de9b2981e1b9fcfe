{{ config(materialized='table') }}

{% set status_of = {
    'mentorship_requested': 'pending',
    'mentorship_accepted': 'active',
    'mentorship_declined': 'declined',
    'mentorship_expired': 'expired',
    'mentorship_completed': 'completed',
    'mentorship_cancelled': 'cancelled',
} %}

with steps as (
    {% for entry, status in status_of.items() -%}
    select
        *,
        '{{ status }}' as status
    from {{ ref('int_mentorship_entries') }}
    where entry = '{{ entry }}'
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

states as (
    select
        mentorship_id,
        arg_max(mentor_id, leaf_index) as mentor_id,
        arg_max(mentee_id, leaf_index) as mentee_id,
        arg_max(organization_id, leaf_index) filter (where status = 'pending') as organization_id,
        arg_max(mentorship_type, leaf_index) filter (where status = 'pending') as mentorship_type,
        arg_max(status, leaf_index) as status,
        arg_max(showing_id, leaf_index) filter (where status = 'pending') as showing_id,
        arg_max(shown_rank, leaf_index) filter (where status = 'pending') as shown_rank,
        arg_max(occurred_at, leaf_index) filter (where status = 'pending') as requested_at,
        arg_max(occurred_at, leaf_index) filter (where status in ('active', 'declined')) as answered_at,
        arg_max(occurred_on, leaf_index) filter (where status = 'pending') as requested_on,
        arg_max(occurred_on, leaf_index) filter (where status = 'active') as started_on,
        arg_max(occurred_on, leaf_index) filter (where status in ('active', 'declined')) as answered_on,
        arg_max(occurred_on, leaf_index) filter (where status not in ('pending', 'active')) as ended_on,
        arg_max(decline_reason, leaf_index) filter (where status = 'declined') as decline_reason,
        arg_max(end_reason, leaf_index) filter (where status = 'cancelled') as end_reason,
        arg_max(ended_by, leaf_index) filter (where status = 'cancelled') as ended_by,
        max(leaf_index) as leaf_index
    from steps
    group by mentorship_id
)

select * from states
where requested_on is not null
